"""The staff verbs in Discord: what is offered, what arrives, and what Discord is told of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import discord
import pytest
import simcord
from discord import app_commands

from bot.chats.discord.commands import DAILY, GROUP, MENUS, MORE, build, key_of, shown, typed
from bot.chats.discord.sync import definition, is_in_sync, sync, sync_if_changed
from bot.chats.discord.translator import Translator, read_locales
from handlers.completions import Choice
from handlers.dispatch import dispatch, load_commands
from handlers.ports import ChatBusy, ChatClosed, ChatError, ChatRefused
from handlers.requests import Argument, Command, Reply, Request
from handlers.rules.roles import may
from tests.kit import Desk

SPECS = tuple(load_commands().values())
BY_VERB = {spec.verb: spec for spec in SPECS}


@dataclass
class Heard:
    """Takes what people do, and says yes to it."""

    commands: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    menus: list[tuple[str, str]] = field(default_factory=list)
    typed: list[tuple[str, str, str]] = field(default_factory=list)
    choices: Sequence[Choice] = ()
    error: Exception | None = None
    is_slow: bool = False

    async def command(self, interaction: discord.Interaction[Any], verb: str, values: Mapping[str, str]) -> None:
        self.commands.append((verb, values))
        await interaction.response.send_message("Yes.", ephemeral=True)

    async def complete(
        self, interaction: discord.Interaction[Any], verb: str, argument: str, typed: str
    ) -> Sequence[Choice]:
        self.typed.append((verb, argument, typed))
        if self.error is not None:
            raise self.error
        if self.is_slow:
            await asyncio.Event().wait()
        return self.choices

    async def message_menu(self, interaction: discord.Interaction[Any], verb: str, message: discord.Message) -> None:
        self.menus.append((verb, message.content))
        await interaction.response.send_message("Yes.", ephemeral=True)


class Memory:
    """What a desk keeps, and the verbs that it has."""

    def __init__(self, specs: Sequence[Command] = SPECS) -> None:
        self.specs, self.kept = specs, dict[str, str]()

    def commands(self) -> Sequence[Command]:
        return self.specs

    async def carry(self, told: Mapping[str, str]) -> None:
        self.kept.update(told)

    async def carried(self, key: str) -> str:
        return self.kept.get(key, "")


@dataclass
class Town:
    """A simulated Discord with our commands, and Ana in it."""

    env: simcord.Env
    client: discord.Client
    heard: Heard
    guild: Any
    alerts: Any
    ana: Any

    def puts(self) -> int:
        return sum(1 for one in self.env.http_requests if one.method == "PUT" and one.path.endswith("/commands"))


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    client = discord.Client(intents=discord.Intents(guilds=True), guild_ready_timeout=0.0)
    tree, heard = app_commands.CommandTree(client), Heard()
    for command in build(SPECS, heard):
        tree.add_command(command)
    env = simcord.Env(client)
    await env.start()
    try:
        guild = env.create_guild("Heron")
        alerts = guild.create_text_channel("alerts")
        ana = guild.add_member(env.create_user("ana"))
        await env.settle()
        yield Town(env, client, heard, guild, alerts, ana)
        env.raise_errors()
    finally:
        await env.shutdown()


@pytest.fixture
async def told(town: Town) -> Town:
    """Discord knows the commands."""
    await sync(town.client, town.guild.id, SPECS)
    return town


# What people do


async def test_a_verb_arrives_with_its_options_as_text(told: Town) -> None:
    await told.ana.slash(told.alerts, "earshot claim", case=142)
    await told.ana.slash(told.alerts, "earshot resolve", case=7, reason="not us", note="a river")
    await told.ana.slash(told.alerts, "earshot queue")
    await told.ana.slash(told.alerts, "earshot more status", act="retry")
    assert told.heard.commands == [
        ("claim", {"case": "142"}),
        ("resolve", {"case": "7", "reason": "not us", "note": "a river"}),
        ("queue", {}),
        ("status", {"act": "retry"}),
    ]


async def test_what_is_typed_need_not_have_been_offered(told: Town) -> None:
    told.heard.choices = (Choice("mine", "mine"),)
    await told.ana.slash(told.alerts, "earshot queue", which="unclaimed brand:Heron-Air")
    assert told.heard.commands == [("queue", {"which": "unclaimed brand:Heron-Air"})]


@pytest.mark.parametrize("pasted", ["<@1234567890>", "<@!1234567890>", " <@1234567890> "])
async def test_a_pasted_person_is_the_member_whom_it_means(told: Town, pasted: str) -> None:
    told.heard.choices = (Choice("Bo", "bo"),)
    await told.ana.slash(told.alerts, "earshot assign", case=142, to=pasted)
    assert told.heard.commands == [("assign", {"case": "142", "to": "bo"})]
    assert told.heard.typed == [("assign", "to", pasted.strip())]


async def test_a_pasted_person_who_is_nobody_here_is_left_to_the_verb(told: Town) -> None:
    await told.ana.slash(told.alerts, "earshot assign", case=142, to="<@99>")
    await told.ana.slash(told.alerts, "earshot assign", case=142, to="@bo")
    told.heard.error = RuntimeError("the store is gone")
    await told.ana.slash(told.alerts, "earshot assign", case=142, to="<@77>")
    assert [values["to"] for _, values in told.heard.commands] == ["<@99>", "@bo", "<@77>"]


async def test_cases_and_words_are_offered_while_they_are_typed(told: Town) -> None:
    told.heard.choices = (Choice("#142 urgent · Author: Delayed flight…", "142"), Choice("#7 low · Bo: Hm", "7"))
    offered = await told.ana.autocomplete(told.alerts, "earshot claim", "case", "de")
    assert [(one["name"], one["value"]) for one in offered] == [
        (one.label, int(one.value)) for one in told.heard.choices
    ]
    told.heard.choices = (Choice("last month", "last month"),)
    offered = await told.ana.autocomplete(told.alerts, "earshot summary", "what", "last m")
    assert [one["value"] for one in offered] == ["last month"]
    assert told.heard.typed == [("claim", "case", "de"), ("summary", "what", "last m")]


async def test_no_more_is_offered_than_discord_takes(told: Town) -> None:
    told.heard.choices = (
        Choice("", "nameless"),
        Choice("x", "v" * 101),
        *(Choice("😀" * 99, str(n)) for n in range(40)),
    )
    offered = await told.ana.autocomplete(told.alerts, "earshot queue", "which", "")
    assert len(offered) == 25
    assert all(0 < len(one["name"].encode("utf-16-le")) // 2 <= 100 for one in offered)


async def test_when_nothing_can_be_offered_the_typing_goes_on(told: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    told.heard.error = RuntimeError("the store is gone")
    assert await told.ana.autocomplete(told.alerts, "earshot claim", "case", "1") == []
    told.heard.error, told.heard.is_slow = None, True
    monkeypatch.setattr("bot.chats.discord.commands.PATIENCE", 0.0)
    assert await told.ana.autocomplete(told.alerts, "earshot claim", "case", "1") == []


async def test_a_message_can_be_tracked_or_noted(told: Town) -> None:
    message = await told.ana.send(told.alerts, "Heron lost my bag")
    for entry in MENUS.values():
        await told.ana.context_menu(told.alerts, entry, message)
    assert [verb for verb, _ in told.heard.menus] == list(MENUS)


# What Discord is told


def leaves(told: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every command as it is typed, with what Discord was told of it."""
    for one in told:
        inner = [option for option in one.get("options") or () if option["type"] in (1, 2)]
        if one["type"] == 3 or not inner:
            yield one["name"], one
        yield from ((f"{one['name']} {path}", leaf) for path, leaf in leaves(inner))


async def test_every_verb_can_be_typed() -> None:
    paths = {path for path, _ in leaves(await definition(SPECS))}
    assert paths - set(MENUS.values()) == {
        f"{GROUP} {verb}" if verb in DAILY else f"{GROUP} {MORE} {verb}" for verb in BY_VERB
    }


def test_the_table_of_daily_verbs_names_living_ones_and_leaves_room_for_the_rest() -> None:
    assert set(DAILY) <= set(BY_VERB)
    assert len(DAILY) == len(set(DAILY)) <= 24
    assert len(BY_VERB) - len(DAILY) <= 25
    assert set(MENUS) <= set(BY_VERB)


async def test_a_verb_that_no_table_knows_stands_among_the_rest() -> None:
    new = replace(BY_VERB["claim"], verb="take over")
    assert f"{GROUP} {MORE} take-over" in {path for path, _ in leaves(await definition((*SPECS, new)))}


async def test_it_is_within_the_limits_of_discord() -> None:
    told = await definition(SPECS)
    assert len(json.dumps(told)) < 100_000
    for path, leaf in leaves(told):
        assert len(path.rpartition(" ")[2]) <= 32 or leaf["type"] == 3
        names = [option["name"] for option in leaf.get("options") or ()]
        assert len(names) == len(set(names)) <= 25
        needed = [option["required"] for option in leaf.get("options") or ()]
        assert needed == sorted(needed, reverse=True), f"{path}: what is needed comes first"
        for part in (leaf, *(leaf.get("options") or ())):
            texts = [part.get("description", ""), *(part.get("description_localizations") or {}).values()]
            assert all(len(text) <= 100 for text in texts), path
            assert part["type"] == 3 or all(texts), f"{path} says nothing of {part['name']}"


async def test_only_our_server_has_them_and_everybody_there_may_try() -> None:
    for one in await definition(SPECS):
        assert one["dm_permission"] is False or one["contexts"] == [0]
        assert one["default_member_permissions"] is None


async def test_the_options_are_of_the_kinds_of_the_arguments() -> None:
    told = dict(leaves(await definition(SPECS)))
    case, to = told["earshot assign"]["options"]
    assert (case["type"], case["required"], case["min_value"], case["autocomplete"]) == (4, True, 1, True)
    assert (to["type"], to["required"], to["autocomplete"]) == (3, False, True)
    assert "autocomplete" not in told["earshot draft"]["options"][1]
    assert [option["name"] for option in told["earshot draft"]["options"]] == ["case", "text"]
    assert told["earshot more judge"]["options"] == []


def test_what_a_button_carries_is_never_asked_for() -> None:
    for spec in SPECS:
        assert not {one.name for one in spec.arguments if one.kind == "carried"} & {one.name for one in shown(spec)}


def test_a_long_help_line_ends_with_a_whole_word() -> None:
    long = Command("x", "word " * 40, "", (), lambda: Reply(), "", is_read=True, example="x")
    (group,) = build([long], Heard())
    assert isinstance(group, app_commands.Group)
    (more,) = group.commands
    assert isinstance(more, app_commands.Group)
    assert more.commands[0].description == f"{'word ' * 19}word…"


def test_more_verbs_than_there_is_room_for_are_noticed() -> None:
    many = [replace(BY_VERB["claim"], verb=f"verb{number}") for number in range(26)]
    with pytest.raises(ValueError, match="exceeded"):
        build(many, Heard())


# Other languages


def test_translations_are_of_what_there_is_and_fit() -> None:
    keys = {f"groups.{GROUP}", f"groups.{MORE}", *(f"menus.{verb}" for verb in MENUS)}
    keys |= {f"verbs.{verb}" for verb in BY_VERB}
    keys |= {f"arguments.{key_of(spec, one)}" for spec in SPECS for one in shown(spec)}
    languages = {one.value for one in discord.Locale}
    for language, texts in read_locales().items():
        assert language in languages
        assert set(texts) <= keys, f"{language} has what there is not"
        assert not [key for key, text in texts.items() if not 0 < len(text) <= (32 if key.startswith("menus") else 100)]
    assert set(read_locales()["de"]) == keys


async def test_who_speaks_german_reads_german() -> None:
    told = dict(leaves(await definition(SPECS)))
    assert told["earshot claim"]["description_localizations"]["de"].startswith("Einen Fall übernehmen")
    assert told["earshot claim"]["options"][0]["description_localizations"]["de"].startswith("Die Nummer des Falls")
    assert told["Track as mention"]["name_localizations"] == {"de": "Als Erwähnung aufnehmen"}
    assert not told["earshot claim"]["name_localizations"], "what is typed is the same for all"


async def test_what_is_not_translated_is_english() -> None:
    known = app_commands.locale_str("Take a case", key="verbs.claim")
    translator = Translator({"fr": {"verbs.claim": "Prendre un dossier"}})
    context: Any = None
    assert await translator.translate(known, discord.Locale.french, context) == "Prendre un dossier"
    assert await translator.translate(known, discord.Locale.german, context) is None
    assert await translator.translate(app_commands.locale_str("x"), discord.Locale.french, context) is None


# Telling Discord


async def test_discord_is_told_once_and_again_only_when_something_changed(town: Town) -> None:
    memory = Memory()
    assert not await is_in_sync(town.client, town.guild.id, SPECS)
    assert await sync_if_changed(town.client, town.guild.id, memory)
    assert not await sync_if_changed(town.client, town.guild.id, memory)
    assert town.puts() == 1
    assert await is_in_sync(town.client, town.guild.id, SPECS)
    memory.specs = [replace(one, help="Take it.") if one.verb == "claim" else one for one in SPECS]
    assert not await is_in_sync(town.client, town.guild.id, memory.specs)
    assert await sync_if_changed(town.client, town.guild.id, memory)
    assert await is_in_sync(town.client, town.guild.id, memory.specs)
    memory.specs = SPECS
    assert await sync_if_changed(town.client, town.guild.id, memory), "also when it is as it was before"
    assert town.puts() == 3


async def test_what_was_kept_is_of_one_server(town: Town) -> None:
    memory, other = Memory(), town.env.create_guild("Plover")
    await sync_if_changed(town.client, town.guild.id, memory)
    assert await sync_if_changed(town.client, other.id, memory)
    assert not await sync_if_changed(town.client, town.guild.id, memory)


async def test_a_refusal_is_told_in_words_and_tried_again(town: Town) -> None:
    cases: list[tuple[int, int, type[ChatError], str]] = [
        (403, 50001, ChatClosed, "invite"),
        (400, 50035, ChatRefused, "doctor"),
    ]
    memory = Memory()
    for status, code, kind, words in cases:
        town.env.inject_error("PUT", "/applications/*", status=status, code=code)
        with pytest.raises(kind, match=words):
            await sync_if_changed(town.client, town.guild.id, memory)
    assert await sync_if_changed(town.client, town.guild.id, memory)


async def test_when_discord_asks_to_wait_that_is_said(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asks_to_wait(*_: int) -> None:
        raise discord.RateLimited(90.0)

    monkeypatch.setattr(town.client.http, "get_guild_commands", asks_to_wait)
    with pytest.raises(ChatBusy) as caught:
        await sync_if_changed(town.client, town.guild.id, Memory())
    assert caught.value.retry_after == 90.0


async def test_a_sync_says_how_many_entries_there_are_now(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert await sync(town.client, town.guild.id, SPECS) == len(SPECS) + len(MENUS)
    assert "3 of them are new" in caplog.text
    assert await sync(town.client, town.guild.id, SPECS) == len(SPECS) + len(MENUS)
    assert "0 of them are new" in caplog.text


# Help


def test_help_says_how_a_verb_is_typed_here(desk: Desk) -> None:
    assert typed(BY_VERB["snooze"]) == "/earshot snooze case:142 [until:tomorrow 9:00]"
    assert typed(BY_VERB["status"]) == "/earshot more status [act:retry]"
    assert typed(BY_VERB["resolve"]) == "/earshot resolve [case:142] [reason:…] [note:…]"
    assert typed(BY_VERB["home"]) == "/earshot home"
    assert helped(desk, "discord", "snooze") == ["/earshot snooze case:142 [until:tomorrow 9:00]"]
    assert helped(desk, "slack", "snooze") == ["/earshot snooze 142 [until]"]
    assert set(helped(desk, "discord", "")) == {typed(spec) for spec in SPECS if may(desk.policy.members[2], spec.verb)}


def helped(desk: Desk, chat: str, verb: str) -> list[str]:
    """How verbs are typed, as Mia reads it in a chat."""
    screen = dispatch(desk.ctx, Request(desk.policy.member("mia"), "help", verb, chat=chat)).screen
    assert screen is not None
    return [row.heading for row in screen.rows] or [screen.title]


def test_options_are_described_by_what_the_verb_says_of_itself() -> None:
    made = Command(
        "look", "Look.", "", (Argument("at", "words", is_required=False),), lambda: Reply(), "", True, "look"
    )
    assert shown(made) == [], "nothing is known that could be given"
    assert [one.name for one in shown(replace(made, example="look left"))] == ["at"]
