# SPDX-License-Identifier: MIT
"""What reached the venue: one record per request, in memory and, if wanted, in a file."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from attrs import asdict, field, frozen

from ...model.account import Protection
from ...model.numbers import plain, to_optional
from ...model.orders import Order, OrderChange, OrderRef, Side

Kind: TypeAlias = Literal[
    "open", "place", "protect", "cancel", "amend", "look_up", "scan", "positions", "balance", "quote", "instrument", "health"
]
"""What a request asks for; ``protect`` is protect_position, ``look_up`` is fetch_order, ``scan`` is fetch_open_orders,
``open`` is init."""

Fate: TypeAlias = Literal["open", "placed", "done", "refused", "lost", "later"]
"""What became of a request when it arrived: ``open`` not decided yet, ``placed`` an order stands in the book, ``done``,
``refused`` with proof, ``lost`` it had no effect and nobody says so, ``later`` its effect is still to come."""

KINDS: tuple[Kind, ...] = get_args(Kind)
ACCOUNT = "account"


@frozen(kw_only=True)
class Asked:
    """A request as it came in.

    Args:
        kind: what is asked for.
        account: who asks.
        order: to be placed.
        protection: a protective order to be placed.
        venue_client_order_id: of the order, or of the call to cancel or amend.
        ref: the order meant by cancel, amend, look_up.
        change: of an amend.
        symbol: of a quote or an instrument.
    """

    kind: Kind
    account: str = ACCOUNT
    order: Order | None = None
    protection: Protection | None = None
    venue_client_order_id: str = ""
    ref: OrderRef | None = None
    change: OrderChange | None = None
    symbol: str = ""


def _side(value: Side | str | None) -> Side | None:
    return None if value is None else Side(value)


@frozen(kw_only=True)
class Request:
    """One request, as it stands in the venue's record.

    Args:
        arrival: counts all requests, from 1.
        kind: what was asked for.
        time: of its arrival, epoch milliseconds.
        account: who asked.
        venue_client_order_id: of the order to be placed; for cancel, amend and look_up, of the order meant.
        client_order_id: the caller's id, where the plugin was told.
        order_id: the venue's own id of the order meant or placed; empty where there is none.
        symbol: canonical.
        side, quantity: of the order to be placed; base units or contracts.
        role: of the protective order to be placed.
        entry: the caller's id of the order that it protects, where the plugin was told.
        fault: the name of what the script did with it.
        fate: what became of it.
    """

    arrival: int
    kind: Kind
    time: int
    account: str = ACCOUNT
    venue_client_order_id: str = ""
    client_order_id: str = ""
    order_id: str = ""
    symbol: str = ""
    side: Side | None = field(default=None, converter=_side)
    quantity: Decimal | None = field(default=None, converter=to_optional)
    role: str = ""
    entry: str = ""
    fault: str = ""
    fate: Fate = "open"


def request_of(asked: Asked, arrival: int, time: int) -> Request:
    """The record of a request that has just arrived."""
    protection, ref = asked.protection, asked.ref or OrderRef()
    order = asked.order or protection
    return Request(
        arrival=arrival,
        kind=asked.kind,
        time=time,
        account=asked.account,
        venue_client_order_id=(asked.venue_client_order_id if order else ref.venue_client_order_id) or "",
        client_order_id=(asked.order.client_order_id if asked.order else ref.client_order_id) or "",
        order_id=ref.order_id or "",
        symbol=(order.symbol if order else ref.symbol or asked.symbol),
        side=order.side if order else None,
        quantity=order.quantity if order else None,
        role=protection.role if protection else "",
        entry=(protection.entry.client_order_id or "") if protection and protection.entry else "",
    )


def to_line(request: Request) -> str:
    """One line of JSON, with its end."""
    data = asdict(request)
    data["quantity"] = None if request.quantity is None else plain(request.quantity)
    return json.dumps(data) + "\n"


def from_line(line: str) -> Request:
    """What :func:`to_line` wrote."""
    return Request(**json.loads(line))


def read_requests(path: Path) -> list[Request]:
    """All requests of a record file, in the order of their arrival; none where there is no file.

    A last line without its end is left out: its writer was killed.
    """
    text = path.read_text("utf-8") if path.exists() else ""
    return [from_line(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
