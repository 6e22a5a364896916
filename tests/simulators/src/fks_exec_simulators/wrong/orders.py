# SPDX-License-Identifier: MIT
"""Wrong venues whose orders are not what they say: their type, their time in force, their flags, their numbers."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from attrs import evolve

from fks_exec import ExecutionResult, Order, OrderRef, OrderType, OrderUpdate, Side, Submission, VenueContext, hookimpl
from fks_exec.model.orders import TimeInForce
from fks_exec.testing import RemoteConfig, RemoteFaultyVenue

from .matrix import Mutant, over_http


class Changing(RemoteFaultyVenue):
    """Sends something else than it was given."""

    def change(self, order: Order) -> Order:
        """What it sends instead."""
        return order

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return await super().execute_order(self.change(order), submission)


class StopIsMarket(Changing):
    def change(self, order: Order) -> Order:
        return evolve(order, order_type="market", stop_price=None) if order.order_type is OrderType.STOP else order


class SendsWhatItDoesNotDeclare(Changing):
    def change(self, order: Order) -> Order:
        if order.order_type in self._capabilities.order_types:
            return order
        return evolve(order, order_type="market", price=None, stop_price=None)


class LeavesIocResting(Changing):
    def change(self, order: Order) -> Order:
        return evolve(order, time_in_force="gtc") if order.time_in_force is TimeInForce.IOC else order


class ForgetsPostOnly(Changing):
    def change(self, order: Order) -> Order:
        return evolve(order, post_only=False)


class ForgetsReduceOnly(Changing):
    def change(self, order: Order) -> Order:
        return evolve(order, reduce_only=False)


class RoundsInSecret(Changing):
    def change(self, order: Order) -> Order:
        return evolve(order, quantity=order.quantity.quantize(Decimal("0.001")) or order.quantity)


class RoundsThePrice(Changing):
    """To whole numbers, away from the market's favour."""

    def change(self, order: Order) -> Order:
        rounding = ROUND_CEILING if order.side is Side.BUY else ROUND_FLOOR
        return order if order.price is None else evolve(order, price=order.price.to_integral_value(rounding))


class TradesAnySymbol(Changing):
    def change(self, order: Order) -> Order:
        return evolve(order, symbol="BTC/USDT")


class Retelling(RemoteFaultyVenue):
    """Tells of its orders what is not so, in answers, look-ups and pushes alike."""

    def retell(self, result: ExecutionResult) -> ExecutionResult:
        """What it tells instead."""
        return result

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        def publish(update: OrderUpdate) -> None:
            context.publish(evolve(update, result=self.retell(update.result)))

        await super().init(config, evolve(context, publish=publish))

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return self.retell(await super().execute_order(order, submission))

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> ExecutionResult | None:
        found = await super().fetch_order(ref)
        return None if found is None else self.retell(found)


class OrderIdIsTradeId(Retelling):
    def retell(self, result: ExecutionResult) -> ExecutionResult:
        return evolve(result, fills=[evolve(fill, trade_id=f"of-{result.order_id}") for fill in result.fills])


class AverageWithFees(Retelling):
    def retell(self, result: ExecutionResult) -> ExecutionResult:
        paid = result.average_price
        return evolve(result, average_price=None if paid is None else paid * Decimal("1.001"))


class AverageThroughAFloat(Retelling):
    def retell(self, result: ExecutionResult) -> ExecutionResult:
        paid = result.average_price
        return evolve(result, average_price=None if paid is None else Decimal(float(paid)))


class AnswersFloats(RemoteFaultyVenue):
    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        answer = await super().execute_order(order, submission)
        number: object = float(answer.filled_quantity)
        return ExecutionResult(status=answer.status, order_id=answer.order_id, filled_quantity=number)  # type: ignore[arg-type]


MUTANTS = [
    Mutant("sends-a-stop-as-market", "sends a stop order as a market order", over_http(StopIsMarket), "Orders", alone=True),
    Mutant(
        "sends-what-it-does-not-declare",
        "sends an order of a type that it does not know as a market order",
        over_http(SendsWhatItDoesNotDeclare),
        "Orders",
        alone=True,
    ),
    Mutant("leaves-ioc-resting", "lets an ioc order rest", over_http(LeavesIocResting), "Orders", alone=True),
    Mutant("forgets-post-only", "lets a post-only order take", over_http(ForgetsPostOnly), "Orders", alone=True),
    Mutant("forgets-reduce-only", "lets a reduce-only order open a position", over_http(ForgetsReduceOnly), "Orders"),
    Mutant("rounds-in-secret", "rounds a quantity that is off the grid", over_http(RoundsInSecret), "Orders", alone=True),
    Mutant("repeats-a-trade-id", "tells all trades of an order under one trade id", over_http(OrderIdIsTradeId), "Orders"),
    Mutant("average-with-fees", "counts the fee into the average price", over_http(AverageWithFees), "Orders"),
    Mutant(
        "rounds-a-price",
        "rounds a limit to whole numbers, toward the market",
        over_http(RoundsThePrice, price="100.1"),
        "Orders",
    ),
    Mutant("trades-any-symbol", "trades one instrument whatever symbol an order has", over_http(TradesAnySymbol), "Orders"),
    Mutant(
        "average-through-a-float",
        "lets the average price go through a float",
        over_http(AverageThroughAFloat, price="100.1"),
        "Orders",
    ),
    Mutant("answers-floats", "answers a filled quantity that is a float", over_http(AnswersFloats), "Orders"),
]
