"""What the doctor of Slack sees, against a strict Slack on this machine."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from slack_bolt.app.async_app import AsyncApp

from bot.chats.slack.examine import examine, greet
from bot.chats.slack.line import Bounds, Line, Link
from bot.chats.slack.manifest import SCOPES
from bot.findings import Finding, Mark
from bot.secret import Secret
from bot.settings import Environment, read_environment
from handlers.rules.policy import Escalation, Member, Policy, Route, SlackPolicy
from storage.types import Role
from tests.slack.fake import FakeSlack, fake_slack

PATIENCE = 5.0
ALERTS = Route("slack:#alerts")
REACHED = ("conversations.open", "chat.postMessage", "chat.update", "chat.postEphemeral", "views.publish")


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with fake_slack() as fake:
        fake.scopes = set(SCOPES)
        fake.add_user("ana.lind")
        fake.add_channel("alerts", ["ana.lind"])
        yield fake
        fake.check()


@pytest.fixture
def environment(slack: FakeSlack, tmp_path: Path) -> Environment:
    return read_environment(
        tmp_path / ".env",
        {
            "EARSHOT_SLACK_BOT_TOKEN": slack.bot_token,
            "EARSHOT_SLACK_APP_TOKEN": slack.app_token,
            "EARSHOT_SLACK_API_URL": slack.api_url,
        },
    )


def policy_of(fake: FakeSlack, /, *routes: Route, **more: object) -> Policy:
    told = {"members": (Member("ana", slack=fake.user("ana.lind").id),), **more}
    return Policy((), routes=routes or (ALERTS,), **told)  # type: ignore[arg-type]


async def look(environment: Environment, policy: Policy | None, *, is_running: bool = False) -> list[Finding]:
    findings = await examine(environment, policy, is_running=is_running, patience=PATIENCE)
    told = "\n".join(finding.line for finding in findings)
    for secret in (environment.slack_bot_token, environment.slack_app_token, environment.slack_signing_secret):
        assert not secret or secret.reveal() not in told
    return findings


def named(findings: list[Finding], name: str) -> Finding:
    [found] = [finding for finding in findings if finding.name == name]
    return found


def broken_in(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings if finding.is_broken]


async def test_a_sound_workspace_has_nothing_broken_and_nothing_was_posted(
    slack: FakeSlack, environment: Environment
) -> None:
    findings = await look(environment, policy_of(slack))
    assert [finding.line for finding in findings] == [
        "✓ Bot token: @earshot in Heron & Plover (https://heron.slack.com/).",
        f"✓ Scopes: the {len(SCOPES)} that Earshot needs, and no more.",
        "✓ #alerts: found, and Earshot is in it (routes[0]).",
        "✓ Member ana: @ana.lind.",
        "✓ Cards: Slack would take all 7 kinds of message and form.",
        "✓ App token: a socket opened and Slack said hello.",
    ]
    assert slack.calls_of(*REACHED) == []
    assert slack.messages("#alerts") == []


async def test_without_tokens_it_says_which_is_missing(tmp_path: Path) -> None:
    [finding] = await examine(read_environment(tmp_path / ".env", {}), None)
    assert finding.is_broken
    assert "EARSHOT_SLACK_BOT_TOKEN" in finding.words


# The keys


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive"])
async def test_a_bot_token_that_slack_refuses_is_the_one_thing_said_of_the_workspace(
    slack: FakeSlack, environment: Environment, error: str
) -> None:
    slack.token_error = error
    findings = await look(environment, policy_of(slack))
    assert broken_in(findings) == ["Bot token"]
    assert [finding.name for finding in findings] == ["Bot token", "App token"]
    assert "EARSHOT_SLACK_BOT_TOKEN" in named(findings, "Bot token").words


async def test_a_strange_bot_token_is_broken(slack: FakeSlack, environment: Environment) -> None:
    findings = await look(replace(environment, slack_bot_token=Secret("xoxb-2-other")), policy_of(slack))
    assert named(findings, "Bot token").is_broken


async def test_a_token_that_is_no_bots_is_broken(slack: FakeSlack, environment: Environment) -> None:
    slack.bot_id = ""
    finding = named(await look(environment, policy_of(slack)), "Bot token")
    assert finding.is_broken
    assert "Bot User OAuth Token" in finding.words


async def test_a_missing_scope_is_broken_and_an_extra_one_deserves_a_look(
    slack: FakeSlack, environment: Environment
) -> None:
    slack.scopes = set(SCOPES) - {"reactions:write"} | {"files:read"}
    missing, extra = [one for one in await look(environment, policy_of(slack)) if one.name == "Scopes"]
    assert (missing.mark, extra.mark) == (Mark.BROKEN, Mark.OFF)
    assert missing.words.startswith(f"reactions:write is missing ({SCOPES['reactions:write']})")
    assert "earshot slack manifest" in missing.words
    assert extra.words.startswith("files:read: more than Earshot needs")


async def test_without_files_it_works_and_the_doctor_says_what_is_lacking(
    slack: FakeSlack, environment: Environment
) -> None:
    slack.scopes = set(SCOPES) - {"files:write"}
    finding = named(await look(environment, policy_of(slack)), "Scopes")
    assert finding.mark is Mark.OFF
    assert "charts are told in words, and exports cannot be handed over" in finding.words
    assert "Reinstall" in finding.words


async def test_a_group_that_is_called_when_nobody_takes_a_case_is_looked_for(
    slack: FakeSlack, environment: Environment
) -> None:
    slack.add_group("support", ["ana.lind"])
    calls = (Escalation(timedelta(hours=1), ping=("on-duty", "ana", "@support", "press")),)
    findings = await look(environment, policy_of(slack, escalations=calls))
    assert named(findings, "User group @support").words == "1 in it (called when nobody takes a case)."
    assert named(findings, "User group @press").is_broken
    assert [one.name for one in findings if one.name.startswith("User group")] == [
        "User group @support", "User group @press",
    ]  # fmt: skip


async def test_an_app_token_without_its_scope_is_broken(slack: FakeSlack, environment: Environment) -> None:
    slack.app_scopes = set()
    findings = await look(environment, policy_of(slack))
    assert broken_in(findings) == ["App token"]
    assert "connections:write" in named(findings, "App token").words


async def test_a_strange_app_token_is_broken(slack: FakeSlack, environment: Environment) -> None:
    findings = await look(replace(environment, slack_app_token=Secret("xapp-2-other")), policy_of(slack))
    assert broken_in(findings) == ["App token"]


async def test_a_slack_that_does_not_answer_ends_in_a_sentence(slack: FakeSlack, environment: Environment) -> None:
    slack.faults.drop_after("auth.test", times=9)
    findings = await look(environment, policy_of(slack))
    assert named(findings, "Bot token").is_broken
    assert "No answer came" in named(findings, "Bot token").words


async def test_html_instead_of_an_answer_ends_in_a_sentence(slack: FakeSlack, environment: Environment) -> None:
    slack.faults.http_500_html("auth.test", times=9)
    assert named(await look(environment, policy_of(slack)), "Bot token").is_broken


async def test_patience_ends(slack: FakeSlack, environment: Environment) -> None:
    slack.faults.slow("auth.test", 60.0)
    [finding, *_] = await examine(environment, None, patience=0.05)
    assert finding == Finding(Mark.BROKEN, "Bot token", "no answer within 0.05 seconds.")


# Channels


async def test_what_is_wrong_with_a_channel_is_said_with_what_to_do(slack: FakeSlack, environment: Environment) -> None:
    slack.add_channel("quiet", bot_in=False)
    slack.add_channel("old", is_archived=True)
    slack.add_channel("partners", is_ext_shared=True)
    secret = slack.add_channel("board", is_private=True)
    routes = [Route(f"slack:#{name}") for name in ("quiet", "old", "partners", "nowhere", secret.id)]
    findings = await look(environment, policy_of(slack, *routes, escalate_to="slack:#alerts"))
    assert broken_in(findings) == ["#quiet", "#old", "#partners", "#nowhere"]
    assert "/invite @earshot" in named(findings, "#quiet").words
    assert "archived" in named(findings, "#old").words
    assert "shared_channels" in named(findings, "#partners").words
    assert named(findings, f"#{secret.id}").words == "found (#board), and Earshot is in it (routes[4])."
    assert named(findings, "#alerts").words.endswith("(escalate_to).")


async def test_a_shared_channel_that_is_allowed_is_fine(slack: FakeSlack, environment: Environment) -> None:
    slack.add_channel("partners", is_ext_shared=True)
    allowed = policy_of(slack, Route("slack:#partners"), slack=SlackPolicy(shared_channels=("#partners",)))
    assert broken_in(await look(environment, allowed)) == []


async def test_a_channel_is_named_once_with_every_place_it_stands_in(
    slack: FakeSlack, environment: Environment
) -> None:
    policy = policy_of(slack, ALERTS, Route("local:#alerts"), ALERTS, escalate_to="slack:#alerts")
    assert named(await look(environment, policy), "#alerts").words.endswith("(routes[0], routes[2], escalate_to).")


async def test_a_team_without_a_route_to_slack_is_told(slack: FakeSlack, environment: Environment) -> None:
    finding = named(await look(environment, policy_of(slack, Route("local:#alerts"))), "Channels")
    assert finding.mark is Mark.OFF


# People


async def test_each_member_is_looked_at(slack: FakeSlack, environment: Environment) -> None:
    ids = {
        "guest": slack.add_user("gil", is_restricted=True).id,
        "other": slack.add_user("oda", team="T0OTHER").id,
        "left": slack.add_user("leo").id,
        "nobody": "U0NOBODY1",
    }
    slack.user("leo").deleted = True
    members = [Member(name, slack=user) for name, user in ids.items()]
    findings = await look(environment, policy_of(slack, members=(*members, Member("desk"))))
    marks = {one.name.removeprefix("Member "): one.mark for one in findings if one.name.startswith("Member ")}
    assert marks == {"guest": Mark.OFF, "other": Mark.OFF, "left": Mark.OFF, "nobody": Mark.BROKEN}
    assert "is a guest" in named(findings, "Member guest").words
    assert "another company and is refused" in named(findings, "Member other").words
    assert "deactivated" in named(findings, "Member left").words
    assert "U0NOBODY1" in named(findings, "Member nobody").words
    assert named(findings, "Members").words.startswith("desk: without a Slack id")


async def test_an_outsider_who_may_act_is_still_worth_a_look(slack: FakeSlack, environment: Environment) -> None:
    oda = slack.add_user("oda", team="T0OTHER")
    policy = policy_of(slack, members=(Member("oda", slack=oda.id),), slack=SlackPolicy(outsiders=True))
    finding = named(await look(environment, policy), "Member oda")
    assert finding.mark is Mark.OFF
    assert "may act" in finding.words


async def test_user_groups_are_counted_and_missed(slack: FakeSlack, environment: Environment) -> None:
    slack.add_user("bo")
    slack.add_group("support", ["ana.lind", "bo"])
    slack.add_group("leads")
    groups = {"support": (Role.AGENT,), "leads": (Role.APPROVER, Role.MANAGER), "press": (Role.AGENT,)}
    findings = await look(environment, policy_of(slack, slack=SlackPolicy(groups=groups)))
    assert named(findings, "User group @support").words == "2 in it (agent)."
    assert named(findings, "User group @leads") == Finding(
        Mark.OFF, "User group @leads", "nobody is in it (approver, manager)."
    )
    assert named(findings, "User group @press").is_broken
    assert "@leads, @support" in named(findings, "User group @press").words
    assert named(findings, "Members").words == "1 more by user groups."


async def test_user_groups_that_cannot_be_read_are_broken(slack: FakeSlack, environment: Environment) -> None:
    slack.faults.fail("usergroups.list", "missing_scope", times=9)
    policy = policy_of(slack, slack=SlackPolicy(groups={"support": (Role.AGENT,)}))
    assert "User groups" in broken_in(await look(environment, policy))


# The way in, and the cards


async def test_while_earshot_runs_no_socket_is_opened(slack: FakeSlack, environment: Environment) -> None:
    finding = named(await look(environment, policy_of(slack), is_running=True), "App token")
    assert finding.mark is Mark.WORKS
    assert "Earshot runs" in finding.words
    assert slack.sockets == []


async def test_the_socket_that_was_opened_is_closed(slack: FakeSlack, environment: Environment) -> None:
    await look(environment, policy_of(slack))
    assert len(slack.calls_of("apps.connections.open")) == 1
    async with asyncio.timeout(5):
        while any(socket.is_open for socket in slack.sockets):  # noqa: ASYNC110  the fake notices by itself
            await asyncio.sleep(0.01)


async def test_a_second_program_with_the_same_app_is_noticed(slack: FakeSlack, environment: Environment) -> None:
    link = Link(slack.app_token, slack.api_url, Bounds())
    other = Line(AsyncApp(token=slack.bot_token), link, _ignore, Bounds())
    await other.open()
    try:
        finding = named(await look(environment, policy_of(slack)), "App token")
    finally:
        await other.close()
    assert finding.mark is Mark.OFF
    assert "1 more" in finding.words


def _ignore(_: object) -> None:
    """Nothing is said to it."""


async def test_by_http_it_says_what_slack_must_know(slack: FakeSlack, environment: Environment) -> None:
    by_http = replace(
        environment,
        slack_app_token=Secret(),
        slack_signing_secret=Secret(slack.signing_secret),
        public_host="earshot.example",
    )
    finding = named(await look(by_http, policy_of(slack)), "Requests")
    assert finding.mark is Mark.WORKS
    assert "https://earshot.example/slack/events" in finding.words
    assert "earshot slack manifest --http https://earshot.example" in finding.words
    assert named(await look(replace(by_http, public_host=""), policy_of(slack)), "Requests").is_broken
    assert slack.calls_of("apps.connections.open") == []


async def test_cards_that_slack_would_not_take_are_broken(slack: FakeSlack, environment: Environment) -> None:
    slack.faults.fail("blocks.validate", "invalid_blocks", times=1)
    finding = named(await look(environment, policy_of(slack)), "Cards")
    assert finding.is_broken
    assert "classic = true" in finding.words


async def test_where_slack_cannot_look_at_cards_it_is_skipped(slack: FakeSlack, environment: Environment) -> None:
    slack.has_blocks_validate = False
    finding = named(await look(environment, policy_of(slack)), "Cards")
    assert finding.mark is Mark.OFF
    assert "skipped" in finding.words


# For the doctor of everything


async def test_the_greeting_is_one_call(slack: FakeSlack, environment: Environment) -> None:
    finding = await greet(environment)
    assert finding == Finding(
        Mark.WORKS,
        "Chat slack",
        "@earshot in Heron & Plover (https://heron.slack.com/); `earshot slack doctor` looks closer.",
    )
    assert [call.method for call in slack.calls] == ["auth.test"]


async def test_a_greeting_that_is_refused_or_not_answered_is_broken(slack: FakeSlack, environment: Environment) -> None:
    slack.token_error = "token_revoked"
    assert "revoked" in (await greet(environment)).words
    slack.token_error = ""
    slack.faults.slow("auth.test", 60.0)
    assert await greet(environment, 0.05) == Finding(Mark.BROKEN, "Chat slack", "no answer within 0.05 seconds.")
