# SPDX-License-Identifier: MIT
"""What is known of an order after some news, which may come late, twice, or out of their order."""

from __future__ import annotations

from collections.abc import Sequence

from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import ExecutionResult, Leg, Status

from .live import is_gap

ENDS = frozenset({Status.FILLED, Status.CANCELED, Status.EXPIRED})
"""Ends that nothing takes back. A refusal is no such end: a venue that shows the order has the last word."""

_PROVES_NOTHING = frozenset({Status.PENDING, Status.UNKNOWN, Status.DENIED, Status.REJECTED, Status.NOT_PLACED})


def merge(known: ExecutionResult, news: ExecutionResult) -> ExecutionResult:
    """What is known after some news: cumulative quantities never go back, an end stays an end, fills are kept."""
    if known.status is Status.PENDING and not news.fills and news.client_order_id == known.client_order_id:
        return news
    fills = list({fill.trade_id: fill for fill in (*news.fills, *known.fills)}.values())
    own = sum((fill.quantity for fill in fills if not fill.leg and not is_gap(fill)), ZERO)
    filled = max(known.filled_quantity, news.filled_quantity, own)
    if own >= filled:
        fills = [fill for fill in fills if not is_gap(fill)]
    ahead = news.filled_quantity >= known.filled_quantity
    return changed(
        news,
        status=_after(known.status, news.status),
        client_order_id=known.client_order_id or news.client_order_id,
        order_id=news.order_id or known.order_id,
        filled_quantity=filled,
        average_price=(news if ahead and news.average_price is not None else known).average_price,
        fills=tuple(fills),
        legs=merge_legs(known.legs, news.legs),
        protected=known.protected if news.protected is None else news.protected,
        fees=news.fees or known.fees,
    )


def merge_legs(known: Sequence[Leg], news: Sequence[Leg]) -> tuple[Leg, ...]:
    """Those that the news tell of, none of them before what is known of it; all that are known where the news tell of none."""
    if not known or not news:
        return tuple(news or known)
    return tuple(_leg(next((old for old in known if _same(old, leg)), leg), leg) for leg in news)


def _leg(known: Leg, news: Leg) -> Leg:
    status, filled = _after(known.status, news.status), max(known.filled_quantity, news.filled_quantity)
    if status is news.status and filled == news.filled_quantity:
        return news
    return changed(news, status=status, filled_quantity=filled)


def _same(one: Leg, other: Leg) -> bool:
    """Whether two legs are one order: by the venue's id where both have it, else by a name that they share."""
    if one.role != other.role:
        return False
    if one.order_id is not None and other.order_id is not None:
        return one.order_id == other.order_id
    names = {one.client_order_id, one.venue_client_order_id} - {None}
    return not names.isdisjoint({other.client_order_id, other.venue_client_order_id})


def _after(known: Status, news: Status) -> Status:
    if known in ENDS and not (news.terminal and known is not Status.FILLED):
        return known
    if known.terminal and news in _PROVES_NOTHING:
        return known
    if news is Status.UNKNOWN and known not in (Status.PENDING, Status.UNKNOWN):
        return known
    if news is Status.NOT_PLACED and known is not Status.PENDING and known is not Status.UNKNOWN:
        return known
    if known is Status.PARTIALLY_FILLED and news is Status.ACCEPTED:
        return known
    return news
