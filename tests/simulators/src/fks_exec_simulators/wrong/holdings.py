# SPDX-License-Identifier: MIT
"""Venues that are wrong about what is held, filled and open."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from fks_exec import Balance, ExecutionResult, Fill, OrderRef, OrderUpdate, Position, Status, hookimpl
from fks_exec.testing import RemoteFaultyVenue
from fks_exec.testing.faulty.placing import ServerError

from .matrix import Mutant, over_http


class Unsigned(RemoteFaultyVenue):
    """A short is told as a long."""

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        return [evolve(each, quantity=abs(each.quantity)) for each in await super().fetch_positions()]


class Flat(RemoteFaultyVenue):
    """What cannot be read is told as nothing."""

    @hookimpl
    async def fetch_positions(self) -> list[Position]:
        try:
            return list(await super().fetch_positions())
        except Exception:
            return []


class NothingThere(RemoteFaultyVenue):
    """An error of the server is told as a balance of nothing."""

    @hookimpl
    async def fetch_balance(self) -> list[Balance]:
        try:
            return list(await super().fetch_balance())
        except ServerError:
            return []


class Whole(RemoteFaultyVenue):
    """A part that has filled is not told before the whole has."""

    @hookimpl
    async def init(self, config: Any, context: Any) -> None:
        await super().init(config, evolve(context, publish=lambda update: self._publish(context, update)))

    def _publish(self, context: Any, update: OrderUpdate) -> None:
        context.publish(evolve(update, result=self._told(update.result)))

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        answer = await super().fetch_order(ref)
        return answer and self._told(answer)

    def _told(self, result: ExecutionResult) -> ExecutionResult:
        if result.status is not Status.PARTIALLY_FILLED:
            return result
        return ExecutionResult(status=Status.ACCEPTED, order_id=result.order_id)


class Twice(RemoteFaultyVenue):
    """A trade has another id in a push than in a look-up."""

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        answer = await super().fetch_order(ref)
        return answer and evolve(answer, fills=[_renamed(fill) for fill in answer.fills])


def _renamed(fill: Fill) -> Fill:
    return evolve(fill, trade_id=f"look-{fill.trade_id}")


class FirstPage(RemoteFaultyVenue):
    """The first two of the open orders, as if there were no further page."""

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        return list(await super().fetch_open_orders())[:2]


class Free(RemoteFaultyVenue):
    """Fees are paid, and not told."""

    @hookimpl
    async def execute_order(self, order: Any, submission: Any) -> ExecutionResult:
        answer = await super().execute_order(order, submission)
        return evolve(answer, fills=[evolve(fill, fee=0, fee_currency=None) for fill in answer.fills])


class Nameless(RemoteFaultyVenue):
    """Fees are told, and not in what."""

    @hookimpl
    async def execute_order(self, order: Any, submission: Any) -> ExecutionResult:
        answer = await super().execute_order(order, submission)
        return evolve(answer, fills=[evolve(fill, fee_currency=None) for fill in answer.fills])


class AsOrdered(RemoteFaultyVenue):
    """The limit of an order is told as what was paid."""

    @hookimpl
    async def execute_order(self, order: Any, submission: Any) -> ExecutionResult:
        return self._told(await super().execute_order(order, submission), order.price)

    def _told(self, answer: ExecutionResult, limit: Any) -> ExecutionResult:
        return evolve(answer, average_price=limit, fills=[]) if answer.filled_quantity and limit is not None else answer


MUTANTS = [
    Mutant("short-told-as-long", "tells the quantity of a short without its sign", over_http(Unsigned), "Holdings"),
    Mutant(
        "unreadable-told-as-flat",
        "answers an empty list when positions cannot be read",
        over_http(Flat),
        "Holdings",
        alone=True,
    ),
    Mutant(
        "server-error-told-as-no-balance",
        "answers an empty balance when the server has an error",
        over_http(NothingThere),
        "Holdings",
        alone=True,
    ),
    Mutant("loses-partial-fills", "tells no fill before the order has filled in full", over_http(Whole), "Holdings"),
    Mutant("counts-a-fill-twice", "gives a trade one id in a push and another in a look-up", over_http(Twice), "Holdings"),
    Mutant("first-page-only", "lists two open orders at most", over_http(FirstPage), "Holdings"),
    Mutant(
        "fees-that-are-not-told",
        "does not tell the fees that the venue takes",
        over_http(Free, kind="spot", fee_rate="0.001"),
        "Holdings",
    ),
    Mutant(
        "fees-in-no-currency",
        "tells what was paid as a fee, and not in what",
        over_http(Nameless, fee_rate="0.001"),
        "Holdings",
    ),
    Mutant("limit-told-as-paid", "tells the limit of an order as what was paid", over_http(AsOrdered), "Holdings", alone=True),
]
