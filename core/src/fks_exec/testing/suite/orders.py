# SPDX-License-Identifier: MIT
"""Orders of each type and each time in force: what is declared works, what is not is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ...model.orders import OrderRef, OrderType, Side, TimeInForce
from ...model.results import Status
from .base import Suite, floor
from .desk import Desk, not_declared, not_tried, told
from .evidence import Evidence, can, held
from .ordering import (
    bought,
    check_denied,
    check_kept,
    fills,
    known_state,
    lasting,
    move,
    moved,
    opening,
    sellable,
    traded,
    until_filled,
    untraded,
    waits,
    without_the_account,
)
from .trades import check_filled, check_order_of_news, check_price, check_trades

SIDES = pytest.mark.parametrize("side", list(Side))
AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
FURTHER = [kind for kind in OrderType if kind is not OrderType.MARKET]


class Orders(Suite):
    """Each order does what its type, its time in force and its flags say; its numbers agree.

    What the venue declares is tried with each of its own words. What it does not declare is refused before anything is
    sent; called without the account, it may not be sent as an order of another kind either.
    """

    @floor
    async def test_a_market_order_fills(self, desk: Desk) -> None:
        """All of it, with quantity, price and trades that agree."""
        await check_filled(desk, await traded(desk))

    @floor
    async def test_both_sides_trade(self, desk: Desk) -> None:
        """What was bought can be sold."""
        bought = await traded(desk, desk.order(Side.BUY))
        await check_filled(desk, await traded(desk, desk.order(Side.SELL, quantity=sellable(desk, bought))))

    @SIDES
    async def test_a_limit_order_that_the_market_takes_fills_at_its_price_or_better(self, desk: Desk, side: Side) -> None:
        desk.needs("limit")
        quantity = await bought(desk, side)
        sent = await traded(desk, desk.order(side, quantity=quantity, order_type="limit", price=await desk.away(side, -2)))
        check_price(sent, sent.result)
        await check_filled(desk, sent)

    @SIDES
    async def test_a_limit_order_away_from_the_market_rests(self, desk: Desk, side: Side) -> None:
        desk.needs("limit")
        quantity = await bought(desk, side)
        await waits(desk, await desk.send(await desk.resting(side, quantity=quantity)))

    @SIDES
    async def test_a_limit_order_fills_when_the_market_comes_to_it(self, desk: Desk, side: Side) -> None:
        """At its price or better, and not before."""
        desk.needs("limit")
        quantity = await bought(desk, side)
        async with moved(desk):
            price, beyond = await desk.away(side, 2), await desk.away(side, 3)
            sent = await desk.send(desk.order(side, quantity=quantity, order_type="limit", price=price))
            await waits(desk, sent)
            await move(desk, price + side.sign * (desk.instrument.price_tick or price / 10_000))
            await waits(desk, sent)
            await move(desk, beyond)
            sent.result = await fills(desk, sent)
            check_price(sent, sent.result)
            await check_filled(desk, sent)

    @SIDES
    async def test_a_stop_order_waits_for_its_price(self, desk: Desk, side: Side) -> None:
        """Then it fills as a market order does; where the market cannot be moved it is seen to wait."""
        desk.needs("stop")
        quantity = await bought(desk, side)
        sent = await desk.send(desk.order(side, quantity=quantity, order_type="stop", stop_price=await desk.away(side, -2)))
        await waits(desk, sent)
        if can(desk, "set_price"):
            async with moved(desk):
                await move(desk, await desk.away(side, -1))
                await waits(desk, sent)
            async with moved(desk):
                await move(desk, await desk.away(side, -3))
                sent.result = await fills(desk, sent)
                await check_filled(desk, sent)

    @SIDES
    async def test_a_stop_limit_order_waits_for_its_price_and_keeps_its_limit(self, desk: Desk, side: Side) -> None:
        """Where the market leaps over both it does not trade; when the market comes back it fills."""
        desk.needs("stop_limit")
        quantity = await bought(desk, side)
        stop, limit = await desk.away(side, -2), await desk.away(side, -3)
        order = desk.order(side, quantity=quantity, order_type="stop_limit", stop_price=stop, price=limit)
        sent = await desk.send(order)
        await waits(desk, sent)
        if can(desk, "set_price"):
            async with moved(desk):
                await move(desk, await desk.away(side, -6))
                filled = (await desk.state(sent)).filled_quantity
                assert not filled, f"{told(sent)}; the market leapt over its limit, and {filled} have filled all the same"
            async with moved(desk):
                await move(desk, stop)
                sent.result = await fills(desk, sent)
                check_price(sent, sent.result)

    @floor
    async def test_an_order_for_an_unknown_symbol_trades_nothing(self, desk: Desk) -> None:
        """``Trial.no_symbol`` names no instrument; above all not the one that is usually traded."""
        sent = await desk.send(desk.order(symbol=desk.trial.no_symbol))
        state = await known_state(desk, sent)
        text = f"{told(sent)}, and {state.filled_quantity} have filled; no instrument is meant by it: raise VenueRejected"
        assert not state.filled_quantity, text
        assert state.status is not Status.FILLED, text

    @floor
    @pytest.mark.parametrize("order_type", FURTHER)
    async def test_an_order_type_that_is_not_declared_is_never_sent_as_another(self, desk: Desk, order_type: OrderType) -> None:
        """The account denies it, and nothing reaches the venue. A host may have no account, but the bare hook: then
        ``execute_order`` refuses it, or the venue knows it after all; it does not trade as a market order.
        """
        order = await untraded(desk, order_type)
        if order_type not in desk.declared.order_types:
            await check_denied(desk, order)
            sent, state = await without_the_account(desk, order)
            text = f"{told(sent)} when its hook was called for a type that is not declared, and it traded as another"
            assert not state.filled_quantity, f"{text}; raise VenueRejected for what you do not serve"

    @floor
    @pytest.mark.parametrize("time_in_force", [each for each in TimeInForce if each is not TimeInForce.GTC])
    async def test_a_time_in_force_that_is_not_declared_is_never_sent_as_another(
        self, desk: Desk, time_in_force: TimeInForce
    ) -> None:
        """The account denies it, and nothing reaches the venue; an order that may not rest is not left resting."""
        order = await untraded(desk, OrderType.LIMIT, **lasting(desk, time_in_force))
        if time_in_force in desk.declared.time_in_force:
            return
        await check_denied(desk, order)
        if time_in_force in AT_ONCE and OrderType.LIMIT in desk.declared.order_types:
            sent, state = await without_the_account(desk, order)
            text = f"{told(sent)} when its hook was called with {time_in_force}, which is not declared, and it rests"
            assert state.status.terminal, f"{text}; raise VenueRejected for what you do not serve"

    @pytest.mark.parametrize("time_in_force", AT_ONCE)
    async def test_an_order_that_may_not_rest_fills_at_once_or_ends(self, desk: Desk, time_in_force: TimeInForce) -> None:
        """``ioc`` and ``fok``: at the market all of it fills; away from it, it ends with nothing filled."""
        desk.needs("limit", time_in_force)
        words: dict[str, Any] = {"order_type": "limit", "time_in_force": time_in_force}
        await check_filled(desk, await traded(desk, desk.order(price=await desk.away(Side.BUY, -2), **words)))
        sent = await desk.send(desk.order(price=await desk.away(Side.BUY), **words))
        state = await desk.ended(sent)
        assert not state.filled_quantity, f"{told(sent)} and filled {state.filled_quantity}; the market was not there"
        for placed in await desk.placed(sent) if can(desk, "placed") else ():
            assert not placed.open, f"{told(sent)}, and it rests in the venue's book; {time_in_force} never rests"

    @pytest.mark.parametrize("time_in_force", [TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD])
    async def test_an_order_that_may_rest_rests(self, desk: Desk, time_in_force: TimeInForce) -> None:
        desk.needs("limit", time_in_force)
        await waits(desk, await desk.send(await desk.resting(**lasting(desk, time_in_force))))

    async def test_a_post_only_order_rests(self, desk: Desk) -> None:
        desk.needs("limit", "post_only")
        await waits(desk, await desk.send(await desk.resting(post_only=True)))

    async def test_a_post_only_order_never_takes(self, desk: Desk) -> None:
        """Where it would trade at once it is refused, cancelled, or put at a better price."""
        desk.needs("limit", "post_only")
        sent = await desk.send(desk.order(order_type="limit", price=await desk.away(Side.BUY, -2), post_only=True))
        state = await known_state(desk, sent)
        assert not state.filled_quantity, f"the post-only order took: {told(sent)}, and {state.filled_quantity} have filled"

    @pytest.mark.parametrize("flag", ["post_only", "reduce_only"])
    async def test_a_flag_that_is_not_declared_is_refused_before_anything_is_sent(self, desk: Desk, flag: str) -> None:
        if not getattr(desk.declared, flag):
            limit: dict[str, Any] = {"order_type": "limit", "price": await desk.away(Side.BUY)} if flag == "post_only" else {}
            await check_denied(desk, desk.order(**{flag: True, **limit}))

    async def test_a_reduce_only_order_opens_nothing(self, desk: Desk) -> None:
        """With nothing to reduce it is refused, or ends unfilled."""
        desk.needs("reduce_only")
        before, side = await held(desk), await opening(desk)
        sent = await desk.send(desk.order(side, reduce_only=True))
        state = await known_state(desk, sent)
        assert not state.filled_quantity, f"{told(sent)}: reduce-only, with nothing to reduce; {state.filled_quantity} filled"
        assert await held(desk) == before, f"{told(sent)}: reduce-only, and it changed what is held from {before}"

    async def test_a_reduce_only_order_closes_and_never_turns(self, desk: Desk) -> None:
        """One that is larger than the position is refused or made smaller."""
        desk.needs("reduce_only")
        if await desk.position():
            not_tried("reduce_only beside a position that stands already")
        quantity = sellable(desk, await desk.filled())
        sent = await desk.send(desk.order(Side.SELL, quantity=quantity * 2, reduce_only=True))
        await known_state(desk, sent)
        left = await desk.position()
        assert left >= 0, f"{told(sent)}: reduce-only, and it turned {quantity} into {left}"
        if left >= quantity:
            closed = await desk.filled(desk.order(Side.SELL, quantity=quantity, reduce_only=True))
            assert not closed.result.filled_quantity - quantity, f"{told(closed)} with {closed.result.filled_quantity} filled"

    async def test_the_finest_quantity_of_the_grid_is_kept(self, desk: Desk) -> None:
        """One step more than usual, and a number with an exponent: what is asked for is what fills."""
        step = desk.instrument.quantity_step
        if step is None:
            not_declared("quantity_step")
        quantity = desk.instrument.quantity_up(desk.quantity) + step
        await check_filled(desk, await traded(desk, desk.order(quantity=quantity)))
        await check_filled(desk, await traded(desk, desk.order(quantity=desk.quantity.normalize())))

    async def test_a_quantity_off_the_grid_is_refused_or_kept(self, desk: Desk) -> None:
        """A host puts quantities on the grid; one that did not is refused: the plugin does not round in secret."""
        step = desk.instrument.quantity_step
        if step is None:
            not_declared("quantity_step")
        sent = await desk.send(desk.order(quantity=desk.quantity + step / 2))
        await check_kept(desk, sent)

    async def test_a_quantity_below_the_least_is_refused_or_kept(self, desk: Desk) -> None:
        least = desk.instrument.min_quantity
        if least is None:
            not_declared("min_quantity")
        await check_kept(desk, await desk.send(desk.order(quantity=least / 2)))

    async def test_a_look_up_by_each_name_agrees_with_the_answer(self, desk: Desk) -> None:
        """By the id of the submission alone, by the venue's id alone, by both."""
        desk.needs("look_up")
        sent = await desk.filled()
        ref, name = sent.ref, sent.submission.venue_client_order_id
        known: dict[str, Any] = {"symbol": ref.symbol, "submitted_at": ref.submitted_at}
        refs = [ref, OrderRef(venue_client_order_id=name, **known)]
        refs += [OrderRef(order_id=ref.order_id, **known)] if ref.order_id else []
        for each in refs:
            state = await desk.account.fetch_order(each)
            assert state is not None, f"{told(sent)}, and fetch_order({each}) answers None: no such order"
            for word in ("status", "filled_quantity", "order_id"):
                was, now = getattr(sent.result, word), getattr(state, word)
                assert was == now, f"{told(sent)} with the {word} {was}, and fetch_order({each}) says {now}"
            check_trades(desk, sent, state)

    async def test_a_partly_filled_order_tells_each_trade_once(self, desk: Desk) -> None:
        """It rests, a part fills, then the rest: states go forward, and the trades come to what has filled."""
        counterpart = desk.tries("rest", "fill", "placed")
        if not desk.declared.publishes:
            desk.needs("look_up")
        part, before = desk.instrument.quantity_up(desk.quantity / 2), await Evidence.before(desk)
        await counterpart.fault("rest")
        sent = await desk.send(desk.order(quantity=part * 2))
        placed = await before.of(sent)
        assert placed is not None, f"{told(sent)}, and no order of its id is in the venue's book"
        for filled, status in ((part, Status.PARTIALLY_FILLED), (part * 2, Status.FILLED)):
            await counterpart.fill(placed.order_id, part)
            state = await until_filled(desk, sent, filled)
            assert state.status is status, f"{filled} of {told(sent)} have filled, and its state is {state.status}"
            check_trades(desk, sent, state)
        check_order_of_news(desk, sent)
