"""handlers.ports.Chat on Discord, as the outbox sees it: the real library against a strict Discord on loopback."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord import Client

from bot.charts import described
from bot.chats.discord.adapter import DiscordChat
from bot.chats.discord.permissions import missing_of
from bot.chats.discord.refusals import DiscordRefused
from bot.chats.discord.turns import TOKEN_HOLDS, Interaction
from bot.chats.discord.wire import Wire
from handlers.cards import Button, Card, Drawing, Notice, Screen
from handlers.completions import Choice
from handlers.ports import Chat, ChatBusy, ChatClosed, ChatDoubtful, ChatLater, ChatMessageGone
from handlers.requests import Command, Request
from handlers.rules.policy import Route
from handlers.rules.roster import Person
from tests.bot.chats import gallery
from tests.bot.chats.slack.quiet import QuietDesk, desk
from tests.bot.fakes import Clock, Died, Station
from tests.discord.fake import FakeDiscord, discord_server, point_at
from tests.discord.interactions import Interaction as Act
from tests.discord.world import SUPPRESS_EMBEDS, Message
from tests.kit import POLICY, TROUBLES

KEY = "case:142@discord:#alerts"
GUILDS = discord.Intents(guilds=True)
UPDATING = discord.InteractionResponseType.deferred_message_update
PRIVATE = discord.InteractionResponseType.channel_message
CHART = Screen("Summary", chart=gallery.CHARTS["stacked"])
OTHER_CHART = Screen("Summary", chart=gallery.CHARTS["minutes"])


def card(**fields: Any) -> Card:
    return gallery.card(**fields)


@dataclass
class Desk(QuietDesk):
    """bot.chats.discord.desk.DiscordDesk that keeps what buttons carry."""

    kept: dict[str, str] = field(default_factory=dict)

    async def carry(self, told: Mapping[str, str]) -> None:
        self.kept |= told

    async def carried(self, key: str) -> str:
        return self.kept.get(key, "")

    def commands(self) -> Sequence[Command]:
        return ()

    async def complete(self, request: Request, argument: str, typed: str) -> Sequence[Choice]:
        return ()

    async def remember(self, chat: str, people: Sequence[Person]) -> None:
        """Nobody acts here."""

    async def remembered(self, chat: str) -> Sequence[Person]:
        return ()


@dataclass
class Directory:
    """Where we are, as the stub has it."""

    discord: FakeDiscord
    bot_name: str = "earshot"
    users: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guild_name = self.discord.guild.name
        self.bot_user_id = int(self.discord.bot.id)

    async def channel_id(self, name: str) -> int:
        try:
            return int(self.discord.channel(name).id)
        except AssertionError as error:
            raise ChatClosed(str(error)) from None

    def role_id(self, name: str) -> str:
        return self.roles.get(name, "")

    def user_id(self, member: str) -> str:
        return self.users.get(member, "")

    def permissions_missing(self, channel_id: int) -> list[str]:
        place = self.discord.channels[str(channel_id)]
        if place.is_dm:
            return []
        return missing_of(discord.Permissions(self.discord.permissions_of(self.discord.bot, place)))


@dataclass
class Place:
    """A server with our chat in it. Its time is moved by hand."""

    discord: FakeDiscord
    desk: Desk
    directory: Directory
    client: Client
    chat: DiscordChat = field(init=False)
    wire: Wire = field(init=False)
    passed: float = 0.0

    def __post_init__(self) -> None:
        self.wire = Wire(self.client, clock=self.clock, sleep=self.sleep)
        self.restart()

    def restart(self) -> None:
        """Another process, that remembers nothing of messages."""
        self.chat = DiscordChat(self.wire, self.directory, self.desk, now=lambda: self.now, clock=self.clock)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.discord.clock(), UTC)

    def clock(self) -> float:
        return 1_000.0 + self.passed

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds)

    def pass_by(self, seconds: float) -> None:
        """Later, on Discord's clock and on ours."""
        self.passed += seconds
        self.discord.pass_time(seconds)

    def one(self, channel: str = "#alerts") -> Message:
        """The only message there."""
        (message,) = self.discord.cards(channel)
        return message

    def count(self, *names: str) -> int:
        return len(self.discord.calls_of(*names))

    async def post(self, drawing: Drawing | None = None, key: str = KEY, parent: str = "") -> str:
        return await self.chat.post("#alerts", drawing or card(), key, parent)

    async def find(self, key: str = KEY, parent: str = "", *, ago: float = 0.0) -> str | None:
        return await self.chat.find("#alerts", key, self.now - timedelta(seconds=ago), parent)

    def thread(self) -> Any:
        (found,) = (one for one in self.discord.channels.values() if one.is_thread)
        return found


@asynccontextmanager
async def opened_place(behind: float = 0.0) -> AsyncIterator[Place]:
    """A place whose Discord gives ids as if it were so many seconds ago, until a test lets that time pass."""
    async with discord_server(clock=lambda: time.time() - behind) as server:
        server.add_channel("alerts")
        client = Client(intents=GUILDS, max_ratelimit_timeout=60.0)
        opened = Place(server, Desk(desk().known), Directory(server), client)
        with point_at(server.url):
            async with client:
                await client.login(server.token)
                yield opened
                await opened.wire.close()
        server.check()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with opened_place() as opened:
        yield opened


def click(place: Place, ref: str, kind: discord.InteractionResponseType = UPDATING) -> Interaction:
    """Ana clicked on a message, and the bot answered so."""
    message = place.discord.message_of(ref)
    ana = place.discord.add_user("ana")
    token = f"token-{place.discord.new_id()}"
    on = place.discord.channels[message.channel]
    act = Act(place.discord.new_id(), token, 3, ana, on, place.discord.clock(), {}, message, original=message)
    act.is_acked.set()
    place.discord.tokens[token] = act
    told = SimpleNamespace(id=int(act.id), application_id=int(place.discord.application), token=token)
    told.response = SimpleNamespace(type=kind)
    return cast(Interaction, told)


async def test_post_find_update(place: Place) -> None:
    chat: Chat = place.chat
    ref = await chat.post("#alerts", card(), KEY, "")
    message = place.one()
    assert ref == message.ref
    assert await place.find() == ref
    assert await place.find("case:143@discord:#alerts") is None
    place.pass_by(2)
    await chat.update("#alerts", ref, card(status="claimed by Ana"), KEY)
    assert "claimed by Ana" in message.words
    assert (message.edits, len(place.discord.messages("#alerts"))) == (1, 1)
    assert await place.find(ago=2) == ref
    assert await chat.check() == "Discord works: earshot in Heron & Plover."


async def test_every_drawing_can_be_posted_found_and_redrawn(place: Place) -> None:
    for name, drawing in gallery.DRAWINGS.items():
        ref = await place.post(drawing, name)
        assert await place.find(name) == ref
        place.pass_by(2)
        await place.chat.update("#alerts", ref, drawing, name)
        assert await place.find(name, ago=2) == ref


async def test_it_pings_exactly_whom_a_notice_names(place: Place) -> None:
    ana, bo = place.discord.add_user("ana"), place.discord.add_user("bo")
    crew = place.discord.add_role("crew", is_mentionable=True)
    place.directory.users, place.directory.roles = {"ana": ana.id}, {"crew": crew.id}
    place.discord.may_ping |= {ana.id}
    words = f"Case #142 is yours. @everyone <@{bo.id}> <@&{crew.id}>"
    await place.post(Notice(words, ping="ana"), "notice:1")
    assert place.one().pings == {ana.id}
    ref = await place.post(Notice("Look here", group="crew"), "notice:2")
    allowed = place.discord.posts[-1].told["allowed_mentions"]
    assert allowed == {"parse": [], "roles": [int(crew.id)]}
    await place.chat.update("#alerts", ref, Notice("Look here"), "notice:2")
    assert place.discord.edits[-1].told["allowed_mentions"] == {"parse": []}


async def test_previews_are_suppressed_only_where_they_are_not_ours(place: Place) -> None:
    await place.post()
    ref = await place.post(Notice("See https://evil.example/track"), "notice:1")
    cards, notice = place.discord.cards("#alerts")
    assert not cards.flags & SUPPRESS_EMBEDS
    assert notice.flags & SUPPRESS_EMBEDS
    place.pass_by(2)
    await place.chat.update("#alerts", ref, card(), "notice:1")
    assert place.discord.edits[-1].told["flags"] == 0


async def test_what_buttons_carry_is_kept_before_they_can_be_pressed(place: Place) -> None:
    long = Button("Open", "queue", values=(("which", "x" * 200),))
    held = place.discord.faults.hold("post")
    posting = asyncio.create_task(place.post(Screen("Queue", "All", buttons=(long,)), "digest:1"))
    await held.entered.wait()
    (body,) = place.desk.kept.values()
    assert "x" * 200 in body
    assert held.gate is not None
    held.gate.set()
    await posting


# Doubt


async def test_a_lost_answer_is_found_again(place: Place) -> None:
    place.discord.faults.drop_after("post")
    with pytest.raises(ChatDoubtful):
        await place.post()
    assert await place.find() == place.one().ref
    assert place.count("post") == 1


async def test_what_was_lost_on_the_way_is_not_there(place: Place) -> None:
    place.discord.faults.drop_before("post")
    with pytest.raises(ChatDoubtful):
        await place.post()
    assert await place.find() is None
    await place.post()
    assert place.one()


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_in_trouble_is_asked_once(place: Place, status: int) -> None:
    place.discord.faults.http_500_html("post", status=status)
    with pytest.raises(ChatDoubtful):
        await place.post()
    assert place.count("post") == 1


async def test_a_page_in_the_place_of_an_answer_is_no_answer(place: Place) -> None:
    place.discord.faults.garbage("post")
    with pytest.raises(ChatDoubtful):
        await place.post()
    assert await place.find() == place.one().ref
    place.discord.faults.garbage("history")
    with pytest.raises(ChatDoubtful):
        await place.find()
    place.pass_by(2)
    place.discord.faults.garbage("edit")
    with pytest.raises(ChatDoubtful):
        await place.chat.update("#alerts", place.one().ref, card(), KEY)


async def test_a_repeat_after_a_kill_is_the_same_message_and_shows_what_is_true_now() -> None:
    async with opened_place(behind=30.0) as place:
        place.discord.faults.drop_after("post")
        with pytest.raises(ChatDoubtful):
            await place.post(card(status="open"))
        place.pass_by(30)
        place.restart()
        ref = await place.post(card(status="claimed by Ana"))
        assert ref == place.one().ref
        assert "claimed by Ana" in place.one().words


async def test_a_new_message_is_drawn_once(place: Place) -> None:
    await place.post()
    assert (place.count("post"), place.count("edit")) == (1, 0)


async def test_an_earlier_message_that_cannot_be_redrawn_now_is_still_the_one() -> None:
    async with opened_place(behind=30.0) as place:
        place.discord.faults.drop_after("post")
        with pytest.raises(ChatDoubtful):
            await place.post()
        place.pass_by(30)
        place.discord.faults.fail("edit", 50013)
        assert await place.post() == place.one().ref


class Falters(DiscordChat):
    """Its program dies once, after Discord has the message and before that is written down."""

    is_dying = True

    async def post(self, channel: str, drawing: Drawing, key: str, parent_ref: str) -> str:
        ref = await super().post(channel, drawing, key, parent_ref)
        if self.is_dying:
            self.is_dying = False
            raise Died
        return ref


@pytest.mark.parametrize("trouble", ["lost", "refused", "killed"])
async def test_whatever_happens_on_the_way_a_case_has_one_card(db_path: Path, trouble: str) -> None:
    clock, chats = Clock(), cast(dict[str, Any], {})
    async with discord_server(clock=lambda: clock().timestamp()) as server, Client(intents=GUILDS) as client:
        server.add_channel("alerts")
        opened = Station(db_path, clock, replace(POLICY, routes=(Route("discord:#alerts"),)), chats)
        wire = Wire(client)
        with point_at(server.url):
            await client.login(server.token)
            chats["discord"] = chat = Falters(wire, Directory(server), Desk(opened.brain.policy), now=clock)
            chat.is_dying = trouble == "killed"
            await opened.bridge.start()
            if trouble == "lost":
                server.faults.drop_after("post")
            elif trouble == "refused":
                server.faults.drop_before("post")
            await opened.open_case(TROUBLES[0])
            await opened.die_delivering()
            await opened.deliver_for(chat.settle + 5, step=5)
            assert len(server.posts) == len(server.cards("#alerts")) == 1
            row = await opened.card_row(1)
            assert (row["state"], row["remote_ref"]) == ("sent", server.cards("#alerts")[0].ref)
            await opened.deliverer.stop()
            await opened.bridge.close()
            await wire.close()
        server.check()


# Finding


async def test_what_a_person_pastes_is_never_ours(place: Place) -> None:
    await place.post(Notice("All is well"), KEY)
    mine = place.one()
    pasted = replace(mine, id=place.discord.new_id(), author=place.discord.add_user("eve"))
    pasted.mentions = {"users": [place.discord.bot]}  # else we are not even shown its words
    place.discord.remove(mine)
    place.discord.say(place.discord.channel("alerts"), pasted)
    assert await place.find() is None


async def test_the_search_goes_through_every_page_of_its_window(place: Place) -> None:
    alerts = place.discord.channel("alerts")
    ref = await place.post()
    for number in range(250):
        place.discord.say(alerts, Message(alerts.id, place.discord.new_id(), place.discord.bot, 0.0, str(number)))
    later = await place.post(Notice("Later"), "notice:9")
    assert await place.find() == ref
    assert place.count("history") == 1
    assert await place.find("notice:9") == later
    assert place.count("history") == 4
    assert await place.find(ago=-61) is None


async def test_a_history_that_is_too_long_is_no_proof(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chats.discord.history.MOST_PAGES", 2)
    alerts = place.discord.channel("alerts")
    for number in range(201):
        place.discord.say(alerts, Message(alerts.id, place.discord.new_id(), place.discord.bot, 0.0, str(number)))
    with pytest.raises(ChatDoubtful):
        await place.find()


async def test_a_history_that_may_not_be_read_is_no_proof(place: Place) -> None:
    await place.post()
    place.discord.deny("#alerts", "read_message_history")
    with pytest.raises(ChatClosed, match="Earshot lacks Read Message History in #alerts"):
        await place.find()


async def test_nothing_is_looked_for_before_it_is_known_who_we_are(place: Place) -> None:
    ref = await place.post()
    place.directory.bot_user_id = 0
    with pytest.raises(ChatBusy):
        await place.find()
    place.directory.bot_user_id = int(place.discord.bot.id)
    assert await place.find() == ref


# Threads


async def test_a_draft_stands_in_its_cards_thread_and_is_found_there(place: Place) -> None:
    ref = await place.post()
    reply = await place.post(gallery.DRAFT, "draft:7", ref)
    (stands,) = place.discord.replies(place.discord.messages("#alerts")[0])
    assert (reply, place.thread().name) == (stands.ref, "#142 drafts and news")
    assert await place.find("draft:7", ref) == reply
    assert await place.find("draft:8", ref) is None
    place.pass_by(2)
    await place.chat.update("#alerts", reply, gallery.DRAFT, "draft:7")
    assert stands.edits == 1


async def test_a_thread_is_made_once(place: Place) -> None:
    ref = await place.post()
    await asyncio.gather(*(place.post(Notice(str(number)), f"notice:{number}", ref) for number in range(3)))
    assert place.count("thread") == 1
    place.restart()
    await place.post(gallery.DRAFT, "draft:7", ref)  # Discord says that there is one already
    assert len(place.discord.replies(place.discord.messages("#alerts")[0])) == 4


async def test_before_the_thread_is_there_nothing_is_found_in_it(place: Place) -> None:
    ref = await place.post()
    assert await place.find("draft:7", ref) is None


async def test_a_thread_that_was_closed_by_time_is_opened_by_what_comes(place: Place) -> None:
    ref = await place.post()
    reply = await place.post(gallery.DRAFT, "draft:7", ref)
    place.thread().is_archived = True
    await place.post(gallery.NOTICE, "notice:1", ref)
    assert not place.thread().is_archived
    place.pass_by(2)
    place.thread().is_archived = True
    await place.chat.update("#alerts", reply, gallery.DRAFT, "draft:7")
    assert place.discord.message_of(reply).edits == 1


async def test_a_locked_thread_holds_neither_the_draft_nor_the_channel(place: Place) -> None:
    ref = await place.post()
    draft = await place.post(gallery.DRAFT, "draft:7", ref)
    place.thread().is_archived = place.thread().is_locked = True
    notice = place.discord.message_of(await place.post(gallery.NOTICE, "notice:1", ref))
    assert (notice.channel, notice.reply_to and notice.reply_to.ref) == (place.discord.channel("alerts").id, ref)
    assert await place.find("notice:1", ref) == notice.ref
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", draft, gallery.DRAFT, "draft:7")


async def test_a_thread_that_was_deleted_is_made_anew_and_closes_nothing(place: Place) -> None:
    ref = await place.post()
    draft = await place.post(gallery.DRAFT, "draft:7", ref)
    thread = place.thread()
    thread.is_deleted = True
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", draft, gallery.DRAFT, "draft:7")
    del place.discord.channels[thread.id]
    notice = place.discord.message_of(await place.post(gallery.NOTICE, "notice:1", ref))
    assert notice.channel == place.thread().id


async def test_without_the_right_to_make_threads_it_answers_the_card(place: Place) -> None:
    ref = await place.post()
    place.discord.deny("#alerts", "create_public_threads")
    draft = place.discord.message_of(await place.post(gallery.DRAFT, "draft:7", ref))
    assert draft.channel == place.discord.channel("alerts").id
    place.discord.remove(place.discord.message_of(ref))
    with pytest.raises(ChatMessageGone):
        await place.post(gallery.NOTICE, "notice:1", ref)


async def test_a_channel_that_was_made_again_is_not_closed_by_what_stood_in_the_old_one(place: Place) -> None:
    ref = await place.post()
    place.discord.channel("alerts").is_deleted = True
    place.discord.add_channel("alerts")
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", ref, card(), KEY)
    with pytest.raises(ChatMessageGone):
        await place.post(gallery.DRAFT, "draft:7", ref)
    assert await place.post(key="case:143")


async def test_a_card_that_was_deleted_gets_no_thread(place: Place) -> None:
    ref = await place.post()
    place.discord.remove(place.one())
    with pytest.raises(ChatMessageGone):
        await place.post(gallery.DRAFT, "draft:7", ref)
    assert place.discord.cards("#alerts") == []


async def test_where_there_can_be_no_thread_it_answers_the_card(place: Place) -> None:
    ref = await place.post()
    place.discord.faults.fail("thread", 50024)
    reply = await place.post(gallery.DRAFT, "draft:7", ref)
    stands = place.discord.message_of(reply)
    assert stands.channel == place.discord.channel("alerts").id
    assert stands.reply_to is not None
    assert stands.reply_to.ref == ref
    assert await place.find("draft:7", ref) == reply


async def test_an_answer_to_a_card_that_was_deleted_lands_nowhere(place: Place) -> None:
    ref = await place.post()
    place.discord.remove(place.one())
    place.discord.faults.fail("thread", 50024)
    with pytest.raises(ChatMessageGone):
        await place.post(gallery.DRAFT, "draft:7", ref)
    assert place.discord.cards("#alerts") == []


async def test_a_lost_answer_about_a_thread_is_no_doubt_about_the_message(place: Place) -> None:
    ref = await place.post()
    place.discord.faults.drop_after("thread")
    with pytest.raises(ChatBusy):
        await place.post(gallery.DRAFT, "draft:7", ref)
    await place.post(gallery.DRAFT, "draft:7", ref)
    assert place.count("post") == 2


# What Discord does not take


async def test_a_plainer_drawing_is_tried_once(place: Place) -> None:
    place.discord.faults.fail("post", 50035, status=400)
    ref = await place.post()
    assert (place.one().embeds, "#142" in place.one().words) == ([], True)
    assert await place.find() == ref
    place.discord.faults.fail("post", 50035, status=400, times=2)
    with pytest.raises(DiscordRefused):
        await place.post(key="case:143")
    assert place.count("post") == 4


async def test_a_missing_right_is_named(place: Place) -> None:
    ref = await place.post()
    place.discord.deny("#alerts", "send_messages embed_links")
    with pytest.raises(ChatClosed, match=r"Earshot lacks Send Messages and Embed Links in #alerts\."):
        await place.post(key="case:143")
    place.pass_by(2)
    place.discord.deny("#alerts", "view_channel")
    with pytest.raises(ChatClosed, match="View Channels"):
        await place.chat.update("#alerts", ref, card(), KEY)


async def test_a_deleted_channel_and_a_refused_token_wait_for_a_person(place: Place) -> None:
    ref = await place.post()
    place.pass_by(2)
    place.discord.channel("alerts").is_deleted = True
    with pytest.raises(ChatClosed, match="Discord has no channel #alerts any more"):
        await place.chat.update("#alerts", ref, card(), KEY)
    place.discord.is_revoked = True
    place.pass_by(2)
    with pytest.raises(ChatClosed, match="EARSHOT_DISCORD_TOKEN"):
        await place.chat.update("#alerts", ref, card(), KEY)


async def test_a_message_that_a_person_deleted_is_gone(place: Place) -> None:
    ref = await place.post()
    place.discord.remove(place.one())
    place.pass_by(2)
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", ref, card(), KEY)


async def test_a_ref_of_another_chat_is_gone(place: Place) -> None:
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", "C012:17.3", card(), KEY)


async def test_discord_asks_to_wait_and_nothing_is_in_doubt(place: Place) -> None:
    place.discord.faults.rate_limit("post", 40.0)
    with pytest.raises(ChatBusy) as caught:
        await place.post()
    assert (caught.value.retry_after, caught.value.is_everywhere) == (40.0, False)
    place.pass_by(41)
    await place.post()
    assert place.one()


# Pictures


async def test_a_chart_is_a_picture_with_words_for_those_who_cannot_see_it(place: Place) -> None:
    ref = await place.post(CHART, "summary:1")
    (file,) = place.one().files
    assert place.one().embeds[0]["image"]["url"].endswith(file.name)
    assert CHART.chart is not None
    assert file.as_discord()["description"] == described(CHART.chart)
    place.pass_by(2)
    await place.chat.update("#alerts", ref, replace(CHART, title="Summary, corrected"), "summary:1")
    assert [one.id for one in place.one().files] == [file.id]
    place.restart()
    await place.chat.update("#alerts", ref, CHART, "summary:1")
    assert ([one.id for one in place.one().files], len(place.desk.drawn)) == ([file.id], 1)
    place.pass_by(2)
    await place.chat.update("#alerts", ref, OTHER_CHART, "summary:1")
    (other,) = place.one().files
    assert other.name != file.name
    assert place.one().embeds[0]["image"]["url"].endswith(other.name)


async def test_a_chart_that_cannot_be_drawn_is_told_in_words(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(chart: object) -> bytes:
        raise RuntimeError("no paint")

    monkeypatch.setattr(place.desk, "picture", fail)
    await place.post(CHART, "summary:1")
    assert place.one().files == []
    assert CHART.chart is not None
    assert CHART.chart.alt[:30] in place.one().words
    assert "no paint" in caplog.text


# Many changes


async def test_one_message_is_redrawn_once_a_second(place: Place) -> None:
    ref = await place.post()
    place.pass_by(2)
    await place.chat.update("#alerts", ref, card(), KEY)
    with pytest.raises(ChatLater) as caught:
        await place.chat.update("#alerts", ref, card(), KEY)
    assert caught.value.retry_after == pytest.approx(1.0)
    place.pass_by(1)
    await place.chat.update("#alerts", ref, card(), KEY)


async def test_old_messages_take_turns_and_a_fresh_one_passes_them(place: Place) -> None:
    place.discord.strict_old_edits = True
    old = [await place.post(key=f"case:{number}") for number in range(7)]
    place.pass_by(3_700)
    fresh = await place.post(key="case:8")
    place.pass_by(2)
    waits = []
    for ref in old:
        try:
            await place.chat.update("#alerts", ref, card(), KEY)
        except ChatLater as later:
            waits.append(round(later.retry_after))
    assert waits == [20, 20, 20, 40]
    await place.chat.update("#alerts", fresh, card(), KEY)
    for ref in old[3:6]:  # asked again too early, each keeps its turn
        with pytest.raises(ChatLater):
            await place.chat.update("#alerts", ref, card(), KEY)
    place.pass_by(20)
    for ref in old[3:6]:
        await place.chat.update("#alerts", ref, card(), KEY)
    place.pass_by(20)
    await place.chat.update("#alerts", old[6], card(), KEY)
    assert all(call.error == 0 for call in place.discord.calls_of("edit"))


async def test_when_discord_counts_otherwise_its_word_holds(place: Place) -> None:
    old = [await place.post(key=f"case:{number}") for number in range(2)]
    place.pass_by(3_700)
    place.discord.strict_old_edits = True
    place.discord.rates.old_edits, place.discord.rates.old_within = 1, 60.0
    await place.chat.update("#alerts", old[0], card(), KEY)
    with pytest.raises(ChatLater) as caught:
        await place.chat.update("#alerts", old[1], card(), KEY)
    assert caught.value.retry_after > 50
    place.pass_by(30)
    with pytest.raises(ChatLater):
        await place.chat.update("#alerts", old[0], card(), KEY)
    assert place.count("edit") == 2
    place.pass_by(31)
    await place.chat.update("#alerts", old[1], card(), KEY)


# Through a click


async def test_a_click_redraws_its_message_at_once_and_however_old_it_is(place: Place) -> None:
    refs = [await place.post(key=f"case:{number}") for number in range(5)]
    place.pass_by(3_700)
    place.discord.strict_old_edits = True
    for ref in refs:
        place.chat.answers(ref, click(place, ref))
        for status in ("claimed by Ana", "resolved by Ana"):
            await place.chat.update("#alerts", ref, card(status=status), KEY)
        assert "resolved by Ana" in place.discord.message_of(ref).words
    assert {one.via for one in place.discord.edits} == {"interaction"}


async def test_a_click_that_is_too_long_ago_is_not_used(place: Place) -> None:
    ref = await place.post()
    place.chat.answers(ref, click(place, ref))
    place.pass_by(TOKEN_HOLDS + 1)
    await place.chat.update("#alerts", ref, card(), KEY)
    assert place.count("edit_answer") == 0
    assert place.discord.message_of(ref).edits == 1


async def test_an_answer_for_her_alone_is_not_drawn_over(place: Place) -> None:
    ref = await place.post()
    place.chat.answers(ref, click(place, ref, PRIVATE))
    place.pass_by(2)
    await place.chat.update("#alerts", ref, card(), KEY)
    assert place.count("edit_answer") == 0


@pytest.mark.parametrize("code", [10015, 50027, 429])
async def test_a_click_that_discord_does_not_take_any_more_is_done_without(place: Place, code: int) -> None:
    ref = await place.post()
    place.chat.answers(ref, click(place, ref))
    place.pass_by(2)
    if code == 429:
        place.discord.faults.rate_limit("edit_answer", 30.0)
    else:
        place.discord.faults.fail("edit_answer", code)
    await place.chat.update("#alerts", ref, card(status="claimed by Ana"), KEY)
    assert "claimed by Ana" in place.discord.message_of(ref).words
    place.pass_by(2)
    await place.chat.update("#alerts", ref, card(), KEY)
    assert place.count("edit_answer") == 1


async def test_a_deleted_card_is_gone_by_a_click_too(place: Place) -> None:
    ref = await place.post()
    place.chat.answers(ref, click(place, ref))
    place.discord.remove(place.one())
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", ref, card(), KEY)
