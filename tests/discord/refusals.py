"""What Discord answers when it does not do what was asked: a status, a code and words [doc]."""

from collections.abc import Sequence
from typing import Any

Wrong = tuple[tuple[str | int, ...], str, str]  # where in the body, Discord's code, its words

_WORDS = {
    0: (401, "401: Unauthorized"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    30010: (400, "Maximum number of reactions reached (20)"),
    30034: (429, "Max number of daily application command creates has been reached (200)"),
    30046: (429, "Maximum number of edits to messages older than 1 hour reached. Try again later"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50083: (400, "Tried to perform an operation on an archived thread"),
    40005: (413, "Request entity too large"),
    160004: (400, "A thread has already been created for this message"),
    160005: (403, "This thread is locked"),
}


class Refusal(Exception):
    """An answer of Discord that says no."""

    def __init__(self, code: int, *, wrong: Sequence[Wrong] = (), status: int = 0, **more: Any) -> None:
        known, words = (400, "Invalid Form Body") if code == 50035 else _WORDS.get(code, (400, "Not done"))
        words = "404: Not Found" if (code, status) == (0, 404) else words
        super().__init__(f"{code} {words}")
        self.code, self.status = code, status or known
        self.told: dict[str, Any] = {"message": words, "code": code} | more
        if wrong:
            self.told["errors"] = _tree(wrong)


def invalid(wrong: Sequence[Wrong]) -> Refusal:
    """50035, with what is wrong and where, as discord.py reads it."""
    return Refusal(50035, wrong=wrong)


def lines(wrong: Sequence[Wrong]) -> list[str]:
    """For people: a line each."""
    return [f"{'.'.join(map(str, where)) or 'the whole'}: {words}" for where, _, words in wrong]


def _tree(wrong: Sequence[Wrong]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for where, code, words in wrong:
        place = tree
        for step in where:
            place = place.setdefault(str(step), {})
        place.setdefault("_errors", []).append({"code": code, "message": words})
    return tree
