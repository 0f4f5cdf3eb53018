"""A brand's name is no opinion."""

import pytest

from handlers.rules.own_names import pattern_of
from handlers.rules.policy import Brand
from handlers.rules.scoring import DayOneScorer, Score
from storage.types import RawMention


def scored(brand: Brand, text: str) -> Score:
    return DayOneScorer(names=pattern_of([brand])).score(RawMention("1", text))


@pytest.mark.parametrize(
    ("brand", "named", "plain"),
    [
        (Brand("Delight", {"all": "delight"}), "Delight delivers on Tuesdays", "xbrand delivers on Tuesdays"),
        (Brand("Hate Records", {"all": '"hate records"'}), "HATE RECORDS is in town", "xbrand is in town"),
        (Brand("United Airways", {"all": "united OR @united"}), "flew united today", "flew xbrand today"),
        (Brand("Rev", {"all": "rev"}, own_accounts=("@crash",)), "seen at crash today", "seen at xbrand today"),
    ],
)
def test_a_brands_name_says_nothing_of_it(brand: Brand, named: str, plain: str) -> None:
    assert scored(brand, named) == scored(Brand("Other", {"all": "other"}), plain)


def test_only_the_name_itself_is_left_out() -> None:
    brand = Brand("Best Kettle", {"all": '"best kettle"'})
    assert scored(brand, "the best kettle of all, the best").label == "positive"
    assert scored(brand, "a Best Kettle of all").label == "neutral"


def test_accounts_never_praise_or_blame() -> None:
    brand = Brand("Heron", {"all": "heron"})
    assert scored(brand, "@happylove @heron on my way").sentiment == 0.0
    assert scored(brand, "mail hate@heron.example").sentiment == scored(brand, "mail hate@other.example").sentiment


@pytest.mark.parametrize(
    ("brand", "text", "plain"),
    [
        (
            Brand("Broken", {"all": "broken"}, own_accounts=("@broken",)),
            "My Broken lamp arrived broken",
            "My xbrand lamp arrived broken",
        ),
        (Brand("Hate", {"all": "hate"}), "I hate this shop. Hate.", "I hate this shop. xbrand."),
        (Brand("United Airways", {"all": "united"}), "United staff never united", "xbrand staff never united"),
        (Brand("broken", {"all": "broken"}), "Broken lamps by broken", "xbrand lamps by xbrand"),
        (
            Brand("Rev", {"all": "rev"}, own_accounts=("@Crash",)),
            "Crash lamps by crash",
            "xbrand lamps by xbrand",
        ),
    ],
)
def test_a_word_that_is_written_otherwise_than_the_name_beside_it_counts(brand: Brand, text: str, plain: str) -> None:
    assert scored(brand, text) == scored(Brand("Other", {"all": "other"}), plain)


def test_a_name_that_says_nothing_is_not_looked_for() -> None:
    assert pattern_of([Brand("Zorblax", {"all": "zorblax OR late"})]) is None
