# SPDX-License-Identifier: MIT
"""What ``ThroughTheHub`` does to come to a resting order or a kill, and what it compares with the venue's own book."""

from __future__ import annotations

from decimal import Decimal

from fks_exec.model.account import ProtectionKind
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order, Side
from fks_exec.model.results import ExecutionResult, Status

from ..accounts.live import is_gap
from .host import ACCOUNT, Host, shown, told


async def requested(host: Host) -> int | None:
    """How many requests to place something have arrived; None where the venue's own side does not tell."""
    counterpart = host.counterpart
    return await counterpart.requests() if counterpart is not None and "requests" in counterpart.can else None


def trade_ids(result: ExecutionResult) -> set[str]:
    """The ids of the trades that the venue told; where it tells none, the hub books the quantity."""
    return {fill.trade_id for fill in result.fills if not is_gap(fill)}


async def resting_at(host: Host) -> Order:
    """An order that rests, sent through the hub."""
    order = host.named(await host.resting())
    result = await host.trade(order)
    assert result.status is Status.ACCEPTED, f"{told(order)} away from the market should rest, and ended {shown(result)}"
    return order


async def known_after_a_kill(host: Host) -> tuple[ExecutionResult, Order]:
    """An order under way when the host is killed, and what the next host learns of it."""
    counterpart = host.tries("hang", "placed", "requests")
    before = await counterpart.requests()
    await counterpart.fault("hang", "place")
    order = host.named()
    await host.hub.submit(ACCOUNT, order)
    await host.until(counterpart.requests, lambda count: count > before, f"{told(order)} to arrive at the venue")
    await host.kill()
    result = await host.known(order)
    assert await counterpart.requests() - before == 1, f"{told(order)} was sent again after the restart"
    return result, order


async def entry_for(host: Host, kind: ProtectionKind) -> Order:
    """An order with a stop, and a target where the kind has one."""
    target = None if kind == "stop_only" else await host.away(Side.SELL)
    return host.order(stop_loss=await host.away(Side.BUY), take_profit=target)


async def standing_stops(host: Host) -> list[Decimal]:
    """The quantities of the stops that stand in the venue's own book; none where it does not tell."""
    if host.counterpart is None or "placed" not in host.counterpart.can:
        return []
    every = await host.counterpart.placed()
    return [each.quantity for each in every if each.open and each.role == "stop_loss" and each.symbol == host.symbol]


async def check_stop(host: Host, filled: Decimal) -> None:
    """One stop stands in the venue's own book, for all that is filled; where that can be asked."""
    if host.counterpart is not None and "placed" in host.counterpart.can:
        stops = await standing_stops(host)
        least = host.instrument.quantity_step or ZERO
        assert len(stops) == 1, (
            f"the hub was told that the entry is protected, and {len(stops)} stops stand in the venue's book"
        )
        assert filled - stops[0] <= least, f"{filled} has filled, and the stop in the venue's book is for {stops[0]}"


async def check_book(host: Host, order: Order, result: ExecutionResult) -> None:
    """One order in the venue's own book, as the hub has it; where that can be asked."""
    if host.counterpart is None or "placed" not in host.counterpart.can:
        return
    booked = await host.booked(order)
    assert len(booked) == 1, f"{told(order)} is in the venue's book {len(booked)} times: {booked}"
    [placed] = booked
    assert (placed.filled, placed.open) == (result.filled_quantity, not result.status.terminal), (
        f"{told(order)} is {shown(result)} for the hub; the venue's own book has {placed}"
    )
    assert result.order_id in (None, placed.order_id)


async def check_position(host: Host, order: Order, result: ExecutionResult) -> None:
    """What the hub holds is what was filled, less what a buyer of the thing itself paid in it."""
    base = host.instrument.base
    paid = sum((fill.fee for fill in result.fills if host.spot and fill.fee_currency == base), ZERO)
    held = await host.held()
    text = f"{told(order)} has filled {result.filled_quantity}, and the hub holds {held}; count the fills that are told"
    assert held == order.side.sign * result.filled_quantity - paid, text
    if result.fills:
        filled = sum((fill.quantity for fill in result.fills), ZERO)
        assert filled == result.filled_quantity, (
            f"the fills sum up to {filled}, and filled_quantity is {result.filled_quantity}"
        )
