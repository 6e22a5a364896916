# SPDX-License-Identifier: MIT
"""What an order takes of the account, and whether it is there."""

from __future__ import annotations

from decimal import Decimal

from fks_exec import Instrument, Kind, Order, Side
from fks_exec.model.numbers import plain

from .config import PaperConfig
from .ledger import Charge, Ledger, Mark, grain
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

    def charge(self, symbol: str, side: Side, quantity: Decimal, price: Decimal, *, maker: bool) -> Charge:
        """The fee of one execution."""
        percent = self._config.fee_percent
        if maker and self._config.maker_fee_percent is not None:
            percent = self._config.maker_fee_percent
        if self._config.fee_in == "base" and side is Side.BUY and self._spot(symbol):
            return Charge(base=grain(quantity * percent / _HUNDRED))
        return Charge(cash=grain(quantity * price * percent / _HUNDRED))

    def shortage(self, order: Order, quantity: Decimal, price: Decimal) -> Shortage | None:
        """Why the account cannot do so much of an order at that price; None when it can."""
        if order.reduce_only:
            return None if self.closable(order) else ("REDUCE_ONLY", f"there is no {order.symbol} for it to close")
        cash, base = self.needs(order, quantity, price)
        if base:
            free = self._ledger.free_base(order.symbol)
            return None if base <= free else _insufficient(base, free, order.symbol.partition("/")[0])
        free = self._ledger.spendable(self._mark) if self._spot(order.symbol) else self._ledger.free_cash(self._mark)
        return None if cash <= max(free, ZERO) else _insufficient(cash, free, self._config.currency)

    def needs(self, order: Order, quantity: Decimal, price: Decimal) -> tuple[Decimal, Decimal]:
        """Cash and base that so much of it takes; a contract order that only closes needs nothing, and always passes."""
        spot = self._spot(order.symbol)
        if order.reduce_only or (spot and order.side is Side.SELL):
            return ZERO, ZERO if order.reduce_only else quantity
        charges = (self.charge(order.symbol, order.side, quantity, price, maker=maker) for maker in (True, False))
        fee = max(charge.cash for charge in charges)
        if spot:
            return quantity * price + fee, ZERO
        margin = self._ledger.margin_for(order.symbol, order.side, quantity, price)
        return (margin + fee if margin else ZERO), ZERO

    def closable(self, order: Order) -> Decimal:
        """What a reduce-only order can close; on spot not what a resting sell has set aside."""
        held = self.reducible(order.symbol, order.side)
        if not self._spot(order.symbol):
            return held
        return min(held, self._in_steps(order.symbol, self._ledger.free_base(order.symbol)))

    def reducible(self, symbol: str, side: Side) -> Decimal:
        """What of a position can be closed: whole steps, since a fee in the base asset leaves less than one over."""
        return self._in_steps(symbol, self._ledger.reducible(symbol, side))

    def _in_steps(self, symbol: str, quantity: Decimal) -> Decimal:
        rules = self._instruments[symbol]
        step, least = rules.quantity_step, rules.min_quantity or ZERO
        if not step:
            return quantity
        start = least if least % step and quantity >= least else ZERO  # a grid counts from a least quantity that is off it
        return quantity - (quantity - start) % step

    def _spot(self, symbol: str) -> bool:
        return self._instruments[symbol].kind is Kind.SPOT


def _insufficient(needed: Decimal, free: Decimal, currency: str) -> Shortage:
    text = f"it needs {plain(needed)} {currency}, free are {plain(max(free, ZERO))}; make it smaller or cancel resting orders"
    return "INSUFFICIENT_FUNDS", text
