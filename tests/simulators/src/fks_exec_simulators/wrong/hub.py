# SPDX-License-Identifier: MIT
"""Venues that go wrong where a host ends and another one goes on: what they know, their object knows."""

from __future__ import annotations

import itertools

from attrs import evolve

from fks_exec import (
    ExecutionResult,
    Fill,
    Order,
    OrderChange,
    OrderRef,
    OrderUpdate,
    Protection,
    Submission,
    VenueContext,
    VenueRejected,
    hookimpl,
)
from fks_exec.testing import RemoteConfig, RemoteFaultyVenue

from .matrix import Mutant, over_http


class Remembers(RemoteFaultyVenue):
    """Keeps the ids of what it has sent; the next object begins without any."""

    def __init__(self) -> None:
        super().__init__()
        self._own: set[str | None] = set()

    def _keep(self, result: ExecutionResult) -> ExecutionResult:
        self._own |= {result.order_id, *(name for leg in result.legs for name in (leg.order_id, leg.venue_client_order_id))}
        return result

    def _knows(self, ref: OrderRef) -> bool:
        return bool({name for name in (ref.venue_client_order_id, ref.order_id) if name} & self._own)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._own.add(submission.venue_client_order_id)
        return self._keep(await super().execute_order(order, submission))

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        self._own.add(submission.venue_client_order_id)
        return self._keep(await super().protect_position(protection, submission))


class LooksUpItsOwn(Remembers):
    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        return await super().fetch_order(ref) if self._knows(ref) else None


class CancelsItsOwn(Remembers):
    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        if not self._knows(ref):
            raise VenueRejected(f"there is no order {ref.venue_client_order_id}", code="UNKNOWN_ORDER")
        return await super().cancel_order(ref, submission)


class CountsItsTrades(RemoteFaultyVenue):
    """Gives trades numbers of its own, from 1 on."""

    def __init__(self) -> None:
        super().__init__()
        self._count = itertools.count(1)
        self._numbers: dict[str, str] = {}

    def _numbered(self, result: ExecutionResult) -> ExecutionResult:
        return evolve(result, fills=[self._renamed(fill) for fill in result.fills])

    def _renamed(self, fill: Fill) -> Fill:
        if fill.trade_id not in self._numbers:
            self._numbers[fill.trade_id] = str(next(self._count))
        return evolve(fill, trade_id=self._numbers[fill.trade_id])

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        def publish(update: OrderUpdate) -> None:
            context.publish(evolve(update, result=self._numbered(update.result)))

        await super().init(config, evolve(context, publish=publish))

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return self._numbered(await super().execute_order(order, submission))

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        found = await super().fetch_order(ref)
        return None if found is None else self._numbered(found)

    @hookimpl
    async def fetch_open_orders(self) -> list[OrderUpdate]:
        return [evolve(each, result=self._numbered(each.result)) for each in await super().fetch_open_orders()]

    @hookimpl
    async def protect_position(self, protection: Protection, submission: Submission) -> ExecutionResult:
        return self._numbered(await super().protect_position(protection, submission))

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        return self._numbered(await super().cancel_order(ref, submission))

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        return self._numbered(await super().amend_order(ref, change, submission))


MUTANTS = [
    Mutant(
        "look-up-knows-its-own",
        "finds only the orders that the same object has sent, and says of others that there are none",
        over_http(LooksUpItsOwn),
        "ThroughTheHub",
        alone=True,
    ),
    Mutant(
        "cancels-its-own",
        "cancels only the orders that the same object has sent",
        over_http(CancelsItsOwn),
        "ThroughTheHub",
        alone=True,
    ),
    Mutant(
        "counts-its-trades",
        "numbers its trades from 1 on whenever it is opened, so that later ones pass for known",
        over_http(CountsItsTrades),
        "ThroughTheHub",
        alone=True,
    ),
]
