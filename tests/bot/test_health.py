"""Health is measured, not assumed: whatever keeps mentions or cards from people makes `/healthz` say 503."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from bot import health
from bot.app import utc_now
from bot.health import Watch
from handlers.ports import SignInFailed, SourceError, Transient
from storage.store import Store
from storage.types import Lane
from tests.bot.fakes import ScriptedSource, listener, station
from tests.bot.running import Running, running
from tests.kit import NOW, Desk


async def healthz(opened: Running) -> tuple[int, dict[str, str]]:
    """The status, and the words of every part that is not well."""
    async with opened.client.get("/healthz") as answer:
        told = json.loads(await answer.text())
        assert told["ok"] is (answer.status == 200)
        return answer.status, {part["name"]: part["words"] for part in told["parts"] if not part["ok"]}


async def test_it_is_200_while_everything_works(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        await opened.becomes("select count(*) from sources where status = 'ok'")
        assert await healthz(opened) == (200, {})


async def test_it_is_503_when_a_delivery_is_dead_until_it_is_revived(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:

        def ask(store: Store) -> None:
            store.deliveries.post(
                "lost", subject="notice:x", chat="gone", channel="#x", lane=Lane.NORMAL, now=utc_now(), body="{}"
            )

        await opened.app.bridge.write(ask)
        opened.app.deliverer.ring()
        await opened.becomes("select count(*) from deliveries where state = 'dead'")
        status, parts = await healthz(opened)
        assert (status, list(parts)) == (503, ["deliveries"])
        assert "status" in parts["deliveries"]


async def test_it_is_503_when_the_database_takes_no_writes(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:

        def close_to_writes(store: Store) -> None:
            store.engine.run("pragma query_only = on")

        await opened.app.bridge.write(close_to_writes)
        status, parts = await healthz(opened)
        assert (status, list(parts)) == (503, ["writing"])
        await opened.app.bridge.write(lambda store: store.engine.run("pragma query_only = off"))
        assert (await healthz(opened))[0] == 200


async def test_it_is_503_when_a_transaction_can_begin_and_nothing_can_be_added(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:

        def fill_the_disk(store: Store) -> None:
            store.engine.run(
                "create trigger full before insert on inbox begin select raise(abort, 'database or disk is full'); end"
            )

        await opened.app.bridge.write(fill_the_disk)
        status, parts = await healthz(opened)
        assert (status, list(parts)) == (503, ["writing"])


async def test_it_is_503_when_the_clock_was_set_back_past_what_waits(tmp_path: Path) -> None:
    """Such a message is not overdue for days, and nobody would learn that it waits."""
    async with running(tmp_path) as opened:

        def ask_before_the_clock_jumped(store: Store) -> None:
            then = utc_now() + timedelta(days=3, minutes=1)
            store.deliveries.post(
                "early", subject="notice:x", chat="local", channel="#alerts", lane=Lane.NORMAL, now=then, body="{}"
            )

        await opened.app.bridge.write(ask_before_the_clock_jumped)
        status, parts = await healthz(opened)
        assert (status, list(parts)) == (503, ["clock"])
        assert parts["clock"].startswith("3 d behind what is stored; messages that wait for it to catch up: 1.")


async def test_it_is_503_when_a_task_has_ended(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:

        async def fall() -> None:
            raise KeyError("ts")

        opened.app._tasks.begin("listen gulls", fall())
        await asyncio.sleep(0)
        status, parts = await healthz(opened)
        assert (status, parts) == (503, {"tasks": "ended: listen gulls"})


async def test_others_learn_that_it_is_not_well_and_no_more(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        answer = await opened.client.get("/healthz", headers={"Host": "evil.example"})
        assert answer.status == 421


@pytest.mark.parametrize(
    ("error", "is_ok"), [(None, True), (Transient("It is down."), False), (SignInFailed("The key is wrong."), False)]
)
async def test_a_source_that_is_not_read_is_told(
    db_path: Path, tmp_path: Path, error: SourceError | None, is_ok: bool
) -> None:
    async with station(db_path) as opened:
        await listener(opened, ScriptedSource("birds", [error] if error else [])).step()
        watch = Watch(CollectorRegistry(), tmp_path)
        policy = opened.brain.policy
        found = await opened.bridge.read(lambda store: watch.judge(store, opened.clock(), policy))
        part = next(part for part in found.parts if part.name == "source birds")
        assert part.is_ok is is_ok
        assert (str(error) in part.words) is not is_ok


def test_a_source_that_left_the_file_is_no_fault(desk: Desk, tmp_path: Path) -> None:
    number = desk.store.sources.id_of("old blog", "feed", NOW)
    desk.store.sources.failed(number, "It is down.", "failing")
    found = Watch(CollectorRegistry(), tmp_path).judge(desk.store, NOW, desk.policy)
    assert found.is_ok


@pytest.mark.parametrize(("late", "is_ok"), [(timedelta(minutes=1), True), (timedelta(minutes=3), False)])
def test_deliveries_that_wait_for_long_are_a_fault(desk: Desk, tmp_path: Path, late: timedelta, is_ok: bool) -> None:
    desk.open_case()
    found = Watch(CollectorRegistry(), tmp_path).judge(desk.store, NOW + late, desk.policy)
    assert found.is_ok is is_ok


def test_a_full_disk_and_a_late_loop_are_faults(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(CollectorRegistry(), tmp_path)
    watch.lagged(3.0, 0)
    monkeypatch.setattr(health, "_ROOM", 10**18)
    found = watch.judge(desk.store, NOW, desk.policy)
    assert {part.name for part in found.parts if not part.is_ok} == {"disk", "event loop"}
