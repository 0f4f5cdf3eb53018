"""handlers.ports.Chat on Slack, as the outbox sees it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.chats.slack.adapter import SlackChat
from bot.chats.slack.directory import Directory
from bot.chats.slack.mirror import Mirror
from bot.chats.slack.wire import SlackRefused, Wire
from handlers.cards import Card, Notice
from handlers.ports import Chat, ChatBusy, ChatClosed, ChatDoubtful, ChatMessageGone
from handlers.rules.policy import Member
from tests.bot.chats import gallery
from tests.bot.chats.slack.quiet import QuietDesk, Seconds, desk
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.world import Message

KEY = "case:142@slack:#alerts"


def card(mark: str = "", **fields: Any) -> Card:
    return replace(gallery.card(**fields), mark=mark)


@dataclass
class Place:
    """A workspace with our chat in it."""

    slack: FakeSlack
    desk: QuietDesk
    clock: Seconds
    wire: Wire
    directory: Directory
    chat: SlackChat
    echoes: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.slack.clock(), UTC)

    def one(self, channel: str = "#alerts") -> Message:
        """The only message there."""
        (message,) = (one for one in self.slack.messages(channel) if not one.is_deleted)
        return message

    def count(self, *methods: str) -> int:
        return len(self.slack.calls_of(*methods))

    async def sleep(self, seconds: float) -> None:
        """Sleeping moves the clock and takes no time."""
        self.slept.append(seconds)
        self.clock.now += seconds

    def restart(self) -> None:
        """Another process, that remembers nothing of reactions."""
        self.chat = SlackChat(self.wire, self.directory, self.desk, expects=self.echoes.append)
        self.chat.mirror = Mirror(self.wire, self.echoes.append, self.sleep)

    async def reactions(self) -> list[str]:
        await self.chat.mirror.done()
        return sorted(self.one().reactions)


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with fake_slack() as slack:
        slack.add_channel("alerts")
        slack.wants_settings = True
        clock, quiet = Seconds(), desk()
        wire = Wire(slack.bot_token, slack.api_url, clock=clock)
        directory = Directory(wire, quiet, clock=clock)
        opened = Place(slack, quiet, clock, wire, directory, SlackChat(wire, directory, quiet))
        opened.restart()
        yield opened
        await wire.close()
        slack.check()


async def test_post_find_update(place: Place) -> None:
    chat: Chat = place.chat
    before = place.now
    ref = await chat.post("#alerts", card(), KEY, "")
    message = place.one()
    assert ref == message.ref
    assert await chat.find("#alerts", KEY, before, "") == ref
    assert await chat.find("#alerts", "case:143@slack:#alerts", before, "") is None
    await chat.update("#alerts", ref, card(status="claimed by Ana"), KEY)
    assert "claimed by Ana" in message.words
    assert (message.edits, len(place.slack.messages("#alerts"))) == (1, 1)
    assert await chat.find("#alerts", KEY, before, "") == ref
    assert await chat.check() == "Slack works: earshot in Heron & Plover, 1 channel."


async def test_a_message_parses_unfurls_and_broadcasts_nothing(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    await place.chat.post("#alerts", gallery.NOTICE, "notice:1", ref)
    await place.chat.update("#alerts", ref, card(status="claimed by Ana"), KEY)
    posts, updates = place.slack.calls_of("chat.postMessage"), place.slack.calls_of("chat.update")
    for call in (*posts, *updates):
        assert (call.params["parse"], call.params["link_names"]) == ("none", False)
        assert not call.params.get("reply_broadcast")
    assert all(call.params["unfurl_links"] is call.params["unfurl_media"] is False for call in posts)


async def test_every_drawing_can_be_posted_and_found(place: Place) -> None:
    before = place.now
    for name, drawing in gallery.DRAWINGS.items():
        ref = await place.chat.post("#alerts", drawing, name, "")
        assert await place.chat.find("#alerts", name, before, "") == ref
        await place.chat.update("#alerts", ref, drawing, name)


async def test_the_member_whom_a_notice_concerns_is_pinged(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.desk.known = desk(Member("ana", slack=ana.id)).known
    place.slack.may_ping.add(ana.id)
    await place.chat.post("#alerts", Notice("Case #142 is yours.", ping="ana"), "notice:1", "")
    assert f"'user_id': '{ana.id}'" in str(place.one().blocks)


# Finding


async def test_a_lost_answer_is_found_again(place: Place) -> None:
    place.slack.faults.drop_after("chat.postMessage")
    before = place.now
    with pytest.raises(ChatDoubtful):
        await place.chat.post("#alerts", card(), KEY, "")
    assert await place.chat.find("#alerts", KEY, before, "") == place.one().ref
    assert place.count("chat.postMessage") == 1


async def test_it_is_found_by_its_first_block_where_metadata_are_not_kept(place: Place) -> None:
    before = place.now
    ref = await place.chat.post("#alerts", card(), KEY, "")
    place.one().metadata = None
    assert await place.chat.find("#alerts", KEY, before, "") == ref
    await place.chat.update("#alerts", ref, card(), KEY)
    place.one().metadata = None
    assert await place.chat.find("#alerts", KEY, before, "") == ref


async def test_what_a_person_pastes_is_never_ours(place: Place) -> None:
    before = place.now
    ana = place.slack.add_user("ana")
    channel = place.slack.channel("alerts")
    pasted = place.slack.new_message(channel, ana.id, KEY, [{"type": "divider", "block_id": f"key:{KEY}"}])
    pasted.metadata = {"event_type": "earshot", "event_payload": {"key": KEY}}
    place.slack.say(channel, pasted)
    assert await place.chat.find("#alerts", KEY, before, "") is None


async def test_a_message_of_ours_with_another_key_is_not_it(place: Place) -> None:
    before = place.now
    await place.chat.post("#alerts", Notice(f"about {KEY}"), "notice:7", "")
    assert await place.chat.find("#alerts", KEY, before, "") is None


async def test_a_deleted_message_is_not_there(place: Place) -> None:
    before = place.now
    await place.chat.post("#alerts", card(), KEY, "")
    place.slack.remove(place.slack.channel("alerts"), place.one())
    assert await place.chat.find("#alerts", KEY, before, "") is None


async def test_the_search_goes_through_every_page_of_its_window(place: Place) -> None:
    before = place.now
    place.slack.page_size = 3
    ref = await place.chat.post("#alerts", card(), KEY, "")
    for number in range(10):
        await place.chat.post("#alerts", Notice(str(number)), f"notice:{number}", "")
    assert await place.chat.find("#alerts", KEY, before, "") == ref
    assert place.count("conversations.history") == 4
    assert await place.chat.find("#alerts", KEY, before + timedelta(seconds=59), "") == ref
    assert await place.chat.find("#alerts", KEY, place.now + timedelta(seconds=61), "") is None


async def test_a_history_that_is_too_long_is_no_proof(place: Place) -> None:
    before = place.now
    place.slack.page_size = 1
    for number in range(21):
        await place.chat.post("#alerts", Notice(str(number)), f"notice:{number}", "")
    with pytest.raises(ChatDoubtful):
        await place.chat.find("#alerts", KEY, before, "")
    assert place.count("conversations.history") == 20


async def test_a_history_that_may_not_be_read_is_no_proof(place: Place) -> None:
    place.slack.scopes.discard("channels:history")
    with pytest.raises(ChatClosed, match="channels:history"):
        await place.chat.find("#alerts", KEY, place.now, "")


async def test_it_knows_who_we_are_before_it_searches(place: Place) -> None:
    before = place.now
    ref = await place.chat.post("#alerts", card(), KEY, "")
    assert place.directory.bot_id == ""
    assert await place.chat.find("#alerts", KEY, before, "") == ref


# Threads


async def test_a_draft_stands_in_its_cards_thread_and_is_found_there(place: Place) -> None:
    before = place.now
    ref = await place.chat.post("#alerts", card(), KEY, "")
    reply = await place.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    (stands,) = place.slack.replies(place.slack.messages("#alerts")[0])
    assert reply == stands.ref
    assert await place.chat.find("#alerts", "draft:7", before, ref) == reply
    assert await place.chat.find("#alerts", "draft:8", before, ref) is None
    await place.chat.update("#alerts", reply, gallery.DRAFT, "draft:7")
    assert stands.edits == 1


async def test_a_thread_stays_with_its_card_when_the_channel_is_renamed(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    place.slack.channel("alerts").name = "old-alerts"
    place.slack.add_channel("alerts")
    place.clock.now += 20
    reply = await place.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    assert reply.partition(":")[0] == ref.partition(":")[0]


async def test_nothing_lands_in_the_channel_when_the_card_was_deleted(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    place.slack.remove(place.slack.channel("alerts"), place.one())
    with pytest.raises(ChatMessageGone):
        await place.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    assert [one for one in place.slack.messages("#alerts") if not one.is_deleted] == []
    assert await place.chat.find("#alerts", "draft:7", place.now, ref) is None


async def test_what_landed_in_the_channel_unseen_is_taken_back_when_it_is_looked_for(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    other = await place.chat.post("#alerts", Notice("Another"), "notice:7", "")
    place.slack.remove(place.slack.channel("alerts"), place.slack.messages("#alerts")[0])
    place.slack.faults.drop_after("chat.postMessage")
    with pytest.raises(ChatDoubtful):
        await place.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    assert await place.chat.find("#alerts", "draft:7", place.now, ref) is None
    assert place.one().ref == other


# What Slack does not take


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_plainer_drawing_is_tried(place: Place, times: int, code: str) -> None:
    before = place.now
    place.slack.faults.fail("chat.postMessage", code, times=times)
    ref = await place.chat.post("#alerts", card(), KEY, "")
    calls = place.slack.calls_of("chat.postMessage")
    assert len(calls) == times + 1
    drawn = [call.params.get("blocks") for call in calls]
    assert drawn[0] != drawn[1]
    assert bool(drawn[-1]) is (times == 1)
    assert all(call.params["text"] for call in calls)
    assert await place.chat.find("#alerts", KEY, before, "") == ref
    place.slack.faults.fail("chat.update", code, times=times)
    await place.chat.update("#alerts", ref, card(status="claimed by Ana"), KEY)
    assert "claimed by Ana" in place.one().words
    assert bool(place.one().blocks) is (times == 1)
    said = place.slack.calls_of("chat.update")[-1].params["blocks"]
    assert said if times == 1 else said == []  # left out, Slack may keep the old ones


async def test_what_even_as_text_is_refused_is_refused(place: Place) -> None:
    place.slack.faults.fail("chat.postMessage", "invalid_blocks", times=3)
    with pytest.raises(SlackRefused) as caught:
        await place.chat.post("#alerts", card(), KEY, "")
    assert caught.value.code == "invalid_blocks"
    assert place.count("chat.postMessage") == 3


async def test_another_refusal_is_not_tried_again(place: Place) -> None:
    place.slack.faults.fail("chat.postMessage", "metadata_too_large")
    with pytest.raises(SlackRefused):
        await place.chat.post("#alerts", card(), KEY, "")
    assert place.count("chat.postMessage") == 1


async def test_a_team_with_old_clients_gets_the_older_blocks_at_once(place: Place) -> None:
    place.slack.faults.fail("chat.postMessage", "invalid_blocks")
    await place.chat.post("#alerts", card(), KEY, "")
    classic = place.slack.calls_of("chat.postMessage")[1].params["blocks"]
    place.desk.known = desk(classic=True).known
    await place.chat.post("#alerts", card(), KEY, "")
    assert place.slack.calls_of("chat.postMessage")[2].params["blocks"] == classic


# Channels and messages that are not what they were


async def test_a_closed_channel_is_called_by_its_name(place: Place) -> None:
    await place.directory.refresh()
    place.slack.channel("alerts").members.clear()
    with pytest.raises(ChatClosed, match=r"Earshot is not in #alerts\. Invite @earshot to #alerts"):
        await place.chat.post("#alerts", card(), KEY, "")


async def test_an_archived_channel_closes_updates_too(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    place.slack.channel("alerts").is_archived = True
    with pytest.raises(ChatClosed, match="#alerts is archived"):
        await place.chat.update("#alerts", ref, card(), KEY)


async def test_nothing_more_is_said_in_a_channel_that_was_shared(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    place.slack.channel("alerts").is_ext_shared = True
    await place.directory.refresh()
    with pytest.raises(ChatClosed, match="another company"):
        await place.chat.update("#alerts", ref, card(), KEY)
    with pytest.raises(ChatClosed, match="another company"):
        await place.chat.post("#alerts", gallery.DRAFT, "draft:7", ref)
    assert (place.count("chat.postMessage"), place.count("chat.update")) == (1, 0)


async def test_after_a_restart_an_update_asks_first_whether_the_channel_is_shared(place: Place) -> None:
    shared = place.slack.add_channel("partners", is_ext_shared=True)
    with pytest.raises(ChatClosed):
        await place.chat.update("#partners", f"{shared.id}:1.0", card(), KEY)
    assert place.count("chat.update") == 0


async def test_a_message_that_a_person_deleted_is_gone(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    place.slack.remove(place.slack.channel("alerts"), place.one())
    with pytest.raises(ChatMessageGone):
        await place.chat.update("#alerts", ref, card(), KEY)


async def test_a_question_that_fails_before_posting_is_no_doubt(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    fresh = Directory(place.wire, place.desk, clock=place.clock)
    chat = SlackChat(place.wire, fresh, place.desk)
    place.slack.faults.http_500_html("users.conversations", times=2)
    with pytest.raises(ChatBusy):
        await chat.post("#alerts", card(), "case:143", "")
    with pytest.raises(ChatBusy):
        await chat.update("#alerts", ref, card(), KEY)


async def test_posts_and_updates_run_side_by_side(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    held = place.slack.faults.hold("chat.postMessage")
    posting = asyncio.create_task(place.chat.post("#alerts", card(), "case:143", ""))
    await held.entered.wait()
    await place.chat.update("#alerts", ref, card(status="claimed by Ana"), KEY)
    assert not posting.done()
    assert held.gate is not None
    held.gate.set()
    assert await posting


# Reactions


async def test_reactions_follow_the_state(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    assert await place.reactions() == []
    for mark, shown in (("taken", ["eyes"]), ("taken", ["eyes"]), ("done", ["white_check_mark"]), ("", [])):
        await place.chat.update("#alerts", ref, card(mark), KEY)
        assert await place.reactions() == shown
    assert place.count("reactions.add", "reactions.remove") == 4
    assert place.echoes == [ref, ref]


async def test_a_card_that_is_posted_when_it_is_taken_shows_it(place: Place) -> None:
    await place.chat.post("#alerts", card("taken"), KEY, "")
    assert await place.reactions() == ["eyes"]
    assert place.count("reactions.remove") == 0


@pytest.mark.parametrize(("mark", "shown"), [("done", ["white_check_mark"]), ("taken", ["eyes"]), ("", [])])
async def test_after_a_restart_the_right_reaction_is_set_without_fuss(
    place: Place, caplog: pytest.LogCaptureFixture, mark: str, shown: list[str]
) -> None:
    ref = await place.chat.post("#alerts", card("taken"), KEY, "")
    await place.reactions()
    place.restart()
    await place.chat.update("#alerts", ref, card(mark), KEY)
    assert await place.reactions() == shown
    assert "reaction" not in caplog.text
    assert len(place.echoes) == (2 if mark == "done" else 1)  # Slack tells of what changed, and of nothing else


async def test_drafts_and_notices_have_no_reactions(place: Place) -> None:
    ref = await place.chat.post("#alerts", gallery.NOTICE, "notice:1", "")
    await place.chat.update("#alerts", ref, gallery.NOTICE, "notice:1")
    assert await place.reactions() == []
    assert place.count("reactions.add", "reactions.remove") == 0


async def test_a_reaction_that_fails_costs_the_card_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.slack.scopes.discard("reactions:write")
    first = await place.chat.post("#alerts", card(), KEY, "")
    for ref in (first, await place.chat.post("#alerts", card(), "case:143", "")):
        await place.chat.update("#alerts", ref, card("taken"), KEY)
    await place.chat.mirror.done()
    assert caplog.text.count("reactions:write") == 1
    assert place.echoes == []
    place.slack.scopes.add("reactions:write")
    await place.chat.update("#alerts", first, card("taken"), KEY)
    await place.chat.mirror.done()
    assert list(place.slack.messages("#alerts")[0].reactions) == ["eyes"]


async def test_a_reaction_waits_as_long_as_slack_asks_and_then_comes(place: Place) -> None:
    place.slack.faults.rate_limit("reactions.add", 40)
    await place.chat.post("#alerts", card("taken"), KEY, "")
    assert await place.reactions() == ["eyes"]
    assert place.slept == [40]
    assert place.count("reactions.add") == 2


async def test_only_the_last_of_several_marks_is_shown(place: Place) -> None:
    ref = await place.chat.post("#alerts", card(), KEY, "")
    held = place.slack.faults.hold("reactions.add")
    await place.chat.update("#alerts", ref, card("taken"), KEY)
    await held.entered.wait()
    for mark in ("done", "", "taken", "done"):
        await place.chat.update("#alerts", ref, card(mark), KEY)
    assert held.gate is not None
    held.gate.set()
    assert await place.reactions() == ["white_check_mark"]
    assert place.count("reactions.add") == 2


async def test_a_lost_answer_about_a_reaction_is_asked_again(place: Place) -> None:
    place.slack.faults.drop_after("reactions.add")
    await place.chat.post("#alerts", card("taken"), KEY, "")
    assert await place.reactions() == ["eyes"]
    place.slack.faults.http_500_html("reactions.add", times=3)
    await place.chat.update("#alerts", place.one().ref, card("done"), KEY)
    await place.reactions()
    assert place.count("reactions.add") == 5


async def test_a_change_that_was_half_done_is_put_right_by_the_next(place: Place) -> None:
    ref = await place.chat.post("#alerts", card("taken"), KEY, "")
    await place.reactions()
    place.slack.faults.fail("reactions.remove", "something_of_next_year")
    await place.chat.update("#alerts", ref, card("done"), KEY)
    assert await place.reactions() == ["eyes", "white_check_mark"]
    await place.chat.update("#alerts", ref, card(), KEY)
    assert await place.reactions() == []


async def test_a_card_that_is_deleted_meanwhile_has_no_reaction(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    held = place.slack.faults.hold("reactions.add")
    await place.chat.post("#alerts", card("taken"), KEY, "")
    await held.entered.wait()
    place.slack.remove(place.slack.channel("alerts"), place.one())
    assert held.gate is not None
    held.gate.set()
    await place.chat.mirror.done()
    assert "not set" not in caplog.text


async def test_a_thousand_cards_are_remembered(place: Place) -> None:
    mirror = place.chat.mirror
    for number in range(1_001):
        mirror.is_new(f"C1:{number}.0")
    mirror.want("C1:1000.0", "")
    await mirror.done()
    assert place.count("reactions.remove") == 0
    mirror.want("C1:0.0", "")  # forgotten, so both are taken away to be sure
    await mirror.done()
    assert place.count("reactions.remove") == 1  # Slack says that there is no such channel
