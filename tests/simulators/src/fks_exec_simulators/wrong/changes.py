# SPDX-License-Identifier: MIT
"""Venues that are wrong about cancels and amends."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from fks_exec import ExecutionResult, Order, OrderChange, OrderRef, Status, Submission, VenueRejected, hookimpl
from fks_exec.testing import RemoteFaultyVenue
from fks_exec.testing.faulty.placing import ServerError

from .matrix import Mutant, over_http


class Presuming(RemoteFaultyVenue):
    """Answers canceled, whatever the venue said."""

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        answer = await super().cancel_order(ref, submission)
        return evolve(answer, status=Status.CANCELED)


class Closing(RemoteFaultyVenue):
    """Cancels all that rests of the instrument."""

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        answer = await super().cancel_order(ref, submission)
        for update in await super().fetch_open_orders():
            if update.ref.symbol == ref.symbol:
                await super().cancel_order(update.ref, submission)
        return answer


class Hopeful(RemoteFaultyVenue):
    """No answer to a cancel is told as canceled."""

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        try:
            return await super().cancel_order(ref, submission)
        except ConnectionError:
            return ExecutionResult(status=Status.CANCELED, order_id=ref.order_id)


class NoSuchOrder(RemoteFaultyVenue):
    """An error of the server is told as if there were no such order to cancel."""

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        try:
            return await super().cancel_order(ref, submission)
        except ServerError as error:
            raise VenueRejected(str(error), code="NO_ORDER") from None


class Careless(RemoteFaultyVenue):
    """An order that the venue does not know is told as canceled."""

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        try:
            return await super().cancel_order(ref, submission)
        except VenueRejected:
            return ExecutionResult(status=Status.CANCELED, order_id=ref.order_id)


class Doubling(RemoteFaultyVenue):
    """Amends by sending another order, under the same name, and leaves the first."""

    @hookimpl
    async def init(self, config: Any, context: Any) -> None:
        await super().init(config, context)
        self._orders: dict[str | None, Order] = {}

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        self._orders[submission.venue_client_order_id] = order
        return await super().execute_order(order, submission)

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        order = self._orders.get(ref.venue_client_order_id)
        if order is None:
            return await super().amend_order(ref, change, submission)
        new = evolve(order, quantity=change.quantity or order.quantity, price=change.price or order.price)
        return await super().execute_order(new, submission)


class Halving(RemoteFaultyVenue):
    """Amends the price, and leaves the quantity as it was."""

    @hookimpl
    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission) -> ExecutionResult:
        return await super().amend_order(ref, evolve(change, quantity=None), submission)


class Nothing(RemoteFaultyVenue):
    """What had filled before a cancel is not told with it."""

    @hookimpl
    async def cancel_order(self, ref: OrderRef, submission: Submission) -> ExecutionResult:
        answer = await super().cancel_order(ref, submission)
        return ExecutionResult(status=answer.status, order_id=answer.order_id) if answer.status == "canceled" else answer


MUTANTS = [
    Mutant("canceled-whatever-was-said", "answers canceled for an order that has filled", over_http(Presuming), "Changes"),
    Mutant("cancels-the-whole-instrument", "cancels every order of the instrument", over_http(Closing), "Changes"),
    Mutant(
        "lost-cancel-told-as-canceled",
        "tells an order as canceled when no answer came",
        over_http(Hopeful),
        "Changes",
        alone=True,
    ),
    Mutant(
        "server-error-told-as-nothing-to-cancel",
        "refuses a cancel when the server has an error",
        over_http(NoSuchOrder),
        "Changes",
        alone=True,
    ),
    Mutant(
        "canceled-though-not-there",
        "tells an order as canceled that the venue does not know",
        over_http(Careless),
        "Changes",
    ),
    Mutant("amends-by-a-second-order", "sends another order in place of an amend", over_http(Doubling), "Changes"),
    Mutant("amends-no-quantity", "drops the quantity from an amend", over_http(Halving), "Changes"),
    Mutant(
        "cancel-forgets-what-filled",
        "tells a cancelled order without the part that had filled",
        over_http(Nothing),
        "Changes",
    ),
]
