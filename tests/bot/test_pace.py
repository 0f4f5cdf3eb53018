import asyncio
from contextlib import AsyncExitStack

from bot.fetch import Guard
from bot.pace import AT_ONCE, Pace
from tests.bot.sources.feedserver import fetching, serving
from tests.bot.test_fetch import ANY_PORT, Names


class Time:
    """A clock that goes on only when somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now = max(self.now, self.now + seconds)


async def starts(pace: Pace, time: Time, *hosts: str, is_ours: bool = False) -> list[float]:
    begun = []
    for host in hosts:
        async with pace.turn(host, is_ours=is_ours):
            begun.append(time.now - 100)
    return begun


async def test_one_host_is_asked_once_in_a_while_and_others_need_not_wait() -> None:
    time = Time()
    pace = Pace(1.0, clock=time.clock, sleep=time.sleep)
    assert await starts(pace, time, "a", "b", "c") == [0, 0, 0]
    assert await starts(pace, time, "a", "a") == [1, 2]
    time.now += 10
    assert await starts(pace, time, "a", "a") == [12, 13]


async def test_a_server_of_our_own_is_asked_as_fast_as_it_answers() -> None:
    time = Time()
    pace = Pace(1.0, clock=time.clock, sleep=time.sleep)
    assert await starts(pace, time, "a", "a", "a", is_ours=True) == [0, 0, 0]


async def test_two_are_asked_at_a_time_and_who_came_first_goes_first() -> None:
    pace, order, doors = Pace(0.0), [], [asyncio.Event() for _ in range(6)]

    async def ask(number: int) -> None:
        async with pace.turn("a"):
            order.append(number)
            await doors[number].wait()

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(ask(number))
        for number in range(6):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert order == list(range(min(6, number + AT_ONCE)))
            doors[number].set()
            await asyncio.sleep(0)
    assert order == list(range(6))


async def test_who_gives_up_waiting_costs_the_others_nothing() -> None:
    pace = Pace(0.0)
    async with AsyncExitStack() as held:
        for _ in range(AT_ONCE):
            await held.enter_async_context(pace.turn("a"))
        waiting = asyncio.create_task(held.enter_async_context(pace.turn("a")))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(5), pace.turn("a"):
        pass


async def test_lines_that_nobody_stands_in_are_forgotten() -> None:
    time = Time()
    pace = Pace(1.0, clock=time.clock, sleep=time.sleep)
    for turn in range(6):
        await starts(pace, time, *(f"host {turn} {number}" for number in range(500)))
        time.now += 5
    assert len(pace._lines) <= 1_000


async def test_waiting_for_a_turn_does_not_count_as_the_servers_time() -> None:
    names = Names(("127.0.0.1",))
    async with serving() as server, fetching(resolver=names, guard=Guard(lambda _: True, ANY_PORT, 0.15)) as fetch:
        server.say("/feed", b"words")
        url = server.url("/feed", "blog.example")
        answers = await asyncio.gather(*(fetch.get(url, timeout=0.1) for _ in range(4)))
    assert [answer.body for answer in answers] == [b"words"] * 4
