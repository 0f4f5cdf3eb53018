"""The app manifest and the code say the same: whatever is offered is heard, whatever is called is allowed, no more."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.chats.slack.directory import Directory
from bot.chats.slack.examine import Onlooker
from bot.chats.slack.incoming import SURFACE
from bot.chats.slack.manifest import LABELS, SCOPES, manifest
from bot.chats.slack.surface import Surface
from bot.chats.slack.wire import Wire
from bot.cli import earshot
from handlers.rules.policy import Policy
from storage.errors import InvalidInput
from tests.slack.api import METHODS

CODE = Path(__file__).parents[4] / "bot" / "chats" / "slack"
FAMILIES = "api|apps|auth|blocks|bookmarks|bots|chat|conversations|dnd|emoji|files|oauth|pins|reactions|search|team"
METHOD = re.compile(rf"(?:{FAMILIES}|usergroups|users|views)(?:\.[a-zA-Z]+)+")
OF_THE_APP_TOKEN = {"apps.connections.open"}
IN_ANY_CHANNEL = {"*:read": ("channels:read", "groups:read"), "*:history": ("channels:history", "groups:history")}
NEEDED_BY_EVENTS = {  # by Slack's page for each event; "" where none is needed
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "app_uninstalled": "",
    "channel_archive": "channels:read",
    "channel_rename": "channels:read",
    "channel_shared": "channels:read groups:read",
    "channel_unarchive": "channels:read",
    "channel_unshared": "channels:read groups:read",
    "group_archive": "groups:read",
    "group_rename": "groups:read",
    "group_unarchive": "groups:read",
    "member_joined_channel": "channels:read groups:read",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "subteam_members_changed": "usergroups:read",
    "tokens_revoked": "",
}


def called() -> Iterator[str]:
    """Every method of Slack's Web API that the code names."""
    for path in CODE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and METHOD.fullmatch(node.value):
                yield node.value
            if isinstance(node, ast.Attribute) and node.attr.replace("_", ".") in METHODS and "_" in node.attr:
                yield node.attr.replace("_", ".")


def scopes_of(method: str) -> tuple[str, ...]:
    scope = METHODS[method][0]
    if method == "users.conversations":
        return ("channels:read", "groups:read")
    return IN_ANY_CHANNEL.get(scope, (scope,) if scope else ())


def test_every_method_that_is_called_is_allowed_and_every_scope_is_needed() -> None:
    methods = set(called()) - OF_THE_APP_TOKEN
    assert len(methods) > 10
    assert methods <= METHODS.keys(), "the fake Slack does not know it, so nothing has tried it"
    needed = {scope for method in methods for scope in scopes_of(method)}
    needed |= {scope for event in SURFACE.events for scope in NEEDED_BY_EVENTS[event].split()}
    needed |= {"commands"} if SURFACE.commands or SURFACE.shortcuts else set()
    told = manifest()["oauth_config"]["scopes"]["bot"]
    assert set(told) == needed == SCOPES.keys()
    assert told == sorted(told)


def test_what_slack_offers_is_what_we_listen_to() -> None:
    told = manifest()
    features, settings = told["features"], told["settings"]
    assert settings["event_subscriptions"]["bot_events"] == sorted(SURFACE.events)
    assert {(one["callback_id"], one["type"]) for one in features["shortcuts"]} == {
        (one.callback_id, one.kind) for one in SURFACE.shortcuts
    }
    assert [one["command"] for one in features["slash_commands"]] == list(SURFACE.commands)
    assert {one.callback_id for one in SURFACE.shortcuts} == LABELS.keys()
    assert settings["interactivity"]["is_enabled"]


def offered() -> Iterator[tuple[str, dict[str, Any]]]:
    """What Slack would send for each entry of the manifest."""
    told = manifest()
    user = {"user": {"id": "U0ANA", "team_id": "T0"}, "team": {"id": "T0"}}
    for command in told["features"]["slash_commands"]:
        yield command["command"], {"command": command["command"], "text": "", "user_id": "U0ANA", "trigger_id": "1"}
    for one in told["features"]["shortcuts"]:
        kind = "message_action" if one["type"] == "message" else "shortcut"
        yield one["name"], {"type": kind, "callback_id": one["callback_id"], "trigger_id": "1", **user}
    for event in told["settings"]["event_subscriptions"]["bot_events"]:
        yield event, event_of(event)


def event_of(name: str) -> dict[str, Any]:
    kind, _, where = name.partition(".")
    event = {"type": kind, "user": "U0ANA", "channel": "C0", "channel_type": where, "event_ts": "1.1", "ts": "1.1"}
    return {"type": "event_callback", "event_id": f"Ev{name}", "team_id": "T0", "event": event}


async def test_every_entry_of_the_manifest_has_a_listener(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bot.chats.slack.surface")
    wire = Wire("xoxb-1-nowhere", "http://127.0.0.1:9/api/")
    desk = Onlooker(Policy(()))
    directory = Directory(wire, desk)
    directory.team_id = "T-ours"  # everybody else is a stranger: heard, and nothing is done
    surface = Surface(desk, wire, directory, now=lambda: datetime(2026, 11, 21, tzinfo=UTC), home=None)
    try:
        for name, body in [*offered(), ("unasked", event_of("channel_created"))]:
            caplog.clear()
            answer = await surface.app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=body))
            assert answer.status == 200, name
            is_unheard = any("nobody listens" in record.message for record in caplog.records)
            assert is_unheard is (name == "unasked"), name
    finally:
        await surface.close()
        await wire.close()


def test_people_and_channels_in_a_command_arrive_as_ids() -> None:
    assert all(one["should_escape"] for one in manifest()["features"]["slash_commands"])


def test_it_can_be_written_to_and_its_home_is_there() -> None:
    home = manifest()["features"]["app_home"]
    assert home == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_tokens_do_not_expire_and_sockets_are_on() -> None:
    settings = manifest()["settings"]
    assert settings["token_rotation_enabled"] is False
    assert settings["socket_mode_enabled"] is True
    assert "url" not in json.dumps(manifest())


@pytest.mark.parametrize(
    "url", ["https://earshot.example", "https://earshot.example/", " https://earshot.example/slack/events"]
)
def test_by_http_slack_has_one_address_for_everything(url: str) -> None:
    told = manifest(url)
    assert told["settings"]["socket_mode_enabled"] is False
    addresses = [
        told["settings"]["event_subscriptions"]["request_url"],
        told["settings"]["interactivity"]["request_url"],
        *(one["url"] for one in told["features"]["slash_commands"]),
    ]
    assert set(addresses) == {"https://earshot.example/slack/events"}


@pytest.mark.parametrize(
    "url", ["http://earshot.example", "earshot.example", "https://a:b@c.example", "https://[", "x"]
)
def test_an_address_that_slack_would_not_take_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="that Slack can reach"):
        manifest(url)


def test_it_is_as_short_as_slack_wants_it() -> None:
    told = manifest()
    display, features = told["display_information"], told["features"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert re.fullmatch("#[0-9a-f]{6}", display["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    assert len(features["shortcuts"]) <= 10
    for one in features["shortcuts"]:
        assert 0 < len(one["name"]) <= 24
        assert 0 < len(one["description"]) <= 150
    for one in features["slash_commands"]:
        assert len(one["description"]) <= 2000
        assert len(one["usage_hint"]) <= 1000


def test_the_command_prints_what_can_be_pasted() -> None:
    printed = CliRunner().invoke(earshot, ["slack", "manifest"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == manifest()
    by_http = CliRunner().invoke(earshot, ["slack", "manifest", "--http", "https://earshot.example"])
    assert json.loads(by_http.stdout) == manifest("https://earshot.example")
    wrong = CliRunner().invoke(earshot, ["slack", "manifest", "--http", "localhost"])
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "is no address that Slack can reach" in wrong.stderr
