"""Charts in Slack: uploaded once, seen by everybody who is shown one, and never waited for long."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.chats.slack.adapter import SlackChat
from bot.chats.slack.directory import Directory
from bot.chats.slack.pictures import Pictures
from bot.chats.slack.wire import Wire
from handlers.cards import Button, Chart, Screen, Series
from handlers.ports import ChatDoubtful
from handlers.requests import Reply
from tests.bot.chats.slack.office import Office, office
from tests.bot.chats.slack.quiet import PICTURE, QuietDesk, Seconds, desk
from tests.bot.fakes import until
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.world import Message

ALT = "Mentions doubled on Tuesday: 40, then 82."
CHART = Chart("lines", "Mentions", ("Mon", "Tue"), (Series("all", (40, 82)),), ALT)
OTHER = replace(CHART, title="Answers", alt="Answers took twice as long.")
BRIEFING = Screen("Tuesday", "82 mentions.", chart=CHART)
KEY = "briefing:1:2026-11-24"
UPLOADS = ("files.getUploadURLExternal", "upload", "files.completeUploadExternal")


async def seen(is_so: Callable[[], object]) -> None:
    async def look() -> bool:
        return bool(is_so())

    await until(look, 10.0)


@dataclass
class Place:
    """A workspace with our chat in it; waiting takes no time."""

    slack: FakeSlack
    desk: QuietDesk
    clock: Seconds
    wire: Wire
    directory: Directory
    pictures: Pictures
    chat: SlackChat
    slept: list[float] = field(default_factory=list)

    @property
    def message(self) -> Message:
        (found,) = (one for one in self.slack.messages("#alerts") if not one.is_deleted)
        return found

    def has_picture(self) -> bool:
        return any("slack_file" in block for block in self.message.blocks)

    def count(self, *methods: str) -> int:
        return len(self.slack.calls_of(*methods))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with fake_slack() as slack:
        slack.add_user("ana")
        slack.add_channel("alerts", ["ana"])
        slack.wants_settings = True
        slept: list[float] = []

        async def sleep(seconds: float) -> None:
            slept.append(seconds)
            await asyncio.sleep(0)

        clock, quiet = Seconds(), desk()
        wire = Wire(slack.bot_token, slack.api_url, clock=clock)
        directory = Directory(wire, quiet, clock=clock)
        pictures = Pictures(quiet, wire, directory, clock=clock, sleep=sleep)
        chat = SlackChat(wire, directory, quiet, pictures=pictures)
        yield Place(slack, quiet, clock, wire, directory, pictures, chat, slept)
        await pictures.close()
        await wire.close()
        slack.check()


@pytest.fixture
async def team(tmp_path: Path) -> AsyncIterator[Office]:
    async with office(tmp_path) as opened:
        opened.desk.trouble.replies["summary"] = Reply(screen=BRIEFING, can_share=True)
        yield opened


# Posts


async def test_a_post_shows_its_chart_to_everybody_who_reads_there(place: Place) -> None:
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert place.slack.person("ana").pictures(place.message) == [PICTURE]
    (block,) = (one for one in place.message.blocks if one["type"] == "image")
    assert block["alt_text"] == ALT
    assert [call.method for call in place.slack.calls if call.method in UPLOADS] == list(UPLOADS)
    assert place.count("chat.postMessage", "chat.update") == 1


async def test_in_the_older_blocks_it_is_there_too(place: Place) -> None:
    place.desk.known = desk(classic=True).known
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert place.slack.person("ana").pictures(place.message) == [PICTURE]


async def test_redraws_and_other_posts_upload_nothing_again(place: Place) -> None:
    ref = await place.chat.post("#alerts", BRIEFING, KEY, "")
    await place.chat.update("#alerts", ref, replace(BRIEFING, intro="83 mentions."), KEY)
    assert "83 mentions." in place.message.words
    assert place.slack.person("ana").pictures(place.message) == [PICTURE]
    await place.chat.update("#alerts", ref, BRIEFING, KEY)
    await place.chat.post("#alerts", replace(BRIEFING, title="Again"), "other", ref)
    assert (len(place.desk.drawn), place.count(*UPLOADS)) == (1, 3)


async def test_one_chart_asked_for_by_many_at_once_is_one_upload(place: Place) -> None:
    hold = place.slack.faults.hold("upload")
    asked = [asyncio.create_task(place.pictures.upload(CHART, 10.0)) for _ in range(5)]
    await hold.entered.wait()
    assert hold.gate is not None
    hold.gate.set()
    await asyncio.gather(*asked)
    assert place.pictures.id_of(CHART)
    assert place.count(*UPLOADS) == 3


async def test_only_the_latest_charts_are_remembered(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chats.slack.pictures._REMEMBERED", 2)
    for chart in (CHART, OTHER, CHART, replace(CHART, title="Third")):
        await place.pictures.upload(chart, 10.0)
    assert place.pictures.id_of(CHART)
    assert place.pictures.id_of(OTHER) == ""
    assert len(place.desk.drawn) == 3


async def test_a_picture_that_slack_has_not_looked_through_yet_comes_with_a_redraw(place: Place) -> None:
    place.slack.not_ready = 4
    ref = await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert ref == place.message.ref
    assert ALT in place.message.words
    await seen(place.has_picture)
    assert place.slack.person("ana").pictures(place.message) == [PICTURE]
    assert place.count("chat.postMessage") == 2  # the first was refused, so nothing stood there twice
    assert len(place.slack.messages("#alerts")) == 1
    assert place.slept == [0.5, 1.0, 2.0]
    assert place.count(*UPLOADS) == 3


async def test_a_picture_that_takes_long_holds_no_post_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chats.slack.adapter.FOR_POSTS", 0.01)
    hold = place.slack.faults.hold("upload")
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert ALT in place.message.words
    assert not place.has_picture()
    assert hold.gate is not None
    hold.gate.set()
    await seen(place.has_picture)


async def test_a_late_picture_never_stands_over_something_newer(place: Place) -> None:
    place.slack.not_ready = 1
    hold = place.slack.faults.hold("chat.update")
    ref = await place.chat.post("#alerts", BRIEFING, KEY, "")
    await hold.entered.wait()  # the late redraw is on its way
    newer = asyncio.create_task(place.chat.update("#alerts", ref, Screen("Tuesday", "All is over."), KEY))
    await asyncio.wait({newer}, timeout=0.1)  # it lets the other end first
    assert hold.gate is not None
    hold.gate.set()
    await newer
    await asyncio.gather(*place.pictures._tasks)
    assert "All is over." in place.message.words
    assert not place.has_picture()


async def test_a_late_picture_does_not_come_when_the_message_has_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chats.slack.adapter.FOR_POSTS", 0.01)
    hold = place.slack.faults.hold("upload")
    ref = await place.chat.post("#alerts", BRIEFING, KEY, "")
    await place.chat.update("#alerts", ref, Screen("Tuesday", "All is over."), KEY)
    assert hold.gate is not None
    hold.gate.set()
    await asyncio.gather(*place.pictures._tasks)
    assert "All is over." in place.message.words
    assert not place.has_picture()


async def test_what_slack_never_takes_ends_in_words(place: Place) -> None:
    place.slack.not_ready = float("inf")
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    await asyncio.gather(*place.pictures._tasks)
    assert ALT in place.message.words
    assert place.count("chat.update") <= 6


TROUBLES: dict[str, Callable[[FakeSlack], object]] = {
    "no scope": lambda slack: slack.scopes.discard("files:write"),
    "no address": lambda slack: slack.faults.fail("files.getUploadURLExternal", "internal_error"),
    "another address": lambda slack: setattr(slack, "upload_base", "https://files.slack.com.evil.example"),
    "a proxy's page": lambda slack: slack.faults.http_500_html("upload"),
    "no bytes came": lambda slack: slack.faults.drop_before("upload"),
    "the answer to the bytes was lost": lambda slack: slack.faults.drop_after("upload"),
    "too many": lambda slack: slack.faults.rate_limit("upload", 30),
    "the end was lost": lambda slack: slack.faults.drop_after("files.completeUploadExternal"),
    "no such file": lambda slack: slack.faults.fail("files.completeUploadExternal", "file_not_found"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_an_upload_that_fails_is_no_doubt_about_the_post(
    place: Place, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    TROUBLES[trouble](place.slack)
    ref = await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert ref == place.message.ref
    assert ALT in place.message.words
    assert place.count("chat.postMessage") == 1
    tried = place.count(*UPLOADS)
    await place.chat.update("#alerts", ref, BRIEFING, KEY)  # nothing is tried again at once
    assert place.count(*UPLOADS) == tried
    assert ALT not in caplog.text
    assert "/upload/v1/" not in caplog.text


async def test_after_a_while_an_upload_is_tried_again(place: Place) -> None:
    place.slack.faults.http_500_html("upload")
    ref = await place.chat.post("#alerts", BRIEFING, KEY, "")
    place.clock.now += 31.0
    await place.chat.update("#alerts", ref, BRIEFING, KEY)
    assert place.slack.person("ana").pictures(place.message) == [PICTURE]


async def test_without_the_scope_slack_is_not_even_asked(place: Place) -> None:
    place.slack.scopes.discard("files:write")
    await place.directory.introduce()
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert place.count(*UPLOADS) == 0
    place.slack.scopes.add("files:write")  # reinstalled: Slack says so with each answer
    await place.directory.introduce()
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert place.count(*UPLOADS) == 3


async def test_a_chart_that_cannot_be_drawn_is_told_in_words(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(chart: Chart) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(place.desk, "picture", fails)
    await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert ALT in place.message.words


async def test_a_doubtful_post_stays_a_doubt_and_is_not_followed_by_anything(place: Place) -> None:
    place.slack.faults.drop_after("chat.postMessage")
    with pytest.raises(ChatDoubtful):
        await place.chat.post("#alerts", BRIEFING, KEY, "")
    assert place.count("chat.postMessage", "chat.update") == 1


# Where files may go


ADDRESSES = (
    "http://files.slack.com/upload/v1/x", "https://slack.com.evil.example/", "https://evilslack.com/", "ftp://x",
    "https://files.slack.com:8443/x", "https://a@files.slack.com/x", "http://127.0.0.1:9/upload", "", "https://[",
    "https://hooks.example/", "file:///etc/passwd", "//files.slack.com/x",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
async def test_files_go_to_slack_and_nowhere_else(address: str) -> None:
    for api in ("https://slack.com/api/", "http://127.0.0.1:65000/api/"):
        wire = Wire("xoxb-1", api)
        try:
            with pytest.raises(Exception, match=r"Slack refused the upload: (foreign_host|bad_address)\."):
                await wire.upload(address, b"secret")
        finally:
            await wire.close()


def test_slacks_own_servers_are_known_and_this_machines_when_it_is_tried_there() -> None:
    assert Wire("x")._upload_url("https://files.slack.com/upload/v1/ABC").host == "files.slack.com"
    local = Wire("x", "http://127.0.0.1:3900/api/")
    assert local._upload_url("http://127.0.0.1:3900/upload/v1/ABC").port == 3900


# Answers for one person


async def test_a_private_answer_shows_a_picture_that_she_can_see(team: Office) -> None:
    ana = team.person("ana")
    answer = await (await ana.command("/earshot summary", channel="#alerts")).arrives()
    (message,) = answer.messages
    assert message.ephemeral_to == ana.id
    assert ana.pictures(message) == [PICTURE]
    (sent,) = team.slack.messages("@ana")
    assert ana.pictures(sent) == [PICTURE]
    assert "Mentions" in sent.words


async def test_the_same_chart_again_is_given_at_once_and_sent_to_nobody_twice(team: Office) -> None:
    ana, bo = team.person("ana"), team.person("bo")
    await (await ana.command("/earshot summary", channel="#alerts")).arrives()
    again = await ana.command("/earshot summary", channel="#alerts")
    assert again.ack["response_type"] == "ephemeral"
    assert ana.pictures(again.messages[0]) == [PICTURE]
    other = await (await bo.command("/earshot summary", channel="#alerts")).arrives()
    assert bo.pictures(other.messages[0]) == [PICTURE]
    assert (len(team.slack.messages("@ana")), len(team.slack.messages("@bo"))) == (1, 1)
    assert len(team.slack.calls_of(*UPLOADS)) == 3


async def test_a_chart_that_takes_long_holds_no_answer_up(team: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chats.slack.answers.FOR_ANSWERS", 0.01)
    team.desk.trouble.easel = asyncio.Event()
    ana = team.person("ana")
    answer = await (await ana.command("/earshot summary", channel="#alerts")).arrives()
    assert ALT in answer.words
    assert "comes to your direct messages" in answer.words
    assert ana.pictures(answer.messages[0]) == []
    team.desk.trouble.easel.set()
    await seen(lambda: team.slack.messages("@ana"))
    assert ana.pictures(team.slack.messages("@ana")[0]) == [PICTURE]
    assert len(answer.messages) == 1


async def test_an_answer_without_files_tells_the_chart_in_words(team: Office) -> None:
    team.slack.scopes.discard("files:write")
    ana = team.person("ana")
    answer = await (await ana.command("/earshot summary", channel="#alerts")).arrives()
    assert ALT in answer.words
    assert "direct messages" not in answer.words
    assert team.slack.messages("@ana") == []


async def test_a_picture_whose_answer_was_lost_is_not_sent_again(team: Office) -> None:
    team.slack.faults.drop_after("chat.postMessage")
    ana = team.person("ana")
    for _ in range(2):
        answer = await (await ana.command("/earshot summary", channel="#alerts")).arrives()
        assert ALT in answer.words
        assert ana.pictures(answer.messages[0]) == []
    assert len(team.slack.messages("@ana")) == 1


async def test_who_cannot_be_written_to_is_answered_in_words(team: Office) -> None:
    team.slack.faults.fail("conversations.open", "cannot_dm_bot", times=9)
    ana = team.person("ana")
    answer = await (await ana.command("/earshot summary", channel="#alerts")).arrives()
    assert ALT in answer.words
    assert ana.pictures(answer.messages[0]) == []


async def test_in_a_direct_message_the_answer_itself_has_it(team: Office) -> None:
    ana = team.person("ana")
    await ana.dm("summary")
    await seen(lambda: len(team.slack.messages("@ana")) == 2)
    assert ana.pictures(team.slack.messages("@ana")[1]) == [PICTURE]
    await team.quiet()
    assert len(team.slack.messages("@ana")) == 2


async def test_in_a_direct_message_a_picture_that_is_not_ready_follows(team: Office) -> None:
    team.slack.not_ready = 1
    ana = team.person("ana")
    await ana.dm("summary")
    await seen(lambda: len(team.slack.messages("@ana")) == 3)
    _, answer, follows = team.slack.messages("@ana")
    assert ALT in answer.words
    assert ana.pictures(follows) == [PICTURE]


async def test_a_shared_answer_shows_its_chart_to_all(team: Office) -> None:
    mia, bo = team.person("mia"), team.person("bo")
    answer = await (await mia.command("/earshot summary", channel="#alerts")).arrives()
    await mia.click(answer.messages[0], "Share to channel")
    await seen(lambda: team.slack.messages("#alerts"))
    (shared,) = team.slack.messages("#alerts")
    assert bo.pictures(shared) == [PICTURE]
    assert "Shared by" in shared.words
    assert len(team.slack.calls_of(*UPLOADS)) == 3


async def test_a_modal_opens_at_once_and_the_picture_comes_into_it(team: Office) -> None:
    team.desk.trouble.easel = asyncio.Event()
    team.desk.trouble.replies["home"] = Reply(screen=Screen("Home", "Here.", buttons=(Button("Summary", "summary"),)))
    ana = team.person("ana")
    await ana.open_home()
    await seen(lambda: ana.home is not None)
    assert ana.home is not None
    answer = await (await ana.click(ana.home, "Summary")).arrives()
    assert ALT in answer.words
    team.desk.trouble.easel.set()
    await seen(lambda: ana.modal is not None and any("slack_file" in block for block in ana.modal.blocks))
    assert ana.modal is not None
    assert ana.pictures(ana.modal) == [PICTURE]


async def test_app_home_shows_no_chart_and_no_hole(team: Office) -> None:
    team.desk.trouble.replies["home"] = Reply(screen=BRIEFING)
    ana = team.person("ana")
    await ana.open_home()
    await seen(lambda: ana.home is not None)
    assert ana.home is not None
    assert "82 mentions." in ana.home.words
    assert ALT not in ana.home.words
    assert ana.pictures(ana.home) == []
    assert team.slack.calls_of(*UPLOADS) == []
