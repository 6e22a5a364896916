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
        answers: by the codes that it gives itself, beside those of its guard and of the door: the schemas of their bodies, one
            of which is right. ``http.replies`` has them by these names.
    """

    owner: type
    name: str
    does: str
    bodies: tuple[type[Any], ...] = ()
    answers: Mapping[int, tuple[str, ...]] = field(factory=dict)

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


_REFUSED = ("Refusal",)
_ORDER = ("OrderAnswer",)
_EITHER = ("Refusal", "OrderAnswer")


def _reads(name: str, schema: str, *refused: int) -> dict[str, Operation]:
    told = {200: (schema,), 503: _REFUSED} | dict.fromkeys(refused, _REFUSED)
    return {"GET": Operation(owner=Accounts, name=name, does="read", answers=told)}


def _operates(name: str, body: type[Any], schema: str, *codes: int, refused: tuple[int, ...] = ()) -> dict[str, Operation]:
    told = dict.fromkeys(codes, (schema,)) | dict.fromkeys((400, 403, *refused), _REFUSED) | {503: ("Refusal", schema)}
    return {"POST": Operation(owner=Operations, name=name, does="operate", bodies=(body,), answers=told)}


_ALERT = {
    "POST": Operation(
        owner=Arrival,
        name="alert",
        does="alert",
        answers=dict.fromkeys((200, 202, 409), ("OrderAnswer", "AlertAnswer"))
        | dict.fromkeys((400, 403, 503), ("Refusal", "AlertAnswer"))
        | {422: ("Refusal", "OrderAnswer", "AlertAnswer")},
    )
}
_TOUCHED: Mapping[int, tuple[str, ...]] = {
    200: _ORDER,
    202: ("OrderAnswer", "UnderWay"),
    403: _REFUSED,
    404: _REFUSED,
    409: _EITHER,
}
_ONE_ORDER = {
    "GET": Operation(owner=Changes, name="look", does="read", answers={200: _ORDER} | dict.fromkeys((403, 404, 503), _REFUSED)),
    "DELETE": Operation(owner=Changes, name="cancel", does="cancel", answers={**_TOUCHED, 422: _REFUSED}),
    "PATCH": Operation(
        owner=Changes,
        name="amend",
        does="order",
        bodies=(OrderChange,),
        answers={**_TOUCHED, 400: _REFUSED, 422: _EITHER},
    ),
}
_PLACE = {
    "POST": Operation(
        owner=Orders,
        name="place",
        does="order",
        bodies=tuple(KINDS.values()),
        answers=dict.fromkeys((200, 202, 409), _ORDER) | {400: _REFUSED, 403: _REFUSED, 422: _EITHER},
    )
}

ROUTES: tuple[RouteSpec, ...] = (
    RouteSpec(path="/webhook/tradingview/{key}", guard="path", methods=_ALERT),
    RouteSpec(path="/webhook/tradingview/{key}/orders/{client_order_id}", guard="path", methods=_ONE_ORDER),
    RouteSpec(path="/webhook/tradingview", guard="alert", methods=_ALERT),
    RouteSpec(path="/orders", guard="signed", methods=_PLACE),
    RouteSpec(path="/orders/{client_order_id}", guard="signed", methods=_ONE_ORDER),
    RouteSpec(path="/accounts", guard="signed", methods=_reads("standing", "Accounts")),
    RouteSpec(path="/accounts/{account}/positions", guard="signed", methods=_reads("positions", "Positions", 403)),
    RouteSpec(path="/accounts/{account}/quote/{symbol:path}", guard="signed", methods=_reads("quote", "Quote", 400, 403, 422)),
    RouteSpec(path="/halt", guard="signed", methods=_operates("halt", Halt, "HaltOutcome", 200, 202)),
    RouteSpec(path="/resume", guard="signed", methods=_operates("resume", Resume, "HaltOutcome", 200)),
    RouteSpec(path="/close", guard="signed", methods=_operates("close", Close, "CloseAnswer", 200, 202, refused=(422,))),
)
