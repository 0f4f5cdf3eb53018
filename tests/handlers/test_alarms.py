"""A source that is silent, fails, has used up its quota or was given up is a card, once, and the card takes it back."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from handlers import alarms
from handlers.cards import Screen
from handlers.jobs import silence
from handlers.rules.policy import Duty
from storage.alarms import SCHEMA, Alarm
from storage.types import to_text
from tests.kit import NOW, POLICY, PRAISE, SOURCES, TROUBLES, Desk, raw

MINUTE = timedelta(minutes=1)


def look(desk: Desk, minutes: float = 0, step: int = 1) -> None:
    """Somebody looks for so long, every `step` minutes."""
    with desk.store.transaction():
        silence.run(desk.ctx)
        for _ in range(int(minutes / step)):
            desk.later(minutes=step)
            silence.run(desk.ctx)


def cards(desk: Desk) -> list[str]:
    return desk.keys("alarm:")


def card(desk: Desk, number: int = 1) -> Screen:
    drawing = desk.drawn(f"alarm:{number}")
    assert isinstance(drawing, Screen)
    return drawing


def fails(
    desk: Desk, words: str = "HTTP 500 from birds.example.", status: str = "failing", source: str = "birds"
) -> None:
    desk.store.sources.failed(desk.store.sources.id_of(source, "feed", desk.now), words, status)


def works(desk: Desk, source: str = "birds") -> None:
    desk.take(source=source)


def known(desk: Desk, source: str = "birds", weeks: int = 4) -> int:
    """The source brought four mentions in each hour of the last weeks, up to now. It is polled."""
    source_id = desk.store.sources.id_of(source, "feed", desk.now)
    moments = [to_text(desk.now - timedelta(hours=number)) for number in range(weeks * 168, -1, -1)]
    with desk.store.transaction():
        desk.store.engine.run_many(
            "insert into arrivals (source_id, hour, quarters, mentions, last_at) values (?, ?, 2, 4, ?)",
            [(source_id, moment[:13], moment) for moment in moments],
        )
        desk.store.sources.read_up_to(source_id, None, 0, 0, desk.now)
        desk.store.sources.poll_next(source_id, desk.now + timedelta(minutes=15))
    return source_id


def read_with_nothing_new(desk: Desk, source_id: int) -> None:
    desk.store.sources.read_up_to(source_id, None, 0, 0, desk.now)


def hours_of_silence(desk: Desk, source_id: int, hours: float) -> None:
    with desk.store.transaction():
        for _ in range(int(hours * 4)):
            desk.later(minutes=15)
            read_with_nothing_new(desk, source_id)
            silence.run(desk.ctx)


# Silence


def test_a_source_that_falls_silent_is_a_card_with_what_it_usually_brings(desk: Desk) -> None:
    source_id = known(desk)
    look(desk)
    assert cards(desk) == []
    hours_of_silence(desk, source_id, 12)
    assert cards(desk) == ["alarm:1:local:#alerts"]
    screen = card(desk)
    assert screen.title == "🔇 birds is silent"
    assert screen.intro.startswith("Nothing has come since 11:00. By 18:15 it usually brings 28 mentions in that time.")
    assert screen.intro.endswith("in fewer than one of a hundred weeks.")
    assert [button.verb for button in screen.buttons] == ["status"]
    assert alarms.open_words(desk.ctx) == ["birds: silent since 11:00, usually 48 mentions by now"]


def test_it_is_told_once_however_long_it_lasts_and_taken_back_when_something_comes(desk: Desk) -> None:
    source_id = known(desk)
    hours_of_silence(desk, source_id, 40)
    assert cards(desk) == ["alarm:1:local:#alerts"]
    desk.take(raw("1", PRAISE))
    look(desk)
    assert cards(desk) == ["alarm:1:local:#alerts"]
    assert "redraw:alarm:1:local:#alerts" in desk.keys("redraw:")
    assert card(desk).title == "🟢 birds is back"
    assert card(desk).intro == "Since 03:00; it was silent for 1 d 16 h."
    assert card(desk).buttons == ()
    assert alarms.open_words(desk.ctx) == []
    look(desk, 30)
    assert len(cards(desk)) == 1


def test_a_source_that_was_not_read_is_not_called_silent(desk: Desk) -> None:
    """What nobody asked for cannot have come: the silence is known up to the last time that it was read."""
    known(desk)
    look(desk, 60 * 24, step=10)
    assert cards(desk) == []


def test_what_is_sent_to_us_is_silent_only_while_we_were_there(desk: Desk) -> None:
    source_id = known(desk, "desk")
    desk.store.engine.run("update sources set next_poll_at = null where id = ?", (source_id,))
    look(desk)
    desk.later(hours=60)  # the program was off
    look(desk, 5)
    assert cards(desk) == []
    look(desk, 12 * 60, step=10)
    assert cards(desk) == ["alarm:1:local:#alerts"]
    assert card(desk).title == "🔇 desk is silent"


def test_a_break_shorter_than_a_quarter_of_an_hour_is_no_absence(desk: Desk) -> None:
    source_id = known(desk, "desk")
    desk.store.engine.run("update sources set next_poll_at = null where id = ?", (source_id,))
    with desk.store.transaction():
        for _ in range(60):
            look(desk)
            desk.later(minutes=14)
    assert cards(desk) == ["alarm:1:local:#alerts"]


def test_a_new_source_may_be_silent_for_as_long_as_it_likes(desk: Desk) -> None:
    source_id = known(desk, weeks=1)
    hours_of_silence(desk, source_id, 72)
    assert cards(desk) == []


def test_an_old_import_and_a_backlog_are_not_what_a_source_brings(desk: Desk) -> None:
    desk.take(raw("1"), is_backlog=True)
    desk.take(raw("2", TROUBLES[1]), with_cases=False)
    desk.do("kim", "track https://forum.example/threads/1 heron was rude to everybody")
    assert desk.store.engine.rows("select * from arrivals") == []
    desk.take(raw("3", TROUBLES[2]), raw("4", PRAISE))
    desk.later(minutes=20)
    desk.take(raw("5", TROUBLES[3]))
    desk.later(minutes=5)
    desk.take(raw("6", TROUBLES[4]))
    source_id = desk.store.sources.id_of("birds", "feed", desk.now)
    (hour,) = desk.store.alarms.arrivals(source_id, NOW)
    assert (hour.quarters, hour.mentions, hour.last_at) == (2, 4, desk.now)
    assert desk.store.alarms.last_heard(source_id) == desk.now


def test_a_file_from_before_there_were_alarms_knows_when_its_sources_were_heard(desk: Desk) -> None:
    for minutes, number in enumerate((0, 5, 20, 70, 400)):
        desk.later(minutes=number)
        desk.take(raw(f"n{minutes}", f"{PRAISE} {minutes}", published_at=desk.now), raw(f"m{minutes}", PRAISE))
    rows = "select * from arrivals order by hour"
    before = [tuple(row) for row in desk.store.engine.rows(rows)]
    desk.store.engine.run("delete from arrivals")
    (fill,) = [statement for statement in SCHEMA if statement.startswith("insert into arrivals")]
    desk.store.engine.run(fill)
    assert [tuple(row) for row in desk.store.engine.rows(rows)] == before
    assert len(before) == 3


# Failures


def test_a_failure_that_the_next_try_mends_is_told_nobody(desk: Desk) -> None:
    fails(desk)
    look(desk, 20)
    works(desk)
    look(desk, 5)
    assert cards(desk) == []
    assert desk.store.engine.rows("select * from alarms") == []


def test_a_failure_that_lasts_is_a_card_until_it_works_again(desk: Desk) -> None:
    fails(desk)
    look(desk, 29)
    assert cards(desk) == []
    look(desk, 1)
    assert cards(desk) == ["alarm:1:local:#alerts"]
    assert card(desk).title == "🟠 birds cannot be read"
    assert card(desk).intro == "Since 11:00. HTTP 500 from birds.example. It is tried again by itself."
    fails(desk, "HTTP 502 from birds.example")
    look(desk)
    assert "HTTP 502 from birds.example. It is tried" in card(desk).intro
    works(desk)
    look(desk)
    assert card(desk).title == "🟢 birds is back"
    assert card(desk).intro == "Since 11:30; it could not be read for 30 min."
    assert cards(desk) == ["alarm:1:local:#alerts"]


def test_a_failure_from_before_the_program_stopped_is_given_time(desk: Desk) -> None:
    fails(desk)
    look(desk, 10)
    desk.later(days=3)
    look(desk, 20)
    assert cards(desk) == []
    look(desk, 10)
    assert cards(desk) == ["alarm:1:local:#alerts"]


def test_a_source_that_cannot_sign_in_is_told_at_once_with_what_helps(desk: Desk) -> None:
    fails(desk, "The key was refused", "off")
    look(desk)
    assert card(desk).title == "🔴 birds is not read any more"
    assert card(desk).intro == (
        "Since 11:00. The key was refused. When that is mended, `settings reload` reads it again."
    )
    again, status = card(desk).buttons
    assert desk.press("mia", again).effect == "reload"
    assert desk.press("kim", again).is_error
    assert desk.press("kim", status).screen is not None


def test_a_quota_that_is_used_up_says_when_it_is_read_again(desk: Desk) -> None:
    fails(desk, "birds.example asks to be left alone.", "quota")
    desk.store.sources.poll_next(desk.store.sources.id_of("birds", "feed", desk.now), NOW + timedelta(hours=26))
    look(desk)
    assert card(desk).title == "🟠 birds has used up its quota"
    assert card(desk).intro.endswith("It is read again at Tue 24 Nov 13:00.")
    assert alarms.open_words(desk.ctx) == ["birds: out of quota since 11:00"]


def test_a_source_that_flaps_gets_one_card_in_six_hours(desk: Desk) -> None:
    for _ in range(5):
        fails(desk, "The key was refused.", "off")
        look(desk, 1)
        assert card(desk).title == "🔴 birds is not read any more"
        works(desk)
        look(desk, 30)
        assert card(desk).title == "🟢 birds is back"
    assert cards(desk) == ["alarm:1:local:#alerts"]
    desk.later(hours=6)
    fails(desk, "The key was refused.", "off")
    look(desk)
    assert len(cards(desk)) == 2


def test_a_failure_that_comes_back_soon_is_given_its_time_again(desk: Desk) -> None:
    fails(desk)
    look(desk, 31)
    works(desk)
    look(desk, 1)
    fails(desk)
    look(desk, 29)
    assert card(desk).title == "🟢 birds is back"
    look(desk, 2)
    assert card(desk).title == "🟠 birds cannot be read"
    assert card(desk).intro.startswith("Since 11:32. ")
    assert cards(desk) == ["alarm:1:local:#alerts"]


def test_one_trouble_does_not_end_another(desk: Desk) -> None:
    fails(desk)
    look(desk, 31)
    fails(desk, "The key was refused.", "off")
    look(desk)
    assert len(cards(desk)) == 2
    assert alarms.open_words(desk.ctx) == ["birds: cannot be read since 11:00", "birds: not read since 11:31"]
    works(desk)
    look(desk)
    assert [card(desk, number).title for number in (1, 2)] == ["🟢 birds is back"] * 2


def switched_off(desk: Desk) -> None:
    desk.change_policy(sources=(replace(SOURCES[0], is_on=False), *SOURCES[1:]))


def removed(desk: Desk) -> None:
    desk.change_policy(sources=SOURCES[1:])


@pytest.mark.parametrize("change", [switched_off, removed])
def test_a_source_that_is_switched_off_has_no_alarms(desk: Desk, change: object) -> None:
    source_id = known(desk)
    hours_of_silence(desk, source_id, 12)
    assert callable(change)
    change(desk)
    look(desk)
    assert card(desk).title == "⚪ birds is switched off"
    assert card(desk).intro == "In earshot.toml, since 23:00. Before that it was silent for 12 h."
    assert alarms.open_words(desk.ctx) == []
    hours_of_silence(desk, source_id, 24)
    assert len(cards(desk)) == 1


# Where it is told


def test_alarms_go_to_their_own_channel_or_that_of_the_first_route(desk: Desk) -> None:
    desk.change_policy(alarms_to="slack:#ops")
    fails(desk, status="off")
    look(desk)
    assert cards(desk) == ["alarm:1:slack:#ops"]


def test_a_team_without_routes_is_told_by_status(desk: Desk) -> None:
    desk.policy = replace(POLICY, routes=())
    fails(desk, status="off")
    look(desk, 3)
    assert cards(desk) == []
    screen = desk.do("mia", "status").screen
    assert screen is not None
    (row,) = [row for row in screen.rows if "birds" in row.heading]
    assert "not read since 11:00" in row.facts


def test_home_and_status_tell_alarms_in_words(desk: Desk) -> None:
    source_id = known(desk)
    hours_of_silence(desk, source_id, 12)
    home, status = (desk.do("mia", verb).screen for verb in ("home", "status"))
    assert home is not None
    assert status is not None
    assert "birds silent since 11:00, usually 48 mentions by now" in home.outro
    (row,) = [row for row in status.rows if "birds" in row.heading]
    assert row.heading == "🟠 birds · feed · ok"
    assert row.colour == "orange"
    assert row.facts[0] == "silent since 11:00, usually 48 mentions by now"


def test_what_a_server_says_is_shown_as_words(desk: Desk) -> None:
    fails(desk, "<!channel> \u202egnp.exe\x00 \n\n gone " + "x" * 400, "off")
    look(desk)
    assert "\u202e" not in card(desk).intro
    assert "\n" not in card(desk).intro
    assert len(card(desk).intro) < 420


def test_looking_twice_changes_nothing(desk: Desk) -> None:
    source_id = known(desk)
    hours_of_silence(desk, source_id, 12)
    before = desk.everything()
    for _ in range(3):
        assert silence.run(desk.ctx) == 0
    assert desk.everything() == before


def test_a_clock_that_goes_back_is_not_taken_for_an_absence_of_years(desk: Desk) -> None:
    watched = [desk.store.alarms.watch(moment, 15 * MINUTE) for moment in (NOW, NOW + 10 * MINUTE, NOW - 300 * MINUTE)]
    assert watched == [NOW, NOW, NOW - 300 * MINUTE]


def test_an_alarm_that_is_gone_is_not_drawn(desk: Desk) -> None:
    assert alarms.draw(desk.ctx, 7) is None
    assert desk.store.alarms.get(7) is None


def made(desk: Desk, kind: str, since: datetime) -> Alarm:
    return desk.store.alarms.notice("birds", kind, since, "", desk.now)


def test_of_one_kind_a_source_has_one_alarm(desk: Desk) -> None:
    made(desk, "silent", NOW)
    made(desk, "off", NOW)
    with pytest.raises(Exception, match="UNIQUE"):
        made(desk, "silent", NOW)


def test_status_tells_who_is_on_duty(desk: Desk) -> None:
    desk.change_policy(duty=Duty(("ana", "bo"), "2026-11-16 09:00"))
    screen = desk.do("kim", "status").screen
    assert screen is not None
    assert screen.outro.startswith("On duty: Bo until Mon 30 Nov 09:00, then Ana. Team: @ana (agent)")
