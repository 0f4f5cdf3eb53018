"""App Home: true for those who look at it, silent for the others, and never more calls than Slack likes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from bot.chats.slack.home import HomeKeeper
from bot.chats.slack.render import Look
from bot.chats.slack.wire import Wire
from handlers.cards import Chart, Screen
from handlers.requests import Reply, Request
from handlers.rules.policy import Member, Policy
from handlers.rules.roster import Person
from tests.bot.fakes import until
from tests.kit import POLICY
from tests.slack.fake import FakeSlack, fake_slack
from tests.slack.rates import Call


@dataclass
class Clock:
    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Desk:
    """Answers `home` with one sentence, and nothing to those without a role."""

    members: tuple[Member, ...] = ()
    words: str = "Nothing waits."
    asked: list[Request] = field(default_factory=list)
    is_broken: bool = False

    async def act(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.is_broken:
            raise KeyError("home")
        if request.member is None:
            return Reply("You have no role here. An admin can add you.", is_error=True)
        return Reply(screen=Screen(f"Home of {request.member.name}", self.words))

    def policy(self) -> Policy:
        return replace(POLICY, members=self.members)

    async def subject_at(self, chat: str, ref: str) -> str:
        return ""

    def meet(self, chat: str, people: Sequence[Person], *, groups_are_known: bool) -> None:
        """Nobody."""

    async def picture(self, chart: Chart) -> bytes:
        return b""

    async def reopen(self, chat: str, channel: str) -> None:
        """Nothing."""


@dataclass
class Kept:
    slack: FakeSlack
    desk: Desk
    keeper: HomeKeeper
    clock: Clock
    ids: Mapping[str, str]

    async def open(self, name: str) -> None:
        await self.keeper.opened(self.ids[name])

    def published(self, name: str = "") -> list[Call]:
        calls = self.slack.calls_of("views.publish")
        return [one for one in calls if not name or one.params["user_id"] == self.ids[name]]

    def words(self, name: str) -> str:
        home = self.slack.homes.get(self.ids[name])
        return home.words if home else ""

    def say(self, words: str) -> None:
        """What Home shows changes."""
        self.desk.words = words
        self.keeper.changed()

    def later(self, seconds: float) -> None:
        self.clock.seconds += seconds
        self.keeper._bell.set()  # the clock stands still between calls of this; the keeper sleeps by the real one

    async def shows(self, name: str, words: str) -> None:
        async def is_so() -> bool:
            return words in self.words(name)

        await until(is_so)


@asynccontextmanager
async def kept(*names: str) -> AsyncIterator[Kept]:
    """A Home for each of these people, and for Sam, who has no role."""
    clock = Clock()
    async with fake_slack() as slack:
        ids = {name: slack.add_user(name).id for name in (*names, "sam")}
        desk = Desk(tuple(Member(name, slack=ids[name]) for name in names))
        wire = Wire(slack.bot_token, slack.api_url, clock=clock)
        keeper = HomeKeeper(desk, wire, look=Look, clock=clock)
        running = asyncio.create_task(keeper.run())
        yield Kept(slack, desk, keeper, clock, ids)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await wire.close()


async def turns() -> None:
    """Everything that can go on without the clock has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_who_did_something_there_sees_it_at_once() -> None:
    async with kept("ana") as home:
        await home.open("ana")
        home.say("One case is yours.")
        await turns()
        assert "Nothing waits." in home.words("ana")
        await home.keeper.opened(home.ids["ana"], at_once=True)
        assert "One case is yours." in home.words("ana")


async def test_who_opens_it_sees_how_things_stand() -> None:
    async with kept("ana") as home:
        await home.open("ana")
        assert "Home of ana" in home.words("ana")
        assert "Nothing waits." in home.words("ana")
        (request,) = home.desk.asked
        assert (request.verb, request.chat, request.key) == ("home", "slack", "")


async def test_somebody_without_a_role_reads_a_plain_sentence() -> None:
    async with kept() as home:
        await home.open("sam")
        assert "You have no role here. An admin can add you." in home.words("sam")


async def test_a_change_is_shown_to_those_who_look_and_to_nobody_else() -> None:
    async with kept("ana", "bo") as home:
        await home.open("ana")
        home.later(15)
        home.say("One case waits.")
        await home.shows("ana", "One case waits.")
        assert not home.published("bo")
        home.later(601)  # she went to lunch
        home.say("Two cases wait.")
        await turns()
        assert len(home.published("ana")) == 2


async def test_many_changes_are_one_redraw_and_the_last_one_is_shown() -> None:
    async with kept("ana") as home:
        await home.open("ana")
        for number in range(100):
            home.say(f"Case {number} is new.")
            await asyncio.sleep(0)
        await turns()
        assert len(home.published()) == 1
        home.later(14)
        await turns()
        assert len(home.published()) == 1
        home.later(1)
        await home.shows("ana", "Case 99 is new.")
        assert len(home.published()) == 2


async def test_what_reads_the_same_is_not_published_again() -> None:
    async with kept("ana") as home:
        await home.open("ana")
        home.later(20)
        home.keeper.changed()

        async def is_read() -> bool:
            return len(home.desk.asked) == 2

        await until(is_read)
        await turns()
        assert len(home.published()) == 1


async def test_who_opens_it_again_and_again_gets_it_anew_but_not_each_time() -> None:
    async with kept("ana") as home:
        for _ in range(10):
            await home.open("ana")
        assert len(home.published()) == 1
        home.later(15)

        async def is_anew() -> bool:
            return len(home.published()) == 2

        await until(is_anew)


async def test_what_changes_while_it_is_published_is_not_forgotten() -> None:
    async with kept("ana") as home:
        held = home.slack.faults.hold("views.publish")
        opening = asyncio.create_task(home.open("ana"))
        await held.entered.wait()
        home.say("Meanwhile.")
        held.gate.set()  # type: ignore[union-attr]
        await opening
        assert "Nothing waits." in home.words("ana")
        home.later(15)
        await home.shows("ana", "Meanwhile.")


async def test_a_home_that_another_process_has_published_is_read_again_and_replaced() -> None:
    async with kept("ana") as home:
        await home.open("ana")
        view = home.slack.homes[home.ids["ana"]]
        view.hash = home.slack.new_hash()
        home.later(15)
        home.say("Newer.")
        await home.shows("ana", "Newer.")
        assert [one.error for one in home.published()] == ["", "hash_conflict", ""]
        assert ["hash" in one.params for one in home.published()] == [False, True, False]
        home.later(15)
        home.say("Newest.")
        await home.shows("ana", "Newest.")


async def test_a_workspace_without_homes_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async with kept("ana", "bo") as home:
        home.slack.has_home = False
        for name in ("ana", "bo", "ana"):
            await home.open(name)
            home.later(20)
            home.keeper.changed()
            await turns()
        assert len(home.published()) == 1
        assert caplog.text.count("Home Tab") == 1


async def test_slack_is_left_alone_as_long_as_it_asks() -> None:
    async with kept("ana", "bo") as home:
        home.slack.faults.rate_limit("views.publish", 40)
        await home.open("ana")
        await home.open("bo")
        home.later(39)
        home.keeper.changed()
        await turns()
        assert len(home.published()) == 1
        home.later(2)
        await home.shows("ana", "Nothing waits.")
        await home.shows("bo", "Nothing waits.")
        assert len(home.published()) == 3


@pytest.mark.parametrize("trouble", ["http_500_html", "drop_before"])
async def test_an_answer_that_got_lost_is_tried_again(trouble: str) -> None:
    async with kept("ana") as home:
        getattr(home.slack.faults, trouble)("views.publish")
        await home.open("ana")
        assert not home.words("ana")
        home.later(15)
        await home.shows("ana", "Nothing waits.")


async def test_an_error_of_our_own_costs_one_redraw_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async with kept("ana") as home:
        home.desk.is_broken = True
        await home.open("ana")
        assert "is not redrawn" in caplog.text
        home.desk.is_broken = False
        home.later(15)
        home.say("Mended.")
        await home.shows("ana", "Mended.")


async def test_a_client_that_cannot_draw_new_blocks_gets_old_ones() -> None:
    async with kept("ana") as home:
        home.desk.words = "Old blocks."
        home.slack.faults.fail("views.publish", "invalid_arguments")
        await home.open("ana")
        assert "Old blocks." in home.words("ana")
        kinds = [{block["type"] for block in one.params["view"]["blocks"]} for one in home.published()]
        assert "rich_text" in kinds[0]
        assert "rich_text" not in kinds[1]


async def test_what_slack_will_never_take_is_told_and_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    async with kept("ana") as home:
        home.slack.faults.fail("views.publish", "view_too_large", times=None)
        await home.open("ana")
        home.later(100)
        await turns()
        assert len(home.published()) == 1
        assert "view_too_large" in caplog.text


async def test_only_the_latest_two_hundred_are_kept_up_to_date() -> None:
    names = [f"p{number}" for number in range(203)]
    async with kept(*names) as home:
        for name in names:
            await home.open(name)
        home.later(15)
        home.say("News.")
        await home.shows("p3", "News.")
        await home.shows("p202", "News.")

        async def are_done() -> bool:
            return len(home.published()) == 403

        await until(are_done)
        assert "News." not in home.words("p2")


async def test_the_log_names_nobody_by_name(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    async with kept("ana") as home:
        home.desk.words = "hush-hush"
        home.slack.faults.fail("views.publish", "view_too_large")
        await home.open("ana")
        home.later(15)
        home.keeper.changed()
        await home.shows("ana", "hush-hush")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]
    assert "hush-hush" not in "\n".join(ours)
