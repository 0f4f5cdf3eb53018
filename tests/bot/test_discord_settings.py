"""Discord in the environment and in earshot.toml: what is read, and what people get wrong."""

from pathlib import Path

import pytest

from bot.policy_checks import policy_warnings
from bot.policy_file import read_policy_text
from bot.settings import check_chats, declared_settings, for_demo, read_environment
from storage.errors import ConfigError
from storage.types import Role
from tests.bot.test_settings import GOOD, KINDS

NO_FILE = Path("there-is-no-such-file")
TOKEN, API = "EARSHOT_DISCORD_TOKEN", "EARSHOT_DISCORD_API_URL"
GIVEN = "canaryMTk4NjIyNDgzNDcxOTI1.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"
IN_DISCORD = GOOD.replace('"local:#alerts"', '"discord:#alerts"')


def test_discord_is_off_until_its_token_is_there() -> None:
    assert not read_environment(NO_FILE, {}).has_discord
    environment = read_environment(NO_FILE, {TOKEN: f" {GIVEN}\n"})
    assert environment.has_discord
    assert environment.discord_token.reveal() == GIVEN
    assert environment.discord_api_url == "https://discord.com/api/v10"


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (f"Bot {GIVEN}", 'leave out the word "Bot" before it.'),
        ("198622483471925248", "this is a number, so it is an id (of the application, say);"),
        ("ca" * 32, "this is the public key;"),
        ("canary_ABCDEFGHIJKLMNOPQRSTUVWXY", "this is the client secret;"),
        ("https://discord.com/api/webhooks/1/canary", "this is an address;"),
        (GIVEN.replace(".", ""), "it is not whole, or has characters that Discord never uses;"),
        (GIVEN.replace(".", " "), "it is not whole, or has characters that Discord never uses;"),
    ],
)
def test_each_mistake_with_the_token_says_what_it_is_and_shows_none_of_it(told: str, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_environment(NO_FILE, {TOKEN: told})
    (said,) = str(caught.value).splitlines()
    assert said.startswith(f"{TOKEN}: {line}")
    assert "canary" not in said


@pytest.mark.parametrize("address", ["http://discord.com/api", "http://127.0.0.1.evil.example/", "https://a:b@x/"])
def test_the_token_is_sent_nowhere_unsafe(address: str) -> None:
    with pytest.raises(ConfigError, match=API):
        read_environment(NO_FILE, {API: address})


def test_a_server_on_this_machine_may_stand_in_for_discord() -> None:
    environment = read_environment(NO_FILE, {API: "http://127.0.0.1:3901/api/v10/"})
    assert environment.discord_api_url == "http://127.0.0.1:3901/api/v10"


def test_the_token_is_hidden_and_no_print_shows_it() -> None:
    environment = read_environment(NO_FILE, {TOKEN: GIVEN})
    assert GIVEN in environment.hidden()
    assert "canary" not in f"{environment!r} {environment}"
    assert TOKEN in {one.variable for one in declared_settings() if one.is_secret}


def test_the_demo_never_posts_to_a_real_server() -> None:
    assert not for_demo(read_environment(NO_FILE, {TOKEN: GIVEN})).has_discord


def test_a_route_to_discord_without_a_token_stops_the_start() -> None:
    policy = read_policy_text(IN_DISCORD, KINDS)
    with pytest.raises(ConfigError, match=r'"discord:#alerts" needs EARSHOT_DISCORD_TOKEN, .*docs/discord\.md'):
        check_chats(read_environment(NO_FILE, {}), policy)
    check_chats(read_environment(NO_FILE, {TOKEN: GIVEN}), policy)


def test_what_a_team_says_of_discord_is_read_as_it_is_written() -> None:
    told = '\n[discord]\nserver = "197038439483310086"\n[discord.roles]\nSupport = ["agent"]\n'
    told += 'Leads = ["approver", "manager"]\n'
    policy = read_policy_text(GOOD + told, KINDS)
    assert policy.discord.server == "197038439483310086"
    assert policy.discord.roles == {"Support": (Role.AGENT,), "Leads": (Role.APPROVER, Role.MANAGER)}


@pytest.mark.parametrize(
    ("called", "where", "is_right"),
    [
        ("Support Leads", "", True),  # the file gives it roles
        ("@support leads", 'channel = "discord:#alerts"\n', True),
        ("People of Heron", "", True),  # a name that the server may know
        ("People of Heron", 'channel = "slack:#alerts"\n', False),  # no handle of Slack
        ("everyone", "", False),
        ("@here", "", False),
        ("anna", "", False),
        ("Suport Leads", "", False),
    ],
)
def test_an_escalation_may_call_a_role_of_discord(called: str, where: str, is_right: bool) -> None:
    roles = '[discord.roles]\n"Support Leads" = ["agent"]\n'
    text = f'{IN_DISCORD}\n{roles}\n[[escalations]]\nafter = "30m"\nping = ["{called}"]\n{where}'
    if is_right:
        assert read_policy_text(text, KINDS).escalations[-1].ping == (called,)
        return
    with pytest.raises(ConfigError, match=rf'ping\[0\]: "{called}" is no member of this file'):
        read_policy_text(text, KINDS)


def test_a_team_in_discord_whom_discord_does_not_know_is_warned() -> None:
    def warned(text: str) -> bool:
        return any("nobody has a Discord id" in line for line in policy_warnings(read_policy_text(text, KINDS)))

    assert warned(IN_DISCORD)
    assert not warned(IN_DISCORD.replace('name = "ana"', 'name = "ana"\ndiscord = "80351110224678912"'))
    assert not warned(IN_DISCORD + '\n[discord.roles]\nSupport = ["agent"]\n')
