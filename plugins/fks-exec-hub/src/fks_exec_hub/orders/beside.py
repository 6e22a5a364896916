# SPDX-License-Identifier: MIT
"""What may be sent beside other orders of the instrument: beside an unknown one no entry, beside any no exit too many."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal

from attrs import evolve, frozen

from fks_exec.account import Account
from fks_exec.model.account import Position
from fks_exec.model.market import Instrument, Kind
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import Order, Side
from fks_exec.model.results import Denial

from ..accounts.desk import Desk
from ..accounts.live import Live
from ..exits.family import LEGS
from .scope import Scope

log: logging.Logger = logging.getLogger(__name__)

APART = 1.0
"""Seconds between two readings of an instrument's position, at least; also between two decisions about an exit that waits."""


@frozen
class Room:
    """What the venue says is held, read after the last call of every unknown order of the instrument was over.

    Args:
        position: signed, base units or contracts.
    """

    position: Decimal


@frozen
class Wait:
    """The order may not be sent yet; it is decided again.

    Args:
        why: in a few words.
        exit: what waits would reduce a position; nobody lets that wait without a word.
    """

    why: str
    exit: bool = True

    def in_vain(self) -> Denial:
        """Of an entry that has waited long enough."""
        return Denial(code="LEGS_STAND", message=f"{self.why}; look at the venue, cancel them there, and signal again")


UNKNOWN = Wait("the fate of an order of the instrument is not known")


def unknown_orders(desk: Desk, symbol: str) -> list[Live | None]:
    """The orders of an instrument whose fate is unknown; None for one that is not in memory."""
    return [desk.live.get(name) for name in sorted(desk.questions(symbol))]


def unknown_quantity(desk: Desk, symbol: str, side: Side) -> Decimal:
    """What the unknown orders of one side may have done, or may still do; it is part of what the book counts as working.

    Legs are counted apart there, and so are no part of it.
    """
    orders = [live for live in unknown_orders(desk, symbol) if live is not None and live.role not in LEGS]
    return sum((left(live) for live in orders if live.order is not None and live.order.side is side), ZERO)


def left(live: Live) -> Decimal:
    """How much of an order may still become position."""
    return ZERO if live.order is None else max(live.order.quantity - live.booked, ZERO)


def is_exit(desk: Desk, order: Order) -> bool:
    """Whether an order would only reduce, if no order were unknown."""
    if order.stop_loss is not None or order.take_profit is not None:
        return False
    totals, settled = desk.book.totals(order.symbol), unknown_quantity(desk, order.symbol, order.side)
    if order.side is Side.SELL:
        return order.quantity + totals.working_sell - settled <= totals.position
    return order.quantity + totals.working_buy - settled <= -totals.position


def beside(desk: Desk, order: Order, *, reducing: bool, enforced: bool, room: Room | None) -> Order | Denial | Wait:
    """An order beside the unknown ones of its instrument: as it may be sent, why not, or that it waits.

    Args:
        reducing: it can only reduce, whatever our other orders do, the unknown ones included.
        enforced: the venue itself keeps a reduce-only order from opening a position.
        room: None when the venue's position could not be had.
    """
    if not desk.questions(order.symbol):
        return order
    if not reducing and not is_exit(desk, order):
        return unresolved(desk, order.symbol)
    if enforced:
        return evolve(order, reduce_only=True)
    fits = reducing and room is not None and _fits(desk, order, room)
    return order if fits else UNKNOWN


def _fits(desk: Desk, order: Order, room: Room) -> bool:
    """Even if every other order of the same side fills after the reading, the unknown ones too, the position keeps its sign."""
    if any(live is None or live.order is None for live in unknown_orders(desk, order.symbol)):
        return False
    totals = desk.book.totals(order.symbol)
    if order.side is Side.SELL:
        return order.quantity + totals.working_sell <= room.position
    return order.quantity + totals.working_buy <= -room.position


def beside_legs(desk: Desk, order: Order, room: Room | None = None) -> bool:
    """Whether an order and the legs that rest on its side fit what is held, even if all of them fill.

    What goes beyond what is held has to find no legs at all: they would go beyond it too. A stop and its target count once:
    the one that fills has the other one cancelled.

    Args:
        room: what the venue says is held, where it was read.
    """
    totals = desk.book.totals(order.symbol)
    sold = order.side is Side.SELL
    legs = max(totals.stops_sell, totals.targets_sell) if sold else max(totals.stops_buy, totals.targets_buy)
    held = -totals.position * order.side.sign
    if room is not None:
        held = min(held, -room.position * order.side.sign)
    return legs <= 0 or held <= 0 or order.quantity + (totals.working_sell if sold else totals.working_buy) + legs <= held


def unresolved(desk: Desk, symbol: str) -> Denial:
    """Why an entry is not sent."""
    questions = desk.questions(symbol)
    names = ", ".join(sorted(questions)[:3])
    settle = f"fks-exec orders resolve {min(questions)} --as ... --because ..."
    text = f"it is not known whether {names} exists at the venue; it is looked up; what stays so is settled with: {settle}"
    return Denial(code="UNRESOLVED_ORDER", message=text, value=names)


def may_bring(desk: Desk, symbol: str, scope: Scope) -> bool:
    """Whether an unknown order may have brought what a close would find."""
    return any(live is None or scope.has(live) for live in unknown_orders(desk, symbol))


async def room(desk: Desk, account: Account, symbol: str, instrument: Instrument | None) -> Room | None:
    """Read the venue's position of an instrument; None when it cannot be had, or tells nothing yet.

    It is read anew for each decision, since every exit that was sent takes its part; at most once in :data:`APART` seconds.
    """
    now = desk.clock.monotonic()
    if any(live is None or live.deadline is None or now < live.deadline for live in unknown_orders(desk, symbol)):
        return None
    await asyncio.sleep(desk.readings.get(symbol, now - APART) + APART - now)
    before = _own(desk, symbol)
    desk.readings[symbol] = desk.clock.monotonic()
    try:
        position = await _position(account, symbol, instrument)
    except Exception as error:  # without it an exit waits
        log.warning("account %s: no position of %s: %s", desk.name, symbol, type(error).__name__)
        return None
    if position is None or _own(desk, symbol) != before:
        return None
    return Room(position)


def _own(desk: Desk, symbol: str) -> tuple[Decimal, Decimal, Decimal]:
    """What our orders of an instrument have done and may do; a reading during which it changed tells nothing."""
    totals = desk.book.totals(symbol)
    return totals.position, totals.working_buy, totals.working_sell


async def _position(account: Account, symbol: str, instrument: Instrument | None) -> Decimal | None:
    declared = account.capabilities
    if declared.hedging:
        return None  # a long and a short stand side by side: a sell may open a short whatever is held
    spot = instrument is not None and instrument.kind is Kind.SPOT
    if spot and instrument is not None and instrument.base is not None and "fetch_balance" in declared.abilities:
        balances = await account.fetch_balance()
        return sum((balance.total for balance in balances if balance.currency == instrument.base), ZERO)
    if "fetch_positions" in declared.abilities:
        return _net(await account.fetch_positions(), symbol)
    return None


def _net(positions: Sequence[Position], symbol: str) -> Decimal:
    return sum((position.quantity for position in positions if position.symbol == symbol), ZERO)


async def until_changed(desk: Desk, symbol: str) -> None:
    """Wait until something about an order of an instrument changes, at most :data:`APART` seconds."""
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(live: Live) -> None:
        if live.lane == symbol and not woken.done():
            woken.set_result(None)

    desk.listeners.append(wake)
    try:
        await asyncio.wait({woken}, timeout=APART)
    finally:
        desk.listeners.remove(wake)
