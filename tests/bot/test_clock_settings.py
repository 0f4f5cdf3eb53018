# ruff: noqa: E501  the table of mistakes reads best with one mistake a line
"""Hours, escalations, quiet hours and the roster in `earshot.toml`: what is taken, and the exact line for each mistake."""

from datetime import timedelta

import pytest

from bot.policy_file import read_policy_text
from handlers.rules.policy import Duty, Escalation, Swap
from storage.errors import ConfigError
from storage.types import Priority

GOOD = """
timezone = "Europe/Berlin"
alarms_to = "local:#ops"

[[brands]]
name = "Acme"
queries = { name = "acme" }

[[routes]]
channel = "local:#alerts"
quiet = "12:00-13:00, 20:00-08:00"

[[routes]]
channel = "slack:#night"
quiet = "Outside business hours"

[[members]]
name = "ana"

[[members]]
name = "bo"

[sla]
business = ["low", "normal"]
remind_after = "2d"

[slack]
groups = { care-leads = ["approver"] }

[business_hours]
timezone = "Europe/Vienna"
holidays = ["DE", "AT", "US-CA"]
closed = ["2026-12-24"]

[business_hours.days]
monday = ["09:00-12:30", "13:30-17:00"]
friday = ["09:00-12:00", "22:00-02:00"]
sunday = ["20:00-24:00"]

[[escalations]]
after = "15m"
channel = "local:#leads"
ping = ["on-duty", "bo", "@Care-Leads"]
min_priority = "high"
brands = ["Acme"]

[[escalations]]
after = "1h"
channel = "slack:#board"
ping = ["managers"]

[duty]
rota = ["ana", "bo"]
since = "2026-11-02 09:00"
every = "1w"

[[duty.swaps]]
who = "bo"
since = "2026-12-24 09:00"
until = "2026-12-27 09:00"

[storms]
false_alarms = 2
most_cards = 10
"""


def _lines(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_policy_text(text)
    return str(caught.value).splitlines()


def test_a_good_file_is_read_as_it_is_written() -> None:
    policy = read_policy_text(GOOD)
    assert policy.sla.business == (Priority.LOW, Priority.NORMAL)
    assert policy.sla.remind_after == timedelta(days=2)
    assert policy.business_hours.days["monday"] == ("09:00-12:30", "13:30-17:00")
    assert policy.business_hours.timezone == "Europe/Vienna"
    assert policy.routes[0].quiet == "12:00-13:00, 20:00-08:00"
    assert policy.escalations[0] == Escalation(
        timedelta(minutes=15), "local:#leads", ("on-duty", "bo", "@Care-Leads"), Priority.HIGH, ("Acme",)
    )
    swap = Swap("bo", "2026-12-24 09:00", "2026-12-27 09:00")
    assert policy.duty == Duty(("ana", "bo"), "2026-11-02 09:00", timedelta(days=7), (swap,))
    assert policy.storms.most_cards == 10


# (what is replaced in GOOD, by what, the one line that comes of it)
MISTAKES: list[tuple[str, str, str]] = [
    ("monday =", "mondy =", 'business_hours.days.mondy: "mondy" is no day of the week; did you mean "monday"?'),
    ('"13:30-17:00"', '"13:30"', 'business_hours.days.monday[1]: "13:30" are no hours; write them like "09:00-17:00", over midnight "22:00-02:00".'),
    ('"13:30-17:00"', '"13:30-25:00"', 'business_hours.days.monday[1]: "13:30-25:00" are no hours; write them like "09:00-17:00", over midnight "22:00-02:00".'),
    ('"13:30-17:00"', '"12:00-17:00"', 'business_hours.days.monday[1]: "12:00-17:00" begins before "09:00-12:30" has ended; write each hour once.'),
    ('"20:00-24:00"', '"20:00-10:00"', 'business_hours.days.monday[0]: "09:00-12:30" begins before "20:00-10:00" has ended; write each hour once.'),
    ('sunday = ["20:00-24:00"]', 'saturday = ["01:00-05:00"]', 'business_hours.days.saturday[0]: "01:00-05:00" begins before "22:00-02:00" has ended; write each hour once.'),
    ('monday = ["09:00-12:30", "13:30-17:00"]', 'monday = "09:00-17:00"', 'business_hours.days.monday: should be a list, written ["…"].'),
    ('monday = ["09:00-12:30", "13:30-17:00"]\nfriday = ["09:00-12:00", "22:00-02:00"]\nsunday = ["20:00-24:00"]', "monday = []", 'business_hours.days: there are no hours in it; write monday = ["09:00-17:00"].'),
    ('"Europe/Vienna"', '"Europe/Wien"', 'business_hours.timezone: "Europe/Wien" is no time zone; did you mean "Europe/Vienna"?'),
    ('"US-CA"', '"US-XX"', 'business_hours.holidays[2]: "US-XX" is no part of a country whose holidays are known; did you mean '),
    ('"US-CA"', '"Q"', 'business_hours.holidays[2]: "Q" is no country whose holidays are known; '),
    ('"2026-12-24"]', '"24.12.2026"]', 'business_hours.closed[0]: "24.12.2026" is no date; write it like 2026-12-24.'),
    ('"2026-12-24"]', '"2026-02-30"]', 'business_hours.closed[0]: "2026-02-30" is no date; write it like 2026-12-24.'),
    ("holidays =", "holiday =", 'business_hours.holiday: unknown key; did you mean "holidays"?'),
    ('["low", "normal"]', '["low", "nromal"]', 'sla.business[1]: "nromal" is none of low, normal, high, urgent; did you mean "normal"?'),
    ('"2d"', '"2y"', 'sla.remind_after: "2y" is no length of time; write "30s", "15m", "4h", "7d" or "2w".'),
    ('"2d"', '"999d"', "sla.remind_after: should not be longer than a year."),
    ('"2d"', '"2d"\nlow = "60w"', "sla.low: should not be longer than a year."),
    ('"12:00-13:00, 20:00-08:00"', '"at night"', 'routes[0].quiet: "at night" are no hours; write "20:00-08:00", or "outside business hours".'),
    ('"12:00-13:00, 20:00-08:00"', '"outside busines hours"', 'routes[0].quiet: "outside busines hours" are no hours; did you mean "outside business hours"?'),
    ('"12:00-13:00, 20:00-08:00"', '"20:00-08:00, 07:00-09:00"', 'routes[0].quiet: "07:00-09:00" begins before "20:00-08:00" has ended; write each hour once.'),
    ('"12:00-13:00, 20:00-08:00"', '"00:00-24:00"', "routes[0].quiet: it would never end; leave an hour in which cards may come."),
    ('after = "15m"\n', "", "escalations[0].after: missing."),
    ('after = "15m"', 'after = "0m"', "escalations[0].after: should be longer than nothing."),
    ('after = "15m"', 'after = "80w"', "escalations[0].after: should not be longer than a year."),
    ('"local:#leads"', '"leads"', 'escalations[0].channel: "leads" is no channel; write "local:#leads".'),
    ('"local:#leads"', '"Local:#leads"', 'escalations[0].channel: "Local:#leads" is no channel; write "local:#leads".'),
    ('channel = "local:#leads"\nping = ["on-duty", "bo", "@Care-Leads"]', "", 'escalations[0]: nobody would be told; write a channel, or ping = ["on-duty"].'),
    ('"on-duty", "bo"', '"on-duty", "bob"', 'escalations[0].ping[1]: "bob" is no member of this file; did you mean "bo"?'),
    ('"on-duty", "bo"', '"on-dutty", "bo"', 'escalations[0].ping[0]: "on-dutty" is no member of this file; did you mean "on-duty"?'),
    ('"on-duty", "bo"', '"zzz", "bo"', 'escalations[0].ping[0]: "zzz" is no member of this file; write on-duty, a member\'s name, a Slack user group\'s handle or a role of Discord.'),
    ('["managers"]', '["the managers"]', 'escalations[1].ping[0]: "the managers" is no member of this file; write on-duty, a member\'s name, a Slack user group\'s handle or a role of Discord.'),
    ('brands = ["Acme"]', 'brands = ["Acne"]', 'escalations[0].brands[0]: "Acne" is no brand of this file; did you mean "Acme"?'),
    ('after = "1h"\nchannel = "slack:#board"\nping = ["managers"]', 'after = "15m"\nbrands = ["Acme"]\nchannel = "local:#leads"', "escalations[1]: the same as escalations[0]; write all names into the ping of one."),
    ('rota = ["ana", "bo"]', 'rota = ["ana", "boo"]', 'duty.rota[1]: "boo" is no member of this file; did you mean "bo"?'),
    ('since = "2026-11-02 09:00"\n', "", 'duty.since: missing; write when the first of the rota begins: since = "2026-11-02 09:00".'),
    ('"2026-11-02 09:00"', '"2026-11-02"', 'duty.since: "2026-11-02" is no date with a time; write it like 2026-11-02 09:00.'),
    ('"2026-11-02 09:00"', '"2026-11-31 09:00"', 'duty.since: "2026-11-31 09:00" is no date with a time; write it like 2026-11-02 09:00.'),
    ('"1w"', '"36h"', 'duty.every: should be whole days, such as "1d" or "7d".'),
    ('"1w"', '"0d"', 'duty.every: should be whole days, such as "1d" or "7d".'),
    ('who = "bo"', 'who = "boo"', 'duty.swaps[0].who: "boo" is no member of this file; did you mean "bo"?'),
    ('"2026-12-24 09:00"', '"tomorrow"', 'duty.swaps[0].since: "tomorrow" is no date with a time; write it like 2026-11-02 09:00.'),
    ('"2026-12-27 09:00"', '"2026-12-24 09:00"', "duty.swaps[0].until: should be later than since."),
    ("[storms]", '[[duty.swaps]]\nwho = "ana"\nsince = "2026-12-26 09:00"\nuntil = "2026-12-28 09:00"\n[storms]', "duty.swaps[1]: two swaps at one time; only one person can be on duty."),
    ("false_alarms = 2", "false_alarms = -1", "storms.false_alarms: should be 0 or more."),
    ("most_cards = 10", "most_cards = 0", "storms.most_cards: should be 1 or more."),
    ('"local:#ops"', '"ops"', 'alarms_to: "ops" is no channel; write "local:#ops".'),
    ('name = "bo"', 'name = "on-duty"', 'members[1].name: "on-duty" is a word of our own; take another.'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line"), MISTAKES, ids=[f"{new[:40]}: {line[:40]}" for _, new, line in MISTAKES]
)
def test_each_mistake_is_one_line_that_says_what_would_be_right(old: str, new: str, line: str) -> None:
    assert old in GOOD
    lines = _lines(GOOD.replace(old, new, 1))
    assert any(one.startswith(f"earshot.toml: {line}") for one in lines), lines


def test_a_single_mistake_gives_a_single_line() -> None:
    for old, new, line in MISTAKES:
        if "on-duty" not in new:  # where a member is gone, others point to nobody
            assert len(_lines(GOOD.replace(old, new, 1))) == 1, line


def test_whoever_is_on_duty_can_be_called_only_where_somebody_is() -> None:
    duty = GOOD[GOOD.index("[duty]") : GOOD.index("[storms]")]
    [line] = _lines(GOOD.replace(duty, ""))
    assert line.endswith("escalations[0].ping[0]: nobody is ever on duty; write a rota under [duty], or name a member.")


def test_a_team_without_any_of_it_has_office_hours_and_no_ladder() -> None:
    policy = read_policy_text('[[brands]]\nname = "Acme"\nqueries = { name = "acme" }\n')
    assert policy.business_hours.days["friday"] == ("09:00-17:00",)
    assert (policy.escalations, policy.duty.rota, policy.sla.business) == ((), (), ())
