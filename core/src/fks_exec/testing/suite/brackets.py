# SPDX-License-Identifier: MIT
"""``Brackets``: entries with their stops and targets, opened for a test and cleared away behind it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...model.account import Protection, ProtectionKind
from ...model.market import Kind, MarketData
from ...model.numbers import ZERO
from ...model.orders import Order, OrderType, Side, Submission
from ...model.results import ExecutionResult, Status
from .desk import Desk, Sent, not_declared, not_tried, told
from .legs import APART, STOP, TARGET, Bracket, Role, check_booked

AWAY = 4
"""Percent from the market to a stop and to a target; what other tests left resting lies further off."""


class Brackets:
    """Opens brackets at one desk, moves its market, and leaves both as they were.

    Args:
        desk: opened.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk: Desk = desk
        self.base: Decimal | None = None
        self._open: list[Bracket] = []
        self._quote: MarketData | None = None

    def needs(self, kind: ProtectionKind, side: Side = Side.BUY) -> None:
        """End the test unless the venue serves a kind, for longs or for shorts."""
        self.desk.needs(kind)
        if side is Side.SELL and self.desk.instrument.kind is Kind.SPOT:
            not_declared("shorts (the instrument is spot)")

    def sees(self, kind: ProtectionKind, side: Side = Side.BUY) -> None:
        """As :meth:`needs`; and what becomes of a leg can be seen, by a look-up or by pushes."""
        self.needs(kind, side)
        if "fetch_order" not in self.desk.account.capabilities.abilities:
            self.desk.needs("publishes")

    def apart(self) -> ProtectionKind:
        """A kind whose stop is placed by protect_position; ends the test where there is none."""
        for kind in APART:
            if kind in self.desk.declared.protection:
                return kind
        not_declared("protect_position")

    async def held(self) -> Decimal | None:
        """What is held, signed, base units or contracts; None where the venue does not tell."""
        abilities = self.desk.account.capabilities.abilities
        readable = "fetch_positions" in abilities or (self.desk.spot and "fetch_balance" in abilities)
        return await self.desk.position() if readable else None

    async def flat(self) -> None:
        """Hold nothing but dust; ends the test where that cannot be had."""
        held = await self.held()
        if held is None:
            not_declared("fetch_positions")
        quantity = self.desk.instrument.quantity_down(abs(held))
        if quantity and self.desk.declared.hedging:
            not_tried("a leg after its position (with hedging the account has to be flat)")
        if quantity:
            await self.desk.filled(self.desk.order(_closing(held), quantity=quantity))

    async def enter(self, kind: ProtectionKind, side: Side = Side.BUY) -> Bracket:
        """An entry that has filled; its legs are placed already only where they are attached to it."""
        self.needs(kind, side)
        self.base = await self._beside(side)
        tickets, known = await self._tickets(), await self._known()
        prices: dict[Role, Decimal] = {STOP: await self.desk.away(side, AWAY)}
        if kind != "stop_only":
            prices[TARGET] = await self.desk.away(side.opposite, AWAY)
        legs: dict[str, Any] = {str(role): price for role, price in prices.items()} if kind == "attached" else {}
        entry = await self.desk.filled(self.desk.order(side, **legs))
        ticket = next(iter(await self._tickets() - tickets), None)
        size = self.desk.instrument.quantity_down(entry.result.filled_quantity - self._paid(entry))
        bracket = Bracket(desk=self.desk, kind=kind, entry=entry, size=size, known=known, prices=prices, own={}, ticket=ticket)
        self._open.append(bracket)
        return bracket

    async def open(self, kind: ProtectionKind, side: Side = Side.BUY) -> Bracket:
        """An entry with its stop, and its target where the kind has one, both taken by the venue."""
        bracket = await self.enter(kind, side)
        for role in () if kind == "attached" else bracket.roles if kind == "reduce_only_pair" else (STOP,):
            await self.protect(bracket, role)
            leg = bracket.own[role]
            assert leg.result.status is Status.ACCEPTED, f"{told(leg)}; a {role} away from the market should be taken"
        for role in bracket.roles:
            await check_booked(bracket, role)
        return bracket

    async def protect(self, bracket: Bracket, role: Role, *, seconds: float | None = None) -> Sent:
        """Place a leg, once, with what is linked with it; the answer may be anything.

        Args:
            seconds: to its deadline; None: the trial's.
        """
        desk = self.desk
        submission = desk.account.submission(seconds=desk.trial.seconds if seconds is None else seconds)
        protection = Protection(
            role=role,
            symbol=desk.symbol,
            side=bracket.side,
            quantity=bracket.size,
            trigger_price=bracket.prices[role],
            entry=bracket.entry.ref,
            position_id=bracket.ticket,
            target_price=bracket.prices[TARGET] if bracket.kind == "oco" else None,
        )
        sent = bracket.own[role] = _as_sent(protection, submission)
        desk.sent.append(sent)
        sent.result = await desk.account.protect_position(protection, submission)
        return sent

    async def move(self, bracket: Bracket, role: Role, share: str) -> None:
        """Move the market so much of the way to a leg's price.

        Args:
            share: 1 is all of the way.
        """
        counterpart = self.desk.tries("set_price")
        self._quote = self._quote or await self.desk.account.fetch_data(self.desk.symbol)
        start = self._quote.price_for(bracket.side)
        assert start is not None, f"fetch_data({self.desk.symbol!r}) tells no price to {bracket.side}"
        price = self._on_tick(start + (bracket.prices[role] - start) * Decimal(share))
        await counterpart.set_price(self.desk.symbol, price, price)

    async def back(self, bracket: Bracket) -> None:
        """Wait until what the entry bought or sold is closed, where the venue tells what is held."""
        if self.base is not None and not self._paid(bracket.entry):
            what = f"the position to be {self.base} again, as before the entry"
            _: Decimal = await self.desk.until(self.desk.position, lambda held: held == self.base, what)

    async def tidy(self) -> None:
        """Cancel the legs that stand, put the market back, close what is open."""
        if not self.desk.account.ready:
            return
        for bracket in self._open:
            await self._cancel(bracket)
        await self._market_back()
        left = await self._left()
        quantity = self.desk.instrument.quantity_down(abs(left))
        if quantity:
            hedged = self.desk.declared.hedging and self.desk.declared.reduce_only
            await self.desk.send(self.desk.order(_closing(left), quantity=quantity, reduce_only=hedged))
        self.desk.sent.clear()

    async def _beside(self, side: Side) -> Decimal | None:
        """What is held; an entry opens only where nothing stands on the other side."""
        held = await self.held()
        if held is None or self.desk.declared.hedging or held * side.sign >= 0:
            return held
        await self.desk.filled(self.desk.order(side, quantity=abs(held)))
        return ZERO

    async def _tickets(self) -> set[str]:
        if not self.desk.declared.hedging or "fetch_positions" not in self.desk.account.capabilities.abilities:
            return set()
        every = await self.desk.account.fetch_positions()
        return {each.position_id for each in every if each.symbol == self.desk.symbol and each.position_id}

    async def _known(self) -> frozenset[str]:
        counterpart = self.desk.counterpart
        every = await counterpart.placed() if counterpart is not None and "placed" in counterpart.can else ()
        return frozenset(each.order_id for each in every)

    def _paid(self, entry: Sent) -> Decimal:
        """What of a purchase was taken as its fee."""
        base = self.desk.instrument.base
        fees = (fill.fee for fill in entry.result.fills if self.desk.spot and fill.fee_currency == base)
        return sum(fees, ZERO) if entry.order.side is Side.BUY else ZERO

    def _on_tick(self, price: Decimal) -> Decimal:
        tick = self.desk.instrument.price_tick or Decimal("0.000001")
        return (price / tick).to_integral_value() * tick

    async def _cancel(self, bracket: Bracket) -> None:
        if "cancel_order" not in self.desk.account.capabilities.abilities:
            return
        for role in bracket.roles:
            status, ref = await bracket.status(role), await bracket.ref(role)
            if not status.terminal and (ref.order_id or ref.venue_client_order_id):
                await self.desk.account.cancel_order(ref)

    async def _market_back(self) -> None:
        quote, counterpart = self._quote, self.desk.counterpart
        if quote is not None and counterpart is not None and quote.bid is not None and quote.ask is not None:
            await counterpart.set_price(self.desk.symbol, quote.bid, quote.ask)

    async def _left(self) -> Decimal:
        """What is still open of the entries, signed."""
        held = await self.held()
        if held is not None and self.base is not None:
            return held - self.base
        entries = sum((bracket.entry.signed for bracket in self._open), ZERO)
        closed = [bracket.side.sign * fill.quantity for bracket in self._open for fill in await bracket.closes()]
        return entries + sum(closed, ZERO)


def _as_sent(protection: Protection, submission: Submission) -> Sent:
    """A leg in the words of an order, for the sentences of failures."""
    stop = protection.role == STOP
    order = Order(
        symbol=protection.symbol,
        side=protection.side,
        quantity=protection.quantity,
        order_type=OrderType.STOP if stop else OrderType.LIMIT,
        stop_price=protection.trigger_price if stop else None,
        price=None if stop else protection.trigger_price,
    )
    return Sent(order=order, submission=submission, result=ExecutionResult(status=Status.UNKNOWN))


def _closing(held: Decimal) -> Side:
    return Side.SELL if held > 0 else Side.BUY
