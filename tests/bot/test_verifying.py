"""What is stored is asked for again: edits and numbers come in, what was deleted there loses its words here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from handlers import drafts
from handlers.ports import (
    FREE,
    Budget,
    BudgetSpent,
    Can,
    Item,
    Page,
    RateLimited,
    SignInFailed,
    Source,
    Tombstone,
    Transient,
)
from storage.sources import VERIFY
from storage.types import RawMention, SourceState
from tests.bot.fakes import Station, listener, station
from tests.kit import NOW, PRAISE, TROUBLES, raw

MINUTE = timedelta(minutes=1)


@dataclass
class Museum(Source):
    """Has what it holds; `trouble` is what asking again comes to."""

    name: str = "birds"
    holds: dict[str, RawMention] = field(default_factory=dict)
    knows_nothing_of: set[str] = field(default_factory=set)
    asked: list[list[str]] = field(default_factory=list)
    trouble: Exception | None = None
    kind: str = "feed"
    can: Can = Can.VERIFY
    answers: tuple[Item, ...] | None = None  # instead of what it holds

    async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
        return Page(tuple(self.holds.values()), "all")

    async def verify(self, native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
        self.asked.append(list(native_ids))
        if self.trouble is not None:
            raise self.trouble
        if self.answers is not None:
            return self.answers
        told = [one for one in native_ids if one not in self.knows_nothing_of]
        return tuple(self.holds.get(one, Tombstone(one, "deleted")) for one in told)

    async def check(self) -> str:
        return "It is open."

    async def close(self) -> None:
        """Nothing is held."""


def museum(*items: RawMention) -> Museum:
    return Museum(holds={item.native_id: item for item in items})


@dataclass
class Counted(Museum):
    """Can be asked for two a time."""

    async def affordable(self, count: int, budget: Budget) -> int:
        return min(2, count)


async def rows(opened: Station) -> int:
    return int(await opened.value("select count(*) from verifications"))


async def state(opened: Station) -> SourceState:
    found = await opened.bridge.read(lambda store: store.sources.state("birds"))
    assert found is not None
    return found


async def text_of(opened: Station, native_id: str) -> str:
    return str(await opened.value("select text from mentions where native_id = ?", native_id))


async def test_the_first_look_is_after_an_hour_then_ever_later_and_none_after_a_week(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a"))
        made = listener(opened, source)
        await made.step()
        looks = []
        for minute in range(0, 9 * 24 * 60, 10):
            if await made._sweep.step() and len(source.asked) > len(looks):
                looks.append(minute / 60)
            opened.clock.pass_by(minutes=10)
        assert [round(hours, 1) for hours in looks[:3]] == [1.0, 6.0, 24.0]
        gaps = [late - early for early, late in pairwise(looks[2:])]
        assert all(22 < gap <= 24 for gap in gaps), "never more than a day"
        assert 6 * 24 < looks[-1] <= 7 * 24
        assert await rows(opened) == 0


async def test_what_could_not_be_paid_for_stays_due(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = Counted(holds={one: raw(one) for one in "abcde"})
        made = listener(opened, source)
        await made.step()
        opened.clock.pass_by(hours=1)
        for _ in range(4):
            await made._sweep.step()
        assert [len(asked) for asked in source.asked] == [2, 2, 1]
        assert {one for asked in source.asked for one in asked} == set("abcde")


async def test_nobody_is_asked_when_the_team_wants_none_of_it(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, museum(raw("a")), verify_for=timedelta())
        await made.step()
        assert await rows(opened) == 0
        assert not made._sweep.is_wanted


async def test_an_edit_is_stored_and_redraws_its_card(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a", TROUBLES[0]))
        made = listener(opened, source)
        await made.step()
        await opened.deliver()
        source.holds["a"] = raw("a", f"{TROUBLES[0]} and now they laugh at me")
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert "laugh" in await text_of(opened, "a")
        opened.clock.pass_by(seconds=5)
        await opened.deliver()
        assert "laugh" in str(opened.chats["far"].messages[0].shown)
        assert await opened.value("select count(*) from mentions") == 1


async def test_an_edit_that_names_no_brand_any_more_is_stored_all_the_same(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a", TROUBLES[0]))
        made = listener(opened, source)
        await made.step()
        source.holds["a"] = raw("a", "Never mind, all is well again")
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert await text_of(opened, "a") == "Never mind, all is well again"


async def test_numbers_that_grow_fast_open_a_case_for_what_had_none(db_path: Path) -> None:
    async with station(db_path) as opened:
        quiet = raw("a", PRAISE, likes=1, shares=0, replies=0)
        source = museum(quiet)
        made = listener(opened, source)
        await made.step()
        before = await opened.value("select priority from mentions where native_id = 'a'")
        source.holds["a"] = raw("a", PRAISE, likes=90_000, shares=50_000, replies=20_000)
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert await opened.value("select priority from mentions where native_id = 'a'") > before
        assert await opened.value("select likes from mentions where native_id = 'a'") == 90_000
        case = await opened.value("select case_id from mentions where native_id = 'a'")
        assert case is not None
        assert await opened.value("select has_case from verifications") == 1, "what stands on a card is asked for first"


async def test_what_was_deleted_loses_its_words_everywhere_and_is_not_asked_for_again(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a", TROUBLES[0]), raw("b", TROUBLES[1]))
        made = listener(opened, source)
        await made.step()
        await opened.deliver()
        del source.holds["a"]
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert (await text_of(opened, "a"), await rows(opened)) == ("", 1)
        await opened.deliver()
        shown = [str(one.shown) for one in opened.chats["far"].messages]
        assert not any("suitcase" in one for one in shown)
        assert any("charged my card" in one for one in shown)
        await made.step()
        assert await text_of(opened, "a") == ""


async def test_an_approval_is_void_once_the_words_it_answers_were_edited_or_deleted(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a", TROUBLES[0]), raw("b", TROUBLES[1]))
        made = listener(opened, source)
        await made.step()
        for case in (1, 2):
            await opened.say("ana", f"draft {case} We are very sorry.")
            await opened.say("bo", f"approve {case}")
        assert await opened.value("select count(*) from drafts where state = 'approved'") == 2
        source.holds["a"] = raw("a", "Heron, you are not sorry at all, I shall sue")
        del source.holds["b"]
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        edited = (await opened.say("ana", "send 1")).words
        deleted = (await opened.say("ana", "send 2")).words
        assert "words in #1 were changed" in edited
        assert "was deleted by its author" in deleted
        assert drafts.LONGEST  # the words above are those of handlers/drafts.py


async def test_what_the_source_says_nothing_of_is_asked_for_again_later(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a"), raw("b", TROUBLES[1]))
        source.knows_nothing_of = {"a"}
        made = listener(opened, source)
        await made.step()
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert await rows(opened) == 2
        await made._sweep.step()
        assert len(source.asked) == 1, "not every minute, or others would never come to their turn"
        opened.clock.pass_by(hours=6)
        await made._sweep.step()
        assert sorted(source.asked[1]) == ["a", "b"]


def of_thirty() -> Museum:
    return museum(*(raw(f"n{number}", f"{PRAISE} {number}") for number in range(30)))


async def words_left(opened: Station) -> int:
    return int(await opened.value("select count(*) from mentions where text <> ''"))


async def test_most_of_it_gone_at_once_is_believed_only_after_a_second_look(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, source := of_thirty())
        await made._plan()
        await made.step()
        source.holds = {"n7": source.holds["n7"]}
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert await words_left(opened) == 30
        assert "29 of 30 posts are said to be gone; it looks again in an hour" in (await state(opened)).error
        opened.clock.pass_by(minutes=59)
        await made._sweep.step()
        assert (await words_left(opened), len(source.asked)) == (30, 1)
        opened.clock.pass_by(minutes=1)
        await made._sweep.step()
        assert (await words_left(opened), await rows(opened)) == (1, 1)
        assert (await state(opened)).error == ""


async def test_a_server_that_forgot_everything_for_a_moment_erases_nothing(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, source := of_thirty())
        await made.step()
        held, source.holds = source.holds, {}
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        source.holds = held
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert (await words_left(opened), await rows(opened), (await state(opened)).error) == (30, 30, "")
        source.holds = {}
        opened.clock.pass_by(hours=18)
        await made._sweep.step()
        assert await words_left(opened) == 30, "a doubt that was resolved does not count again"


async def test_many_that_are_gone_one_after_the_other_are_doubted_too(db_path: Path) -> None:
    async with station(db_path) as opened:
        made = listener(opened, source := museum())
        for number in range(20):
            source.holds = {f"n{number}": raw(f"n{number}", f"{PRAISE} {number}")}
            await made.step()
            opened.clock.pass_by(minutes=1)
        source.holds = {}
        opened.clock.pass_by(minutes=39)
        for _ in range(20):
            opened.clock.pass_by(minutes=1)
            await made._sweep.step()
        assert [len(one) for one in source.asked] == [1] * 20
        assert await words_left(opened) == 15


async def test_an_answer_under_another_id_is_no_other_mention(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a", TROUBLES[0]))
        source.answers = (raw("a2", f"{TROUBLES[0]}, edited"), Tombstone("never asked for", "deleted"))
        made = listener(opened, source)
        await made.step()
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        assert await opened.value("select count(*) from mentions") == 1
        assert await text_of(opened, "a") == TROUBLES[0]


async def test_an_answer_that_is_older_than_an_edit_that_came_meanwhile_undoes_nothing(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a", TROUBLES[0]))
        made = listener(opened, source)
        await made.step()
        opened.clock.pass_by(hours=1)
        real = source.verify

        async def verify(native_ids: Sequence[str], budget: Budget) -> tuple[Item, ...]:
            told = await real(native_ids, budget)
            opened.clock.pass_by(seconds=1)
            await made.take(Page((raw("a", f"{TROUBLES[0]} and worse"),), None))
            return told

        source.verify = verify  # type: ignore[method-assign]
        await made._sweep.step()
        assert "and worse" in await text_of(opened, "a")


async def test_a_hundred_at_a_time_and_those_on_cards_first(db_path: Path) -> None:
    async with station(db_path) as opened:
        items = [raw(f"n{number}", f"{PRAISE} {number}") for number in range(140)]
        made = listener(opened, source := museum(*items, raw("bad", TROUBLES[0])))
        await made.step()
        opened.clock.pass_by(hours=1)
        await made._sweep.step()
        await made._sweep.step()
        assert [len(one) for one in source.asked] == [100, 41]
        assert source.asked[0][0] == "bad"


async def test_its_troubles_are_told_and_cost_the_polls_nothing(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a"))
        made = listener(opened, source)
        await made._plan()
        await made.step()
        opened.clock.pass_by(hours=1)
        source.trouble = Transient("birds.example is down.")
        assert await made._sweep.step() == timedelta(minutes=15)
        found = await state(opened)
        assert found.status == "ok"
        assert "deleted or edited there cannot be seen: birds.example is down." in found.error
        assert found.last_ok_at == NOW, "asking again is no hearing of what is new"
        source.trouble = None
        await made._sweep.step()
        assert (await state(opened)).error == ""


async def test_money_and_time_are_waited_for_and_a_refused_token_ends_it(db_path: Path) -> None:
    async with station(db_path) as opened:
        source = museum(raw("a"))
        made = listener(opened, source)
        await made._plan()
        await made.step()
        opened.clock.pass_by(hours=1)
        midnight = (opened.clock() + timedelta(days=1)).replace(hour=0)
        source.trouble = BudgetSpent("The $5 that birds may cost a day are spent.", midnight)
        assert await made._sweep.step() == midnight - opened.clock()
        source.trouble = RateLimited("birds.example asks for time.", opened.clock() + 20 * MINUTE)
        assert await made._sweep.step() == 20 * MINUTE
        source.trouble = SignInFailed("birds.example does not take the token.")
        assert await made._sweep.step() is None
        cursors = await opened.bridge.write(lambda store: store.sources.cursors(store.sources.id_of("birds", "", NOW)))
        assert cursors[VERIFY].status == "off"


async def test_it_stops_with_the_last_poll_so_that_a_reload_begins_anew(db_path: Path) -> None:
    async with station(db_path) as opened:

        class Closed(Museum):
            async def poll(self, cursor: str | None, limit: int, query: str = "", budget: Budget = FREE) -> Page:
                raise SignInFailed("birds.example does not take the token.")

        await listener(opened, Closed()).run()
