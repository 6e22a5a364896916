# SPDX-License-Identifier: MIT
"""The guard ``order_notional``: no single order is worth more than an amount."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from attrs import field, frozen

from fks_exec import AccountState, Answer, Denial, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.model.numbers import to_decimal

from .denials import NO_CONVERSION, NO_INSTRUMENT, NO_QUOTE, allowed, amount, no_quote, reached, unit
from .settings import above_zero
from .valuation import dearest_price
from .worth import Measure, measured


@frozen(kw_only=True)
class OrderNotionalConfig:
    """The table of a guard of type ``order_notional``.

    Args:
        maximum: what one order may be worth, in the account's currency.
    """

    maximum: Decimal = field(converter=to_decimal, validator=above_zero)


@frozen(eq=False)
class OrderNotional:
    """Denies an order that is worth more than ``maximum`` at the dearest price at which it may fill; exactly that passes.

    The whole order counts, whatever is held: a slipped digit is caught also where it would only turn a position round.
    """

    config: OrderNotionalConfig

    codes: ClassVar[Mapping[str, Code]] = {
        "ORDER_NOTIONAL": denial(
            "The order is worth more than the configured maximum of one order.",
            "Send at most what the denial names, or raise the guard's maximum.",
        ),
        "NO_CONVERSION": NO_CONVERSION,
        "NO_INSTRUMENT": NO_INSTRUMENT,
        "NO_QUOTE": NO_QUOTE,
    }

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """The worth of the order, in the account's currency."""
        measure, maximum = measured(order, account), self.config.maximum
        if isinstance(measure, Denial):
            return measure
        price = dearest_price(order, account.quote, measure.instrument)
        if price is None:
            return no_quote(order)
        value = measure.amount(order.quantity, price)
        if value <= maximum:
            return None
        limit_text, value_text = allowed(maximum, measure.currency), reached(value, measure.currency)
        return Denial(
            code="ORDER_NOTIONAL",
            message=f"the order is worth up to {value_text}, more than {limit_text}; {_remedy(measure, maximum, price)}",
            limit=limit_text,
            value=value_text,
        )


def _remedy(measure: Measure, maximum: Decimal, price: Decimal) -> str:
    most = measure.most(maximum, price)
    return f"send at most {amount(most, unit(measure.instrument))}" if most > 0 else "its smallest quantity is worth more"
