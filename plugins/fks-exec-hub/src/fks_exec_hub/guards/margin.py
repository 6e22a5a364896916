# SPDX-License-Identifier: MIT
"""The guard ``margin``: an order binds only a part of the margin that is free."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from attrs import evolve, field, frozen

from fks_exec import AccountState, Answer, Denial, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import ZERO, plain, to_decimal, to_optional

from .denials import NO_CONVERSION, NO_INSTRUMENT, NO_QUOTE, allowed, no_quote, reached
from .settings import above_zero, percentage
from .valuation import dearest_price, known_leverage
from .worth import Measure, WorstCase, measured


@frozen(kw_only=True)
class MarginConfig:
    """The table of a guard of type ``margin``.

    Args:
        percent: of the free margin, that one order may bind.
        leverage: of the account, where the venue does not tell it.
    """

    percent: Decimal = field(default=Decimal(100), converter=to_decimal, validator=percentage)
    leverage: Decimal | None = field(default=None, converter=to_optional, validator=above_zero)


@frozen(eq=False)
class Margin:
    """Denies an order that would bind more than ``percent`` of the free margin; exactly that passes.

    What the order adds to the position is bound, divided by the leverage; where none is known, all of it. What working orders
    bind is not free any more.
    """

    config: MarginConfig = field(factory=MarginConfig)

    needs: ClassVar[frozenset[str]] = frozenset({"margin_free"})

    codes: ClassVar[Mapping[str, Code]] = {
        "MARGIN": denial(
            "The order would bind more than the configured part of the free margin.",
            "Send at most what the denial names, cancel other orders, or add funds.",
        ),
        "NO_MARGIN": denial(
            "The account's free margin is not known.",
            "Wait for the venue's balance; take the guard off the list where the venue never tells what is free.",
        ),
        "NO_CONVERSION": NO_CONVERSION,
        "NO_INSTRUMENT": NO_INSTRUMENT,
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """What the order binds, against what is free."""
        worst, free = WorstCase.of(order, account), account.margin_free
        if not worst.added:
            return None
        measure = measured(order, account)
        if isinstance(measure, Denial):
            return measure
        price = dearest_price(order, account.quote, measure.instrument)
        if price is None:
            return no_quote(order)
        if free is None:
            return _no_margin()
        measure = evolve(measure, leverage=known_leverage(account, self.config.leverage) or measure.leverage)
        return self._compare(order, worst, measure, price, max(free, ZERO) * self.config.percent / 100)

    def _compare(self, order: Order, worst: WorstCase, measure: Measure, price: Decimal, limit: Decimal) -> Denial | None:
        value = measure.amount(worst.added, price)
        if value <= limit:
            return None
        limit_text, value_text = allowed(limit, measure.currency), reached(value, measure.currency)
        return Denial(
            code="MARGIN",
            message=f"this order would bind {value_text}, more than {plain(self.config.percent)} % of the free margin, "
            f"{limit_text}; {measure.remedy(order, worst, limit, price)}",
            limit=limit_text,
            value=value_text,
        )


def _no_margin() -> Denial:
    message = "the account's free margin is not known; wait for the venue's balance, or take the guard off the list"
    return Denial(code="NO_MARGIN", message=message)
