"""Quiet hours of a channel: 20:00-08:00 in the team's zone, several with commas, or whenever the team does not work."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from handlers.rules.business import DAYS, BusinessClock
from handlers.rules.policy import BusinessHours

OUTSIDE = "outside business hours"


@lru_cache(maxsize=256)  # all cases of a page ask for the same moments
def quiet_until(quiet: str, moment: datetime, zone: ZoneInfo, business: BusinessClock) -> datetime | None:
    """When quiet hours end in which a moment lies; None when it lies in none. Raises ValueError for other words."""
    if not quiet.strip():
        return None
    if is_outside(quiet):
        return None if business.is_open(moment) else business.next_open(moment)
    return _every_day(quiet, zone).open_until(moment)


def is_outside(quiet: str) -> bool:
    """Whether it is quiet whenever the team does not work."""
    return " ".join(quiet.lower().split()) == OUTSIDE


def hours_of(quiet: str) -> tuple[str, ...]:
    """The stretches that are written in it."""
    return tuple(part.strip() for part in quiet.split(","))


@lru_cache(maxsize=64)
def _every_day(quiet: str, zone: ZoneInfo) -> BusinessClock:
    return BusinessClock(BusinessHours(days=dict.fromkeys(DAYS, hours_of(quiet))), zone)
