"""The team measures its own bot: cards that were right, and quiet mentions that should have been one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from handlers import samples
from handlers.cards import Row, Screen
from handlers.jobs import sample
from handlers.ports import Tombstone
from handlers.rules.locales import read_locale
from handlers.rules.policy import Member
from handlers.samples import Measured
from storage.samples import Outcome
from storage.types import Priority, Status, Window
from tests.gallery import HOSTILE
from tests.kit import MEMBERS, NOW, PRAISE, TROUBLES, Desk, put_in, raw

LAST_WEEK = NOW - timedelta(days=4)  # a Thursday
BERLIN = ZoneInfo("Europe/Berlin")


def quiet(desk: Desk, count: int, at: datetime = LAST_WEEK, **fields: object) -> None:
    """So many mentions that are worth no case, each with words of its own."""
    now, desk.now = desk.now, at
    items = (raw(f"q{at:%d%H}{number}", f"{PRAISE} {number}", published_at=at, **fields) for number in range(count))
    assert desk.take(*items).cases == 0
    desk.now = now


def drawn(desk: Desk) -> list[int]:
    sample.run(desk.ctx)
    return [one.mention_id for one in desk.store.samples.newest()]


def screen_of(desk: Desk, who: str = "ana", line: str = "judge") -> Screen:
    screen = desk.do(who, line).screen
    assert screen is not None
    return screen


def press(desk: Desk, row: Row, label: str, who: str = "ana") -> Screen:
    (button,) = [button for button in row.buttons if button.label == label]
    reply = desk.press(who, button)
    assert reply.screen is not None, reply.words
    return reply.screen


# What is drawn


def test_ten_quiet_mentions_of_the_last_whole_week_are_drawn_once(desk: Desk) -> None:
    quiet(desk, 20, LAST_WEEK - timedelta(days=7))
    quiet(desk, 40)
    quiet(desk, 20, NOW - timedelta(hours=2))
    chosen = drawn(desk)
    assert len(set(chosen)) == 10
    seen = {one.id: one.seen_at for one in desk.mentions()}
    assert {seen[number] for number in chosen} == {LAST_WEEK}
    assert sample.run(desk.ctx) == 0
    desk.later(days=3)
    assert drawn(desk) == chosen
    desk.later(days=4)
    assert set(drawn(desk)).isdisjoint(chosen)


def test_the_week_is_the_teams(desk: Desk) -> None:
    sunday = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)  # half past eleven in Berlin
    quiet(desk, 1, sunday)
    quiet(desk, 1, sunday + timedelta(hours=1))
    assert drawn(desk) == [1]
    assert samples.last_week(desk.ctx).end.astimezone(BERLIN).isoformat() == "2026-11-23T00:00:00+01:00"


def test_what_was_a_case_muted_imported_or_deleted_is_not_drawn(desk: Desk) -> None:
    desk.now = LAST_WEEK
    desk.take(raw("case", TROUBLES[0], published_at=LAST_WEEK))
    desk.mute("mia", "author:@muted 60d")
    desk.take(raw("muted", TROUBLES[1], author="muted", published_at=LAST_WEEK))
    desk.take(raw("old", PRAISE, published_at=LAST_WEEK - timedelta(days=30)))
    desk.take(raw("gone", f"{PRAISE} gone", published_at=LAST_WEEK))
    desk.take(Tombstone("gone", "deleted"))
    desk.take(raw("quiet", f"{PRAISE} quiet", published_at=LAST_WEEK))
    desk.now = NOW
    assert [desk.mentions()[number - 1].native_id for number in drawn(desk)] == ["quiet"]


def test_a_week_in_which_nothing_was_quiet_has_an_empty_sample(desk: Desk) -> None:
    assert drawn(desk) == []
    quiet(desk, 3)
    assert drawn(desk) == [], "the week was drawn"
    assert "nothing to judge yet" in screen_of(desk).intro


def test_chance_draws_the_same_from_the_same_and_all_alike() -> None:
    """Each of 60 mentions is drawn as often as the others: by the week's name, over 600 weeks."""
    counts = dict.fromkeys(range(1, 61), 0)
    for number in range(600):
        tried = samples._tried(range(1, 61), f"{number}")
        assert tried == samples._tried(range(1, 61), f"{number}")
        for mention_id in tried[: samples.SIZE]:
            counts[mention_id] += 1
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 100  # chi square with 59: 1 in 1,000 is 98


def test_of_a_loud_week_a_part_tells_how_many_were_quiet(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "_TRIES", 40)
    quiet(desk, 400)
    assert len(drawn(desk)) == 10
    assert desk.store.engine.value("select quiet from sample_weeks") == 400


# Judging


def test_ten_rows_each_with_words_reasons_and_two_buttons(desk: Desk) -> None:
    quiet(desk, 30)
    drawn(desk)
    screen = screen_of(desk)
    assert screen.title == "Quiet mentions of 2026-W47"
    assert screen.intro == "These became no card. Should one of them have been one?"
    assert len(screen.rows) == 10
    row = screen.rows[0]
    assert row.heading.endswith(" · birds · Thu 19 Nov 11:00")
    assert row.quote is not None
    assert PRAISE in row.quote.words
    assert "nothing to act on" in row.facts[0]
    assert [button.label for button in row.buttons] == ["Should be a card", "Rightly quiet"]


def test_two_clicks_each_and_then_thanks(desk: Desk) -> None:
    quiet(desk, 2)
    drawn(desk)
    screen = press(desk, screen_of(desk).rows[0], "Should be a card")
    assert screen.intro.startswith("Noted: should have been a card. These became no card.")
    assert screen.rows[0].heading.endswith(" · should have been a card: Ana")
    screen = press(desk, screen.rows[1], "Rightly quiet", "bo")
    assert screen.intro == "Noted: rightly quiet. All of them are judged. Thank you."
    assert screen.outro == "Of 2 quiet mentions that you judged, 1 should have been a card (9 to 91%)."


def test_the_last_verdict_counts(desk: Desk) -> None:
    quiet(desk, 1)
    drawn(desk)
    screen = press(desk, screen_of(desk).rows[0], "Should be a card")
    screen = press(desk, screen.rows[0], "Rightly quiet", "mia")
    assert screen.rows[0].heading.endswith(" · rightly quiet: Mia")
    (one,) = desk.store.samples.newest()
    assert (one.verdict, one.judged_by) == ("quiet", "mia")


def test_what_was_missed_can_become_a_case(desk: Desk) -> None:
    quiet(desk, 1)
    drawn(desk)
    screen = press(desk, screen_of(desk).rows[0], "Should be a card")
    state = desk.store.sources.state("birds")
    screen = press(desk, screen.rows[0], "Make it a case")
    assert screen.intro.startswith("It is in case #1 now. `claim 1` takes it.")
    case = desk.case(1)
    assert (case.status, case.priority) == (Status.OPEN, Priority.NORMAL)
    assert case.reasons[0] == "Ana wants it to be a case"
    assert desk.mentions()[0].case_id == 1
    assert desk.keys("card:") == ["card:1:local:#alerts"]
    assert [button.label for button in screen.rows[0].buttons] == ["Show", "Rightly quiet"]
    assert desk.store.sources.state("birds") == state, "the source was not read"
    reply = desk.press("bo", replace(screen.rows[0].buttons[1], values=(("mention", "1"), ("verdict", "case"))))
    assert reply.words == "It is in case #1 already. `show 1` shows it."


def test_what_was_missed_long_ago_is_only_noted(desk: Desk) -> None:
    quiet(desk, 1)
    drawn(desk)
    desk.later(days=5)
    screen = press(desk, screen_of(desk).rows[0], "Should be a card")
    assert [button.label for button in screen.rows[0].buttons] == ["Rightly quiet"]


def test_what_became_louder_or_was_deleted_is_not_judged_any_more(desk: Desk) -> None:
    quiet(desk, 2, likes=1)
    drawn(desk)
    first, second = (desk.mentions()[one.mention_id - 1].native_id for one in desk.store.samples.newest())
    desk.take(Tombstone(first, "deleted"), raw(second, TROUBLES[0]))
    rows = screen_of(desk).rows
    assert rows[0].quote is not None
    assert rows[0].quote.words == "The author has deleted this."
    assert [button.label for row in rows for button in row.buttons] == ["Show"]
    assert screen_of(desk).intro == "All of them are judged. Thank you."
    assert samples.measured(desk.ctx, samples.last_week(desk.ctx)) is None


def test_guests_may_not_judge(desk: Desk) -> None:
    quiet(desk, 1)
    drawn(desk)
    button = screen_of(desk).rows[0].buttons[0]
    desk.change_policy(members=(*MEMBERS, Member("gil", "Gil", is_guest=True)))
    assert desk.press("gil", button).is_error
    assert desk.store.samples.newest()[0].verdict == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"mention": "99", "verdict": "quiet"}, "This mention is in no sample."),
        ({"mention": "x", "verdict": "quiet"}, "This mention is in no sample."),
        ({"mention": "9" * 40, "verdict": "quiet"}, "This mention is in no sample."),
        ({"mention": "1", "verdict": "loud"}, "That is no verdict."),
        ({"mention": "1"}, "That is no verdict."),
    ],
)
def test_what_no_button_carries_is_refused(desk: Desk, values: dict[str, str], words: str) -> None:
    quiet(desk, 1)
    drawn(desk)
    button = replace(screen_of(desk).rows[0].buttons[0], values=tuple(values.items()))
    reply = desk.press("ana", button)
    assert reply.is_error
    assert reply.words.startswith(words)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_are_quoted(desk: Desk, name: str) -> None:
    words = f"{PRAISE} {HOSTILE[name]}"
    desk.now = LAST_WEEK
    desk.take(raw("1", words, author_name=words, published_at=LAST_WEEK), with_cases=False)
    desk.now = NOW
    drawn(desk)
    (row,) = screen_of(desk).rows
    assert row.quote is not None
    assert len(row.quote.words) <= 300
    assert "\n" not in row.heading
    assert "\u202e" not in row.heading + row.quote.words


# Measuring


def week(desk: Desk) -> Window:
    return Window(NOW - timedelta(days=7), desk.now.replace(minute=0, second=0) + timedelta(hours=1))


def test_cards_that_were_taken_and_cards_that_were_irrelevant(desk: Desk) -> None:
    for place, status in enumerate((Status.CLAIMED, Status.ANSWERED, Status.RESOLVED, Status.OPEN)):
        put_in(desk, status, text=TROUBLES[place], native_id=str(place))
    desk.open_case("spam", "Heron thieves, this is fraud fraud fraud")
    desk.do("ana", "resolve 5 spam")
    measured = samples.measured(desk.ctx, week(desk))
    assert measured is not None
    assert measured.cards == Outcome(5, 3, 1)
    assert measured.words() == ("Of 5 cards, 3 were taken and 1 irrelevant: 75% right (30 to 95%).",)
    assert samples.measured(desk.ctx, week(desk), "Plover Inn") is None
    earlier = Window(NOW - timedelta(days=14), NOW - timedelta(days=7))
    assert samples.measured(desk.ctx, earlier) is None


def test_a_card_that_was_given_back_is_undecided_again(desk: Desk) -> None:
    put_in(desk, Status.CLAIMED)
    desk.do("ana", "release 1")
    assert samples.measured(desk.ctx, week(desk)) is None


def test_the_sentences_of_the_briefing() -> None:
    known = Measured(Outcome(42, 30, 5), missed=1, judged=60, waiting=10, quiet=3_000, taken=300)
    assert known.words() == (
        "Of 42 cards, 30 were taken and 5 irrelevant: 86% right (71 to 94%).",
        "Of 60 quiet mentions that you judged, 1 should have been a card (0 to 9%).",
        "So the cards caught 53 to 97% of what mattered.",
        "10 quiet mentions wait for your verdict: `judge` shows them.",
    )
    german = known.words(read_locale("de"))[0]
    assert german == "Of 42 cards, 30 were taken and 5 irrelevant: 86\u00a0% right (71 to 94\u00a0%)."


def test_verdicts_of_twelve_weeks_are_added_up(desk: Desk) -> None:
    for back in range(14, 0, -1):
        desk.now = NOW - timedelta(weeks=back)
        quiet(desk, 4, desk.now)
        desk.later(days=7)
        for one in drawn(desk):
            desk.store.samples.judge(one, "missed" if back == 3 and one % 4 == 0 else "quiet", "ana", desk.now)
    measured = samples.measured(desk.ctx, samples.last_week(desk.ctx))
    assert measured is not None
    assert (measured.missed, measured.judged, measured.quiet, measured.waiting) == (1, 48, 48, 0)
    assert measured.recall is None, "no card was right yet"


def test_recall_comes_from_the_share_that_was_missed(desk: Desk) -> None:
    known = Measured(Outcome(0, 0, 0), missed=0, judged=10, waiting=0, quiet=100, taken=50)
    assert known.precision is None
    assert known.recall == (pytest.approx(50 / (50 + 27.8), abs=0.001), 1.0)


def test_the_cards_of_a_week_are_found_by_their_time(desk: Desk) -> None:
    rows = desk.store.engine.rows(
        "explain query plan select status from cases where alerted_at is not null and alerted_at >= ?"
        " and alerted_at < ? order by alerted_at desc, id desc limit 10",
        ("a", "b"),
    )
    assert [row["detail"] for row in rows] == ["SEARCH cases USING INDEX cases_alerted (alerted_at>? AND alerted_at<?)"]
