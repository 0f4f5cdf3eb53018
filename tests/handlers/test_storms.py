"""Storms from their first minute to their end: the card, what is gathered, what passes, and that nothing is lost."""

import random
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.cards import Button, Screen
from handlers.jobs import digest, storm
from handlers.rules.policy import Brand, Route, Storms
from handlers.rules.spikes import GATHERED
from handlers.storms import in_words
from storage.store import Store, open_storage
from storage.storms import NEGATIVE, Line, Storm
from storage.tallies import Cell
from storage.types import Lane, Priority, RawMention, Window, to_text
from tests.kit import NOW, POLICY, Desk, raw

URGENT = "Heron: the armrest exploded, my hand is burned, I will sue"
_LETTERS = "bcdfghjklmnprstvz"


@pytest.fixture
def desk(store: Store) -> Desk:
    """With one channel for all."""
    return Desk(store, replace(POLICY, routes=(Route("local:#alerts"),)))


def words(chance: random.Random, count: int) -> str:
    """Words that no other text has."""
    return " ".join("".join(chance.choice(_LETTERS) + chance.choice("aeiou") for _ in range(4)) for _ in range(count))


def complaints(count: int, seed: int = 1, *, name: str = "heron", more: str = "") -> list[RawMention]:
    """As many people who complain, each in her own words."""
    chance = random.Random(seed)
    return [
        raw(f"{seed}-{number}", f"{name} {words(chance, 7)} is awful {more} {words(chance, 3)}", published_at=None)
        for number in range(count)
    ]


def past(desk: Desk, brand: str = "Heron Air", days: int = 14, mentions: int = 3, negative: int = 1) -> None:
    """A usual: so many mentions in each hour of so many days."""
    source = desk.store.sources.id_of("birds", "feed", desk.now)
    now = desk.now.replace(minute=0)
    cells = []
    for hour in range(1, days * 24 + 1):
        at = to_text(now - timedelta(hours=hour))
        cells += [
            Cell(at, (brand,), source, "negative", negative),
            Cell(at, (brand,), source, "neutral", mentions - negative),
        ]
    with desk.store.transaction():
        desk.store.tallies.add(cells)


def look(desk: Desk) -> int:
    with desk.store.transaction():
        return storm.run(desk.ctx)


def begin(desk: Desk, count: int = 60) -> Storm:
    """A usual of three an hour, and then so many at once."""
    past(desk)
    desk.take(*complaints(count))
    assert look(desk) == 1
    return the(desk)


def the(desk: Desk) -> Storm:
    found = desk.store.storms.last("Heron Air")
    assert found is not None
    return found


def card(desk: Desk) -> Screen:
    drawn = desk.drawn("storm:1")
    assert isinstance(drawn, Screen)
    return drawn


def asked(desk: Desk, start: str) -> list[str]:
    """The keys of the messages that are to be posted."""
    return desk.keys(start)


def button(screen: Screen, verb: str) -> Button:
    return next(one for one in screen.buttons if one.verb == verb)


def held(desk: Desk) -> int:
    return int(desk.store.engine.value("select count(*) from digest_cases"))


# The story


def test_a_storm_begins_with_one_card_in_each_channel_that_wants_the_brand(desk: Desk) -> None:
    ours, theirs = (
        Route(f"local:#{name}", brands=(brand.name,)) for name, brand in zip("hp", POLICY.brands, strict=True)
    )
    desk.change_policy(routes=(Route("local:#alerts"), ours, theirs))
    begin(desk)
    look(desk)
    assert asked(desk, "storm:") == ["storm:1:local:#alerts", "storm:1:local:#h"]
    lanes = {row["lane"] for row in desk.store.engine.rows("select lane from deliveries where key like 'storm:%'")}
    assert lanes == {Lane.URGENT}
    assert "60 negative mentions in an hour, usually about 1" in card(desk).title
    assert "60 mentions in an hour, usually about 3." in card(desk).outro


def test_an_hour_like_any_other_is_no_storm(desk: Desk) -> None:
    past(desk, mentions=12, negative=9)
    desk.take(*complaints(15))
    assert look(desk) == 0
    assert asked(desk, "storm:") == []


def test_the_card_counts_and_names_what_moved_most_and_what_many_say(desk: Desk) -> None:
    past(desk)
    desk.take(raw("old", "heron was awful in spring", published_at=None))
    loud = raw("loud", "heron strike is awful, says everybody here", followers=900_000, shares=4_000, published_at=None)
    desk.take(loud, *complaints(50, more="strike in Lisbon"))
    look(desk)
    shown = card(desk)
    assert shown.rows[0].quote is not None
    assert shown.rows[0].quote.words.startswith("heron strike")
    assert "4k shares" in shown.rows[0].facts
    assert shown.rows[0].buttons[0].verb == "show"
    assert shown.rows[-1].heading == "Most shared words"
    assert shown.rows[-1].quote is not None
    assert "strike (51)" in shown.rows[-1].quote.words
    assert "lisbon (50)" in shown.rows[-1].quote.words
    assert "heron" not in shown.rows[-1].quote.words
    assert "52 mentions" in shown.intro


def test_it_is_drawn_anew_while_it_grows_and_not_more_often_than_it_can_be_read(desk: Desk) -> None:
    begin(desk)
    redraws = "select revision from deliveries where key = 'redraw:storm:1:local:#alerts'"
    first = desk.store.engine.value(redraws)
    for number in range(12):
        desk.later(seconds=10)
        desk.take(*complaints(2, seed=10 + number))
        look(desk)
    assert 1 <= desk.store.engine.value(redraws) - first <= 3
    assert "84 mentions" in card(desk).intro
    assert asked(desk, "storm:") == ["storm:1:local:#alerts"]


def test_while_it_lasts_cases_come_together_and_urgent_ones_at_once(desk: Desk) -> None:
    begin(desk, count=15)
    singles = len(asked(desk, "card:"))
    desk.later(minutes=2)
    desk.take(*complaints(8, seed=2))
    assert len(asked(desk, "card:")) == singles
    assert held(desk) == 8
    desk.take(raw("urgent", URGENT, published_at=None))
    assert len(asked(desk, "card:")) == singles + 1
    desk.later(minutes=9, seconds=50)
    with desk.store.transaction():
        assert digest.run(desk.ctx) == 0
    desk.later(seconds=10)
    with desk.store.transaction():
        assert digest.run(desk.ctx) == 1


def test_the_worst_of_those_that_come_together_stand_first(desk: Desk) -> None:
    begin(desk, count=15)
    desk.later(minutes=2)
    desk.take(*complaints(20, seed=2), raw("fraud", "Heron is a fraud, they stole my money", published_at=None))
    worst = desk.cases()[-1]
    assert worst.priority is Priority.HIGH
    shown = desk.drawn("digest:1")
    assert isinstance(shown, Screen)
    assert shown.title == "21 more cases"
    assert f"#{worst.id} high" in shown.rows[0].heading


def test_a_card_that_many_join_is_drawn_anew_once_a_minute_in_a_storm(desk: Desk) -> None:
    past(desk)
    desk.take(*complaints(15))
    look(desk)
    due = "select not_before from deliveries where key = 'redraw:case:1:local:#alerts'"
    desk.take(raw("copy", complaints(15)[0].text, published_at=None))
    assert desk.store.engine.value(due) == to_text(desk.now + timedelta(seconds=60))


def test_near_copies_join_in_a_storm_as_ever(desk: Desk) -> None:
    begin(desk, count=15)
    before = len(desk.cases())
    copies = [raw(f"copy{n}", complaints(15)[3].text, published_at=None) for n in range(5)]
    taken = desk.take(*copies)
    assert (taken.joined, taken.cases) == (5, 0)
    assert len(desk.cases()) == before


def test_other_brands_get_their_single_cards(desk: Desk) -> None:
    begin(desk, count=15)
    desk.later(minutes=2)
    singles = len(asked(desk, "card:"))
    desk.take(*complaints(3, seed=5, name="plover"))
    assert len(asked(desk, "card:")) == singles + 3


def test_a_case_that_becomes_urgent_in_a_storm_leaves_the_others(desk: Desk) -> None:
    begin(desk, count=15)
    desk.later(minutes=2)
    (one,) = complaints(1, seed=3)
    desk.take(one)
    number = desk.cases()[-1].id
    assert desk.case(number).priority < Priority.URGENT
    desk.take(raw(one.native_id, f"{one.text}. My hand is burned, the armrest exploded, I will sue", published_at=None))
    assert desk.case(number).priority is Priority.URGENT
    assert f"card:{number}:local:#alerts" in asked(desk, "card:")
    assert held(desk) == 0


def test_it_is_over_when_an_hour_is_like_the_usual_and_says_so_small(desk: Desk) -> None:
    begin(desk)
    desk.later(minutes=50)
    assert look(desk) == 1
    desk.later(hours=1)
    assert look(desk) == 0
    shown = card(desk)
    assert "is over" in shown.title
    assert "60 mentions, 60 cases" in shown.intro
    assert shown.rows == ()
    desk.take(*complaints(3, seed=4))
    assert held(desk) == 40, "those that were more than a channel's twenty cards of a minute, and no more"


def test_soon_after_its_end_it_is_the_same_storm_and_later_another(desk: Desk) -> None:
    begin(desk)
    desk.later(hours=2)
    assert look(desk) == 0
    desk.later(hours=2)
    desk.take(*complaints(70, seed=6))
    assert look(desk) == 1
    assert the(desk).id == 1
    assert card(desk).title.startswith("Storm around Heron Air: 70")
    desk.later(hours=2)
    assert look(desk) == 0
    desk.later(hours=7)
    desk.take(*complaints(90, seed=7))
    assert look(desk) == 1
    assert the(desk).id == 2
    assert asked(desk, "storm:") == ["storm:1:local:#alerts", "storm:2:local:#alerts"]


def test_a_topic_that_rises_in_a_storm_is_a_line_of_it(desk: Desk) -> None:
    brand = Brand("Heron Air", {"names": "heron -baggage", "baggage": "heron baggage"})
    desk.change_policy(brands=(brand, POLICY.brands[1]))
    past(desk)
    desk.take(*complaints(40))
    assert look(desk) == 1
    assert {(line.series, line.topic) for line in the(desk).lines} == {("negative", ""), ("all", "")}
    topics = {("Heron Air", "baggage", to_text(NOW - timedelta(hours=hour))): (1, 0) for hour in range(2, 24 * 14, 2)}
    with desk.store.transaction():
        desk.store.tallies.add_topics(topics)
    desk.take(*complaints(30, seed=8, more="baggage"))
    look(desk)
    assert len(the(desk).lines) == 3
    assert asked(desk, "storm:") == ["storm:1:local:#alerts"]
    assert "Query baggage: 30 mentions in an hour, usually less than one." in card(desk).outro


def test_the_storm_of_a_competitor_is_kept_and_told_nobody(desk: Desk) -> None:
    desk.change_policy(routes=(Route("local:#plover", brands=("Plover Inn",)),))
    begin(desk)
    assert asked(desk, "storm:") == []
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert [one.brand for one in desk.store.storms.between(window)] == ["Heron Air"]


def test_a_competitors_storm_is_told_nobody_where_a_route_wants_every_brand(desk: Desk) -> None:
    desk.change_policy(brands=(replace(POLICY.brands[0], is_competitor=True), POLICY.brands[1]))
    begin(desk)
    assert asked(desk, "storm:") == []


def test_a_rise_that_lasts_a_day_is_a_new_level_and_no_storm(desk: Desk) -> None:
    past(desk)
    source = desk.store.sources.id_of("birds", "feed", desk.now)
    lasting = []
    for _ in range(4 * 24 * 4):
        quarter = to_text(desk.now.replace(minute=desk.now.minute // 15 * 15))
        with desk.store.transaction():
            desk.store.tallies.add([Cell(quarter, ("Heron Air",), source, "neutral", 8)])
        if len(lasting) == 4:
            begin_by_hand(desk)
        lasting.append(look(desk))
        desk.later(minutes=15)
    assert lasting[4:96] == [1] * 92
    assert sum(lasting[104:]) == 0, "it ends within the next hours, and does not begin anew"
    desk.take(*complaints(200, seed=9))
    assert look(desk) == 1, "what rises above the new level is one"


def begin_by_hand(desk: Desk) -> None:
    """As if an hour of so many real mentions had been seen."""
    with desk.store.transaction():
        desk.store.storms.open("Heron Air", [Line("all", "", desk.now - timedelta(hours=1), 32, 3.0, 32)], 32, desk.now)


def test_a_team_that_wants_no_storms_has_none(desk: Desk) -> None:
    begin(desk)
    desk.change_policy(storms=Storms(false_alarms=0))
    assert look(desk) == 0
    assert desk.store.storms.active("Heron Air") is None


# What looks like one


def test_what_a_source_brings_after_a_long_silence_is_no_storm(desk: Desk) -> None:
    past(desk)
    late = [
        raw(f"late{n}", item.text, published_at=desk.now - timedelta(minutes=12 * n))
        for n, item in enumerate(complaints(60))
    ]
    desk.take(*late)
    assert look(desk) == 0


def test_a_brand_of_today_has_no_storm(desk: Desk) -> None:
    desk.take(*complaints(200))
    assert look(desk) == 0


def test_days_on_which_nothing_listened_do_not_teach_that_silence_is_usual(desk: Desk) -> None:
    past(desk, mentions=20, negative=10)
    desk.later(days=20)
    desk.take(*complaints(200))
    look(desk)
    assert {line.series: line.expected for line in the(desk).lines}["all"] > 15


# Calm


def test_a_manager_or_approver_asks_for_single_cards_again(desk: Desk) -> None:
    begin(desk, count=15)
    calm = button(card(desk), "calm")
    assert "is for" in desk.press("ana", calm).words
    assert not desk.press("bo", calm).is_error
    desk.later(minutes=2)
    singles = len(asked(desk, "card:"))
    desk.take(*complaints(4, seed=2))
    assert len(asked(desk, "card:")) == singles + 4
    look(desk)
    shown = card(desk)
    assert "Bo asked for single cards again." in shown.outro
    assert [one.verb for one in shown.buttons] == ["summary"]
    assert "19 mentions" in shown.intro, "it goes on counting"


def test_calm_says_what_is_true(desk: Desk) -> None:
    assert "There is no storm." in desk.say("bo", "calm")
    begin(desk)
    assert "There is no storm 7." in desk.say("bo", "calm 7")
    assert "is not the number of a storm" in desk.say("bo", "calm now")
    assert "Single cards for Heron Air again" in desk.say("mia", "calm")
    assert "Mia did that already." in desk.say("bo", "calm 1")
    desk.later(hours=3)
    look(desk)
    assert "is over" in desk.say("bo", "calm 1")


def test_with_two_storms_calm_asks_which(desk: Desk) -> None:
    past(desk, "Plover Inn")
    begin(desk)
    desk.take(*complaints(60, seed=2, name="plover"))
    assert look(desk) == 2
    assert "1 (Heron Air), 2 (Plover Inn)" in desk.say("bo", "calm")


# Too many at once, without a storm


def test_more_single_cards_than_a_minute_can_hold_wait_in_one_message_due_in_a_minute(desk: Desk) -> None:
    desk.take(*complaints(12))
    desk.take(*complaints(13, seed=2))
    assert len(asked(desk, "card:")) == 20
    assert held(desk) == 5
    desk.take(raw("urgent", URGENT, published_at=None))
    assert len(asked(desk, "card:")) == 21
    desk.later(seconds=59)
    with desk.store.transaction():
        assert digest.run(desk.ctx) == 0
    desk.later(seconds=2)
    with desk.store.transaction():
        assert digest.run(desk.ctx) == 1
    desk.take(*complaints(3, seed=3))
    assert len(asked(desk, "card:")) == 24


def test_each_channel_has_its_own_minute(desk: Desk) -> None:
    desk.change_policy(
        routes=(Route("local:#alerts"), Route("local:#plover", brands=("Plover Inn",))), storms=Storms(most_cards=5)
    )
    desk.take(*complaints(8))
    desk.take(*complaints(3, seed=2, name="plover"))
    assert len([key for key in asked(desk, "card:") if key.endswith("#alerts")]) == 5
    assert len([key for key in asked(desk, "card:") if key.endswith("#plover")]) == 3


def test_what_each_page_and_minute_asks_reads_only_what_is_recent(desk: Desk) -> None:
    """However long the outbox and the past are."""
    begin(desk)
    plans = []
    rows = desk.store.engine.rows

    def noted(sql: str, params: tuple[object, ...] = ()) -> object:
        plans.extend(row["detail"] for row in rows(f"explain query plan {sql}", params))
        return rows(sql, params)

    desk.store.engine.rows = noted  # type: ignore[method-assign]
    desk.store.storms.cards_since(desk.now)
    desk.store.storms.busy_topics("Heron Air", Window(NOW, NOW), 10)
    assert "deliveries_posted (created_at>?)" in plans[0]
    assert "topics_start (brand=? AND start>? AND start<?)" in " ".join(plans)


# Hostile


def test_hostile_words_stay_literal(desk: Desk) -> None:
    past(desk)
    desk.take(*complaints(40, more="<!channel> @everyone *bold* https://evil.example/x <script>zebra</script>"))
    look(desk)
    shown = card(desk)
    ours = [shown.title, shown.intro, shown.outro, *(row.heading for row in shown.rows)]
    assert not any(mark in " ".join(ours) for mark in ("zebra", "everyone", "channel", "evil"))
    assert shown.rows[-1].quote is not None
    assert not set(shown.rows[-1].quote.words) & set("<>@*:/!")


def test_the_line_in_words() -> None:
    line = Line(NEGATIVE, "", NOW, 300, 13.7, 90)
    assert in_words(line) == "90 negative mentions in an hour, usually about 14"


# Nothing is lost


def accounted(desk: Desk) -> None:
    """Each mention is one of: without a case for a reason, joined to one, or the first of one; each case that a route
    wants has a card or a line in a digest, in each channel that wants it, and nothing else has.
    """
    rows = desk.store.engine.rows("select id, case_id, priority, reasons from mentions")
    leads = {row["mention_id"]: row for row in desk.store.engine.rows("select * from cases")}
    joined = dict.fromkeys((row["id"] for row in leads.values()), 0)
    for row in rows:
        if row["id"] in leads:
            assert row["case_id"] == leads[row["id"]]["id"]
        if row["case_id"] is not None:
            joined[row["case_id"]] += 1
    for row in leads.values():
        assert joined[row["id"]] == row["mention_count"]
    wanted = {
        (row["id"], route.channel)
        for row in leads.values()
        for route in desk.policy.routes
        if row["priority"] >= route.min_priority and (not route.brands or row["brand"] in route.brands)
    }
    cards = {
        (int(key.split(":")[1]), key.split(":", 2)[2])
        for key in desk.keys("card:")
    }  # fmt: skip
    lines = {
        (row["case_id"], f"{row['chat']}:{row['channel']}")
        for row in desk.store.engine.rows(
            "select c.case_id, d.chat, d.channel from digest_cases c join digests d on d.id = c.digest_id"
        )
    }
    assert cards | lines == wanted
    open_lines = {
        (row["case_id"], f"{row['chat']}:{row['channel']}")
        for row in desk.store.engine.rows(
            "select c.case_id, d.chat, d.channel from digest_cases c join digests d on d.id = c.digest_id"
            " where d.posted_at is null"
        )
    }
    assert not cards & open_lines, "nobody is told twice"


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["complain", "copy", "urgent", "praise", "plover", "wait", "calm"]), st.integers(1, 30)
        ),
        min_size=1,
        max_size=10,
    )
)
def test_everything_is_accounted_for(
    template: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("accounted") / "earshot.db"
    shutil.copy(template, path)
    desk = Desk(open_storage(path))
    desk.store.engine.run("pragma synchronous = off")
    routes = (Route("local:#alerts"), Route("local:#heron", brands=("Heron Air",), min_priority=Priority.HIGH))
    desk.change_policy(routes=routes, storms=Storms(most_cards=7))
    past(desk)
    copied = complaints(1, seed=99)[0].text
    for place, (what, count) in enumerate(steps):
        if what == "wait":
            desk.later(seconds=count * 20)
        elif what == "calm":
            desk.do("mia", "calm")
        elif what == "copy":
            desk.take(*(raw(f"{place}-{n}", copied, published_at=None) for n in range(count)))
        elif what == "urgent":
            desk.take(
                *(
                    raw(f"{place}-{n}", f"{URGENT} {item.text}", published_at=None)
                    for n, item in enumerate(complaints(count, seed=1000 + place))
                )
            )
        elif what == "praise":
            desk.take(*(raw(f"{place}-{n}", f"heron {n} lovely", published_at=None) for n in range(count)))
        else:
            desk.take(*complaints(count, seed=100 + place, name="plover" if what == "plover" else "heron"))
        desk.tick()
    accounted(desk)
    desk.later(seconds=GATHERED.total_seconds())
    desk.tick()
    accounted(desk)
    waiting = desk.store.engine.value("select count(*) from digests where posted_at is null")
    assert waiting == 0
    desk.store.close()
