# SPDX-License-Identifier: MIT
"""What the tests of orders do at a desk: buy what can be sold, move the market, wait for fills, go without the account."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from ...model.numbers import ZERO
from ...model.orders import Order, OrderType, Side, TimeInForce
from ...model.results import ExecutionResult, Status
from ...outcomes import outcome_of
from .desk import Desk, Sent, not_tried, told
from .evidence import REFUSED, TAKEN, Evidence, can


async def waits(desk: Desk, sent: Sent) -> None:
    """An order was taken, and nothing of it has traded."""
    assert sent.result.status is Status.ACCEPTED, f"{told(sent)}; the market has not reached it: it is taken and rests"
    state = await desk.state(sent)
    assert state.status is Status.ACCEPTED, f"{told(sent)}, and a look at it says {state.status}; nothing has happened to it"
    assert not state.filled_quantity, f"{told(sent)} and has filled {state.filled_quantity}; the market has not reached it"
    for placed in await desk.placed(sent) if can(desk, "placed") else ():
        assert placed.open, f"{told(sent)}, and in the venue's book it is not open"
        assert not placed.filled, f"{told(sent)}, and in the venue's book {placed.filled} of it have filled"


@asynccontextmanager
async def moved(desk: Desk) -> AsyncIterator[Desk]:
    """The market may be moved by :func:`move`, and goes back."""
    counterpart = desk.tries("set_price")
    quote = await desk.account.fetch_data(desk.symbol)
    bid, ask = quote.price_for(Side.SELL), quote.price_for(Side.BUY)
    assert bid, f"fetch_data({desk.symbol!r}) tells no bid; the suite cannot move the market without one"
    try:
        yield desk
    finally:
        await counterpart.set_price(desk.symbol, bid, ask or bid)


async def move(desk: Desk, price: Decimal) -> None:
    """Bid and ask to one price, quote currency; and a moment for what follows."""
    await desk.tries("set_price").set_price(desk.symbol, price, price)


async def traded(desk: Desk, order: Order | None = None) -> Sent:
    """Send an order that the market takes, and wait until it has ended; its answer said already that it was taken."""
    sent = await desk.send(order)
    text = f"{told(sent)}; nothing went wrong, so its answer is the venue's: an ExecutionResult, its numbers Decimal"
    assert sent.result.status in TAKEN, text
    sent.result = await desk.ended(sent)
    return sent


def sellable(desk: Desk, bought: Sent) -> Decimal:
    """What of a purchase can be sold again: not what was taken as its fee."""
    fees = (fill.fee for fill in bought.result.fills if desk.spot and fill.fee_currency == desk.instrument.base)
    return desk.instrument.quantity_down(bought.result.filled_quantity - sum(fees, ZERO))


async def bought(desk: Desk, side: Side) -> Decimal:
    """The quantity of an order; before a sale as much is bought, since spot has nothing to sell before."""
    return sellable(desk, await desk.filled()) if side is Side.SELL else desk.quantity


def lasting(desk: Desk, time_in_force: TimeInForce) -> dict[str, Any]:
    hour = {"expire_at": desk.account.clock.now() + 3_600_000} if time_in_force is TimeInForce.GTD else {}
    return {"time_in_force": time_in_force, **hour}


async def untraded(desk: Desk, order_type: OrderType, **more: Any) -> Order:
    """An order of a type that does not trade now."""
    prices: dict[str, Any] = {}
    if order_type is not OrderType.STOP:
        prices["price"] = await desk.away(Side.BUY, -12 if order_type is OrderType.STOP_LIMIT else 10)
    if order_type is not OrderType.LIMIT:
        prices["stop_price"] = await desk.away(Side.BUY, -10)
    return desk.order(order_type=order_type, **prices, **more)


async def check_denied(desk: Desk, order: Order) -> None:
    """The account says what is not declared, and nothing reaches the venue."""
    before = await Evidence.before(desk)
    sent = await desk.send(order)
    assert sent.result.status is Status.DENIED, f"{told(sent)}; what is not declared is denied before anything is sent"
    assert sent.result.denials, f"{told(sent)} without a reason"
    await before.check_nothing(sent)


async def without_the_account(desk: Desk, order: Order) -> tuple[Sent, ExecutionResult]:
    """Call the venue's bare hook, as a host without an Account does; its answer, and how the order stands."""
    submission = desk.account.submission(seconds=desk.trial.seconds)
    try:
        answer = desk.account._hooks.hook.execute_order(order=order, submission=submission)
        outcome = await asyncio.wait_for(answer, desk.trial.seconds) if inspect.isawaitable(answer) else answer
    except Exception as error:  # a refusal, in whatever words
        outcome = error
    sent = Sent(order=order, submission=submission, result=outcome_of(outcome))
    desk.sent.append(sent)
    return sent, await known_state(desk, sent)


async def known_state(desk: Desk, sent: Sent) -> ExecutionResult:
    """How an order stands that may have been refused."""
    return sent.result if sent.result.status in REFUSED else await desk.state(sent)


async def fills(desk: Desk, sent: Sent) -> ExecutionResult:
    """The market has reached an order: wait until it has filled."""
    if not desk.declared.publishes:
        desk.needs("look_up")
    return await until_filled(desk, sent, sent.order.quantity)


async def until_filled(desk: Desk, sent: Sent, quantity: Decimal) -> ExecutionResult:
    async def ask() -> ExecutionResult:
        return await desk.state(sent)

    return await desk.until(ask, lambda now: now.filled_quantity == quantity, f"{quantity} of {told(sent)} to be filled")


async def opening(desk: Desk) -> Side:
    """The side of an order that can only open."""
    if "fetch_positions" not in desk.account.capabilities.abilities:
        return Side.BUY
    signs = {each.quantity > 0 for each in await desk.account.fetch_positions() if each.symbol == desk.symbol and each.quantity}
    if len(signs) > 1:
        not_tried("reduce_only with nothing to reduce (a long and a short stand already)")
    return Side.SELL if signs == {False} else Side.BUY


async def check_kept(desk: Desk, sent: Sent) -> None:
    """An order that no grid allows was refused, or is traded exactly as it was asked for."""
    asked = sent.order.quantity
    state = await known_state(desk, sent)
    if state.status is Status.FILLED:
        text = f"{told(sent)} with {state.filled_quantity} filled of {asked}; refuse a quantity, do not round it"
        assert state.filled_quantity == asked, text
    for placed in await desk.placed(sent) if can(desk, "placed") else ():
        assert placed.quantity == asked, f"{told(sent)}, and the venue's book has it with {placed.quantity}; do not round it"
