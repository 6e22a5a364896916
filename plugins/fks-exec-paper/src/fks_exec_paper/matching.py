# SPDX-License-Identifier: MIT
"""What the market does with the orders of one account: it fills them by as much as it shows, and triggers stops.

An order trades against the best bid or ask, no deeper. What trades at once takes (at the quote, worsened by the slippage);
what rested trades at its own price when the quote reaches it. Where a quote tells a size, no more than that is traded
until the next quote; of several that are reached, stops come first, then the better price, then the older.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from fks_exec import OrderType, Status, TimeInForce
from fks_exec.model.numbers import plain

from .book import Item, Wait
from .executing import Executing
from .records import ZERO, PaperLeg, PaperOrder
from .rules import takes


class Matching(Executing):
    """Orders of one account, as the market moves them; see :class:`Executing` for its arguments."""

    def _enter(self, entry: PaperOrder, now: int) -> None:
        """A new order, one that was changed, or one whose stop was reached, meets the market."""
        order, price = entry.order, self.mark(entry.order.symbol, entry.order.side)
        if not entry.waiting_for_stop and takes(order.side, entry.limit, price):
            if order.time_in_force is TimeInForce.FOK and not self._whole(entry):
                self._end(entry, Status.EXPIRED)
            else:
                self._fill_order(entry, self._taking_price(Item(entry)), now)
        if not entry.status.terminal:
            self._keep_or_end(entry)

    def _keep_or_end(self, entry: PaperOrder) -> None:
        """What is left after it has met the market rests, if it may."""
        order = entry.order
        if order.order_type is OrderType.MARKET:
            text = f"only {plain(entry.filled())} of {plain(order.quantity)} was shown; the rest was cancelled"
            self._end(entry, Status.CANCELED, "NO_LIQUIDITY", text)
        elif entry.waiting_for_stop or order.time_in_force is TimeInForce.GTC:
            self._rest(entry)
        else:
            self._end(entry, Status.EXPIRED)

    def _rest(self, entry: PaperOrder) -> None:
        self.ledger.release(entry)
        self.ledger.reserve(entry, *self._funds.needs(entry.order, entry.remaining, self._worst_price(entry)))
        self.book.rest(Item(entry))
        for leg in entry.legs if entry.role else ():
            if leg.status is Status.PENDING:
                leg.status = Status.ACCEPTED
                self.book.rest(Item(entry, leg))

    def _follow(self, symbol: str, now: int) -> None:
        resting = self.book.resting[symbol]
        while (item := resting.reached(self.quotes[symbol], lambda side: self.display.empty(symbol, side))) is not None:
            self.book.remove(item)
            self._reach(item, now)

    def _reach(self, item: Item, now: int) -> None:
        entry, leg, maker = item.entry, item.leg, item.wait is Wait.LIMIT
        if item.wait is Wait.STOP:
            self._trigger(item, now)
            return
        price = item.price if maker else self._taking_price(item)
        if leg is not None:
            self._fill_leg(entry, leg, price, now, maker=maker)
            return
        self._fill_order(entry, price, now, maker=maker)
        if not entry.status.terminal:
            self._rest(entry)

    def _trigger(self, item: Item, now: int) -> None:
        """A stop is reached: what is linked with it goes, and it takes what is shown, at once and from then on."""
        entry, leg = item.entry, item.leg
        self._note(entry, leg.role if leg else "")
        if leg is None:
            entry.triggered = True
            for linked in entry.legs if entry.role else ():
                self._cancel_leg(entry, linked)
            self._enter(entry, now)
            return
        leg.triggered = True
        for sibling in entry.legs:
            if sibling is not leg:
                self._cancel_leg(entry, sibling)
        self._fill_leg(entry, leg, self._taking_price(item), now, maker=False)

    def _fill_order(self, entry: PaperOrder, price: Decimal, now: int, *, maker: bool = False) -> None:
        """As much of what is left as is shown; the caller lets the rest wait, or ends it."""
        self.ledger.release(entry)
        order, left, wanted = entry.order, entry.remaining, self._wanted(entry)
        quantity = self.display.available(order.symbol, order.side, wanted)
        shortage = self._funds.shortage(order, quantity, price)
        if shortage is not None:
            self._end(entry, Status.CANCELED, *shortage)
        if shortage is not None or not quantity:
            return
        entry.status = Status.FILLED if quantity == left else Status.PARTIALLY_FILLED
        if quantity == wanted < left:
            done, asked = plain(entry.filled() + quantity), plain(order.quantity)
            entry.status, entry.code = Status.CANCELED, "REDUCE_ONLY"
            entry.error = f"only {done} of {asked} was there to be closed; the rest was cancelled"
        self._note(entry)
        got = self._execute(entry, "", order.side, quantity, price, now, maker)
        if entry.legs and not entry.role:
            self._protect(entry, got, now)

    def _protect(self, entry: PaperOrder, got: Decimal, now: int) -> None:
        """The legs of an entry grow by what it filled; a target that the market has passed already trades at once.

        Args:
            got: what was bought or sold, less the fee in it; a leg is as large as an order can be.
        """
        symbol, closing = entry.order.symbol, entry.leg_side
        entry.covered = entry.covered + got if self._funds.reducible(symbol, closing) else ZERO
        quantity = self.instruments[symbol].quantity_down(entry.covered)
        for leg in entry.legs:
            if not leg.status.terminal:
                self._grow(entry, leg, quantity)
        for leg in entry.legs:
            passed = takes(closing, leg.trigger_price, self.mark(symbol, closing))
            if leg.role == "take_profit" and leg.rests and passed:
                self.book.remove(Item(entry, leg))
                self._fill_leg(entry, leg, self._taking_price(Item(entry, leg)), now, maker=False)

    def _grow(self, entry: PaperOrder, leg: PaperLeg, quantity: Decimal) -> None:
        if quantity:
            leg.quantity = quantity
            if not leg.rests:
                leg.status = Status.ACCEPTED
                self.book.rest(Item(entry, leg))
        elif entry.status.terminal:  # nothing came of it that a leg could close
            leg.quantity = entry.covered or leg.quantity
            self._cancel_leg(entry, leg)

    def _fill_leg(self, entry: PaperOrder, leg: PaperLeg, price: Decimal, now: int, *, maker: bool) -> None:
        """As much of a leg as is shown, never more than is held; the others of its order keep to what is left.

        What its entry has not filled by then is not entered any more.
        """
        self._note(entry, leg.role)
        if not entry.role:
            self._end(entry, Status.CANCELED, "LEG_REACHED", f"its {leg.role} was reached; what was left was cancelled")
        side, symbol = entry.leg_side, entry.order.symbol
        wanted = min(leg.quantity - entry.filled(leg.role), self._funds.reducible(symbol, side))
        quantity = self.display.available(symbol, side, wanted)
        if quantity < wanted:
            self._fill_leg_in_part(entry, leg, quantity)
        else:
            self._end_leg(entry, leg, quantity)
        if quantity:
            self._execute(entry, leg.role, side, quantity, price, now, maker)

    def _fill_leg_in_part(self, entry: PaperOrder, leg: PaperLeg, quantity: Decimal) -> None:
        """It stays in the book; what it is linked with shrinks by as much."""
        self.book.rest(Item(entry, leg))
        if not quantity:
            return
        leg.status = Status.PARTIALLY_FILLED
        left = leg.quantity - entry.filled(leg.role) - quantity
        if entry.role:
            entry.order = evolve(entry.order, quantity=entry.order.quantity - quantity)
            self.book.remove(Item(entry))
            self._rest(entry)
        for sibling in entry.legs:
            if sibling is not leg and not sibling.status.terminal:
                sibling.quantity = min(sibling.quantity, max(sibling.quantity - quantity, left))

    def _end_leg(self, entry: PaperOrder, leg: PaperLeg, quantity: Decimal) -> None:
        """It is done, or finds nothing to close, and what it is linked with is cancelled in the same step."""
        leg.status = Status.FILLED if quantity else Status.CANCELED
        if quantity:
            leg.quantity = entry.filled(leg.role) + quantity
        if entry.role:
            self._end(entry, Status.CANCELED)
        for sibling in entry.legs:
            self._cancel_leg(entry, sibling)
