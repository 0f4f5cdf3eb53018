"""A page is weighed block by block, step by step. What comes out is what each mention gives by itself."""

from collections.abc import Sequence

import pytest

from handlers import weighing
from handlers.context import Brain, think
from handlers.ports import Page
from handlers.rules.scoring import Score
from tests.kit import POLICY, PRAISE, SOURCES, TROUBLES, raw

TEXTS = (*TROUBLES, PRAISE, "A walk in the rain", "The plover inn was fine", "heron meets swan")
MIXED = [
    raw(str(number), TEXTS[number % len(TEXTS)], author="@HeronAir" if number % 5 == 0 else f"@user{number}")
    for number in range(2 * weighing._BLOCK + 7)
]


class Choosy:
    """A scorer that breaks on some texts."""

    name = "choosy"

    def score(self, mention: object) -> Score:
        if "swan" in str(mention):
            raise ZeroDivisionError
        return Score(-0.9, "negative", (), "complaint", 3.0, 3.0)

    def score_many(self, mentions: Sequence[object]) -> list[Score]:
        return [self.score(mention) for mention in mentions]


@pytest.fixture
def brain() -> Brain:
    return think(POLICY)


@pytest.mark.parametrize("is_choosy", [False, True])
def test_a_long_page_gives_what_its_mentions_give(brain: Brain, is_choosy: bool) -> None:
    if is_choosy:
        object.__setattr__(brain, "scorer", Choosy())
    whole = weighing.weigh(brain, SOURCES[0], Page(tuple(MIXED), None))
    alone = [weighing.weigh(brain, SOURCES[0], Page((item,), None)) for item in MIXED]
    assert list(whole.items) == [item for page in alone for item in page.items]
    assert list(whole.broken) == [item for page in alone for item in page.broken]
    assert bool(whole.broken) is is_choosy
    assert whole.unmatched == sum(page.unmatched for page in alone) > 0
    assert whole.read == len(MIXED)


def test_what_is_clean_is_not_copied_and_what_is_not_is_cleaned(brain: Brain) -> None:
    tidy = raw("1", PRAISE, author="nina")
    untidy = raw(
        "2", f"{PRAISE}\x07", author="@nina", likes=-1, lang="EN", title="Hea\x00ding", url=" https://x.example "
    )
    first, second = weighing.weigh(brain, SOURCES[0], Page((tidy, untidy), None)).items
    assert first.raw is tidy
    assert (second.raw.text, second.raw.title, second.raw.author) == (PRAISE, "Heading", "nina")
    assert (second.raw.likes, second.raw.lang, second.raw.url) == (0, "en", "https://x.example")
