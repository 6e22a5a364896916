# SPDX-License-Identifier: MIT
"""Orders placed, protected and cancelled, each by one request: :class:`Trader`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import frozen

from fks_exec import (
    ExecutionResult,
    NotSent,
    Order,
    OrderRef,
    OrderType,
    Protection,
    Side,
    Status,
    Submission,
    VenueError,
    VenueRejected,
)

from ..reading import attached, orderlists
from ..reading.lookups import Lookups
from ..reading.quotes import fetch_data
from ..reading.reader import UNKNOWN_ORDER, market_of, needs
from ..reading.results import Told, result_of
from ..requests import mapping
from ..requests.checks import check_prices, check_quantity
from ..session import modes
from ..wire.outcomes import Duplicate, Unsettled
from .changing import asked_first, rules_of

if TYPE_CHECKING:
    from ..session.connection import Connection

_PAUSE = 0.02
"""Seconds before the second look at an order that was just taken; each further one is twice as long after the one before."""


@frozen
class Trader:
    """Places and cancels orders of one account.

    Args:
        connection: opened.
    """

    connection: Connection

    async def place(self, order: Order, submission: Submission) -> ExecutionResult:
        """Place an order, once; before the first of an instrument, its modes are compared with the configuration.

        Raises:
            VenueError: proof that it does not stand.
            Unsettled: it may stand.
        """
        await modes.before_order(self.connection, order, submission.deadline)
        market = market_of(self.connection, order.symbol)
        name = submission.venue_client_order_id
        ask = await self._ask(order, market, submission)
        request = mapping.entry(order, name, market, self.connection.traits, self.connection.probed(order.symbol), ask)
        roles = {attached.STOP: order.stop_loss, attached.TARGET: order.take_profit}
        wanted = frozenset(role for role, price in roles.items() if price is not None)
        at_once = order.order_type is OrderType.MARKET
        urgent = self._reduces(order)
        return await self._sent(request, order.symbol, submission, urgent=urgent, at_once=at_once, roles=wanted)

    async def protect(self, protection: Protection, submission: Submission) -> ExecutionResult:
        """Place a protective order, once; with its target where both are linked.

        Raises:
            VenueError: proof that it does not stand.
            Unsettled: it may stand.
        """
        market = market_of(self.connection, protection.symbol)
        name = submission.venue_client_order_id
        if protection.target_price is not None:
            return await self._linked(protection, submission, market)
        request = mapping.leg(protection, name, market, self.connection.traits, self.connection.probed(protection.symbol))
        return await self._sent(request, protection.symbol, submission, urgent=True)

    async def cancel(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """Cancel an order, by either of its names; what is gone is looked up, and its state answered.

        Raises:
            VenueError: proof that the cancel changed nothing.
            Unsettled: it may have been cancelled.
        """
        symbol = needs(ref.symbol)
        known = ref if ref.order_id is not None else await self._known(ref, submission)
        try:
            answer = await self._cancelled(known, symbol, submission)
        except VenueRejected as refusal:
            if refusal.code in _RESTS:
                raise
            return await self._gone(known, submission, refusal)
        told = self._lookups(submission).reader.told(answer)
        if told.status is Status.CANCELED and not told.filled and not orderlists.listed(told):
            return result_of(told)
        return await self._after(known, submission)

    async def _sent(
        self,
        request: mapping.Request,
        symbol: str,
        submission: Submission,
        *,
        urgent: bool,
        at_once: bool = False,
        roles: Iterable[str] = (),
    ) -> ExecutionResult:
        """One order, once, and how it stands.

        Args:
            at_once: it should fill at once.
            roles: of the legs that go with it.
        """
        exchange = self.connection.exchange
        ref = OrderRef(venue_client_order_id=submission.venue_client_order_id, symbol=symbol)
        try:
            answer = await self.connection.call(
                lambda: exchange.create_order(*request.arguments()),
                urgent=urgent,
                deadline=submission.deadline,
            )
        except Duplicate as known:
            return await self._ours(ref, submission, known, Side(request.side))
        told = self._lookups(submission).reader.told(answer)
        if told.order_id is None:
            raise self.connection.without_id()
        return await self._followed(told, symbol, submission, at_once=at_once, roles=frozenset(roles))

    def _reduces(self, order: Order) -> bool:
        """An exit: what reduces only, and any sale on spot, where nothing is sold that is not held."""
        return order.reduce_only or (self.connection.config.market_type == "spot" and order.side is Side.SELL)

    async def _followed(
        self, told: Told, symbol: str, submission: Submission, *, at_once: bool, roles: frozenset[str]
    ) -> ExecutionResult:
        """How an order that was taken stands, looked at for as long as ``fill_wait`` while its answer does not tell."""
        result = None if told.unsaid else result_of(told)
        if result is not None and not self._open_question(told.status, result, at_once, roles):
            return result
        lookups = self._lookups(submission)
        ref = OrderRef(order_id=told.order_id, symbol=symbol, venue_client_order_id=submission.venue_client_order_id)

        async def look() -> bool:
            nonlocal result
            seen = await lookups.told(ref)
            if seen is None:
                return False
            result = await lookups.whole(seen, roles or None)
            return not self._open_question(seen.status, result, at_once, roles)

        await self._for_a_while(look, submission)
        return result_of(told) if result is None else result

    def _open_question(self, status: Status | None, result: ExecutionResult, at_once: bool, roles: frozenset[str]) -> bool:
        """Whether a look may tell more: no state, a market order that rests, a fill without trades or without its legs."""
        if status is None or (at_once and not result.status.terminal):
            return True
        if not result.filled_quantity:
            return False
        missing = roles - {leg.role for leg in result.legs}
        return not [fill for fill in result.fills if not fill.leg] or bool(missing)

    async def _for_a_while(self, look: Callable[[], Awaitable[bool]], submission: Submission) -> None:
        """Look until it is told, ``fill_wait`` has passed or the deadline is near; a look that fails proves nothing."""
        clock, pause = self.connection.clock, _PAUSE
        end = min(clock.monotonic() + self.connection.config.fill_wait, submission.deadline - _PAUSE)
        while (left := end - clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    if await look():
                        return
                    await asyncio.sleep(pause)
            except Exception:  # whatever it was: the order was taken, and the host looks again
                await asyncio.sleep(min(pause, max(0.0, end - clock.monotonic())))
            pause *= 2

    async def _ours(self, ref: OrderRef, submission: Submission, known: Duplicate, side: Side) -> ExecutionResult:
        """The exchange has an order of this id already: it is ours, if it is of the side that was asked for."""
        lookups = self._lookups(submission)
        try:
            found = await lookups.told(ref)
            if found is not None and found.side in (None, side):
                return await lookups.whole(found)
        except VenueError as error:
            raise Unsettled(f"{known}; and it could not be looked up: {error}") from None
        if found is None:
            raise Unsettled(f"{known}; and it is not shown there")
        raise Unsettled(f"{known}; and the order of this id there is of the other side: another's, or an earlier one")

    async def _linked(self, protection: Protection, submission: Submission, market: Mapping[str, Any]) -> ExecutionResult:
        name = self.connection.traits.wire_id(submission.venue_client_order_id)
        buys = protection.side is Side.BUY and self.connection.config.market_type == "spot"
        if buys or not self.connection.probed(protection.symbol).order_list:
            raise VenueRejected("a stop and its target cannot be placed as one list here; place them apart", code="UNSUPPORTED")
        rules, names = rules_of(self.connection, protection.symbol), ("trigger_price", "target_price", "limit_price")
        check_quantity(protection.quantity, rules)
        check_prices([(name, getattr(protection, name)) for name in names], rules, self.connection.traits)
        exchange, asked = self.connection.exchange, orderlists.request(protection, name, market)
        ref = OrderRef(venue_client_order_id=submission.venue_client_order_id, symbol=protection.symbol)
        try:
            answer = await self.connection.call(
                lambda: exchange.private_post_orderlist_oco(asked), urgent=True, deadline=submission.deadline
            )
        except Duplicate as known:
            return await self._ours(ref, submission, known, Side(protection.side))
        return orderlists.answer(self._lookups(submission).reader, answer, name, market).result()

    async def _known(self, ref: OrderRef, submission: Submission) -> OrderRef:
        """With the exchange's own name, where a cancel by ours is not certain to be understood."""
        if self.connection.exchange.id in _BY_OUR_ID:
            return ref
        told = await asked_first(self._lookups(submission).told(ref), "the order that is to be cancelled")
        if told is None:
            raise VenueRejected("the exchange knows no such order, so it cannot be cancelled", code=UNKNOWN_ORDER)
        return OrderRef(order_id=told.order_id, symbol=ref.symbol, submitted_at=ref.submitted_at)

    async def _cancelled(self, ref: OrderRef, symbol: str, submission: Submission) -> Mapping[str, Any]:
        """One request; where orders with a trigger are kept apart, and it is none of the others, one for those."""
        unknown: VenueRejected | None = None
        kinds = self._kinds()
        for kind in kinds:
            try:
                return await self._cancel_one(ref, symbol, submission, kind)
            except VenueRejected as refusal:
                if refusal.code != UNKNOWN_ORDER:
                    raise
                if unknown is None and len(kinds) == 1:
                    kinds += await self._plan(ref, submission)  # the loop goes on with it
                unknown = unknown or refusal
        raise unknown or VenueRejected("the exchange knows no such order, so it cannot be cancelled", code=UNKNOWN_ORDER)

    def _kinds(self) -> list[dict[str, Any]]:
        """Where the order can be; of each that is cancelled on Bybit's spot market, ccxt says that it has no trigger."""
        if self.connection.exchange.id in ("bybit", "bybiteu") and self.connection.config.market_type == "spot":
            return [{}, {"orderFilter": "StopOrder"}, {"orderFilter": "tpslOrder"}]
        return [{}, {"trigger": True}] if self.connection.traits.conditional_look_up else [{}]

    async def _plan(self, ref: OrderRef, submission: Submission) -> list[dict[str, Any]]:
        """What Bitget cancels an order with a trigger by: its kind, as the exchange tells it."""
        if not self.connection.traits.trigger_lists:
            return []
        told = await asked_first(self._lookups(submission).told(ref), "the order that is to be cancelled")
        kind = None if told is None else told.info.get("planType")
        return [{"trigger": True, "planType": str(kind)}] if kind else []

    async def _cancel_one(self, ref: OrderRef, symbol: str, submission: Submission, kind: dict[str, Any]) -> Mapping[str, Any]:
        exchange, order_id = self.connection.exchange, ref.order_id
        if order_id is None and ref.venue_client_order_id is not None:
            kind = {**kind, _BY_OUR_ID[exchange.id]: self.connection.traits.wire_id(ref.venue_client_order_id)}
        answer: Mapping[str, Any] = await self.connection.call(
            lambda: exchange.cancel_order(order_id, symbol, kind), urgent=True, deadline=submission.deadline
        )
        return answer

    async def _gone(self, ref: OrderRef, submission: Submission, refusal: VenueRejected) -> ExecutionResult:
        """The exchange has nothing of that name to cancel: how it ended, if it was ever there; what rests was refused."""
        try:
            found = await self._lookups(submission).find(ref)
        except (VenueError, Unsettled) as error:
            if refusal.code != UNKNOWN_ORDER:
                raise refusal from None
            raise Unsettled(f"{refusal}; and it could not be looked up: {error}") from None
        if found is None or not found.status.terminal:
            raise refusal
        return found

    async def _after(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        """How an order stands whose cancel was taken; some exchanges carry it out a moment later."""
        lookups, found = self._lookups(submission), None

        async def look() -> bool:
            nonlocal found
            found = await lookups.find(ref) or found
            return found is not None and found.status.terminal

        await self._for_a_while(look, submission)
        if found is None:
            raise Unsettled("the exchange took the cancel; how the order ended could not be looked up")
        return found

    async def _ask(self, order: Order, market: Mapping[str, Any], submission: Submission) -> Decimal | None:
        """What a market purchase costs now, where it is ordered in quote currency; None elsewhere."""
        if not mapping.needs_ask(order, market, self.connection.probed(order.symbol)):
            return None
        try:
            quote = await fetch_data(self.connection, order.symbol, deadline=submission.deadline)
        except (VenueError, Unsettled) as error:
            raise NotSent(f"nothing was sent: the price that the purchase is ordered at could not be read: {error}") from None
        return quote.price_for(Side.BUY)

    def _lookups(self, submission: Submission, *, urgent: bool = True) -> Lookups:
        return Lookups(connection=self.connection, urgent=urgent, deadline=submission.deadline)


_RESTS = frozenset({"CANCEL_RESTRICTED", "PERMISSION", "RATE_LIMITED", "CLOCK"})
"""Codes of a refused cancel that say nothing of the order; after others, which exchanges word as they like, it is looked up."""

_BY_OUR_ID = {
    "binance": "clientOrderId",
    "binanceusdm": "clientOrderId",
    "binancecoinm": "clientOrderId",
    "binanceus": "clientOrderId",
    "bybit": "orderLinkId",
    "bybiteu": "orderLinkId",
}
"""Exchanges that cancel by our own id, and under which word."""
