# SPDX-License-Identifier: MIT
"""Orders that rest changed in place, and the legs that stand with their entry: :class:`Changer`."""

from __future__ import annotations

from collections.abc import Awaitable
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, frozen

from fks_exec import (
    ExecutionResult,
    Instrument,
    NotSent,
    OrderChange,
    OrderRef,
    Submission,
    VenueAuthError,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)
from fks_exec.model.numbers import plain

from ..reading import attached
from ..reading.lookups import Lookups
from ..reading.reader import UNKNOWN_ORDER, market_of
from ..reading.results import Told
from ..requests.checks import UNSUPPORTED, check_prices, check_quantity, refuse
from ..requests.instruments import instrument
from ..wire.outcomes import Unsettled

if TYPE_CHECKING:
    from ..session.connection import Connection

T = TypeVar("T")

_PARTLY = frozenset({"bybit", "bybiteu", "okx", "myokx", "okxus"})
"""Exchanges whose amendment names what changes, and nothing else."""


def rules_of(connection: Connection, symbol: str) -> Instrument:
    """The rules of an instrument.

    Raises:
        VenueRejected: there is no such instrument.
    """
    return instrument(connection.exchange, market_of(connection, symbol), connection.probed(symbol))


async def asked_first(look: Awaitable[T], what: str) -> T:
    """What must be known before a request is sent.

    Args:
        look: at the exchange; it changes nothing.
        what: is looked up, for the error.

    Raises:
        VenueAuthError, VenueRateLimited, NotSent: as they come; nothing was sent.
        NotSent: it could not be looked up, whatever the reason; nothing was sent.
    """
    try:
        return await look
    except (NotSent, VenueAuthError, VenueRateLimited):
        raise
    except (VenueError, Unsettled) as error:
        code = error.code or "NO_ANSWER"
        raise NotSent(f"nothing was sent: {what} could not be looked up: {error}", code=code) from None


@frozen
class Changer:
    """Changes orders of one account; never a cancel and a new order in disguise.

    Args:
        connection: opened.
    """

    connection: Connection

    async def amend(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        """Change an order in place.

        Raises:
            VenueError: proof that nothing was changed.
            Unsettled: it may have been changed.
        """
        lookups = self._lookups(submission)
        told = await asked_first(lookups.told(ref), "the order that is to be changed")
        if told is None or told.order_id is None:
            raise VenueRejected("the exchange knows no such order, so it cannot be changed", code=UNKNOWN_ORDER)
        legs = await asked_first(attached.legs(lookups.reader, told), "the legs of the order that is to be changed")
        changes = self._changes(told, change, legs)
        for _, of, more in changes:
            self._check(of, more)
        for number, (order_id, of, more) in enumerate(changes):
            try:
                await self._amended(order_id, of, more, submission)
            except VenueError as refusal:
                if not number:
                    raise
                raise Unsettled(f"a part of the change was made, and the next was not: {refusal}") from None
        return await self._settled(OrderRef(order_id=told.order_id, symbol=told.symbol), submission)

    async def _settled(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """How an order stands after its change."""
        try:
            found = await self._lookups(submission).find(ref)
        except VenueError as error:
            raise Unsettled(f"the exchange took the change; the order could not be looked up: {error}") from None
        if found is None:
            raise Unsettled("the exchange took the change, and does not show the order")
        return found

    def _changes(self, told: Told, change: OrderChange, legs: attached.Legs) -> list[tuple[str, Told, OrderChange]]:
        """What is to be changed of which order: of legs that stand their prices, of an entry that is open what it asks for.

        Of an entry that has filled in part Bybit changes neither stop nor target (v5, error 110059); legs at the new price
        beside a rest at the old one would be a change that nobody asked for.

        Raises:
            VenueRejected: nothing of it can be changed.
        """
        found: list[tuple[str, Told, OrderChange]] = []
        for role, price in ((attached.STOP, change.stop_loss), (attached.TARGET, change.take_profit)):
            standing = legs.standing(role) if price is not None else []
            found += [(str(leg.order_id), leg, OrderChange(stop_price=price)) for leg in standing]
        if told.status is None or not told.status.terminal:
            if found:
                text = "a part of the entry has filled: its legs and what they will be for the rest cannot be changed together"
                raise VenueRejected(f"{text}; cancel the rest of the entry first", code="PARTLY_FILLED")
            return [(str(told.order_id), told, change)]
        if not found or evolve(change, stop_loss=None, take_profit=None) != OrderChange():
            raise VenueRejected(f"the order is {told.status.value} and cannot be changed any more", code="NOT_OPEN")
        return found

    def _check(self, told: Told, change: OrderChange) -> None:
        """What the exchange would refuse, or make something else of."""
        known, rules = self.connection.traits, rules_of(self.connection, str(told.symbol))
        legs = change.stop_loss is not None or change.take_profit is not None
        if (legs and not known.attached) or (told.trigger_price is not None and known.conditional_apart):
            raise refuse(UNSUPPORTED, "this exchange changes no prices of that kind in place; cancel and send anew")
        if change.quantity is not None:
            check_quantity(change.quantity, rules)
        names = ("price", "stop_price", "stop_loss", "take_profit")
        check_prices([(name, getattr(change, name)) for name in names], rules, known)

    def _number(self, value: Decimal | None) -> str | float | None:
        """As ccxt takes it."""
        if value is None:
            return None
        return float(plain(value)) if self.connection.traits.numbers else plain(value)

    async def _amended(self, order_id: str, told: Told, change: OrderChange, submission: Submission) -> None:
        exchange, whole = self.connection.exchange, self.connection.exchange.id not in _PARTLY
        amount = change.quantity or (told.quantity if whole else None)
        price = change.price or (told.price if whole else None)
        trigger = change.stop_price or (told.trigger_price if whole else None)
        prices = {"triggerPrice": trigger, "stopLoss": change.stop_loss, "takeProfit": change.take_profit}
        if told.kind == "market" and told.trigger_price is not None and change.price is not None:
            prices["triggerPrice"], price = change.price, None  # a target that waits for its price and has no limit
        params = {key: plain(value) for key, value in prices.items() if value is not None}
        side = told.side.value if told.side is not None else None
        await self.connection.call(
            lambda: exchange.edit_order(
                order_id, told.symbol, told.kind, side, self._number(amount), self._number(price), params
            ),
            urgent=True,
            deadline=submission.deadline,
        )

    def _lookups(self, submission: Submission) -> Lookups:
        return Lookups(connection=self.connection, urgent=True, deadline=submission.deadline)
