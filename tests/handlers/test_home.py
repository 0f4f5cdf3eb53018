"""One page of work for one person: hers, what is late, what is free, and whether all is well."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from handlers.cards import Row, Screen
from handlers.commands import home as page
from handlers.context import ChatState
from handlers.dispatch import dispatch
from handlers.requests import Request
from handlers.rules.policy import Member
from storage.store import open_storage
from tests.kit import MEMBERS, TROUBLES, Desk, raw


def home(desk: Desk, who: str = "ana") -> Screen:
    screen = desk.do(who, "home").screen
    assert screen is not None
    return screen


def sections(screen: Screen) -> dict[str, list[int]]:
    """The heading of each section and the numbers of its cases, in order."""
    found: dict[str, list[int]] = {}
    for row in screen.rows:
        if not row.facts:
            found[row.heading] = []
        else:
            found[list(found)[-1]].append(row.buttons[-1].case or 0)
    return found


def well(desk: Desk) -> None:
    """Every source has been heard and everything was delivered."""
    for entry in desk.policy.sources:
        desk.take(source=entry.name)
    for one in desk.store.deliveries.due(desk.now, 1_000):
        desk.store.deliveries.sent(one, str(one.id))


def test_an_empty_desk_says_so(desk: Desk) -> None:
    well(desk)
    screen = home(desk)
    assert screen.title == "Ana at Heron & Plover"
    assert screen.rows == (
        Row("Yours: none", None, ()),
        Row("Overdue: none", None, ()),
        Row("Unclaimed: none", None, ()),
    )
    assert screen.outro == "Health: all is well."
    assert [(one.label, one.verb, one.values) for one in screen.buttons] == [
        ("Queue", "queue", ()),
        ("Mine", "queue", (("which", "mine"),)),
        ("Refresh", "home", ()),
    ]


def test_each_case_stands_once_where_it_matters_most(desk: Desk) -> None:
    for number, text in enumerate(TROUBLES):
        desk.open_case(str(number), text)
    desk.do("ana", "claim 2")
    desk.do("ana", "claim 4")
    desk.do("bo", "claim 5")
    assert sections(home(desk)) == {"Yours": [2, 4], "Overdue: none": [], "Unclaimed": [1, 3]}
    desk.later(days=2)
    assert sections(home(desk)) == {"Yours": [2, 4], "Overdue": [1, 5, 3], "Unclaimed: none": []}
    assert sections(home(desk, "bo")) == {"Yours": [5], "Overdue": [2, 1, 3, 4], "Unclaimed: none": []}


def test_hers_are_shown_with_age_and_promise(desk: Desk) -> None:
    desk.open_case()
    desk.do("ana", "claim 1")
    desk.later(hours=1)
    (_, row, *_) = home(desk).rows
    assert row.heading == "🟡 #1 high · claimed by Ana · due in 3 h"
    assert "1 h ago" in row.facts
    desk.later(hours=4)
    assert home(desk).rows[1].heading.endswith("overdue by 1 h")


def test_a_long_list_says_how_much_of_it_is_shown(desk: Desk) -> None:
    words = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo")
    desk.take(*(raw(str(n), f"heron {words[n % 11]}{n} {words[n * 7 % 11]}{n} refund") for n in range(30)))
    desk.open_case("worst", "heron thieves, fraud, I will sue")
    for number in range(1, 11):
        desk.do("ana", f"claim {number}")
    shown = sections(home(desk))
    assert list(shown) == ["Yours, the first 8", "Overdue: none", "Unclaimed, the first 10"]
    assert shown["Unclaimed, the first 10"] == [31, *range(11, 20)]
    desk.later(days=3)
    shown = sections(home(desk))
    assert list(shown) == ["Yours, the first 8", "Overdue, the first 5", "Unclaimed, the first 10"]
    assert len({number for numbers in shown.values() for number in numbers}) == 8 + 5 + 10


def test_what_is_late_comes_longest_first_and_without_what_sleeps_or_is_answered(desk: Desk) -> None:
    desk.open_case("1", TROUBLES[0])
    desk.later(hours=1)
    desk.open_case("2", TROUBLES[1])
    desk.open_case("3", TROUBLES[2])
    desk.do("bo", "snooze 3 5d")
    desk.later(days=3)
    assert sections(home(desk))["Overdue"] == [2, 1]  # hers was urgent, and promised within an hour
    assert [case.id for case in desk.store.cases.longest_overdue(desk.now, 1)] == [2]
    desk.do("ana", "draft 1 Sorry.")
    desk.do("bo", "approve 1")
    desk.do("ana", "sent 1 https://birds.example/r")
    assert sections(home(desk, "kim"))["Overdue"] == [2]


def test_health_names_what_is_wrong(desk: Desk) -> None:
    assert home(desk).outro == "Health: all is well."  # a form that nobody has filled in is no trouble
    well(desk)
    store = desk.store
    store.sources.failed(store.sources.id_of("reviews", "file", desk.now), "HTTP 500", "failing")
    store.sources.poll_next(store.sources.id_of("birds", "feed", desk.now), desk.now + timedelta(minutes=15))
    store.pauses.pause("slack", "#alerts", "It is archived.", desk.now, desk.now)
    desk.open_case("1", source="desk")
    desk.later(hours=2)
    assert home(desk).outro == (
        "Health: birds silent for 2 h, reviews cannot be read, slack:#alerts is paused,"
        " 1 waiting to be delivered, the oldest for 2 h. `status` says more."
    )
    for one in store.deliveries.due(desk.now, 10):
        store.deliveries.dead(one, "refused")
    assert "1 not delivered" in home(desk).outro


def test_a_guest_gets_no_buttons_that_she_may_not_press(desk: Desk) -> None:
    desk.change_policy(members=(*MEMBERS, Member("gil", "Gil", is_guest=True)))
    desk.open_case()
    assert [button.verb for row in home(desk, "gil").rows for button in row.buttons] == ["show"]
    assert [button.verb for row in home(desk, "kim").rows for button in row.buttons] == ["claim", "show"]


def test_it_is_read_from_a_file_that_it_cannot_write(desk: Desk, db_path: Path) -> None:
    desk.open_case()
    reader = Desk(open_storage(db_path, read_only=True), desk.policy, desk.now)
    try:
        assert sections(home(reader))["Unclaimed"] == [1]
    finally:
        reader.store.close()


def test_the_page_fits_into_a_hundred_blocks() -> None:
    rows = page._YOURS + page._OVERDUE + page._UNCLAIMED
    assert rows * 4 + 8 <= 100  # four blocks a case, three headings, the title, health and buttons


def test_a_chat_that_nobody_is_reached_by_stands_in_home_and_status(desk: Desk) -> None:
    state = ChatState("slack", False, "no socket hears Slack")
    ctx = replace(desk.ctx, chats=(state, ChatState("discord", True, "it hears")))
    home, status = (dispatch(ctx, Request(desk.policy.member("mia"), verb)).screen for verb in ("home", "status"))
    assert home is not None
    assert status is not None
    assert "slack: no socket hears Slack" in home.outro
    assert "discord" not in home.outro
    told = [(row.heading, row.facts) for row in status.rows[:2]]
    assert told == [("🔴 slack · failing", ("no socket hears Slack",)), ("🟢 discord · ok", ("it hears",))]
