"""Strangers at the doors: whoever knocks on and on is told to wait, and locks nobody else out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.knocking import BY_ADDRESS, BY_DOOR, Knocking, knocker
from tests.bot.running import running
from tests.kit import TROUBLES


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_an_address_that_knocks_on_and_on_waits_and_is_heard_again() -> None:
    clock = Clock()
    knocking = Knocking(clock)
    heard = [knocking.must_wait("form", "198.51.100.7") == 0 for _ in range(2 * BY_ADDRESS.at_once)]
    assert heard == [True] * BY_ADDRESS.at_once + [False] * BY_ADDRESS.at_once
    assert knocking.must_wait("form", "198.51.100.8") == 0
    assert knocking.must_wait("another form", "198.51.100.7") == 0
    clock.later(knocking.must_wait("form", "198.51.100.7"))
    assert knocking.must_wait("form", "198.51.100.7") == 0


def test_many_addresses_at_one_door_wait_too_and_are_not_all_remembered() -> None:
    knocking = Knocking(Clock())
    heard = sum(knocking.must_wait("form", f"address {number}") == 0 for number in range(20_000))
    assert heard == BY_DOOR.at_once
    for number in range(20_000):
        knocking.must_wait(f"form {number}", "")
    assert len(knocking._full_at) <= 10_000


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    clock = Clock()
    knocking = Knocking(clock)
    while knocking.must_wait("form", "a") == 0:
        pass
    clock.later(-86_400)
    assert knocking.must_wait("form", "a") <= BY_ADDRESS.seconds + 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),  # a stranger may write there what he likes
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 9.9.9.9", "9.9.9.9"),  # the proxy wrote last; the rest came with the request
        ("::1", "9.9.9.9:41000", "9.9.9.9"),
        ("172.17.0.2", "unknown", "172.17.0.2"),
        ("::ffff:8.8.8.8", "", "8.8.8.8"),
        ("2a00:1:2:3::1", "", "2a00:1:2:3::/64"),
        ("2a00:1:2:3:ffff::9", "", "2a00:1:2:3::/64"),
        ("10.0.0.1", "[2a00:1:2:3::9]:443", "2a00:1:2:3::/64"),
        ("", "9.9.9.9", ""),
    ],
)
def test_who_knocks_is_told_by_the_connection_or_by_a_proxy_of_ours(peer: str, forwarded: str, counted: str) -> None:
    assert knocker(peer, forwarded) == counted


async def test_behind_a_proxy_one_stranger_does_not_close_the_form_to_all(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        page = await (await opened.client.get("/feedback/desk")).text()
        fields = {"token": page.partition('name="token" value="')[2].partition('"')[0], "text": TROUBLES[0]}

        async def send(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            path = "/feedback/desk"
            async with opened.client.post(path, data=fields, headers=headers, allow_redirects=False) as answer:
                return answer.status

        told = [await send("9.9.9.9") for _ in range(BY_ADDRESS.at_once + 5)]
        assert (told[0], told[-1]) == (303, 429)
        assert await send("9.9.9.10") == 303


async def test_forged_deliveries_are_told_to_wait_and_a_signed_one_is_taken_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        forged = [(await opened.hook({"text": "heron"}, secret="guessed"))[0] for _ in range(BY_ADDRESS.at_once + 5)]
        assert forged == [401] * BY_ADDRESS.at_once + [429] * 5
        assert (await opened.hook({"text": TROUBLES[0]}))[0] == 202
