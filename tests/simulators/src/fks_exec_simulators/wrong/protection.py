# SPDX-License-Identifier: MIT
"""Venues that are wrong about stops and targets."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from fks_exec import (
    ExecutionResult,
    Leg,
    Order,
    OrderRef,
    OrderType,
    Protection,
    Status,
    Submission,
    VenueRejected,
    hookimpl,
)
from fks_exec.testing import LooseLink, RemoteFaultyVenue, Request

from .matrix import Mutant, over_http


class Forgetful(RemoteFaultyVenue):
    """Answers accepted, and places nothing."""

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        return ExecutionResult(status="accepted", order_id=f"S{submission.venue_client_order_id}")


class Boasting(RemoteFaultyVenue):
    """Sends the entry without what is attached to it, and tells legs of its own making."""

    @hookimpl
    async def init(self, config: Any, context: Any) -> None:
        await super().init(config, context)
        self._wanted: dict[str | None, Order] = {}

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._wanted[submission.venue_client_order_id] = order
        answer = await super().execute_order(evolve(order, stop_loss=None, take_profit=None), submission)
        return self._with_legs(answer, submission.venue_client_order_id)

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        answer = await super().fetch_order(ref)
        return answer and self._with_legs(answer, ref.venue_client_order_id)

    def _with_legs(self, answer: ExecutionResult, name: str | None) -> ExecutionResult:
        order = self._wanted.get(name)
        prices = {"stop_loss": order.stop_loss, "take_profit": order.take_profit} if order else {}
        told = {role: price for role, price in prices.items() if price is not None}
        quantity = answer.filled_quantity
        legs = [Leg(role=r, status="accepted", trigger_price=p, quantity=quantity) for r, p in told.items() if quantity]
        return evolve(answer, legs=legs)


class Silent(RemoteFaultyVenue):
    """The legs stand, and no result tells of them."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return evolve(await super().execute_order(order, submission), legs=())

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        answer = await super().fetch_order(ref)
        return answer and evolve(answer, legs=())


class Oversized(RemoteFaultyVenue):
    """A stop for twice of what it is to protect."""

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        return await super().protect_position(evolve(protection, quantity=protection.quantity * 2), submission)


class Limited(RemoteFaultyVenue):
    """A limit order at the price of the stop, which the market takes at once."""

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        order = Order(
            symbol=protection.symbol,
            side=protection.side,
            quantity=protection.quantity,
            order_type=OrderType.LIMIT,
            price=protection.trigger_price,
        )
        answer = await super().execute_order(order, submission)
        return ExecutionResult(status=Status.ACCEPTED, order_id=answer.order_id)


class Optimistic(RemoteFaultyVenue):
    """A refusal is told as a stop that stands."""

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        try:
            return await super().protect_position(protection, submission)
        except VenueRejected:
            return ExecutionResult(status=Status.ACCEPTED, order_id="later")


class Insistent(RemoteFaultyVenue):
    """When the connection breaks the stop is sent again."""

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        try:
            return await super().protect_position(protection, submission)
        except ConnectionError:
            return await super().protect_position(protection, submission)


def loose(request: Request) -> LooseLink | None:
    """Two orders that stand side by side: what one fills does not end the other."""
    return LooseLink() if request.kind == "protect" else None


MUTANTS = [
    Mutant("forgets-the-stop", "answers that a stop was accepted, and places nothing", over_http(Forgetful), "Protecting"),
    Mutant(
        "protected-without-a-stop",
        "sends an entry without its stop, and tells of legs that the venue's book does not have",
        over_http(Boasting, protection="attached"),
        "Protecting",
    ),
    Mutant(
        "keeps-legs-to-itself",
        "tells nothing of the legs that are attached to an entry",
        over_http(Silent, protection="attached"),
        "Protecting",
    ),
    Mutant("stop-of-twice-the-size", "places a stop for twice of what it is to protect", over_http(Oversized), "Protecting"),
    Mutant(
        "stop-as-a-limit-order",
        "sends a stop as a limit order at its price",
        over_http(Limited, protection="stop_only"),
        "Protecting",
    ),
    Mutant(
        "legs-that-are-not-linked",
        "declares oco, and leaves the target standing when the stop has filled",
        over_http(RemoteFaultyVenue, otherwise=loose),
        "Protecting",
        alone=True,
    ),
    Mutant(
        "stop-that-opens-a-position",
        "declares reduce_only, and its stop sells what is not held any more",
        over_http(RemoteFaultyVenue, protection="reduce_only_pair", enforce_reduce_only=False),
        "Protecting",
    ),
    Mutant("refused-stop-told-as-standing", "tells a refused stop as accepted", over_http(Optimistic), "Protecting"),
    Mutant("sends-a-stop-again", "sends a stop again when the connection breaks", over_http(Insistent), "Protecting"),
]
