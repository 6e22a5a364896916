# SPDX-License-Identifier: MIT
"""What an order takes of the account, and whether it is there."""

from __future__ import annotations

from decimal import Decimal

from fks_exec import Instrument, Kind, Order, Side
from fks_exec.model.numbers import plain

from .config import PaperConfig
from .ledger import Ledger, Mark, grain
from .records import ZERO

Shortage = tuple[str, str]
"""The venue's code and a sentence."""

_HUNDRED = Decimal(100)


class Funds:
    """The account's means, measured against one order.

    Args:
        config: fees and currency.
        instruments: by symbol.
        ledger: the account's books.
        mark: what one would get or pay now.
    """

    def __init__(self, config: PaperConfig, instruments: dict[str, Instrument], ledger: Ledger, mark: Mark) -> None:
        self._config = config
        self._instruments = instruments
        self._ledger = ledger
        self._mark = mark

    def fee(self, quantity: Decimal, price: Decimal, *, maker: bool) -> Decimal:
        """Of one execution, in the account's currency."""
        percent = self._config.fee_percent
        if maker and self._config.maker_fee_percent is not None:
            percent = self._config.maker_fee_percent
        return grain(quantity * price * percent / _HUNDRED)

    def shortage(self, order: Order, price: Decimal) -> Shortage | None:
        """Why the account cannot do this at that price; None when it can."""
        if order.reduce_only:
            return None if self.closable(order) else ("REDUCE_ONLY", f"there is no {order.symbol} for it to close")
        cash, base = self.needs(order, price)
        if base:
            free = self._ledger.free_base(order.symbol)
            return None if base <= free else _insufficient(base, free, order.symbol.partition("/")[0])
        free = self._ledger.spendable(self._mark) if self._spot(order) else self._ledger.free_cash(self._mark)
        return None if cash <= max(free, ZERO) else _insufficient(cash, free, self._config.currency)

    def needs(self, order: Order, price: Decimal) -> tuple[Decimal, Decimal]:
        """Cash and base that the order takes; a contract order that only closes needs nothing, so that it always passes."""
        spot = self._spot(order)
        if order.reduce_only or (spot and order.side is Side.SELL):
            return ZERO, ZERO if order.reduce_only else order.quantity
        fee = max(self.fee(order.quantity, price, maker=maker) for maker in (True, False))
        if spot:
            return order.quantity * price + fee, ZERO
        margin = self._ledger.margin_for(order.symbol, order.side, order.quantity, price)
        return (margin + fee if margin else ZERO), ZERO

    def closable(self, order: Order) -> Decimal:
        """What a reduce-only order can close; on spot not what a resting sell has set aside."""
        held = self._ledger.reducible(order.symbol, order.side)
        return min(held, self._ledger.free_base(order.symbol)) if self._spot(order) else held

    def _spot(self, order: Order) -> bool:
        return self._instruments[order.symbol].kind is Kind.SPOT


def _insufficient(needed: Decimal, free: Decimal, currency: str) -> Shortage:
    text = f"it needs {plain(needed)} {currency}, free are {plain(max(free, ZERO))}; make it smaller or cancel resting orders"
    return "INSUFFICIENT_FUNDS", text
