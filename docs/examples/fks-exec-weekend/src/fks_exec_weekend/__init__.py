# SPDX-License-Identifier: MIT
"""A guard that denies entries on the days named, counted in one time zone; exits pass, since it is asked about entries."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from fks_exec import AccountState, Answer, ConfigError, Denial, GuardType, Order, hookimpl

Day = StrEnum("Day", "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY")


@frozen(kw_only=True)
class WeekendConfig:
    """The ``[guards.NAME]`` table.

    Args:
        days: on which no position is opened, e.g. ``["saturday", "sunday"]``.
        zone: the time zone in which a day begins, e.g. ``America/New_York``.
    """

    days: tuple[Day, ...] = (Day.SATURDAY, Day.SUNDAY)
    zone: str = "UTC"


class Weekend:
    """Pure: the time is that of the decision, which the account's state carries."""

    def __init__(self, config: WeekendConfig) -> None:
        self.days = config.days
        try:
            self.zone = ZoneInfo(config.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError("zone", f"{config.zone!a} is no time zone; write one such as Europe/London") from None

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        now = datetime.fromtimestamp(account.time / 1000, self.zone)
        day = list(Day)[now.weekday()]
        if day not in self.days:
            return None
        message = f"it is {day} in {self.zone.key}, and no position is opened then; send the order on another day"
        return Denial(code="WEEKEND", message=message, limit=f"not on {', '.join(self.days)}", value=day)


@hookimpl
def fks_exec_guards() -> list[GuardType]:
    return [GuardType(name="weekend", create=Weekend, config=WeekendConfig, summary="No entries on days named")]
