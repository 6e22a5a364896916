# SPDX-License-Identifier: MIT
"""The guard ``daily_loss``: after so large a loss within the day, no position is opened."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import to_optional

from .denials import NO_EQUITY, allowed, no_equity, reached
from .settings import above_zero, at_least_one, percentage


@frozen(kw_only=True)
class DailyLossConfig:
    """The table of a guard of type ``daily_loss``; of a percentage and an amount the smaller limit counts.

    Args:
        percent: of what the account was worth at the start of the day.
        amount: in the account's currency.
    """

    percent: Decimal | None = field(default=None, converter=to_optional, validator=percentage)
    amount: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)

    def __attrs_post_init__(self) -> None:
        at_least_one(self, percent="3", amount="1000")


@frozen(eq=False)
class DailyLoss:
    """Denies every entry once the day's loss has reached a limit; exactly the limit is a loss that has reached it.

    The loss is the equity at the start of the day, and what was transferred since, minus the equity now: open positions
    count at today's prices. ``[accounts.NAME.day]`` says when a day starts.
    """

    config: DailyLossConfig

    needs: ClassVar[frozenset[str]] = frozenset({"day_start"})

    codes: ClassVar[Mapping[str, Code]] = {
        "DAILY_LOSS": denial(
            "The account has lost as much within the day as the configuration allows.",
            "Open nothing more today; exits pass. The next day starts with a new count.",
        ),
        "NO_DAY_START": denial(
            "What the account was worth at the start of the day is not known, or not above zero.",
            "Wait for the venue's balance, from which the day's count starts.",
        ),
        "NO_EQUITY": NO_EQUITY,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The equity against that of the day's start."""
        start, equity = account.day_start, account.equity
        if equity is None:
            return no_equity(account)
        if start is None or start <= 0:
            return _no_day_start(account)
        loss, limit = start - equity, self._limit(start)
        if loss < limit:
            return None
        return Denial(
            code="DAILY_LOSS",
            message=f"the account has lost {reached(loss, account.currency)} today, and {allowed(limit, account.currency)} is "
            "the limit; open nothing more today",
            limit=allowed(limit, account.currency),
            value=reached(loss, account.currency),
        )

    def _limit(self, start: Decimal) -> Decimal:
        """In the account's currency."""
        part = None if self.config.percent is None else start * self.config.percent / 100
        return min(each for each in (part, self.config.amount) if each is not None)


def _no_day_start(account: AccountState) -> Denial:
    if account.day_start is None:
        problem = "what the account was worth at the start of the day is not known"
    else:
        problem = "the account was worth nothing at the start of the day"
    return Denial(code="NO_DAY_START", message=f"{problem}, so the day's loss is not; wait for the venue's balance")
