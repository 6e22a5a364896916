# SPDX-License-Identifier: MIT
"""The guard ``sessions``: positions are opened only within windows of the week, in one time zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import ClassVar
from zoneinfo import ZoneInfo

from attrs import Attribute, field, frozen

from fks_exec import AccountState, Answer, ConfigError, Denial, Order, hookimpl
from fks_exec.codes import Code, denial

from ..zones import zone

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_DAY = timedelta(days=1)


class Day(StrEnum):
    """A day of the week, in the order in which Python counts them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_DAYS = tuple(Day)


def _time(instance: object, attribute: Attribute[str], value: str) -> None:
    if not _TIME.fullmatch(value):
        raise ConfigError(attribute.name, f'{value[:40]!a} is no time of day; write "09:30", or "00:00" for midnight, say')


@frozen(kw_only=True)
class Window:
    """A row of ``windows``.

    Args:
        days: on which it starts.
        start: local time, ``HH:MM``; belongs to it.
        end: local time, ``HH:MM``; does not belong to it. One that is not later than the start is on the next day: from
            ``00:00`` to ``00:00`` is the whole day.
    """

    days: tuple[Day, ...] = _DAYS
    start: str = field(default="00:00", validator=_time)
    end: str = field(default="00:00", validator=_time)

    def __attrs_post_init__(self) -> None:
        if not self.days:
            raise ConfigError("days", 'there is none; write days = ["mon", "tue"], say, or leave it out for all')

    def __str__(self) -> str:
        days = "every day" if set(self.days) == set(_DAYS) else " ".join(self.days)
        return f"{days} {self.start}-{self.end}"

    def holds(self, local: datetime) -> bool:
        """Whether a local time lies within it."""
        start, end, now = time.fromisoformat(self.start), time.fromisoformat(self.end), local.time()
        today, yesterday = (_DAYS[day.weekday()] in self.days for day in (local, local - _DAY))
        if start < end:
            return today and start <= now < end
        return (today and now >= start) or (yesterday and now < end)


@frozen(kw_only=True)
class SessionsConfig:
    """The table of a guard of type ``sessions``.

    Args:
        timezone: in which the windows are meant, its name in the IANA database.
        windows: in each of them entries pass.
    """

    timezone: str = "UTC"
    windows: tuple[Window, ...] = ()

    def __attrs_post_init__(self) -> None:
        zone(self.timezone, "timezone")
        if not self.windows:
            remedy = '[[guards.NAME.windows]] with days = ["mon"], start = "09:30", end = "16:00", say'
            raise ConfigError("windows", f"there is none, so that no entry would pass; write {remedy}")


@frozen(eq=False)
class Sessions:
    """Denies an entry outside of all windows. The clock on the wall of the time zone counts, summer time included.

    An hour that the clock skips is in no window; one that it shows twice is in it twice.
    """

    config: SessionsConfig
    _zone: ZoneInfo = field(init=False)

    codes: ClassVar[Mapping[str, Code]] = {
        "OUTSIDE_SESSION": denial(
            "Entries are allowed within the configured windows of the week only, and this is none.",
            "Send it again when the next window opens, or configure a further one.",
        ),
    }

    @_zone.default
    def _named(self) -> ZoneInfo:
        return zone(self.config.timezone, "timezone")

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The moment of the decision, in the configured time zone."""
        local = datetime.fromtimestamp(account.time / 1000, self._zone)
        if any(window.holds(local) for window in self.config.windows):
            return None
        opening = min(_opening(window, local.replace(tzinfo=None)) for window in self.config.windows)
        here = self.config.timezone
        return Denial(
            code="OUTSIDE_SESSION",
            message=f"it is {_shown(local)} in {here}, and entries pass {', or '.join(map(str, self.config.windows))} only; "
            f"send it again from {_shown(opening)} on",
            limit=f"{', '.join(map(str, self.config.windows))} {here}",
            value=f"{_shown(local)} {here}",
        )


def _opening(window: Window, local: datetime) -> datetime:
    """When the window starts next, on the clock on the wall."""
    starts = (datetime.combine(local.date() + n * _DAY, time.fromisoformat(window.start)) for n in range(8))
    return min(start for start in starts if start > local and _DAYS[start.weekday()] in window.days)


def _shown(moment: datetime) -> str:
    return f"{_DAYS[moment.weekday()]} {moment:%Y-%m-%d %H:%M}"
