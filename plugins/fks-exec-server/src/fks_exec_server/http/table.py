# SPDX-License-Identifier: MIT
"""Every route of the address where alerts and orders are taken: its path, who guards it, what it does for each method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from fks_exec import OrderChange

from ..routes.accounts import Accounts
from ..routes.changes import Changes
from ..routes.operations import Close, Halt, Operations, Resume
from ..routes.orders import KINDS, Orders
from ..tradingview.arrival import Arrival

GuardName: TypeAlias = Literal["path", "alert", "signed"]


@frozen(kw_only=True)
class Operation:
    """What a route does for one method.

    Args:
        owner: the class that has it.
        name: of the method of that class; the first line of its docstring describes it.
        does: see :class:`~fks_exec_server.http.guarded.Endpoint`.
        bodies: the classes of which a body is one; none: no body, or an alert.
    """

    owner: type
    name: str
    does: str
    bodies: tuple[type[Any], ...] = ()

    @property
    def summary(self) -> str:
        """One line."""
        return (getattr(self.owner, self.name).__doc__ or "").partition("\n")[0]


@frozen(kw_only=True)
class RouteSpec:
    """One path.

    Args:
        guard: ``path``: the secret in the path; ``alert``: a token or a signature over the body; ``signed``: a token, or a
            signature over the whole request.
    """

    path: str
    guard: GuardName
    methods: Mapping[str, Operation] = field(factory=dict)


def _reads(owner: type, name: str) -> dict[str, Operation]:
    return {"GET": Operation(owner=owner, name=name, does="read")}


def _operates(name: str, body: type[Any]) -> dict[str, Operation]:
    return {"POST": Operation(owner=Operations, name=name, does="operate", bodies=(body,))}


_ALERT = {"POST": Operation(owner=Arrival, name="alert", does="alert")}
_ONE_ORDER = {
    "GET": Operation(owner=Changes, name="look", does="read"),
    "DELETE": Operation(owner=Changes, name="cancel", does="cancel"),
    "PATCH": Operation(owner=Changes, name="amend", does="order", bodies=(OrderChange,)),
}
_PLACE = {"POST": Operation(owner=Orders, name="place", does="order", bodies=tuple(KINDS.values()))}

ROUTES: tuple[RouteSpec, ...] = (
    RouteSpec(path="/webhook/tradingview/{key}", guard="path", methods=_ALERT),
    RouteSpec(path="/webhook/tradingview/{key}/orders/{client_order_id}", guard="path", methods=_ONE_ORDER),
    RouteSpec(path="/webhook/tradingview", guard="alert", methods=_ALERT),
    RouteSpec(path="/orders", guard="signed", methods=_PLACE),
    RouteSpec(path="/orders/{client_order_id}", guard="signed", methods=_ONE_ORDER),
    RouteSpec(path="/accounts", guard="signed", methods=_reads(Accounts, "standing")),
    RouteSpec(path="/accounts/{account}/positions", guard="signed", methods=_reads(Accounts, "positions")),
    RouteSpec(path="/accounts/{account}/quote/{symbol:path}", guard="signed", methods=_reads(Accounts, "quote")),
    RouteSpec(path="/halt", guard="signed", methods=_operates("halt", Halt)),
    RouteSpec(path="/resume", guard="signed", methods=_operates("resume", Resume)),
    RouteSpec(path="/close", guard="signed", methods=_operates("close", Close)),
)
