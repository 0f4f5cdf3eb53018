# ruff: noqa: E501  the table of mistakes reads best with one mistake a line
"""`.env`, the environment, `earshot.toml`: what is taken, and the exact line for each mistake."""

import logging
import pickle
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from bot import log
from bot.policy_checks import policy_warnings
from bot.policy_file import read_duration, read_policy, read_policy_text
from bot.secret import Secret
from bot.settings import check_chats, check_sign_in, declared_settings, for_demo, is_loopback, read_environment
from storage.errors import ConfigError
from storage.types import Priority, Role
from tests.bot.logs import own_log

CANARY = "canary-value-that-nobody-may-see"
EVERYWHERE = "0.0.0.0"  # noqa: S104  nothing is bound here
NO_FILE = Path("no such folder/.env")


@dataclass(frozen=True)
class FeedKeys:
    url: str
    allow_private: bool = False


@dataclass(frozen=True)
class FileKeys:
    folder: str = "inbox"
    map: dict[str, str] = field(default_factory=dict)
    settle: timedelta = timedelta(seconds=5)


KINDS = {"feed": FeedKeys, "file": FileKeys}

GOOD = """
team = "Kettle crew"
timezone = "Europe/Berlin"
escalate_to = "local:#urgent"
same_story = "2w"

[[brands]]
name = "Acme"
queries = { name = "acme OR kettle" }

[[sources]]
name = "blog"
kind = "feed"
url = "https://blog.example/feed"
every = "30m"
on = false

[[routes]]
channel = "local:#alerts"
min_priority = "high"
sources = ["blog"]
brands = ["Acme"]
labels = ["negative"]

[[members]]
name = "ana"
roles = ["agent", "admin"]

[thresholds]
complaint = 0.6

[sla]
urgent = "30m"
"""


def _lines(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_policy_text(text, KINDS)
    return str(caught.value).splitlines()


def test_a_good_file_is_read_as_it_is_written() -> None:
    policy = read_policy_text(GOOD, KINDS)
    assert policy.same_story == timedelta(weeks=2)
    assert policy.sla.urgent == timedelta(minutes=30)
    assert policy.sla.high == timedelta(hours=4)
    assert policy.sources[0].settings == {"url": "https://blog.example/feed"}
    assert policy.sources[0].is_on is False
    assert policy.sources[0].every == timedelta(minutes=30)
    assert policy.routes[0].min_priority is Priority.HIGH
    assert policy.members[0].roles == (Role.AGENT, Role.ADMIN)
    assert policy.thresholds.complaint == 0.6


SLACK = """
[[templates]]
name = "We are sorry"
text = "That should not have happened."
brands = ["Acme"]

[slack]
groups = { support = ["agent"], "care.leads" = ["approver", "manager"] }
shared_channels = ["#partners", "#C0123ABCD"]
outsiders = true
reactions = true
"""


def test_what_a_team_says_of_slack_is_read_as_it_is_written() -> None:
    text = GOOD.replace('"local:#alerts"', '"slack:#alerts"').replace('"local:#urgent"', '"slack:#C0123ABCD"')
    policy = read_policy_text(
        text.replace('["agent", "admin"]', '["admin"]\nslack = "U012AB3CD"\nguest = true') + SLACK, KINDS
    )
    assert [policy.routes[0].channel, policy.escalate_to] == ["slack:#alerts", "slack:#C0123ABCD"]
    assert dict(policy.slack.groups) == {"support": (Role.AGENT,), "care.leads": (Role.APPROVER, Role.MANAGER)}
    assert policy.slack.shared_channels == ("#partners", "#C0123ABCD")
    assert (policy.slack.outsiders, policy.slack.reactions, policy.slack.classic) == (True, True, False)
    assert policy.member_on("slack", "U012AB3CD") is policy.members[0]
    assert policy.members[0].is_guest
    assert policy.templates[0].brands == ("Acme",)


# (what is replaced in GOOD, by what, the one line that comes of it)
MISTAKES: list[tuple[str, str, str]] = [
    ("team =", "taem =", 'taem: unknown key; did you mean "team"?'),
    (
        "team =",
        "zzz =",
        "zzz: unknown key; known: alarms_to, brands, business_hours, discord, duty, escalate_to, escalations, four_eyes,"
        " keep_for, languages, members, not_scored, routes, same_story, sla, slack, sources, storms, team, templates, thresholds, timezone.",
    ),
    ("[[brands]]", "[[brand]]", 'brand: unknown key; did you mean "brands"?'),
    ("[[members]]", "[members]", "members: should be one or more [[members]]."),
    ("[[routes]]", "[routes]", "routes: should be one or more [[routes]]."),
    ("[sla]", "[[sla]]", "sla: should be a table of keys and values."),
    ('"Kettle crew"', "7", "team: should be text in quotes."),
    ('"Kettle crew"', "2026-11-21", "team: should be text in quotes."),
    ('team = "Kettle crew"', 'four_eyes = "yes"', "four_eyes: should be true or false."),
    ("on = false", "on = 0", "sources[0].on: should be true or false."),
    ("on = false", "is_on = false", "sources[0].is_on: unknown key; known: alert_max_age, allow_private, brand, daily_budget, every, keep_for, kind, name, on, reply_limit, url, verify_for, weight."),
    ("on = false", "weight = 1.5", "sources[0].weight: should be a whole number without quotes."),
    ("on = false", 'weight = "10"', "sources[0].weight: should be a whole number without quotes."),
    ("on = false", "weight = -1", "sources[0].weight: should be a number of people, 0 or more."),
    ("complaint = 0.6", 'complaint = "low"', "thresholds.complaint: should be a number without quotes."),
    ("complaint = 0.6", "complaint = nan", "thresholds.complaint: should be a number without quotes."),
    ("complaint = 0.6", "complaint = 4", "thresholds.complaint: should lie between 0.2 and 0.95."),
    ("complaint = 0.6", "very_high_reach = 5", "thresholds.very_high_reach: should not lie below high_reach."),
    ("complaint = 0.6", "takes_off = -1", "thresholds.takes_off: should be 0 or more."),
    ("complaint = 0.6", 'case_from = "hight"', 'thresholds.case_from: "hight" is none of low, normal, high, urgent; did you mean "high"?'),
    ('"2w"', '"2 weeks"', 'same_story: "2 weeks" is no length of time; write "30s", "15m", "4h", "7d" or "2w".'),
    ('"2w"', "14", 'same_story: 14 is no length of time; write "30s", "15m", "4h", "7d" or "2w".'),
    ('"30m"\non', '"-5m"\non', 'sources[0].every: "-5m" is no length of time; write "30s", "15m", "4h", "7d" or "2w".'),
    ('"30m"\non', '"0m"\non', "sources[0].every: should be longer than nothing."),
    ('urgent = "30m"', 'urgent = "5h"', "sla.urgent: should not be longer than sla.high."),
    ('urgent = "30m"', 'urgnet = "30m"', 'sla.urgnet: unknown key; did you mean "urgent"?'),
    ('name = "Acme"\n', "", "brands[0].name: missing."),
    ('"acme OR kettle"', "5", "brands[0].queries.name: should be text in quotes."),
    ('queries = { name = "acme OR kettle" }', "queries = {}", 'brands[0].queries: there is none; write queries = { name = "Acme" }.'),
    ('queries = { name = "acme OR kettle" }', "", "brands[0].queries: missing."),
    ('queries = { name = "acme OR kettle" }', 'queries = "acme"', "brands[0].queries: should be a table, written queries = { name = … }."),
    ('"acme OR kettle" }', '"acme OR kettle" }\nown_accounts = "acme"', 'brands[0].own_accounts: should be a list, written ["…"].'),
    ('"acme OR kettle" }', '"acme OR kettle" }\nown_sites = ["acme"]', 'brands[0].own_sites[0]: "acme" is no web site; write for instance "heron.example".'),
    ('"acme OR kettle" }', '"acme OR kettle" }\ncontext = ["pot", "…"]', 'brands[0].context[1]: "…" has nothing to look for; write a word, a phrase, or riv* for a beginning.'),
    ('"acme OR kettle" }', '"acme OR kettle" }\nnot_with = ["-river"]', 'brands[0].not_with[0]: write each alone, without quotes, minus, OR and AND: ["river", "air force"].'),
    ('"acme OR kettle" }', '"acme OR kettle" }\nnot_with = ["a b OR c"]', 'brands[0].not_with[0]: write each alone, without quotes, minus, OR and AND: ["river", "air force"].'),
    ('"acme OR kettle" }', '"acme OR kettle" }\ncontext = ["Pot"]\nnot_with = ["pot"]', 'brands[0].not_with: "pot" is in context too; leave it out of one of them.'),
    ('"acme OR kettle" }', '"acme OR kettle" }\nown_accounts = [1]', "brands[0].own_accounts[0]: should be text in quotes."),
    ("[[sources]]", '[[brands]]\nname = "acme"\nqueries = { a = "b2" }\n[[sources]]', 'brands[1].name: "acme" is there twice; names must differ.'),
    ('url = "https://blog.example/feed"', 'urll = "https://blog.example/feed"', 'sources[0].urll: unknown key; did you mean "url"?'),
    ('url = "https://blog.example/feed"', "", "sources[0].url: missing."),
    ('url = "https://blog.example/feed"', "url = 1", "sources[0].url: should be text in quotes."),
    ('kind = "feed"', 'kind = "fed"', 'sources[0].kind: "fed" is no kind of source; did you mean "feed"?'),
    ('kind = "feed"', 'kind = "x"', 'sources[0].kind: "x" is no kind of source; known: feed, file.'),
    ('kind = "feed"\n', "", "sources[0].kind: missing."),
    ("kind =", "kidn =", 'sources[0].kidn: unknown key; did you mean "kind"?'),
    ("on = false", 'brand = "Acmee"', 'sources[0].brand: "Acmee" is no brand of this file; did you mean "Acme"?'),
    ("[[routes]]", '[[sources]]\nname = "Staff"\nkind = "file"\n[[routes]]', 'sources[1].name: "staff" is where tracked mentions come from; take another.'),
    ("[[routes]]", '[[sources]]\nname = "blog"\nkind = "file"\n[[routes]]', 'sources[1].name: "blog" is there twice; names must differ.'),
    ("[[routes]]", '[[sources]]\nname = "calls"\nkind = "file"\nsettle = "soon"\n[[routes]]', 'sources[1].settle: "soon" is no length of time; write "30s", "15m", "4h", "7d" or "2w".'),
    ("[[routes]]", '[[sources]]\nname = "calls"\nkind = "file"\nmap = { text = 1 }\n[[routes]]', "sources[1].map.text: should be text in quotes."),
    ('"high"', '"hihg"', 'routes[0].min_priority: "hihg" is none of low, normal, high, urgent; did you mean "high"?'),
    ('"high"', "3", "routes[0].min_priority: 3 is none of low, normal, high, urgent."),
    ('"local:#alerts"', '"#alerts"', 'routes[0].channel: "#alerts" is no channel; write "local:#alerts".'),
    ('"local:#alerts"', '"local:alerts"', 'routes[0].channel: "local:alerts" is no channel; write "local:#alerts".'),
    ('"local:#alerts"', '"slack:alerts"', 'routes[0].channel: "slack:alerts" is no channel; write "slack:#alerts".'),
    ('"local:#alerts"', '"slack:@ana"', 'routes[0].channel: "slack:@ana" is no channel; write "slack:#ana".'),
    ('"local:#alerts"', '"slack:#Alerts"', 'routes[0].channel: "slack:#Alerts" cannot be; Slack writes channels in lower case: "slack:#alerts".'),
    ('"local:#alerts"', '"discord:#Alerts"', 'routes[0].channel: "discord:#Alerts" cannot be; Discord writes text channels in lower case: "discord:#alerts".'),
    ('name = "ana"', 'name = "ana"\ndiscord = "ana#1234"', 'members[0].discord: "ana#1234" is no user id of Discord; it looks like 80351110224678912.'),
    ("[thresholds]", '[discord]\nserver = "Heron"\n[thresholds]', 'discord.server: "Heron" is no id of a server; it looks like 197038439483310086.'),
    ("[thresholds]", '[discord.roles]\n"@everyone" = ["agent"]\n[thresholds]', "discord.roles.@everyone: everybody has it; name a role that only your team has."),
    ("[thresholds]", "[discord.roles]\nSupport = []\n[thresholds]", "discord.roles.Support: there is no role; write at least agent."),
    ('"local:#alerts"', '"irc:#alerts"', 'routes[0].channel: "irc" is no chat that there is; write "local:#alerts".'),
    ('"local:#urgent"', '"urgent"', 'escalate_to: "urgent" is no channel; write "local:#urgent".'),
    ('channel = "local:#alerts"\n', "", "routes[0].channel: missing."),
    ('["blog"]', '["blgo"]', 'routes[0].sources[0]: "blgo" is no source of this file; did you mean "blog"?'),
    ('["blog"]', '["zzz"]', 'routes[0].sources[0]: "zzz" is no source of this file; there is blog.'),
    ('["Acme"]', '["Acne"]', 'routes[0].brands[0]: "Acne" is no brand of this file; did you mean "Acme"?'),
    ('["negative"]', '["negativ"]', 'routes[0].labels[0]: "negativ" is none of negative, neutral, positive, not scored; did you mean "negative"?'),
    ('"Europe/Berlin"', '"Europe/Berlln"', 'timezone: "Europe/Berlln" is no time zone; did you mean "Europe/Berlin"?'),
    ('"Europe/Berlin"', '"xx"', 'timezone: "xx" is no time zone; write one like Europe/Berlin.'),
    ('"ana"', '"Ana María"', 'members[0].name: "Ana María" may have only a-z, 0-9 and _ . -; write for instance "ana-mara" and put the full name into title.'),
    ('"ana"', '"earshot"', 'members[0].name: "earshot" is a word of our own; take another.'),
    ('"ana"', '""', "members[0].name: should not be empty."),
    ("[thresholds]", '[[members]]\nname = "ana"\n[thresholds]', 'members[1].name: "ana" is there twice; names must differ.'),
    ('["agent", "admin"]', '["agent", "boss"]', 'members[0].roles[1]: "boss" is none of agent, approver, manager, admin.'),
    ('["agent", "admin"]', '["agnet"]', 'members[0].roles[0]: "agnet" is none of agent, approver, manager, admin; did you mean "agent"?'),
    ('["agent", "admin"]', "[]", "members[0].roles: there is none; write at least agent."),
    ('["agent", "admin"]', '"admin"', 'members[0].roles: should be a list, written ["…"].'),
    ('["agent", "admin"]', '["admin"]\nguest = "yes"', "members[0].guest: should be true or false."),
    ('["agent", "admin"]', '["admin"]\nslack = "@ana"', 'members[0].slack: "@ana" is no user id of Slack; it looks like U012AB3CD.'),
    ('["agent", "admin"]', '["admin"]\nslack = "B012AB3CD"', 'members[0].slack: "B012AB3CD" is no user id of Slack; it looks like U012AB3CD.'),
    ("[thresholds]", '[[members]]\nname = "bo"\nslack = "U012AB3CD"\n[[members]]\nname = "cy"\nslack = "U012AB3CD"\n[thresholds]', 'members[2].slack: "U012AB3CD" is there twice; a person in Slack is one member.'),
    ("on = false", "reply_limit = 0", "sources[0].reply_limit: should be a number of characters from 1 to 3,000."),
    ("on = false", "reply_limit = 3001", "sources[0].reply_limit: should be a number of characters from 1 to 3,000."),
    ("[thresholds]", '[[templates]]\nname = "sorry"\n[thresholds]', "templates[0].text: missing."),
    ("[thresholds]", '[[templates]]\nname = "sorry"\ntext = " "\n[thresholds]', "templates[0].text: should not be empty."),
    ("[thresholds]", f'[[templates]]\nname = "sorry"\ntext = "{"a" * 3001}"\n[thresholds]', "templates[0].text: 3,001 characters are too many; at most 3,000."),
    ("[thresholds]", f'[[templates]]\nname = "{"a" * 76}"\ntext = "a"\n[thresholds]', "templates[0].name: should have at most 75 characters."),
    ("[thresholds]", '[[templates]]\nname = "sorry"\ntext = "a"\nbrands = ["Acne"]\n[thresholds]', 'templates[0].brands[0]: "Acne" is no brand of this file; did you mean "Acme"?'),
    ("[thresholds]", '[[templates]]\nname = "a"\ntext = "a"\n[[templates]]\nname = "A"\ntext = "b"\n[thresholds]', 'templates[1].name: "A" is there twice; names must differ.'),
    ("[thresholds]", '[slack]\ngroups = { "@Support Team" = ["agent"] }\n[thresholds]', 'slack.groups.@Support Team: not the handle of a user group; write it as in Slack: "support-team".'),
    ("[thresholds]", '[slack]\ngroups = { support = ["agent"], "@Support" = ["agent"] }\n[thresholds]', 'slack.groups.@Support: the group "support" is there twice.'),
    ("[thresholds]", "[slack]\ngroups = { support = [] }\n[thresholds]", "slack.groups.support: there is no role; write at least agent."),
    ("[thresholds]", '[slack]\ngroups = { support = ["agnet"] }\n[thresholds]', 'slack.groups.support[0]: "agnet" is none of agent, approver, manager, admin; did you mean "agent"?'),
    ("[thresholds]", '[slack]\ngroups = { support = "agent" }\n[thresholds]', 'slack.groups.support: should be a list, written ["…"].'),
    ("[thresholds]", '[slack]\ngroups = ["support"]\n[thresholds]', "slack.groups: should be a table, written groups = { name = … }."),
    ("[thresholds]", '[slack]\nshared_channels = ["slack:#partners"]\n[thresholds]', 'slack.shared_channels[0]: "slack:#partners" is no channel; write "#partners".'),
    ("[thresholds]", '[slack]\nshared_channels = ["partners"]\n[thresholds]', 'slack.shared_channels[0]: "partners" is no channel; write "#partners".'),
    ("[thresholds]", '[slack]\nshared_channels = ["#Partners"]\n[thresholds]', 'slack.shared_channels[0]: "#Partners" cannot be; Slack writes channels in lower case: "#partners".'),
    ("[thresholds]", "[slack]\nreactions = 1\n[thresholds]", "slack.reactions: should be true or false."),
    ("[thresholds]", "[slack]\nreaction = true\n[thresholds]", 'slack.reaction: unknown key; did you mean "reactions"?'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), MISTAKES, ids=[line[:60] for _, _, line in MISTAKES])
def test_each_mistake_is_one_line_that_says_what_would_be_right(old: str, new: str, line: str) -> None:
    assert old in GOOD
    assert f"earshot.toml: {line}" in _lines(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('team = "Kettle crew"', 'team "Kettle crew"', "line 2, column 6: "),
        ('team = "Kettle crew"', 'team = "Kettle crew', "line 2, column 20: "),
        ("[sla]", "[sla", "line 32, column 5: "),
        ("[sla]", "[thresholds]", "line 32, column 12: "),
        ("[sla]", "sla = 1\nsla = 2", "line 33, column 8: "),
        ('urgent = "30m"', "urgent = [", "end of the file: "),
        ("[sla]", f"x = {'[' * 5000}", ""),
    ],
)
def test_what_is_no_toml_is_one_line_with_its_place(old: str, new: str, place: str) -> None:
    [line] = _lines(GOOD.replace(old, new, 1))
    assert line.startswith(f"earshot.toml: {place}")


def test_a_single_mistake_gives_a_single_line() -> None:
    chained = {"[[brands]]", 'kind = "feed"', '["blog"]', 'name = "blog"', 'name = "Acme"\n', "[sla]"}
    for old, new, line in MISTAKES:
        if old not in chained and new not in (
            'urll = "https://blog.example/feed"',
            "kidn =",
        ):  # elsewhere one wrong word makes others wrong that point to it
            assert _lines(GOOD.replace(old, new, 1)) == [f"earshot.toml: {line}"]


def test_all_mistakes_show_at_once() -> None:
    text = GOOD.replace('"high"', '"hihg"').replace("Europe/Berlin", "Berlin").replace('url = "', 'urll = "')
    assert len(_lines(text)) == 4  # the two words, the unknown key, and the key that it should have been


def test_what_follows_from_a_mistake_is_not_worth_a_line() -> None:
    assert _lines("brands = [5]") == ["earshot.toml: brands[0]: should be a table of keys and values."]
    assert _lines("brands = 5") == ["earshot.toml: brands: should be one or more [[brands]]."]


def test_a_query_that_cannot_be_read_says_in_which_column() -> None:
    [line] = _lines(GOOD.replace("acme OR kettle", "(acme"))
    assert line.startswith("earshot.toml: brands[0].queries.name: ")
    assert "column" in line


def test_a_file_without_anything_says_what_is_needed() -> None:
    assert _lines("") == ["earshot.toml: brands: missing."]


def test_what_cannot_be_decoded_or_found_is_said(tmp_path: Path) -> None:
    latin = tmp_path / "earshot.toml"
    latin.write_bytes('team = "Café"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="byte 12 is not UTF-8"):
        read_policy(latin, KINDS)
    with pytest.raises(ConfigError, match="earshot init"):
        read_policy(tmp_path / "none.toml", KINDS)
    with pytest.raises(ConfigError, match="cannot be opened"):
        read_policy(tmp_path, KINDS)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "earshot.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert read_policy(path, KINDS).team == "Kettle crew"


def test_warnings_name_what_is_allowed_but_odd() -> None:
    warnings = policy_warnings(read_policy_text(GOOD.replace('"agent", "admin"', '"agent"'), KINDS))
    assert [one.partition(":")[0] for one in warnings] == ["members", "four_eyes", "sources"]
    approver = '[[members]]\nname = "{}"\nroles = ["approver", "admin"]\n'
    sound = GOOD.replace("[thresholds]", approver.format("bo") + approver.format("mia") + "[thresholds]")
    assert policy_warnings(read_policy_text(sound.replace("on = false", ""), KINDS)) == []


def test_a_key_of_an_older_file_stops_nothing_and_is_told() -> None:
    old = GOOD.replace("complaint = 0.6\n", "complaint = 0.6\nnegative = -0.05\nvery_negative = -0.5\n")
    policy = read_policy_text(old, KINDS)
    assert policy.thresholds == read_policy_text(GOOD, KINDS).thresholds
    told = [line for line in policy_warnings(policy) if line.startswith("thresholds.")]
    assert told == [
        "thresholds.negative: is not used any more; take it out. `complaint` took its place.",
        "thresholds.very_negative: is not used any more; take it out. `complaint` took its place.",
    ]
    assert _lines(GOOD.replace("team =", "negative = 1\nteam ="))[0].startswith("earshot.toml: negative: unknown key")


def test_a_team_in_slack_whom_slack_does_not_know_is_warned() -> None:
    text = GOOD.replace('"local:#alerts"', '"slack:#alerts"')
    [warning] = [one for one in policy_warnings(read_policy_text(text, KINDS)) if "Slack" in one]
    assert 'slack = "U012AB3CD"' in warning
    with_id = text.replace('["agent", "admin"]', '["admin"]\nslack = "U012AB3CD"')
    groups = '[slack]\ngroups = { support = ["agent"] }\n'
    for known in (with_id, with_id + groups):
        assert not [one for one in policy_warnings(read_policy_text(known, KINDS)) if "Slack" in one]
    [warning] = [one for one in policy_warnings(read_policy_text(text + groups, KINDS)) if "Slack" in one]
    assert "neither can approve what the other wrote" in warning


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("15m", 900), ("4h", 14400), ("7d", 604800), ("2w", 1209600)]
)
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text) == timedelta(seconds=seconds)


# The environment ---------------------------------------------------------------------------------------------------


def test_defaults_are_what_the_declarations_say() -> None:
    environment = read_environment(NO_FILE, {})
    assert (environment.host, environment.port, environment.log) == ("127.0.0.1", 8787, "info")
    assert environment.database == Path("data/earshot.db")
    assert not environment.web_secret
    assert environment.warnings == ()
    assert all(one.help and one.without for one in declared_settings())


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('EARSHOT_PORT=9000\nEARSHOT_HOST="localhost"  # ours\nHOOK_SECRET=abc\n')
    env_file.chmod(0o600)
    environment = read_environment(env_file, {"EARSHOT_PORT": "9001"})
    assert (environment.port, environment.host) == (9001, "localhost")
    assert environment.variables["HOOK_SECRET"] == "abc"
    assert environment.warnings == ()


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("EARSHOT_PORT", "http", 'EARSHOT_PORT: "http" is no port; write a number from 0 to 65535, like 8787.'),
        (
            "EARSHOT_PORT",
            "65536",
            'EARSHOT_PORT: "65536" is no port; write a number from 0 to 65535, like 8787.',
        ),
        ("EARSHOT_LOG", "debgu", 'EARSHOT_LOG: "debgu" is none of debug, info, warning, error; did you mean "debug"?'),
        (
            "EARSHOT_WEB_SECRET",
            "short",
            "EARSHOT_WEB_SECRET: 5 characters are too few; use 24 or more, `earshot init` makes a good one.",
        ),
    ],
)
def test_a_wrong_setting_is_one_line(name: str, value: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_environment(NO_FILE, {name: value})
    assert str(caught.value) == line


def test_an_unreadable_line_of_the_env_file_is_named(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("EARSHOT_PORT=9000\n=what\n")
    with pytest.raises(ConfigError, match=r"\.env: line 2"):
        read_environment(env_file, {})
    env_file.write_bytes(b"A=\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_environment(env_file, {})


def test_an_unknown_setting_is_a_warning_with_the_likely_word() -> None:
    assert read_environment(NO_FILE, {"EARSHOT_PROT": "1"}).warnings == (
        'EARSHOT_PROT: no setting of Earshot; did you mean "EARSHOT_PORT"?',
    )


@pytest.mark.parametrize(("mode", "is_warned"), [(0o600, False), (0o640, True), (0o604, True)])
def test_an_env_file_that_others_can_read_is_a_warning(tmp_path: Path, mode: int, is_warned: bool) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("A=1\n")
    env_file.chmod(mode)
    assert any("chmod 600" in one for one in read_environment(env_file, {}).warnings) is is_warned


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        *[(own, True) for own in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")],
        *[(other, False) for other in (EVERYWHERE, "::", "10.0.0.1", "example.com")],
    ],
)
def test_only_the_machine_itself_needs_no_sign_in(host: str, is_own: bool) -> None:
    assert is_loopback(host) is is_own
    environment = read_environment(NO_FILE, {"EARSHOT_HOST": host})
    if is_own:
        check_sign_in(environment)
    else:
        with pytest.raises(ConfigError, match="EARSHOT_WEB_SECRET"):
            check_sign_in(environment)
    check_sign_in(read_environment(NO_FILE, {"EARSHOT_HOST": host, "EARSHOT_WEB_SECRET": CANARY}))


def test_the_demo_keeps_to_its_own_folder_and_this_machine() -> None:
    demo = for_demo(read_environment(NO_FILE, {"EARSHOT_HOST": EVERYWHERE}), 9123)
    assert (demo.database, demo.host, demo.port) == (Path("data/demo/earshot.db"), "127.0.0.1", 9123)


# Slack -------------------------------------------------------------------------------------------------------------

BOT, APP, SIGNING = "EARSHOT_SLACK_BOT_TOKEN", "EARSHOT_SLACK_APP_TOKEN", "EARSHOT_SLACK_SIGNING_SECRET"
TOKENS = {BOT: "xoxb-1-canary", APP: "xapp-1-canary", SIGNING: "5ec2e7canary"}


def test_slack_is_off_until_its_tokens_are_there() -> None:
    assert not read_environment(NO_FILE, {}).has_slack
    by_sockets = read_environment(NO_FILE, {BOT: f" {TOKENS[BOT]}\n", APP: TOKENS[APP]})
    assert (by_sockets.has_slack, by_sockets.is_slack_by_http) == (True, False)
    assert by_sockets.slack_bot_token.reveal() == TOKENS[BOT]
    assert by_sockets.slack_api_url == "https://slack.com/api/"
    by_http = read_environment(NO_FILE, {BOT: TOKENS[BOT], SIGNING: TOKENS[SIGNING]})
    assert (by_http.has_slack, by_http.is_slack_by_http) == (True, True)
    assert not read_environment(NO_FILE, TOKENS).is_slack_by_http  # an app-level token means sockets


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({BOT: TOKENS[APP], APP: TOKENS[BOT]}, [
            f"{BOT}: this begins with xapp-, so it is an app-level token; it belongs into {APP}.",
            f"{APP}: this begins with xoxb-, so it is a bot token; it belongs into {BOT}.",
        ]),
        ({**TOKENS, SIGNING: TOKENS[APP]}, [f"{SIGNING}: this begins with xapp-, so it is an app-level token; it belongs into {APP}."]),
        ({**TOKENS, BOT: "xoxp-1-canary"}, [f"{BOT}: this begins with xoxp-, so it is a person's token; Earshot never acts as a person."]),
        ({**TOKENS, BOT: "xoxe.xoxb-1-canary"}, [f"{BOT}: this begins with xoxe, so it is a token that expires; Earshot's manifest has token rotation off, which only a new app can go back to."]),
        ({**TOKENS, BOT: "canary"}, [f"{BOT}: what belongs here begins with xoxb-; copy it again."]),
        ({**TOKENS, BOT: "xoxb-"}, [f"{BOT}: it is not whole, or has characters that Slack never uses; copy it again."]),
        ({**TOKENS, APP: "xapp-1 canary"}, [f"{APP}: it is not whole, or has characters that Slack never uses; copy it again."]),
        ({BOT: TOKENS[BOT]}, [f"{APP}: missing beside {BOT}; make one in Slack under Basic Information, App-Level Tokens (or set {SIGNING}, if Slack is to reach you by HTTP)."]),
        ({APP: TOKENS[APP]}, [f"{BOT}: missing beside {APP}; copy it in Slack from OAuth & Permissions."]),
    ],
)  # fmt: skip
def test_each_mistake_with_a_token_says_where_it_belongs_and_shows_none_of_it(
    told: dict[str, str], lines: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_environment(NO_FILE, told)
    assert str(caught.value).splitlines() == lines
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "becomes"),
    [
        ("", "https://slack.com/api/"),
        ("https://slack-gov.com/api", "https://slack-gov.com/api/"),
        ("http://127.0.0.1:3900/api/", "http://127.0.0.1:3900/api/"),
        ("http://localhost:3900/api/", "http://localhost:3900/api/"),
        ("http://[::1]:3900/api/", "http://[::1]:3900/api/"),
    ],
)
def test_where_slack_is(address: str, becomes: str) -> None:
    assert read_environment(NO_FILE, {"EARSHOT_SLACK_API_URL": address}).slack_api_url == becomes


@pytest.mark.parametrize(
    "address",
    ["http://slack.com/api/", "http://127.0.0.1.evil.example/", "https://a:b@slack.com/", "slack.com/api", "https://x/?a=b", "https://[", "ftp://x/"],
)  # fmt: skip
def test_tokens_are_sent_nowhere_unsafe(address: str) -> None:
    with pytest.raises(ConfigError, match="EARSHOT_SLACK_API_URL"):
        read_environment(NO_FILE, {"EARSHOT_SLACK_API_URL": address})


def test_slacks_secrets_are_hidden_and_no_print_shows_them() -> None:
    environment = read_environment(NO_FILE, {**TOKENS, BOT: f" {TOKENS[BOT]} "})
    assert set(TOKENS.values()) <= set(environment.hidden())
    assert "canary" not in f"{environment!r} {environment}"
    assert {one.variable for one in declared_settings() if one.is_secret} >= set(TOKENS)


def test_the_demo_never_posts_to_a_real_workspace() -> None:
    demo = for_demo(read_environment(NO_FILE, TOKENS))
    assert not demo.has_slack
    assert not demo.slack_app_token
    assert not demo.slack_signing_secret


def test_a_route_to_a_chat_that_is_not_set_up_stops_the_start() -> None:
    text = GOOD.replace('"local:#alerts"', '"slack:#alerts"').replace('"local:#urgent"', '"slack:#urgent"')
    policy = read_policy_text(text, KINDS)
    with pytest.raises(ConfigError) as caught:
        check_chats(read_environment(NO_FILE, {}), policy)
    lines = str(caught.value).splitlines()
    assert [line.partition(" needs ")[0] for line in lines] == [
        'routes[0].channel: "slack:#alerts"',
        'escalate_to: "slack:#urgent"',
    ]
    assert all(BOT in line for line in lines)
    check_chats(read_environment(NO_FILE, TOKENS), policy)
    check_chats(read_environment(NO_FILE, {}), read_policy_text(GOOD, KINDS))


# Secrets -----------------------------------------------------------------------------------------------------------


def test_a_secret_shows_nowhere_but_where_it_is_revealed() -> None:
    secret = Secret(CANARY)
    shown = f"{secret} {secret!r} {secret!s} {secret:>10} %s %r" % (secret, [secret])
    assert CANARY not in shown
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_an_environment_can_be_printed() -> None:
    environment = read_environment(NO_FILE, {"EARSHOT_WEB_SECRET": CANARY, "HOOK_SECRET": CANARY + "2"})
    assert CANARY not in f"{environment!r} {environment} {environment.variables!r}"
    assert set(environment.hidden()) == {CANARY, CANARY + "2"}


def test_errors_and_warnings_do_not_quote_secrets(tmp_path: Path) -> None:
    short = CANARY[:20]
    with pytest.raises(ConfigError) as caught:
        read_environment(NO_FILE, {"EARSHOT_WEB_SECRET": short})
    assert short not in str(caught.value)
    assert CANARY not in str(read_environment(NO_FILE, {"EARSHOT_WEB_SECERT": CANARY}).warnings)
    env_file = tmp_path / ".env"
    env_file.write_text(f"EARSHOT_WEB_SECRET {CANARY}\n='{CANARY}\n")
    with pytest.raises(ConfigError) as caught:
        read_environment(env_file, {})
    assert CANARY not in str(caught.value)


@pytest.fixture
def lines() -> object:
    """The log's lines on a stream that is no terminal; the log is as before afterwards."""
    with own_log() as stream:
        yield stream


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def _say_everything(stream: StringIO) -> str:
    log.set_up("debug", [CANARY], stream)
    ours = logging.getLogger("bot.test")
    try:
        raise ValueError(f"bad value {CANARY}")
    except ValueError:
        ours.exception("failed with %s", CANARY, extra={"token": CANARY, "case": 142})
    ours.info("a\nforged 09:00:00 error line \x1b[31m \u202e café", extra={"what": [CANARY]})
    return stream.getvalue()


def test_the_log_never_shows_a_secret_and_keeps_to_its_lines(lines: StringIO) -> None:
    said = _say_everything(lines)
    assert CANARY not in said
    assert said.isascii()
    assert len(said.splitlines()) == 2
    assert '"case": 142' in said


def test_at_a_terminal_the_log_is_short_and_cannot_be_forged(lines: StringIO) -> None:
    said = _say_everything(Terminal())
    assert CANARY not in said
    assert "(token=***, case=142)" in said
    assert "\x1b" not in said
    assert "\nforged" not in said
    assert "ValueError: bad value ***" in said


def test_libraries_speak_only_when_it_matters(lines: StringIO) -> None:
    log.set_up("debug", [], lines)
    log.set_up("debug", [], lines)
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("apscheduler").warning("late")
    logging.getLogger("bot").debug("ours")
    assert [line.partition('"message": ')[2] for line in lines.getvalue().splitlines()] == ['"late"}', '"ours"}']


def test_an_error_whose_words_pose_as_a_line_of_the_log_stands_below_its_own() -> None:
    with own_log():
        stream = Terminal()
        log.set_up("debug", [], stream)
        try:
            raise ValueError("bad\n09:30:00 error bot.app: all is well\x1b[2J")
        except ValueError:
            logging.getLogger("bot.app").exception("failed")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("bot.app: failed")
    assert rest
    assert all(line.startswith("    ") and "\x1b" not in line for line in rest)
