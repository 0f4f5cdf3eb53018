"""From a page to mentions and cases: what is stored, what joins, what is kept quiet, what is raised."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.intake import take_in
from handlers.ports import Broken, Page, Tombstone
from handlers.rules.scoring import Score
from handlers.weighing import weigh
from storage.store import open_storage
from storage.types import Priority
from tests.kit import NOW, PRAISE, TROUBLES, Desk, raw

MIXED = [
    raw(str(number), text)
    for number, text in enumerate((*TROUBLES, PRAISE, "A sparrow", "Plover charged my card twice, awful"))
]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(range(len(MIXED))), max_size=6), max_size=6), st.randoms(use_true_random=False)
)
def test_any_order_and_repetition_of_pages_gives_the_same(
    template: Path, pages: list[list[int]], chance: random.Random
) -> None:
    rest = [number for number in range(len(MIXED)) if not any(number in page for page in pages)]
    chance.shuffle(rest)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "earshot.db"
        path.write_bytes(template.read_bytes())
        desk = Desk(open_storage(path))
        desk.store.engine.run("pragma synchronous = off")
        for page in (*pages, rest):
            desk.take(*(MIXED[number] for number in page))
        assert sorted(one.native_id for one in desk.mentions()) == ["0", "1", "2", "3", "4", "5", "7"]
        with_case = {one.native_id: one.case_id for one in desk.mentions() if one.case_id}
        assert sorted(with_case) == ["0", "1", "2", "3", "4", "7"]
        assert len(set(with_case.values())) == len(with_case) == len(desk.cases())
        assert {case.mention_count for case in desk.cases()} == {1}
        assert {event for case in desk.cases() for event in desk.kinds(case.id)} == {"opened"}
        desk.store.close()


def test_the_cursor_and_the_mentions_are_stored_together_or_not_at_all(desk: Desk) -> None:
    desk.take(raw("1"), cursor="after 1")
    before = desk.everything()
    entry = desk.policy.source("birds")
    assert entry is not None
    page = weigh(desk.brain, entry, Page((raw("2", TROUBLES[1]),), "after 2"))
    with pytest.raises(ZeroDivisionError), desk.store.transaction():
        _ = take_in(desk.ctx, page).cases / 0  # the power goes when all is written but not committed
    state = desk.store.sources.state("birds")
    assert state is not None
    assert state.cursor == "after 1"
    assert desk.everything() == before
    assert desk.take(raw("2", TROUBLES[1]), cursor="after 2").cases == 1


def test_a_cursor_that_cannot_be_stored_takes_its_mentions_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*told: object) -> None:
        raise RuntimeError("the disk went")

    monkeypatch.setattr(desk.store.sources, "read_up_to", fail)
    with pytest.raises(RuntimeError):
        desk.take(raw("1"), cursor="after 1")
    assert desk.everything() == []


def test_a_page_without_a_cursor_keeps_the_one_there_is(desk: Desk) -> None:
    desk.take(cursor="page 9")
    desk.take(cursor=None)
    state = desk.store.sources.state("birds")
    assert state is not None
    assert state.cursor == "page 9"


class Choosy:
    """A scorer with a weakness."""

    name = "choosy"

    def score(self, mention: object) -> Score:
        if "swan" in str(mention):
            raise ZeroDivisionError
        return Score(-0.9, "negative", (), "complaint", 3.0, 3.0)

    def score_many(self, mentions: Sequence[object]) -> list[Score]:
        return [self.score(mention) for mention in mentions]


def test_a_broken_item_costs_only_itself(desk: Desk) -> None:
    from_the_source = Broken("row 7", "no text in it", "a,b,c")
    object.__setattr__(desk.brain, "scorer", Choosy())
    taken = desk.take(raw("1"), from_the_source, raw("2", "heron meets swan"), raw("3", TROUBLES[1]))
    assert (taken.read, taken.stored, taken.quarantined) == (4, 2, 2)
    assert [one.native_id for one in desk.mentions()] == ["1", "3"]
    kept = desk.store.sources.quarantined()
    assert {(place, reason) for _, place, reason, _ in kept} == {
        ("row 7", "no text in it"),
        ("2", "could not be weighed: ZeroDivisionError"),
    }
    assert desk.take(from_the_source).quarantined == 0  # it is kept once


def test_half_a_character_in_an_item_that_could_not_be_read_costs_its_neighbours_nothing(desk: Desk) -> None:
    taken = desk.take(Broken("row \ud800", "it has \udfff", "\ud800,\x1b[31m"), raw("1"))
    assert (taken.stored, taken.quarantined) == (1, 1)
    ((_, place, reason, sample),) = desk.store.sources.quarantined()
    assert "".join((place, reason, sample)).isprintable()


def test_one_native_id_twice_in_a_page_is_one_mention(desk: Desk) -> None:
    taken = desk.take(raw("1"), raw("1"), raw("1", TROUBLES[1]))
    assert (taken.stored, taken.known, taken.cases) == (1, 2, 1)
    assert [one.text for one in desk.mentions()] == [TROUBLES[1]]


def test_a_copy_between_two_of_one_native_id_is_no_trouble(desk: Desk) -> None:
    taken = desk.take(raw("1"), raw("2"), raw("1"))
    assert (taken.stored, taken.known, taken.joined) == (2, 1, 1)


def test_the_same_native_id_at_another_source_is_another_mention(desk: Desk) -> None:
    desk.take(raw("1"))
    desk.take(raw("1", TROUBLES[1]), source="reviews")
    assert [(one.source, one.native_id) for one in desk.mentions()] == [("birds", "1"), ("reviews", "1")]


# What a source gives again


def test_an_edit_changes_the_words_everywhere_and_redraws_the_card(desk: Desk) -> None:
    case = desk.open_case()
    desk.take(raw("1", "Heron found my suitcase, thank you, lovely people"))
    assert desk.mentions()[0].label == "positive"
    assert desk.card(case.id).quote.words.startswith("Heron found")  # type: ignore[union-attr]
    assert desk.keys("redraw:") == [f"redraw:case:{case.id}:local:#alerts"]
    assert desk.case(case.id).priority is Priority.HIGH  # what was bad stays bad until a person says otherwise


def test_an_edit_for_the_worse_opens_or_raises_a_case(desk: Desk) -> None:
    desk.take(raw("1", PRAISE), raw("2", TROUBLES[3]))
    assert [case.priority for case in desk.cases()] == [Priority.NORMAL]
    desk.take(
        raw("1", "Heron crew are thieves, this is fraud"),
        raw("2", "Heron: the seat exploded, I am burned, I will sue you"),
    )
    assert sorted(case.priority for case in desk.cases()) == [Priority.HIGH, Priority.URGENT]
    assert desk.kinds(1) == ["opened", "raised"]


def test_words_that_came_later_are_taken_too(desk: Desk) -> None:
    desk.take(raw("1", "", title="heron"))
    desk.take(raw("1", TROUBLES[0], title="heron"))
    assert [one.text for one in desk.mentions()] == [TROUBLES[0]]
    assert len(desk.cases()) == 1


def test_an_edit_with_new_numbers_takes_both(desk: Desk) -> None:
    desk.take(raw("1", PRAISE, likes=1))
    desk.later(hours=1)
    desk.take(raw("1", TROUBLES[0], likes=50))
    (one,) = desk.mentions()
    assert (one.text, one.likes) == (TROUBLES[0], 50)
    assert any("gaining 49 an hour" in reason for reason in one.reasons)
    assert len(desk.cases()) == 1


def test_a_post_that_takes_off_opens_a_case_and_its_reach_grows(desk: Desk) -> None:
    quiet = "Heron has new planes with blue wings"
    desk.take(raw("1", quiet, followers=400, shares=1))
    assert desk.cases() == []
    desk.later(hours=2)
    taken = desk.take(raw("1", quiet, followers=400, shares=9_000))
    assert taken.cases == 1
    (case,) = desk.cases()
    assert case.reach == 90_000
    assert any("an hour" in reason for reason in case.reasons)
    assert desk.mentions()[0].case_id == case.id
    desk.later(hours=1)
    desk.take(raw("1", quiet, followers=400, shares=30_000))
    assert desk.case(case.id).reach == 300_000
    assert "reach 300k" in desk.card(case.id).facts


def test_numbers_that_a_source_stops_telling_stay(desk: Desk) -> None:
    desk.take(raw("1", likes=5, shares=7))
    desk.take(raw("1", likes=6, shares=None))
    (one,) = desk.mentions()
    assert (one.likes, one.shares) == (6, 7)


def test_the_same_again_changes_nothing(desk: Desk) -> None:
    desk.take(raw("1", likes=5), raw("2", TROUBLES[1]))
    before = desk.everything()
    desk.later(hours=1)
    assert desk.take(raw("1", likes=5), raw("2", TROUBLES[1])).known == 2
    assert desk.everything() == before


def test_a_mail_that_came_is_never_edited(desk: Desk) -> None:
    desk.open_case(is_final=True, reply_ref="to jo")
    before = desk.everything()
    desk.later(hours=1)
    desk.take(raw("1", "Heron found my suitcase, thank you", is_final=True, title="Re:", reply_ref="to eve"))
    assert desk.everything() == before


# Gone


def test_a_tombstone_empties_the_words_and_redraws(desk: Desk) -> None:
    case = desk.open_case(title="A letter", author_name="Jo Doe", followers=9)
    desk.take(Tombstone("1", "deleted by its author"))
    (one,) = desk.mentions()
    assert (one.text, one.title, one.url, one.author_name, one.followers) == ("", "", "", "", 9)
    card = desk.card(case.id)
    assert card.quote is not None
    assert card.quote.words == "The author has deleted this."
    assert (card.title, card.link) == ("", None)
    assert desk.keys("redraw:") == ["redraw:case:1:local:#alerts"]
    assert desk.store.mentions.search(["suitcase"], 5) == []
    stored = json.dumps([str(row) for row in desk.everything()])
    assert "suitcase" not in stored


def test_a_late_copy_of_an_old_page_does_not_bring_deleted_words_back(desk: Desk) -> None:
    desk.open_case(likes=1)
    desk.take(Tombstone("1", "deleted"))
    before = desk.everything()
    desk.take(raw("1", likes=900))
    desk.take(Tombstone("1", "deleted"))
    assert desk.everything() == before


def test_a_tombstone_for_something_unknown_is_nothing(desk: Desk) -> None:
    desk.take(Tombstone("never seen", "deleted"))
    assert desk.everything() == []


def test_hostile_ids_numbers_and_dates_are_stored_or_left_out_and_never_raise(desk: Desk) -> None:
    taken = desk.take(
        raw("\x00\ud800id", followers=-5, likes=10**30, stars=float("nan"), author="@\u202eevil\x1b[31m"),
        raw("x" * 5_000, "heron \x00 \ud83d " * 9_000, title="t" * 9_000, url="javascript:alert(1)"),
        raw("3", TROUBLES[1], published_at=NOW.replace(year=9999), lang="EN-" + "x" * 99),
    )
    assert (taken.stored, taken.quarantined) == (3, 0)
    for case in desk.cases():
        assert desk.card(case.id).link is None or desk.card(case.id).link.host  # type: ignore[union-attr]
