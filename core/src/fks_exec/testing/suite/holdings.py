# SPDX-License-Identifier: MIT
"""What the account holds: positions and balances follow the fills, each fill is told once, open orders are listed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from ...model.account import Position
from ...model.market import Kind
from ...model.numbers import ZERO
from ...model.orders import Order, OrderRef, OrderType, Side
from ...model.results import ExecutionResult, Fill
from .base import Suite, floor
from .desk import Desk, Sent, not_declared, not_tried, told
from .resting import rest, rest_in_part, same

BROKEN = pytest.mark.parametrize("word", ["lost", "garbage", "error", "credentials", "rate_limit"])
"""Faults of a read: whatever it was, nothing is known of what is held."""

KINDS = pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.LIMIT])


class Holdings(Suite):
    """Positions, balances, fills and open orders say the same as the venue's own book.

    Signs, sums, partial fills and fees are compared with what was traded; a read that fails raises, since "flat" is
    something else than "not known".
    """

    @floor
    async def test_a_fee_has_a_currency(self, desk: Desk) -> None:
        """A fee without one cannot be taken from anything."""
        sent = await desk.filled()
        for fill in sent.result.fills:
            text = f"{told(sent)}, with a fee of {fill.fee} and no fee_currency; say in what it was paid"
            assert fill.fee_currency or not fill.fee, text

    async def test_a_position_follows_what_is_bought_and_sold(self, desk: Desk) -> None:
        """By what was filled, less what was paid of it as a fee; two purchases add up."""
        before = await desk.position()
        first = await bought(desk)
        await comes_to(desk, before + first, "after a purchase")
        second = await bought(desk)
        await comes_to(desk, before + first + second, "after a second purchase")
        out = await closed(desk, first)
        await comes_to(desk, before + first + second - out, "after the first was sold again")

    async def test_a_short_position_is_negative(self, desk: Desk) -> None:
        """Also where more than was held is sold."""
        if desk.instrument.kind is Kind.SPOT:
            not_declared("shorts (the instrument is spot)")
        before = await desk.position()
        if desk.declared.hedging and before:
            not_tried("a short (with hedging the account has to be flat)")
        sold = await desk.filled(desk.order(Side.SELL, quantity=max(before, ZERO) + desk.quantity))
        wanted = before - sold.result.filled_quantity
        await comes_to(desk, wanted, f"after {told(sold)}")
        await desk.filled(desk.order(Side.BUY, reduce_only=desk.declared.hedging and desk.declared.reduce_only))
        await comes_to(desk, wanted + desk.quantity, "after it was bought back")

    @KINDS
    async def test_a_position_says_what_it_cost(self, desk: Desk, kind: OrderType) -> None:
        """Its average price is that of the entry, within one in a hundred; what was closed is flat: no row, or zero."""
        desk.needs("fetch_positions", kind)
        if await desk.position() or await rows(desk):
            not_tried("a position from its beginning (the account holds something already)")
        sent = await desk.filled(await taking(desk, kind))
        paid = sent.result.average_price
        assert paid is not None, f"{told(sent)} without an average_price"
        for row in [] if desk.spot else await rows(desk):
            average = row.average_price
            text = f"{told(sent)} at {paid}, and the position has the average_price {average}, in quote currency"
            assert average is None or abs(average - paid) * 100 <= paid, text
        await closed(desk, net(desk, sent.result))

        def flat(found: list[Position]) -> bool:
            return not [row for row in found if desk.instrument.quantity_down(abs(row.quantity))]

        what = "fetch_positions to tell no row, or zero, after all of it was closed"
        _: list[Position] = await desk.until(lambda: rows(desk), flat, what)

    async def test_an_order_that_rests_is_not_held(self, desk: Desk) -> None:
        """A position is what has filled."""
        desk.needs("limit")
        before = await desk.position()
        sent = await rest(desk)
        assert await desk.position() == before, f"{told(sent)}, and the position has changed; nothing has filled"

    @KINDS
    async def test_cash_falls_by_what_a_purchase_costs(self, desk: Desk, kind: OrderType) -> None:
        """On spot: quantity times price, and the fee where it is paid in cash."""
        desk.needs("fetch_balance", kind)
        quote = desk.instrument.quote
        if not desk.spot or quote is None:
            not_declared("spot")
        before = await cash(desk, quote)
        sent = await desk.filled(await taking(desk, kind))
        result = sent.result
        cost = result.filled_quantity * (result.average_price or ZERO) + paid_in(result, quote)

        def fits(left: Decimal) -> bool:
            return abs(before - left - cost) * 5000 <= cost

        what = f"the balance of {quote} to fall from {before} by {cost}, what {told(sent)} cost with its fees"
        _: Decimal = await desk.until(lambda: cash(desk, quote), fits, what)

    @BROKEN
    async def test_positions_that_cannot_be_read_are_not_flat(self, desk: Desk, word: str) -> None:
        """fetch_positions raises."""
        desk.needs("fetch_positions")
        await desk.tries(word).fault(word, "positions")
        await check_raises(desk.account.fetch_positions, word)

    @BROKEN
    async def test_a_balance_that_cannot_be_read_is_not_zero(self, desk: Desk, word: str) -> None:
        """fetch_balance raises."""
        desk.needs("fetch_balance")
        await desk.tries(word).fault(word, "balance")
        await check_raises(desk.account.fetch_balance, word)

    @pytest.mark.parametrize("word", ["lost", "error"])
    async def test_open_orders_that_cannot_be_read_are_not_none(self, desk: Desk, word: str) -> None:
        """fetch_open_orders raises."""
        desk.needs("fetch_open_orders")
        await desk.tries(word).fault(word, "look_up")
        await check_raises(desk.account.fetch_open_orders, word)
        if "fetch_order" in desk.declared.abilities:
            with suppress(Exception):  # the fault was for look-ups by id as well; no later test is to meet it
                await desk.account.fetch_order(OrderRef(order_id="none", symbol=desk.symbol))

    async def test_all_that_rests_is_listed_until_it_ends(self, desk: Desk) -> None:
        """Each order once, by its names; none that has filled, or was cancelled."""
        desk.needs("limit", "fetch_open_orders")
        await desk.filled()
        sent = [await rest(desk) for _ in range(3)]
        await check_listed(desk, sent)
        if "cancel_order" in desk.declared.abilities:
            await desk.account.cancel_order(sent[1].ref)
            await check_listed(desk, [sent[0], sent[2]])

    async def test_a_trade_has_one_id_wherever_it_is_told(self, desk: Desk) -> None:
        """The halves of an order, in answers, pushes and look-ups: each is one trade, and what they come to has filled."""
        desk.needs("limit")
        if not (desk.declared.publishes or "fetch_order" in desk.declared.abilities):
            not_declared("fetch_order")
        sent, part = await rest_in_part(desk)
        await check_sum(desk, sent, part)
        await desk.tries("fill").fill((await desk.placed(sent))[0].order_id, part)
        await check_sum(desk, sent, part * 2)

    async def test_a_look_up_tells_the_trades_that_were_told(self, desk: Desk) -> None:
        """Under the same ids, however often it is asked: a trade is booked once for each id."""
        desk.needs("look_up")
        sent = await desk.filled()
        known = {fill.trade_id for fill in sent.result.fills}
        for _ in range(2):
            found = await desk.account.fetch_order(sent.ref)
            ids = {fill.trade_id for fill in found.fills} if found is not None else set()
            text = f"{told(sent)} with the trades {sorted(known)}, and a look-up of it tells {sorted(ids)}"
            assert ids == known or not (ids and known), f"{text}; take the venue's own ids of trades, everywhere"
            known = known or ids

    async def test_pushes_agree_with_look_ups(self, desk: Desk) -> None:
        """The last push of an order is its whole state, as a look-up tells it."""
        desk.needs("limit", "publishes", "look_up")
        sent, part = await rest_in_part(desk)
        what = f"a push of {told(sent)} with {part} filled"

        def heard() -> Decimal:
            return max((update.result.filled_quantity for update in desk.heard(sent)), default=ZERO)

        _: Decimal = await desk.until(heard, lambda filled: filled == part, what)
        pushed, looked = desk.heard(sent)[-1].result, await desk.state(sent)
        for name in ("status", "filled_quantity", "average_price"):
            one, other = getattr(pushed, name), getattr(looked, name)
            assert one == other, f"{name} of {told(sent)} was pushed as {one}, and a look-up says {other}"
        trades = [{fill.trade_id for fill in result.fills} for result in (pushed, looked) if result.fills]
        assert all(each == trades[0] for each in trades), f"the trade ids of pushes and look-ups differ: {trades}"


async def taking(desk: Desk, kind: OrderType) -> Order:
    """A purchase that the market takes at once; with a limit it may cost less than that."""
    limit: dict[str, Any] = {"order_type": kind, "price": await desk.away(Side.BUY, -2)} if kind is OrderType.LIMIT else {}
    return desk.order(**limit)


async def bought(desk: Desk) -> Decimal:
    """Buy; what came of it, less what was paid of it as a fee; base units or contracts."""
    return net(desk, (await desk.filled()).result)


def net(desk: Desk, result: ExecutionResult) -> Decimal:
    """What came of a purchase."""
    base = desk.instrument.base
    return result.filled_quantity - (paid_in(result, base) if desk.spot and base else ZERO)


async def closed(desk: Desk, quantity: Decimal) -> Decimal:
    """Sell what was bought, where a sale closes it; how much of it an order can be of, base units or contracts."""
    can = desk.declared
    quantity = desk.instrument.quantity_down(quantity)
    if can.hedging and not can.reduce_only:
        not_tried("closing (with hedging and without reduce_only a sale opens another position)")
    await desk.filled(desk.order(Side.SELL, quantity=quantity, reduce_only=can.hedging))
    return quantity


def paid_in(result: ExecutionResult, currency: str) -> Decimal:
    """What was paid as fees in one currency: the sum that is told, or that of the fills, whichever is larger."""
    fills = sum((fill.fee for fill in result.fills if fill.fee_currency == currency), ZERO)
    return max(fills, sum((fee.amount for fee in result.fees if fee.currency == currency), ZERO), key=abs)


async def comes_to(desk: Desk, wanted: Decimal, when: str) -> None:
    """Wait until the position is what it should be."""
    _: Decimal = await desk.until(desk.position, lambda held: held == wanted, f"a position of {wanted} {desk.symbol} {when}")


async def rows(desk: Desk) -> list[Position]:
    """The positions of the instrument that are not zero."""
    return [row for row in await desk.account.fetch_positions() if row.symbol == desk.symbol and row.quantity]


async def cash(desk: Desk, currency: str) -> Decimal:
    """The balance of a currency."""
    return sum((each.total for each in await desk.account.fetch_balance() if each.currency == currency), ZERO)


async def check_raises(read: Callable[[], Awaitable[object]], word: str) -> None:
    """A read that meets a fault has no answer."""
    try:
        answer = await read()
    except Exception:  # whichever it is
        return
    pytest.fail(f"a read met {word!r} and answered {answer}; let it raise: an empty list says that there is nothing")


async def check_listed(desk: Desk, resting: Sequence[Sent]) -> None:
    """The open orders are those of ours that rest, each once."""
    updates = await desk.account.fetch_open_orders()
    for sent in desk.sent:
        found = [update.result for update in updates if same(update.ref, sent.ref)]
        wanted = int(sent in resting)
        text = f"{told(sent)}, and fetch_open_orders lists it {len(found)} times instead of {wanted}; it tells all that rests"
        assert len(found) == wanted, text
        assert not any(result.status.terminal for result in found), f"{told(sent)}, and is listed as {found[0].status}"


async def check_sum(desk: Desk, sent: Sent, filled: Decimal) -> None:
    """So much of an order has filled; the trades that were told of it, each counted once, come to the same."""
    what = f"{filled} of {told(sent)} to be told as filled"
    state: ExecutionResult = await desk.until(lambda: desk.state(sent), lambda now: now.filled_quantity == filled, what)
    pushed = [fill for update in desk.heard(sent) for fill in update.result.fills if not update.leg]
    every = once([*sent.result.fills, *state.fills, *pushed])
    total = sum((fill.quantity for fill in every), ZERO)
    text = f"{filled} of {told(sent)} have filled, and the trades told of it, by their ids, come to {total}: {every}"
    assert total == filled or not every, text


def once(fills: Iterable[Fill]) -> list[Fill]:
    """Each trade once; one id is one trade."""
    found: dict[str, Fill] = {}
    for fill in fills:
        known = found.setdefault(fill.trade_id, fill)
        text = f"the trade {fill.trade_id} is told twice, and differently: {known} and {fill}"
        assert (known.quantity, known.price) == (fill.quantity, fill.price), text
    return list(found.values())
