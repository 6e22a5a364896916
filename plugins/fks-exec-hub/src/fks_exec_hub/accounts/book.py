# SPDX-License-Identifier: MIT
"""The running totals of one account: positions by strategy from our own fills, and what our open orders may still do.

All totals are O(1): the cost of a decision does not grow with open orders.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from attrs import define, frozen

from fks_exec.model.account import Position
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order, Side

from ..exits.family import LEGS, STOP, TARGET
from ..money import EXACT

_SIDES = (Side.BUY, Side.SELL)


@define(eq=False)
class Token:
    """One reservation: what an order may still fill.

    Args:
        remaining: base units or contracts; goes down with fills, below zero once released.
        reducing: the order only reduces what was held when it was decided.
        role: what the order is for another one, see :mod:`fks_exec_hub.exits.family`; legs are counted apart.
        price: at which it fills at the dearest, quote currency; None: at the market.
    """

    symbol: str
    side: Side
    remaining: Decimal
    reducing: bool
    role: str = ""
    price: Decimal | None = None


@frozen
class Totals:
    """What is held of one instrument, and what may come; quantities in base units or contracts.

    Args:
        position: signed, all strategies.
        working_buy, working_sell: what our open orders may still buy and sell, legs left out.
        open_orders: of the whole account, legs left out.
        stops_buy, stops_sell, targets_buy, targets_sell: what resting legs may still fill.
        claimed_buy, claimed_sell: what exits want to fill that wait until legs make room.
    """

    position: Decimal = ZERO
    working_buy: Decimal = ZERO
    working_sell: Decimal = ZERO
    open_orders: int = 0
    stops_buy: Decimal = ZERO
    stops_sell: Decimal = ZERO
    targets_buy: Decimal = ZERO
    targets_sell: Decimal = ZERO
    claimed_buy: Decimal = ZERO
    claimed_sell: Decimal = ZERO


@define(eq=False)
class Working:
    """What open orders of one instrument and side may still fill, added up.

    Args:
        quantity: of all, base units or contracts.
        at_market: the part without a price.
        product: of quantity and price, of the others.
        quotient: of quantity and price, of the others; what inverse contracts are worth by.
    """

    quantity: Decimal = ZERO
    at_market: Decimal = ZERO
    product: Decimal = ZERO
    quotient: Decimal = ZERO

    def count(self, quantity: Decimal, price: Decimal | None) -> None:
        """Add a quantity, or take it away."""
        self.quantity += quantity
        if not self.quantity:
            self.at_market = self.product = self.quotient = ZERO  # what rounding left of the quotients goes
        elif price is None:
            self.at_market += quantity
        else:
            self.product = EXACT.fma(quantity, price, self.product)
            self.quotient = EXACT.add(self.quotient, EXACT.divide(quantity, price))


_Rows: TypeAlias = dict[tuple[str, Side], Working]
_NONE = Working()


class Book:
    """The totals of one account; every method is one synchronous step.

    ``touched``: the instruments that changed since whoever values them looked.
    """

    def __init__(self) -> None:
        self.touched: set[str] = set()
        self._holdings: dict[tuple[str, str], Position] = {}
        self._totals: dict[str, Decimal] = {}
        self._working: _Rows = {}
        self._stops: _Rows = {}
        self._targets: _Rows = {}
        self._claimed: _Rows = {}
        self._claims: dict[str, tuple[str, Side, Decimal]] = {}
        self._open_orders = 0

    def totals(self, symbol: str) -> Totals:
        """The totals of one instrument."""
        position = self._totals.get(symbol, ZERO)
        buy, sell = self.working(symbol, Side.BUY).quantity, self.working(symbol, Side.SELL).quantity
        if not (self._stops or self._targets or self._claimed):
            return Totals(position, buy, sell, self._open_orders)
        legs = (_sum(rows, symbol, side) for rows in (self._stops, self._targets, self._claimed) for side in _SIDES)
        return Totals(position, buy, sell, self._open_orders, *legs)

    def working(self, symbol: str, side: Side) -> Working:
        """What open orders of one instrument and side may still fill, legs left out; to be read only."""
        return self._working.get((symbol, side), _NONE)

    def reduces(self, symbol: str, side: Side, quantity: Decimal) -> bool:
        """Whether an order can only reduce the position, whatever our other open orders do first, legs left out."""
        position = self._totals.get(symbol, ZERO)
        held = position if side is Side.SELL else -position
        return quantity + self.working(symbol, side).quantity <= held

    def reserve(
        self, symbol: str, side: Side, quantity: Decimal, *, reducing: bool, role: str = "", price: Decimal | None = None
    ) -> Token:
        """Count what an order may do, from now on.

        Args:
            role: what it is for another order; a stop or a target is counted apart.
            price: its limit, else its trigger, quote currency; None: at the market.
        """
        token = Token(symbol, side, ZERO, reducing, role, price if price is not None and price > 0 else None)
        if role not in LEGS:
            self._open_orders += 1
        self._count(token, quantity)
        return token

    def hold(self, order: Order, quantity: Decimal, *, reducing: bool, role: str = "") -> Token:
        """Count what an order may still fill, from now on; see :meth:`reserve`."""
        price = order.stop_price if order.price is None else order.price
        return self.reserve(order.symbol, order.side, quantity, reducing=reducing, role=role, price=price)

    def release(self, token: Token | None) -> None:
        """Give back what an order did not do; twice is the same as once."""
        if token is None or token.remaining < 0:
            return
        self._count(token, -token.remaining)
        if token.role not in LEGS:
            self._open_orders -= 1
        token.remaining = Decimal(-1)

    def fill(self, token: Token | None, quantity: Decimal) -> None:
        """Part of a reservation has become position."""
        if token is not None and token.remaining > 0:
            self._count(token, -min(quantity, token.remaining))

    def claim(self, name: str, symbol: str, side: Side, quantity: Decimal) -> None:
        """An exit wants so much, and waits until legs make room; a further claim of the same name takes its place."""
        self.unclaim(name)
        self._claims[name] = symbol, side, quantity
        _count(self._claimed, symbol, side, quantity, None)

    def unclaim(self, name: str) -> bool:
        """An exit waits no more; whether there was a claim."""
        claim = self._claims.pop(name, None)
        if claim is None:
            return False
        symbol, side, quantity = claim
        _count(self._claimed, symbol, side, -quantity, None)
        return True

    def _count(self, token: Token, change: Decimal) -> None:
        token.remaining += change
        self.touched.add(token.symbol)
        rows = self._stops if token.role == STOP else self._targets if token.role == TARGET else self._working
        _count(rows, token.symbol, token.side, change, token.price)

    def position(self, symbol: str, strategy: str | None) -> Position:
        """What one strategy holds of an instrument."""
        held = self._holdings.get((symbol, strategy or ""))
        return held or Position(symbol=symbol, quantity=ZERO, strategy=strategy or None)

    def positions(self) -> list[Position]:
        """All that is not flat, with what each has brought so far."""
        return [position for position in self.results() if position.quantity]

    def results(self) -> list[Position]:
        """All that is not flat or has brought something."""
        return [self._holdings[key] for key in sorted(self._holdings)]

    def symbols(self) -> set[str]:
        """The instruments of which something is held, or may come by orders that are no legs."""
        return {*self._totals, *(symbol for symbol, _ in self._working)}

    def concerns(self, symbol: str) -> bool:
        """Whether anything of an instrument is held, or may come by orders that are no legs."""
        return symbol in self._totals or any((symbol, side) in self._working for side in _SIDES)

    def totals_by_symbol(self) -> dict[str, Decimal]:
        """What is held, all strategies, of each instrument that is not flat."""
        return dict(self._totals)

    def store(self, position: Position) -> None:
        """Put a position in place of the last one of its instrument and strategy."""
        key = (position.symbol, position.strategy or "")
        self.touched.add(position.symbol)
        before = self._holdings.get(key)
        change = position.quantity - (before.quantity if before else ZERO)
        total = self._totals.get(position.symbol, ZERO) + change
        if total:
            self._totals[position.symbol] = total
        else:
            self._totals.pop(position.symbol, None)
        if position.quantity or position.realized_pnl:
            self._holdings[key] = position
        else:
            self._holdings.pop(key, None)


def _sum(rows: _Rows, symbol: str, side: Side) -> Decimal:
    return rows.get((symbol, side), _NONE).quantity


def _count(rows: _Rows, symbol: str, side: Side, change: Decimal, price: Decimal | None) -> None:
    row = rows.setdefault((symbol, side), Working())
    row.count(change, price)
    if not row.quantity:
        del rows[symbol, side]
