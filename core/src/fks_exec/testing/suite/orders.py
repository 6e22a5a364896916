# SPDX-License-Identifier: MIT
"""Orders of each type and each time in force: what is declared works, what is not is refused before anything is sent."""

from __future__ import annotations

import pytest

from ...model.orders import OrderType, Side, TimeInForce
from ...model.results import ExecutionResult, Status
from .base import Suite, floor
from .desk import Desk, Sent, told

CLOSING = (Status.CANCELED, Status.EXPIRED, Status.REJECTED)


class Orders(Suite):
    """Each order does what its type and its time in force say."""

    @floor
    async def test_a_market_order_fills(self, desk: Desk) -> None:
        """All of it, with quantity, price and trades that agree."""
        check_filled(await desk.filled())

    @floor
    async def test_both_sides_trade(self, desk: Desk) -> None:
        """What was bought can be sold."""
        await desk.filled(desk.order(Side.BUY))
        sold = await desk.filled(desk.order(Side.SELL))
        assert sold.result.status is Status.FILLED, told(sold)

    @pytest.mark.parametrize("side", list(Side))
    async def test_a_limit_order_that_the_market_takes_fills_at_its_price_or_better(self, desk: Desk, side: Side) -> None:
        desk.needs("limit")
        if side is Side.SELL:
            await desk.filled()  # spot has nothing to sell before
        limit = await desk.away(side, -2)
        sent = await desk.filled(desk.order(side, order_type="limit", price=limit))
        average = sent.result.average_price
        assert average is not None, f"{told(sent)} without an average_price"
        assert side.sign * (limit - average) >= 0, f"{told(sent)} at {average}, which is worse than its limit"

    async def test_a_limit_order_away_from_the_market_rests(self, desk: Desk) -> None:
        sent = await desk.send(await desk.resting())
        assert sent.result.status is Status.ACCEPTED, told(sent)
        assert not sent.result.filled_quantity, f"{told(sent)} and filled {sent.result.filled_quantity}"

    @floor
    @pytest.mark.parametrize("order_type", [kind for kind in OrderType if kind is not OrderType.MARKET])
    async def test_an_order_type_is_served_or_refused_before_anything_is_sent(self, desk: Desk, order_type: OrderType) -> None:
        prices = {}
        if order_type is not OrderType.STOP:
            prices["price"] = await desk.away(Side.BUY, -12 if order_type is OrderType.STOP_LIMIT else 10)
        if order_type is not OrderType.LIMIT:
            prices["stop_price"] = await desk.away(Side.BUY, -10)
        await self._served_or_refused(desk, desk.order(order_type=order_type, **prices), order_type in desk.declared.order_types)

    async def _served_or_refused(self, desk: Desk, order: object, served: bool) -> None:
        raise NotImplementedError


def check_filled(sent: Sent) -> None:
    """Quantity, price and trades of a filled order agree."""
    result: ExecutionResult = sent.result
    quantity = sent.order.quantity
    assert result.status is Status.FILLED, told(sent)
    assert result.filled_quantity == quantity, f"{told(sent)} with filled_quantity {result.filled_quantity} of {quantity}"
    assert result.average_price, f"{told(sent)} without an average_price, in quote currency"
