"""A chat that cannot be reached is told in another one, once, and so is its return."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from handlers import chat_alarms
from handlers.cards import Notice
from handlers.context import ChatState
from handlers.rules.policy import Member, Route
from storage.store import Store
from storage.types import Lane, Role
from tests.kit import POLICY, TROUBLES, Desk, raw

TEAM = (
    Member("ana", "Ana", (Role.AGENT,), slack="U1", discord="800000000000000001"),
    Member("mia", "Mia", (Role.ADMIN,), slack="U2", discord="800000000000000002"),
    Member("zoe", "Zoe", (Role.ADMIN,), slack="U3"),
)


@dataclass
class Chats:
    """Two chats outside, and the clock's job that looks at them every 15 seconds."""

    desk: Desk
    down: dict[str, str] = field(default_factory=dict)  # why, by chat
    names: tuple[str, ...] = ("slack", "discord")

    def pass_time(self, seconds: float) -> None:
        self.look()
        for _ in range(int(seconds // 15)):
            self.desk.later(seconds=15)
            self.look()

    def look(self) -> None:
        states = tuple(ChatState(name, name not in self.down, self.down.get(name, "connected")) for name in self.names)
        with self.desk.store.transaction():
            chat_alarms.watch(replace(self.desk.ctx, chats=states))

    def told(self) -> list[str]:
        """chat:#channel and the words of every message, in order."""
        rows = self.desk.store.engine.rows("select * from deliveries where key like 'notice:outage:%' order by id")
        found = []
        for row in rows:
            drawing = self.desk.drawn(row["subject"], row["body"])
            assert isinstance(drawing, Notice)
            assert not drawing.ping
            found.append(f"{row['chat']}:{row['channel']} {drawing.words}")
        return found


@pytest.fixture
def chats(store: Store) -> Chats:
    routes = (Route("discord:#alerts"), Route("slack:#alerts"), Route("slack:#more"))
    return Chats(Desk(store, policy=replace(POLICY, members=TEAM, routes=routes, alarms_to="", escalate_to="")))


def test_after_a_minute_the_other_chat_is_told_once_what_happened_and_that_nothing_is_lost(chats: Chats) -> None:
    chats.desk.take(raw("1", TROUBLES[0]))
    chats.down["discord"] = "the token is refused"
    chats.pass_time(45)
    assert chats.told() == []
    chats.pass_time(15)
    assert chats.told() == [
        "slack:#alerts 🔴 Discord cannot be reached since 11:00. Why: the token is refused."
        " Nothing is lost: 1 message waits."
    ]
    chats.pass_time(3600)
    assert len(chats.told()) == 1


def test_it_is_told_once_that_it_is_back_and_since_when(chats: Chats) -> None:
    chats.down["discord"] = "no answer in time"
    chats.pass_time(300)
    del chats.down["discord"]
    chats.pass_time(45)
    assert len(chats.told()) == 1, "it may go away again"
    chats.pass_time(3600)
    assert chats.told()[1:] == ["slack:#alerts 🟢 Discord is back since 11:05, after 5 min. What waited is posted now."]


def test_a_short_gap_is_told_nobody(chats: Chats) -> None:
    chats.down["slack"] = "no socket hears Slack"
    chats.pass_time(45)
    chats.down.clear()
    chats.pass_time(600)
    assert chats.told() == []
    assert chats.desk.store.outages.all_open() == []


def test_a_chat_that_comes_and_goes_is_one_outage(chats: Chats) -> None:
    for _ in range(40):
        chats.down["discord"] = "no answer in time"
        chats.pass_time(30)
        chats.down.clear()
        chats.pass_time(30)
    assert len(chats.told()) == 1
    chats.pass_time(120)
    assert len(chats.told()) == 2


def test_outages_in_a_row_are_told_with_some_minutes_between(chats: Chats) -> None:
    for _ in range(10):
        chats.down["discord"] = "no answer in time"
        chats.pass_time(120)
        chats.down.clear()
        chats.pass_time(120)
    downs = [line for line in chats.told() if "🔴" in line]
    assert 2 <= len(downs) <= 4, "forty minutes in all"
    assert len(chats.told()) == 2 * len(downs)


def test_one_that_lasts_is_told_as_soon_as_the_minutes_are_over(chats: Chats) -> None:
    chats.down["discord"] = "no answer in time"
    chats.pass_time(120)
    chats.down.clear()
    chats.pass_time(120)
    chats.down["discord"] = "the token is refused"
    chats.pass_time(300)
    assert len(chats.told()) == 2
    chats.pass_time(600)
    assert len(chats.told()) == 3
    assert "since 11:04" in chats.told()[2], "since it began, not since it was told"


def test_it_works_the_other_way_round(chats: Chats) -> None:
    chats.down["slack"] = "not signed in yet"
    chats.pass_time(60)
    (told,) = chats.told()
    assert told.startswith("discord:#alerts 🔴 Slack cannot be reached since 11:00. Why: not signed in yet.")


def test_the_channel_for_alarms_comes_first_where_it_is_on_another_chat(chats: Chats) -> None:
    chats.desk.change_policy(alarms_to="slack:#ops")
    chats.down["discord"] = "no answer in time"
    chats.pass_time(60)
    assert chats.told()[0].startswith("slack:#ops ")
    chats.down["slack"] = "no socket hears Slack"
    chats.pass_time(3600)
    assert len(chats.told()) == 1, "nobody can be told of the other"


def test_without_a_route_on_another_chat_its_admins_are_told_themselves(chats: Chats) -> None:
    chats.desk.change_policy(routes=(Route("discord:#alerts"),))
    chats.down["discord"] = "no answer in time"
    chats.pass_time(60)
    assert [line.partition(" ")[0] for line in chats.told()] == ["slack:@mia", "slack:@zoe"]
    chats.down.clear()
    chats.pass_time(120)
    assert [line.partition(" ")[0] for line in chats.told()[2:]] == ["slack:@mia", "slack:@zoe"]


def test_the_page_is_another_chat_too(chats: Chats) -> None:
    chats.names = ("discord",)
    chats.desk.change_policy(routes=(Route("discord:#alerts"), Route("local:#alerts")))
    chats.down["discord"] = "no answer in time"
    chats.pass_time(60)
    assert chats.told()[0].startswith("local:#alerts ")


def test_while_no_other_chat_is_there_it_waits_and_is_told_when_one_is(chats: Chats) -> None:
    chats.down |= {"discord": "no answer in time", "slack": "no socket hears Slack"}
    chats.pass_time(600)
    assert chats.told() == []
    del chats.down["slack"]
    chats.pass_time(120)
    (told,) = chats.told()
    assert told.startswith("slack:#alerts 🔴 Discord cannot be reached since 11:00.")


def test_a_restart_repeats_nothing(chats: Chats) -> None:
    chats.down["discord"] = "no answer in time"
    chats.pass_time(60)
    again = Chats(chats.desk, chats.down)
    again.pass_time(300)
    assert len(again.told()) == 1
    again.down.clear()
    again.pass_time(120)
    assert len(Chats(chats.desk).told()) == 2


def test_a_chat_that_was_switched_off_is_no_outage(chats: Chats) -> None:
    chats.down["discord"] = "no answer in time"
    chats.pass_time(60)
    chats.names = ("slack",)
    chats.pass_time(600)
    assert chats.desk.store.outages.all_open() == []
    assert len(chats.told()) == 1


def test_it_leaves_before_cards(chats: Chats) -> None:
    chats.down["discord"] = "no answer in time"
    chats.pass_time(60)
    lanes = chats.desk.store.engine.rows("select lane from deliveries where key like 'notice:outage:%'")
    assert [Lane(row["lane"]) for row in lanes] == [Lane.STATE]


def test_what_a_server_says_cannot_break_the_message(chats: Chats) -> None:
    chats.down["discord"] = "bad\n\n\u202egateway" + "!" * 2000
    chats.pass_time(60)
    (told,) = chats.told()
    assert "\n" not in told
    assert "\u202e" not in told
    assert len(told) < 600


def test_waiting_for_a_minute_is_a_parameter(chats: Chats) -> None:
    state = (ChatState("discord", is_ok=False, words="gone"),)
    ctx = replace(chats.desk.ctx, chats=(*state, ChatState("slack", is_ok=True, words="")))
    assert chat_alarms.watch(ctx, patience=timedelta(0)) == 1
