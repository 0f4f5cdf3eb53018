"""The clock's ticks. APScheduler only ticks here: what a tick finds to do is a row in the store, so a missed or doubled
tick does no harm. Its own grace time of one second, after which it would drop a late tick, is switched off."""

import importlib
import logging
import pkgutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import ModuleType

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from handlers import jobs

log = logging.getLogger(__name__)


def find_jobs() -> list[ModuleType]:
    """Every job by walking its folder; each has `EVERY` seconds and `run(ctx)`."""
    return [importlib.import_module(found.name) for found in pkgutil.iter_modules(jobs.__path__, jobs.__name__ + ".")]


def build_scheduler(run: Callable[[ModuleType], Awaitable[None]]) -> AsyncIOScheduler:
    """A scheduler, not started yet, that calls `run(job)` at each job's pace and for each job at the start."""
    scheduler = AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    for job in find_jobs():
        scheduler.add_job(
            run,
            "interval",
            args=(job,),
            seconds=job.EVERY,
            id=job.__name__,
            jitter=min(5, job.EVERY // 10),
            next_run_time=datetime.now(UTC),  # what fell due while nothing ran is done at once
        )
    return scheduler
