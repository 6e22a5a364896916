# SPDX-License-Identifier: MIT
"""What is asked of one simulated account: pure and synchronous, no file, no clock, no thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, localcontext
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from attrs import evolve

from fks_exec import MarketData, Order, OrderChange, Position, Protection, Status

from .amending import Amendment, amendment
from .book import Item, active
from .display import Shown
from .ledger import EXACT
from .matching import Matching
from .protecting import closing_order, leg_order
from .records import Holding, PaperLeg, PaperOrder, kept
from .rules import check_id, check_order, refuse

P = ParamSpec("P")
R = TypeVar("R")


def exact(method: Callable[Concatenate[Engine, P], R]) -> Callable[Concatenate[Engine, P], R]:
    """Compute with so many digits that no sum of money is ever rounded."""

    @wraps(method)
    def run(self: Engine, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(EXACT):
            return method(self, *args, **kwargs)

    return run


class Engine(Matching):
    """Orders, money and quotes of one account; see :class:`Matching` for its arguments."""

    @exact
    def restore(self, counter: int, cash: Decimal, holdings: Iterable[Holding], orders: Iterable[PaperOrder]) -> None:
        """Go on with what a former run left; ``orders`` are those that are not finished."""
        self.counter: int = counter
        entries = list(orders)
        self.ledger.restore(cash, holdings, entries)
        for entry in entries:
            self.book.add(entry)
            for item in active(entry):
                self.book.rest(item)

    @exact
    def place(self, order: Order, venue_client_order_id: str, now: int) -> PaperOrder:
        """Take an order: fill it, let it rest, or let it expire.

        Args:
            now: epoch milliseconds.

        Raises:
            VenueRejected: nothing has changed.
        """
        self._check_new(order.symbol, venue_client_order_id)
        kind = self._config.protection
        if kind != "attached" and (order.stop_loss is not None or order.take_profit is not None):
            problem = "the account is configured with protection = {}; stop_loss and take_profit do not go with an order"
            raise refuse("PROTECTION_KIND", problem, kind)
        check_order(order, self.instruments[order.symbol], self.quotes[order.symbol])
        return self._take_in(self._entry(kept(order), venue_client_order_id, now), now)

    @exact
    def protect(self, protection: Protection, venue_client_order_id: str, now: int) -> PaperOrder:
        """Place a stop or a target by itself, or a stop with the target that it is linked with.

        Args:
            now: epoch milliseconds.

        Raises:
            VenueRejected: nothing has changed.
        """
        self._check_new(protection.symbol, venue_client_order_id)
        kind, instrument = self._config.protection, self.instruments[protection.symbol]
        order = leg_order(protection, kind, instrument, hedging=self._config.hedging)
        check_order(order, instrument, self.quotes[protection.symbol], leg=True)
        entry = self._entry(order, venue_client_order_id, now)
        entry.role, entry.kind = protection.role, kind
        return self._take_in(entry, now)

    def close(self, position: Position, venue_client_order_id: str, now: int) -> PaperOrder:
        """Close a position at the market, with an order that can only reduce it.

        Args:
            position: as it was told; at most its quantity is closed.
            now: epoch milliseconds.

        Raises:
            VenueRejected: nothing has changed.
        """
        self._check_new(position.symbol, venue_client_order_id)
        order = closing_order(position, self.instruments[position.symbol], hedging=self._config.hedging)
        return self.place(order, venue_client_order_id, now)

    def _check_new(self, symbol: str, venue_client_order_id: str) -> None:
        check_id(venue_client_order_id)
        if symbol not in self.instruments:
            raise refuse("UNKNOWN_SYMBOL", "{} is not listed here; listed are {}", symbol, ", ".join(self.instruments))
        if self.book.knows(venue_client_order_id):
            raise refuse("DUPLICATE_ID", "the id {} was used before; look that order up", venue_client_order_id)

    def _entry(self, order: Order, venue_client_order_id: str, now: int) -> PaperOrder:
        number = self.counter + 1
        return PaperOrder(
            order_id=f"{self._series}-{number}",
            venue_client_order_id=venue_client_order_id,
            number=number,
            created=now,
            order=order,
        )

    def _take_in(self, entry: PaperOrder, now: int) -> PaperOrder:
        shortage = self._funds.shortage(entry.order, entry.remaining, self._worst_price(entry))
        if shortage is not None:
            raise refuse(*shortage)
        self.counter += 1
        prices = (("stop_loss", entry.order.stop_loss), ("take_profit", entry.order.take_profit))
        entry.legs = tuple(
            PaperLeg(role=role, order_id=self._next_id(), quantity=entry.order.quantity, trigger_price=price)
            for role, price in prices
            if price is not None
        )
        self.book.add(entry)
        self._note(entry)
        self._enter(entry, now)
        self._follow(entry.order.symbol, now)
        return entry

    @exact
    def cancel(self, item: Item) -> None:
        """Take an order, or one leg, out of the book; one that has ended stays as it is. What is linked goes together."""
        if item.leg is None or item.entry.role:
            self._end(item.entry, Status.CANCELED)
        else:
            self._cancel_leg(item.entry, item.leg)

    @exact
    def amend(self, item: Item, change: OrderChange, now: int) -> None:
        """Change what rests; at a price that the market has reached already it trades at once.

        Args:
            now: epoch milliseconds.

        Raises:
            VenueRejected: nothing has changed.
        """
        entry, symbol = item.entry, item.entry.order.symbol
        new = amendment(item, change, self.instruments[symbol], self.quotes[symbol])
        if new.resting:
            self._refuse_unaffordable_change(entry, new)
        self._move_legs(entry, new)
        if new.resting:
            self.book.remove(Item(entry))
        entry.order = new.order
        self._note(entry, item.leg.role if item.leg else "")
        if new.resting:
            self._enter(entry, now)
        self._follow(symbol, now)

    def _refuse_unaffordable_change(self, entry: PaperOrder, new: Amendment) -> None:
        """Measured without what the order itself has set aside."""
        aside = entry.reserved_cash, entry.reserved_base
        self.ledger.release(entry)
        changed = evolve(entry, order=new.order)
        shortage = self._funds.shortage(new.order, changed.remaining, self._worst_price(changed))
        self.ledger.reserve(entry, *aside)
        if shortage is not None:
            raise refuse(*shortage)

    def _move_legs(self, entry: PaperOrder, new: Amendment) -> None:
        for moved in new.legs:
            self.book.remove(Item(entry, moved.leg))
            if moved.leg.rests and moved.quantity < moved.leg.quantity:
                entry.covered = min(entry.covered, moved.quantity)  # what it fills later is added to that
            moved.leg.trigger_price, moved.leg.quantity = moved.trigger_price, moved.quantity
            if moved.leg.rests:
                self.book.rest(Item(entry, moved.leg))

    @exact
    def set_quote(self, quote: MarketData, now: int) -> Shown:
        """Move the market; what it reaches trades, by as much as it shows. The quote as it was set, with its number."""
        shown = self.display.set(quote)
        self._follow(quote.symbol, now)
        return shown

    @exact
    def follow_all(self, now: int) -> None:
        """Let trade what the quotes have reached meanwhile (the configuration was edited between two runs)."""
        for symbol in self.instruments:
            self._follow(symbol, now)

    def in_play(self) -> tuple[str, ...]:
        """The instruments of which something rests or is held."""
        held = {holding.symbol for holding in self.ledger.holdings.values() if holding.quantity}
        return tuple(symbol for symbol, resting in self.book.resting.items() if symbol in held or resting)

    def without_price(self) -> tuple[str, ...]:
        """The instruments of which something is held that nobody would buy, or sell, now."""
        held = [holding for holding in self.ledger.holdings.values() if holding.quantity]
        return tuple(dict.fromkeys(holding.symbol for holding in held if self.profit(holding) is None))

    @exact
    def equity(self) -> Decimal | None:
        """What the account is worth, in its currency; None when a quote is missing."""
        return self.ledger.equity(self.mark)

    @exact
    def free_cash(self) -> Decimal:
        """What can be spent or serve as margin, in the account's currency."""
        return self.ledger.free_cash(self.mark)

    @exact
    def profit(self, holding: Holding) -> Decimal | None:
        """Of an open position, quote currency; None without a quote."""
        return self.ledger.profit(holding, self.mark)
