# SPDX-License-Identifier: MIT
"""The venue's controls by name, with plain data: what a harness calls over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import asdict

from ...convert import normalize_order
from ...errors import InvalidOrder
from ...model.numbers import plain
from .placed import PlacedOrder
from .requests import Request
from .script import ByChance, fault_from_dict
from .venue import FaultyVenue


def control(venue: FaultyVenue, name: str, arguments: Mapping[str, Any]) -> Any:
    """Do one of the controls.

    Raises:
        InvalidOrder: there is none of that name.
    """
    if name not in CONTROLS:
        raise InvalidOrder("do", f"{name!a:.40} is not one of {', '.join(CONTROLS)}")
    return CONTROLS[name](venue, **arguments)


def _requests(venue: FaultyVenue, after: int = 0) -> list[dict[str, Any]]:
    return [_request(request) for request in venue.requests[after:]]


def _request(request: Request) -> dict[str, Any]:
    return {**asdict(request), "quantity": None if request.quantity is None else plain(request.quantity)}


def _placed(venue: FaultyVenue) -> list[dict[str, Any]]:
    return [_order(placed) for placed in venue.placed]


def _order(placed: PlacedOrder) -> dict[str, Any]:
    order = placed.order
    return {
        "order_id": placed.order_id,
        "venue_client_order_id": placed.venue_client_order_id,
        "account": placed.account,
        "role": placed.role,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": plain(order.quantity),
        "trigger_price": None if placed.trigger_price is None else plain(placed.trigger_price),
        "filled": plain(placed.filled),
        "status": placed.status.value,
        "trades": [fill.trade_id for fill in placed.fills],
    }


def _follow(venue: FaultyVenue, faults: list[dict[str, Any]]) -> None:
    venue.follow(*map(fault_from_dict, faults))


def _choose(venue: FaultyVenue, chances: list[tuple[float, dict[str, Any]]], seed: int = 0) -> None:
    venue.choose(by_chance(chances, seed))


def by_chance(chances: list[tuple[float, dict[str, Any]]], seed: int) -> ByChance:
    """A chooser from plain data: pairs of a share and a fault."""
    return ByChance({fault_from_dict(fault): share for share, fault in chances}, seed)


def _away(venue: FaultyVenue, on: bool) -> None:
    venue.away = on


def _publishing(venue: FaultyVenue, on: bool) -> None:
    venue.publishing = on


CONTROLS: dict[str, Callable[..., Any]] = {
    "requests": _requests,
    "placed": _placed,
    "position": lambda venue, symbol, ticket=None: plain(venue.position(symbol, ticket)),
    "legs": lambda venue, order: [_order(leg) for leg in venue.legs(order)],
    "protected": lambda venue, symbol: plain(venue.protected(symbol)),
    "hanging": lambda venue: venue.hanging,
    "follow": _follow,
    "choose": _choose,
    "publishing": _publishing,
    "away": _away,
    "set_price": lambda venue, symbol, bid, ask=None: venue.set_price(symbol, bid, ask),
    "trigger": lambda venue, symbol, price: venue.trigger(symbol, price),
    "stale_quotes": lambda venue, symbol, seconds: venue.stale_quotes(symbol, seconds),
    "one_sided": lambda venue, symbol, half=None: venue.one_sided(symbol, half),
    "no_quotes": lambda venue, symbol, on=True: venue.no_quotes(symbol, on),
    "fill": lambda venue, order, quantity=None, price=None: venue.fill(order, quantity, price),
    "cancel_by_venue": lambda venue, order: venue.cancel_by_venue(order),
    "expire": lambda venue, order: venue.expire(order),
    "place_foreign": lambda venue, order: _order(venue.place_foreign(normalize_order(order))),
    "adjust_position": lambda venue, symbol, change, price=None: venue.adjust_position(symbol, change, price),
    "release": lambda venue: venue.release(),
    "drop_connections": lambda venue: venue.drop_connections(),
    "happen": lambda venue: venue.happen(),
}
"""Every control, by its name."""
