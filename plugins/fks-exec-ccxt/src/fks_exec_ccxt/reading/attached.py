# SPDX-License-Identifier: MIT
"""Stops and targets that an exchange keeps with their entry: read back, and tied to it.

Bybit's linear and inverse contracts, with ``tpslMode`` Partial: for each part of the entry that fills a pair of conditional
orders comes to be, of that quantity. Source: Bybit v5, "Place Order" (tpslMode) and "Order" of the private stream
(``parentOrderLinkId``: the entry's id of ours; amending a leg does not change it). What is not shown there does not stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from attrs import frozen

from fks_exec import Fill, Leg, Status

from .reader import Params, Reader
from .results import ZERO, Told, fills_of_leg, leg_of

STOP, TARGET = "stop_loss", "take_profit"

_PAGE = 50
"""Orders of a page at Bybit, at most."""

_WEEK = 7 * 24 * 3600 * 1000
"""Milliseconds; the longest time that Bybit's history is asked for at once."""

_TYPES = {
    "StopLoss": STOP,
    "PartialStopLoss": STOP,
    "TakeProfit": TARGET,
    "PartialTakeProfit": TARGET,
}


@frozen
class Legs:
    """What belongs to an entry.

    Args:
        every: role and order, in the order of their placing.
    """

    every: tuple[tuple[str, Told], ...] = ()

    @property
    def legs(self) -> tuple[Leg, ...]:
        """As the entry's result tells them."""
        return tuple(leg_of(told, role) for role, told in self.every)

    @property
    def fills(self) -> tuple[Fill, ...]:
        """What they have filled."""
        return tuple(fill for role, told in self.every for fill in fills_of_leg(told, role))

    def standing(self, role: str) -> list[Told]:
        """Those of a role that may still fill."""
        return [told for its, told in self.every if its == role and told.status in (None, *_STANDS)]


_STANDS = (Status.ACCEPTED, Status.PARTIALLY_FILLED)


def role_of(told: Told) -> str:
    """The role of a leg that the exchange made; empty for any other order."""
    return _TYPES.get(str(told.info.get("stopOrderType") or ""), "")


def asked_of(told: Told) -> frozenset[str]:
    """The roles that an entry was sent with, as the exchange tells of it; none for other orders."""
    prices = {STOP: told.info.get("stopLoss"), TARGET: told.info.get("takeProfit")}
    return frozenset(role for role, price in prices.items() if not role_of(told) and str(price or "").strip("0."))


async def legs(reader: Reader, entry: Told, roles: Iterable[str] | None = None) -> Legs:
    """The legs of an entry: those that stand, and those that have ended.

    Args:
        roles: that it was sent with; None: as the exchange tells of it.

    Raises:
        VenueError, Unsettled: they could not be read.
    """
    wanted = asked_of(entry) if roles is None else frozenset(roles)
    if not reader.bybit or not wanted or not entry.filled or entry.client_id is None or entry.symbol is None:
        return Legs()
    found: dict[str | None, Told] = {}
    for read in (_open, _ended_lately, _history):
        rows = await read(reader, entry)
        found |= {row.order_id: row for row in rows if row.info.get("parentOrderLinkId") == entry.client_id}
        if all(_covers(found.values(), role, entry.filled) for role in wanted):
            break
    every = sorted((row for row in found.values() if role_of(row)), key=lambda row: row.time or 0)
    return Legs(tuple([(role_of(row), await reader.with_trades(row)) for row in every]))


def _covers(rows: Iterable[Told], role: str, filled: Decimal) -> bool:
    """Whether the legs of a role are for all that the entry has filled; else some have ended, or are not there yet."""
    return sum((row.quantity or ZERO for row in rows if role_of(row) == role), ZERO) >= filled


async def _open(reader: Reader, entry: Told) -> list[Told]:
    return await _realtime(reader, entry, {})


async def _ended_lately(reader: Reader, entry: Told) -> list[Told]:
    return await _realtime(reader, entry, {"openOnly": 1})


async def _realtime(reader: Reader, entry: Told, params: Params) -> list[Told]:
    exchange: Any = reader.exchange
    return await reader.pages(lambda asked: exchange.fetch_open_orders(entry.symbol, None, _PAGE, asked), params, _PAGE)


async def _history(reader: Reader, entry: Told) -> list[Told]:
    """Of the week that began with the entry."""
    exchange: Any = reader.exchange
    if entry.time is None:
        return []
    since, until = entry.time - 1000, entry.time + _WEEK - 2000
    read = exchange.fetch_canceled_and_closed_orders
    return await reader.pages(lambda asked: read(entry.symbol, since, _PAGE, {**asked, "until": until}), {}, _PAGE)
