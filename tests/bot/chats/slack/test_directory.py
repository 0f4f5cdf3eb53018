"""Channels by name, people with their limits, groups that give roles: as Slack tells them, and while it is silent."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bot.chats.slack.directory import Directory
from bot.chats.slack.wire import Wire
from handlers.ports import ChatBusy, ChatClosed, ChatDoubtful, ChatError
from handlers.rules.policy import Escalation, Member
from storage.types import Role
from tests.bot.chats.slack.quiet import QuietDesk, Seconds, desk
from tests.bot.fakes import until
from tests.slack.fake import FakeSlack, fake_slack

GROUPS = {"@Support": (Role.AGENT,), "leads": (Role.AGENT, Role.MANAGER)}


@dataclass
class Place:
    """A workspace, and our directory of it."""

    slack: FakeSlack
    desk: QuietDesk
    clock: Seconds
    wire: Wire
    directory: Directory

    def know(self, *members: Member, **slack: object) -> None:
        """The team of the file is this one from now on."""
        self.desk.known = desk(*members, **slack).known

    def count(self, method: str) -> int:
        return len(self.slack.calls_of(method))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with fake_slack() as slack:
        slack.add_channel("alerts")
        clock, quiet = Seconds(), desk()
        wire = Wire(slack.bot_token, slack.api_url, clock=clock)
        directory = Directory(wire, quiet, gap=0.0, clock=clock)
        yield Place(slack, quiet, clock, wire, directory)
        await wire.close()


async def test_it_learns_who_we_are(place: Place) -> None:
    await place.directory.introduce()
    told = place.directory
    assert (told.team_id, told.bot_id, told.bot_user_id) == ("T0HERON", place.slack.bot_id, place.slack.bot.id)
    assert (told.team_name, told.team_url, told.bot_handle) == ("Heron & Plover", place.slack.url, "@earshot")
    assert told.scopes == place.slack.scopes


# Channels


async def test_a_channel_is_found_by_name_and_by_id(place: Place) -> None:
    there = place.slack.channel("alerts").id
    assert await place.directory.channel_id("#alerts") == there
    assert await place.directory.channel_id(f"#{there}") == there
    assert place.directory.channel_name(there) == "#alerts"
    assert place.directory.channel_name("C0UNKNOWN") == "C0UNKNOWN"
    assert place.count("users.conversations") == 1
    assert place.count("conversations.info") == 0


async def test_channels_come_in_pages(place: Place) -> None:
    for number in range(7):
        place.slack.add_channel(f"more-{number}", is_private=bool(number % 2))
    place.slack.page_size = 3
    assert await place.directory.channel_id("#more-5") == place.slack.channel("more-5").id
    assert await place.directory.count_channels() == 8


async def test_a_name_that_is_not_there_makes_us_look_once_in_ten_seconds(place: Place) -> None:
    for _ in range(5):
        with pytest.raises(ChatClosed, match="invite @earshot to #nowhere"):
            await place.directory.channel_id("#nowhere")
        place.clock.now += 1
    assert place.count("users.conversations") == 1
    made = place.slack.add_channel("nowhere")
    with pytest.raises(ChatClosed):
        await place.directory.channel_id("#nowhere")
    place.clock.now += 5
    assert await place.directory.channel_id("#nowhere") == made.id
    assert place.count("users.conversations") == 2


async def test_many_who_ask_at_once_make_us_look_once(place: Place) -> None:
    found = await asyncio.gather(*(place.directory.channel_id("#alerts") for _ in range(20)))
    assert set(found) == {place.slack.channel("alerts").id}
    assert place.count("users.conversations") == 1


async def test_channels_that_cannot_be_used_say_what_to_do(place: Place) -> None:
    place.slack.add_channel("old", is_archived=True)
    elsewhere = place.slack.add_channel("elsewhere", bot_in=False)
    hidden = place.slack.add_channel("hidden", bot_in=False, is_private=True)
    with pytest.raises(ChatClosed, match=r"^#old is archived\. Unarchive it"):
        await place.directory.channel_id("#old")
    with pytest.raises(ChatClosed, match="no channel #elsewhere"):
        await place.directory.channel_id("#elsewhere")
    with pytest.raises(ChatClosed, match=f"not in #{elsewhere.id}.*invite @earshot"):
        await place.directory.channel_id(f"#{elsewhere.id}")
    with pytest.raises(ChatClosed, match=f"no channel #{hidden.id}"):
        await place.directory.channel_id(f"#{hidden.id}")


async def test_our_own_name_in_the_workspace_is_used(place: Place) -> None:
    place.slack.bot.name = "ears"
    await place.directory.introduce()
    with pytest.raises(ChatClosed, match="invite @ears to #nowhere"):
        await place.directory.channel_id("#nowhere")


@pytest.mark.parametrize("mark", ["is_ext_shared", "is_pending_ext_shared"])
async def test_a_channel_shared_with_others_is_refused_until_it_is_named(place: Place, mark: str) -> None:
    shared = place.slack.add_channel("partners", **{mark: True})
    with pytest.raises(ChatClosed, match=r"#partners is shared with another company.*shared_channels"):
        await place.directory.channel_id("#partners")
    with pytest.raises(ChatClosed):
        await place.directory.mind(shared.id)
    assert "another company" in place.directory.is_refused_channel(shared.id)
    for name in ("#partners", "partners", shared.id):
        place.know(shared_channels=(name,))
        assert await place.directory.channel_id("#partners") == shared.id
        assert place.directory.is_refused_channel(shared.id) == ""
        await place.directory.mind(shared.id)


async def test_a_channel_shared_within_the_organisation_is_ours(place: Place) -> None:
    place.slack.add_channel("everywhere", is_org_shared=True)
    assert await place.directory.channel_id("#everywhere")
    assert place.directory.is_refused_channel(place.slack.channel("everywhere").id) == ""
    assert place.directory.is_refused_channel("C0UNKNOWN") == ""


async def test_minding_a_channel_asks_slack_before_it_allows(place: Place) -> None:
    shared = place.slack.add_channel("partners", is_ext_shared=True)
    with pytest.raises(ChatClosed):
        await place.directory.mind(shared.id)


async def test_a_question_that_fails_is_asked_again_soon(place: Place) -> None:
    place.slack.faults.http_500_html("users.conversations")
    with pytest.raises(ChatBusy):
        await place.directory.channel_id("#alerts")
    assert await place.directory.channel_id("#alerts") == place.slack.channel("alerts").id
    place.slack.faults.fail("conversations.info", "method_deprecated")
    with pytest.raises(ChatClosed, match="method_deprecated"):
        await place.directory.channel_id("#C0ELSEWHERE")


async def test_a_channel_that_can_be_used_again_is_tried_at_once(place: Place) -> None:
    old = place.slack.add_channel("old", is_archived=True)
    shared = place.slack.add_channel("partners", is_ext_shared=True)
    joined = place.slack.add_channel("joined", bot_in=False)
    await place.directory.refresh()
    assert place.desk.reopened == []
    old.is_archived = shared.is_ext_shared = False
    joined.members.add(place.slack.bot.id)
    await place.directory.refresh()
    names = {f"#{name}" for channel in (old, shared, joined) for name in (channel.name, channel.id)}
    assert (len(place.desk.reopened), set(place.desk.reopened)) == (6, names)
    await place.directory.refresh()
    assert len(place.desk.reopened) == 6


async def test_a_list_that_is_wrong_about_a_channel_is_not_believed_again_at_once(place: Place) -> None:
    await place.directory.refresh()
    place.directory.found_closed("#alerts", "not_in_channel")
    await place.directory.refresh()
    assert place.desk.reopened == ["#alerts"]  # it was closed for a moment only
    place.directory.found_closed("#alerts", "not_in_channel")
    await place.directory.refresh()
    assert place.desk.reopened == ["#alerts"]
    place.slack.channel("alerts").is_archived = True
    await place.directory.refresh()
    place.slack.channel("alerts").is_archived = False
    await place.directory.refresh()
    assert "#alerts" in place.desk.reopened[1:]


# Direct messages


async def test_a_direct_message_is_opened_once(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.know(Member("ana", slack=ana.id))
    assert await place.directory.channel_id("@ana") == place.slack.dm_of(ana).id
    assert await place.directory.channel_id("@ana") == place.slack.dm_of(ana).id
    assert place.count("conversations.open") == 1
    assert place.directory.slack_id("ana") == ana.id
    assert place.directory.slack_id("bo") == ""


async def test_direct_messages_are_known_by_their_id(place: Place) -> None:
    there = place.slack.dm_of(place.slack.add_user("ana")).id
    assert await place.directory.channel_id(f"#{there}") == there
    assert place.slack.calls == []


async def test_whom_nothing_can_be_sent_to(place: Place) -> None:
    gone = place.slack.add_user("gone")
    gone.deleted = True
    place.know(Member("bo"), Member("gone", slack=gone.id), Member("typo", slack="U0NOBODY"))
    with pytest.raises(ChatBusy):  # one whom a group adds is known only after the first reading
        await place.directory.channel_id("@bo")
    await place.directory.refresh()
    with pytest.raises(ChatClosed, match="bo has no Slack id"):
        await place.directory.channel_id("@bo")
    with pytest.raises(ChatClosed, match="gone was deactivated in Slack"):
        await place.directory.channel_id("@gone")
    with pytest.raises(ChatClosed, match="typo is not in this workspace"):
        await place.directory.channel_id("@typo")


async def test_an_outsider_gets_messages_only_where_outsiders_may(place: Place) -> None:
    zoe = place.slack.add_user("zoe", team="T0OTHER")
    place.know(Member("zoe", slack=zoe.id))
    await place.directory.introduce()
    await place.directory.refresh()
    with pytest.raises(ChatClosed, match="zoe belongs to another company"):
        await place.directory.channel_id("@zoe")
    place.know(Member("zoe", slack=zoe.id), outsiders=True)
    assert await place.directory.channel_id("@zoe")


# People


async def test_people_come_with_their_limits(place: Place) -> None:
    slack = place.slack
    ana, gus = slack.add_user("ana", "Ana Lind"), slack.add_user("gus", is_restricted=True)
    zoe, old = slack.add_user("zoe", team="T0OTHER"), slack.add_user("old")
    old.deleted = True
    place.know(
        *(Member(user.name, slack=user.id) for user in (ana, gus, zoe, old)), Member("typo", slack="U0NO"), Member("x")
    )
    await place.directory.introduce()
    await place.directory.refresh()
    people = place.desk.people
    assert set(people) == {ana.id, gus.id, zoe.id, old.id, "U0NO"}
    assert (people[ana.id].chat, people[ana.id].handle, people[ana.id].groups) == ("slack", "ana", ())
    assert [people[user.id].is_guest for user in (ana, gus, zoe, old)] == [False, True, False, False]
    assert [people[user.id].is_outsider for user in (ana, gus, zoe, old)] == [False, False, True, False]
    assert [people[user].is_gone for user in (ana.id, gus.id, zoe.id, old.id, "U0NO")] == [False] * 3 + [True] * 2
    assert place.count("usergroups.list") == 0
    assert place.desk.met[-1][1]


async def test_people_of_the_same_organisation_are_no_outsiders(place: Place) -> None:
    place.slack.enterprise_id = "E0HERON"
    zoe = place.slack.add_user("zoe", team="E0HERON")
    place.know(Member("zoe", slack=zoe.id))
    await place.directory.introduce()
    place.slack.users[zoe.id].as_slack = lambda: {"id": zoe.id, "name": "zoe", "team_id": "E0HERON"}  # type: ignore[method-assign]
    await place.directory.refresh()
    assert not place.desk.people[zoe.id].is_outsider


async def test_one_person_who_cannot_be_read_costs_no_other(place: Place) -> None:
    ana, bo = place.slack.add_user("ana"), place.slack.add_user("bo")
    guest = place.slack.add_user("gus", is_restricted=True)
    place.slack.add_group("support", [ana, guest])
    place.know(Member("ana", slack=ana.id), Member("bo", slack=bo.id), groups=GROUPS)
    place.slack.faults.fail("users.info", "fatal_error", times=1)
    with pytest.raises(ChatDoubtful):
        await place.directory.refresh()
    people = place.desk.people
    assert set(people) == {ana.id, bo.id, guest.id}
    assert (people[ana.id].is_guest, people[ana.id].groups) == (False, ("support",))  # the file names her
    await place.directory.refresh()
    assert place.desk.people[ana.id].handle == "ana"
    assert place.count("users.info") == 4


async def test_somebody_of_a_group_who_was_never_read_is_not_met(place: Place) -> None:
    ana, gus = place.slack.add_user("ana"), place.slack.add_user("gus", is_restricted=True)
    place.slack.add_group("support", [gus])
    place.know(Member("ana", slack=ana.id), groups=GROUPS)
    place.slack.faults.fail("users.info", "internal_error", times=2)
    with pytest.raises(ChatDoubtful):
        await place.directory.refresh()
    assert set(place.desk.people) == {ana.id}
    await place.directory.refresh()
    assert place.desk.people[gus.id].is_guest


async def test_when_slack_is_down_not_everybody_is_asked(place: Place) -> None:
    users = [place.slack.add_user(f"user{number}") for number in range(20)]
    place.know(*(Member(user.name, slack=user.id) for user in users))
    place.slack.faults.http_500_html("users.info", times=None)
    with pytest.raises(ChatDoubtful):
        await place.directory.refresh()
    assert place.count("users.info") == 3


async def test_what_is_known_of_people_is_asked_again_now_and_then(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.know(Member("ana", slack=ana.id))
    for _ in range(3):
        await place.directory.refresh()
    assert place.count("users.info") == 1
    ana.is_restricted = True
    place.clock.now += 1_000
    await place.directory.refresh()
    assert place.desk.people[ana.id].is_guest


async def test_groups_are_read_by_their_handle(place: Place) -> None:
    ana, bo, cy = (place.slack.add_user(name) for name in ("ana", "bo", "cy"))
    place.slack.add_group("support", [ana, bo])
    place.slack.add_group("LEADS", [bo])
    place.slack.add_group("football", [cy])
    place.know(groups=GROUPS)
    await place.directory.refresh()
    assert {user: person.groups for user, person in place.desk.people.items()} == {
        ana.id: ("support",),
        bo.id: ("leads", "support"),
    }
    place.know(groups={})
    await place.directory.refresh()
    assert place.desk.people == {}


async def test_a_group_that_is_called_is_known_by_its_handle_though_it_gives_no_role(place: Place) -> None:
    support, press = place.slack.add_group("support"), place.slack.add_group("press")
    place.know()
    await place.directory.refresh()
    assert place.directory.group_id("support") == ""  # nobody is to be called, so Slack is not asked
    place.desk.known = replace(place.desk.known, escalations=(Escalation(timedelta(hours=1), ping=("@support",)),))
    await place.directory.refresh()
    assert place.directory.group_id("@support") == place.directory.group_id("Support") == support.id
    assert place.directory.group_id("press") == press.id
    assert place.directory.group_id("nobody") == place.directory.group_id("") == ""
    assert place.count("usergroups.users.list") == 0


async def test_a_group_that_is_not_there_is_told_once(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.know(groups=GROUPS)
    for _ in range(3):
        await place.directory.refresh()
    assert caplog.text.count("no user group leads, support") == 1
    assert place.desk.met[-1] == ([], True)


async def test_groups_hold_for_five_minutes_without_slack(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.slack.add_group("support", [ana])
    place.know(groups=GROUPS)
    await place.directory.refresh()
    place.slack.faults.fail("usergroups.users.list", "internal_error", times=2)
    for seconds, are_known in ((300, True), (1, False)):
        place.clock.now += seconds
        with pytest.raises(ChatDoubtful):
            await place.directory.refresh()
        assert place.desk.met[-1][1] is are_known
        assert place.desk.people[ana.id].groups == ("support",)
    await place.directory.refresh()
    assert place.desk.met[-1][1]


async def test_groups_end_after_five_minutes_though_a_reading_hangs(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.slack.add_group("leads", [ana])
    place.know(groups={"leads": (Role.MANAGER,)})
    directory = Directory(place.wire, place.desk, refresh_every=0.01, gap=0.0, clock=place.clock)
    running = asyncio.create_task(directory.run())

    async def relies_on_groups(is_so: bool) -> bool:
        return bool(place.desk.met) and place.desk.met[-1][1] is is_so and ana.id in place.desk.people

    try:
        await until(lambda: relies_on_groups(True))
        place.slack.faults.slow("users.conversations", 60, times=None)
        asked = place.count("users.conversations")

        async def hangs() -> bool:
            return place.count("users.conversations") > asked

        await until(hangs)
        place.clock.now += 301
        await until(lambda: relies_on_groups(False))
        assert place.desk.people[ana.id].groups == ("leads",)
        told = len(place.desk.met)
        directory._people.mind_groups()
        assert len(place.desk.met) == told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_missing_scope_for_groups_leaves_the_rest(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.know(Member("ana", slack=ana.id), groups=GROUPS)
    place.slack.scopes.discard("usergroups:read")
    with pytest.raises(ChatClosed, match="usergroups:read"):
        await place.directory.refresh()
    assert place.desk.people[ana.id].handle == "ana"
    assert await place.directory.channel_id("#alerts")


async def test_a_wait_that_slack_asks_for_ends_the_questions(place: Place) -> None:
    users = [place.slack.add_user(f"user{number}") for number in range(5)]
    place.know(*(Member(user.name, slack=user.id) for user in users))
    place.slack.faults.rate_limit("users.info", 20)
    with pytest.raises(ChatBusy):
        await place.directory.refresh()
    assert place.count("users.info") == 1
    assert set(place.desk.people) == {user.id for user in users}
    place.clock.now += 20
    await place.directory.refresh()
    assert {person.handle for person in place.desk.people.values()} == {user.name for user in users}


# Strangers


async def test_who_is_a_stranger(place: Place) -> None:
    zoe = place.slack.add_user("zoe", team="T0OTHER")
    place.know(Member("zoe", slack=zoe.id))
    is_stranger = place.directory.is_stranger
    assert is_stranger("U1", ["T0HERON"])  # we do not know yet who we are
    assert is_stranger("U1", [])
    await place.directory.introduce()
    assert not is_stranger("U1", ["T0HERON"])
    assert not is_stranger("U1", [])
    assert is_stranger("U1", ["T0HERON", "T0OTHER"])
    assert is_stranger("U1", ["T0OTHER", ""])
    assert not is_stranger(zoe.id, ["T0HERON"])
    await place.directory.refresh()
    assert is_stranger(zoe.id, ["T0HERON"])  # by what Slack says of her
    place.know(Member("zoe", slack=zoe.id), outsiders=True)
    assert not is_stranger(zoe.id, ["T0OTHER"])
    assert is_stranger("U1", ["T0OTHER"])


async def test_the_same_organisation_is_not_strange(place: Place) -> None:
    place.slack.enterprise_id = "E0HERON"
    await place.directory.introduce()
    assert not place.directory.is_stranger("U1", ["T0SISTER", "E0HERON"])
    assert place.directory.is_stranger("U1", ["T0SISTER"])


async def test_a_colleague_of_a_sister_workspace_is_known_by_what_slack_says_of_her(place: Place) -> None:
    place.slack.enterprise_id = "E0HERON"
    zoe, eve = place.slack.add_user("zoe", team="T0SISTER"), place.slack.add_user("eve", team="T0OTHER")
    told = zoe.as_slack() | {"is_stranger": False, "enterprise_user": {"enterprise_id": "E0HERON"}}
    place.slack.users[zoe.id].as_slack = lambda: told  # type: ignore[method-assign]
    place.know(Member("zoe", slack=zoe.id), Member("eve", slack=eve.id))
    await place.directory.introduce()
    assert place.directory.is_stranger(zoe.id, ["T0SISTER"])  # nothing is known of her yet
    await place.directory.refresh()
    assert not place.directory.is_stranger(zoe.id, ["T0SISTER"])
    assert place.directory.is_stranger(eve.id, ["T0OTHER"])
    assert place.directory.is_stranger(eve.id, ["T0HERON"])


# Running


async def test_it_looks_again_after_a_hint(place: Place) -> None:
    running = asyncio.create_task(place.directory.run())

    async def has(name: str) -> bool:
        return place.directory.channel_name(place.slack.channel(name).id) == name

    try:
        await until(lambda: has("#alerts"))
        place.slack.channel("alerts").name = "warnings"
        place.directory.hint()
        await until(lambda: has("#warnings"))
        assert place.directory.team_id
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_survives_whatever_goes_wrong(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.slack.token_error = "token_revoked"
    running = asyncio.create_task(place.directory.run())

    async def was_called(times: int) -> bool:
        return place.count("auth.test") >= times

    async def is_known() -> bool:
        return bool(place.desk.met)

    try:
        for times in range(1, 4):
            await until(lambda times=times: was_called(times))
            place.directory.hint()
        warned = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert sum("revoked" in record.getMessage() for record in warned) == 1
        place.slack.token_error = ""
        place.slack.faults.fail("users.conversations", "internal_error")
        place.directory.hint()
        await until(is_known)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_failure_of_channels_does_not_keep_people_away(place: Place) -> None:
    ana = place.slack.add_user("ana")
    place.know(Member("ana", slack=ana.id))
    place.slack.faults.fail("users.conversations", "internal_error")
    with pytest.raises(ChatError):
        await place.directory.refresh()
    assert place.desk.people[ana.id] == replace(place.desk.people[ana.id], handle="ana")
