"""When a message may go out, and when it is tried again. Pure: instants in, instants out. docs/rules/notices.md"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
DIGEST_AT = time(8)
# An outage of a morning is outlived; after that somebody looks at it.
WAITS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180))
MAX_ATTEMPTS = len(WAITS) + 1
REST = timedelta(seconds=30)
MAX_DAYS = 60  # no calendar has a longer run of days off; a wrong one must not silence anybody for ever


@dataclass(frozen=True)
class Quiet:
    """From when until when nothing ordinary comes (local time; equal = never), and whether days off count as quiet."""

    start: time = time(22)
    end: time = time(7)
    rest_days: bool = True


def is_quiet(at: time, quiet: Quiet) -> bool:
    """Whether a time of day lies in the quiet hours, which may run over midnight."""
    if quiet.start == quiet.end:
        return False
    if quiet.start < quiet.end:
        return quiet.start <= at < quiet.end
    return at >= quiet.start or at < quiet.end


def send_at(now: datetime, quiet: Quiet, works: Callable[[date], bool]) -> datetime:
    """The first instant from `now` on that is not quiet: `now` itself, or the end of the quiet hours of a day.

    `works` says whether a date is a working day; asked only when the person's days off count as quiet.
    """
    local = now.astimezone(CHINA)
    if not is_quiet(local.timetz().replace(tzinfo=None), quiet) and (not quiet.rest_days or works(local.date())):
        return now
    ends = quiet.end if quiet.start != quiet.end else time(7)
    for days in range(MAX_DAYS):
        day = local.date() + timedelta(days=days)
        moment = datetime.combine(day, ends, CHINA)
        if moment > now and (not quiet.rest_days or works(day)):
            return moment.astimezone(now.tzinfo)
    return now


def digest_at(now: datetime, quiet: Quiet, works: Callable[[date], bool]) -> datetime:
    """The next morning message: 08:00, or the end of the quiet hours when that is later, on a day that counts."""
    local = now.astimezone(CHINA)
    for days in range(MAX_DAYS):
        day = local.date() + timedelta(days=days)
        moment = datetime.combine(day, DIGEST_AT, CHINA)
        if is_quiet(DIGEST_AT, quiet) and quiet.end > DIGEST_AT:
            moment = datetime.combine(day, quiet.end, CHINA)
        if moment > now and (not quiet.rest_days or works(day)):
            return moment.astimezone(now.tzinfo)
    return now


def next_try(now: datetime, attempts: int) -> datetime | None:
    """When a message that failed for the `attempts`-th time is tried again; None = no more."""
    return now + WAITS[attempts - 1] if attempts <= len(WAITS) else None
