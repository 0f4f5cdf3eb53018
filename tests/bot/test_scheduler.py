"""The clock's ticks: every job is found and called, at the start and again; a job that fails stops no other."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from bot.scheduler import build_scheduler, find_jobs
from storage.errors import StorageError
from tests.bot.fakes import until
from tests.bot.running import running


def test_every_job_has_a_pace_and_a_run() -> None:
    jobs = find_jobs()
    assert {job.__name__.rpartition(".")[2] for job in jobs} >= {"overdue", "tidy", "wake"}
    for job in jobs:
        assert job.EVERY > 0
        assert callable(job.run)


async def test_each_job_is_called_at_the_start_and_one_that_fails_stops_no_other() -> None:
    called: Counter[str] = Counter()

    async def run(job: ModuleType) -> None:
        called[job.__name__] += 1
        raise StorageError("The disk is full.")

    scheduler = build_scheduler(run)
    scheduler.start()
    try:

        async def all_called() -> bool:
            return len(called) == len(find_jobs())

        await until(all_called)
        assert {job.id for job in scheduler.get_jobs()} == {job.__name__ for job in find_jobs()}
    finally:
        scheduler.shutdown(wait=False)


def test_a_late_tick_is_not_dropped() -> None:
    async def run(job: ModuleType) -> None:
        """Nothing to do."""

    async def look() -> None:
        scheduler = build_scheduler(run)
        scheduler.start(paused=True)
        for job in scheduler.get_jobs():
            assert job.misfire_grace_time is None
            assert job.coalesce
            assert job.max_instances == 1
            due = job.trigger.get_next_fire_time(None, datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
            assert due is not None
        scheduler.shutdown(wait=False)

    asyncio.run(look())


async def test_a_job_that_breaks_is_logged_and_the_program_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as opened:
        job = ModuleType("handlers.jobs.broken")
        job.run = lambda ctx: 1 // 0  # type: ignore[attr-defined]
        await opened.app._tick(job)
        refusing = ModuleType("handlers.jobs.refusing")

        def refuse(ctx: object) -> int:
            raise StorageError("The disk is full.")

        refusing.run = refuse  # type: ignore[attr-defined]
        await opened.app._tick(refusing)
        assert (await opened.app.health())["ok"]
