"""What a phrase can be evidence of."""

from enum import StrEnum


class Kind(StrEnum):
    """What a phrase is evidence of."""

    SAFETY = "safety"
    FRAUD = "fraud"
    LEGAL = "legal"
    PRIVACY = "privacy"
    LEAVING = "threat to leave"
    FAILURE = "service failure"
    BUG = "bug"
    ASK = "asks for an answer"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    PROMOTION = "promotion"
    INNOCENT = "innocent"  # never reported; it only hides a shorter phrase
