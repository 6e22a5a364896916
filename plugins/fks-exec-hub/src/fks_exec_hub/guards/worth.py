# SPDX-License-Identifier: MIT
"""What an order may lead to, and what that is worth in the account's currency: one truth for all guards that limit it."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal, localcontext

from attrs import frozen

from fks_exec import AccountState, Denial, Instrument, Order, Side
from fks_exec.model.numbers import ZERO

from .denials import amount, no_conversion, no_instrument, unit
from .valuation import account_currency, conversion

_WIDE = Context(prec=100)
_CLOSE = Context(prec=60)
"""What is no more than the last digits of a division goes away: 100 / 0.79 * 0.79 is 100 again."""
_DOWN = Context(prec=16, rounding=ROUND_FLOOR)
_ONE = Decimal(1)


@frozen(kw_only=True)
class WorstCase:
    """What an order may lead to on its own side, in base units or contracts.

    Working orders may fill or not, so the position afterwards lies anywhere between all working sells and all working buys.
    An order moves one end of that range: a buy the upper one, to position + working buys + quantity. That end is judged.
    The other end does not depend on the order; it was judged when the orders came that moved it, and an order that leads
    away from it makes nothing worse. So an order that cannot lead beyond zero adds nothing, and passes.

    Args:
        held: what is already on the order's side, all working orders of that side filled.
        added: what the order puts on top; less than its quantity by what first covers a position of the other side.
    """

    held: Decimal
    added: Decimal

    @classmethod
    def of(cls, order: Order, account: AccountState) -> WorstCase:
        """The worst case on the order's side of the account."""
        working = account.working_buy if order.side is Side.BUY else account.working_sell
        before = order.side.sign * account.position + working
        return cls(held=max(before, ZERO), added=max(min(order.quantity, before + order.quantity), ZERO))


@frozen(kw_only=True)
class Measure:
    """What quantities of one instrument count, in the account's currency.

    Args:
        rate: what one unit of the instrument's notional is worth in ``currency``.
        leverage: by which the worth is divided: what is bound as margin.
        stop: quote currency; with it only what is lost from a price to the stop counts, not the whole worth.
    """

    instrument: Instrument
    rate: Decimal
    currency: str | None
    leverage: Decimal = _ONE
    stop: Decimal | None = None

    def amount(self, quantity: Decimal, price: Decimal) -> Decimal:
        """What a quantity counts at a price."""
        with localcontext(_WIDE):
            return _CLOSE.plus(self._exact(quantity, price))

    def most(self, room: Decimal, price: Decimal, *, free: Decimal = ZERO) -> Decimal:
        """The largest valid quantity that there is room for.

        Args:
            room: in ``currency``; below zero there is none.
            price: at which it counts; above zero, and not at the stop.
            free: of the quantity, what first covers the other side and takes no room.
        """
        with localcontext(_WIDE):
            fits = _CLOSE.plus(max(room, ZERO) / self._exact(_ONE, price))
        return self.instrument.quantity_down(free + _DOWN.plus(fits))

    def remedy(self, order: Order, worst: WorstCase, room: Decimal, price: Decimal) -> str:
        """What to do when an order adds more than there is room for."""
        most = self.most(room, price, free=order.quantity - worst.added)
        return f"send at most {amount(most, unit(self.instrument))}" if most > 0 else "reduce the position first"

    def _exact(self, quantity: Decimal, price: Decimal) -> Decimal:
        worth = self.instrument.notional(quantity, price)
        if self.stop is not None:
            worth = abs(worth - self.instrument.notional(quantity, self.stop))
        return worth * self.rate / self.leverage


def measured(order: Order, account: AccountState) -> Measure | Denial:
    """How the order's quantity is valued in the account's currency; or the denial, since it cannot be."""
    if account.instrument is None:
        return no_instrument(order)
    rate = conversion(account.instrument, account)
    if rate is None:
        return no_conversion(account.instrument, account)
    return Measure(instrument=account.instrument, rate=rate, currency=account_currency(account.instrument, account))
