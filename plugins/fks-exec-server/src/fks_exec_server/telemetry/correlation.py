# SPDX-License-Identifier: MIT
"""One request as it is told in the log: its id, whose it is, the order that comes of it, how long its reading took.

The routes write here what they learn, by plain functions, and need to be given nothing; where nobody listens (the routes
are mounted in an application of another's own, say) nothing happens.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from contextvars import ContextVar

from attrs import define, field, frozen

KNOWN = 20_000
"""Orders whose request is remembered; the oldest is forgotten first."""

Orders = MutableMapping[tuple[str, str], str]


LONGEST = 300
"""Characters of a sentence in the log: a venue's may be any length."""


@frozen
class Unmet:
    """An order that did not come about, or not all of it, though its request may have been answered 200.

    Args:
        said: the sentence that the sender was told.
    """

    account: str
    client_order_id: str
    code: str
    said: str

    def __str__(self) -> str:
        return f"{self.account}/{self.client_order_id or 'no id'}: {self.code}: {self.said!a}"


def _new_id() -> str:
    return secrets.token_hex(8)


@define(kw_only=True)
class Request:
    """What is known of a request so far.

    Args:
        id: 16 hexadecimal digits, made here; it is what ``X-Request-ID`` tells.
        caller: the name of the key, client or token that was proved; empty for a stranger.
        address: where it comes from, as far as the proxies are trusted; empty where nobody said.
        code: of the answer, where it has one.
        said: the sentence of the answer, where it has one.
        account, client_order_id: of the order that it is about.
        stages: seconds that a stage of it took, by name.
        unmet: of the orders that it brought, those that did not come about.
        orders: where the order's request is remembered for what the hub tells later.
    """

    id: str = field(factory=_new_id)
    caller: str = ""
    address: str = ""
    code: str = ""
    said: str = ""
    account: str = ""
    client_order_id: str = ""
    stages: dict[str, float] = field(factory=dict)
    unmet: list[Unmet] = field(factory=list)
    orders: Orders | None = None


_current: ContextVar[Request | None] = ContextVar("fks_exec_request", default=None)


class RecentOrders(OrderedDict[tuple[str, str], str]):
    """By account and client's id of an order, the id of the request that brought it; bounded."""

    def __setitem__(self, key: tuple[str, str], request: str) -> None:
        super().__setitem__(key, request)
        while len(self) > KNOWN:
            self.popitem(last=False)


def current() -> Request | None:
    """The request that is being served; None outside of one."""
    return _current.get()


@contextlib.contextmanager
def serving(request: Request) -> Iterator[Request]:
    """What runs in it, tasks that it begins included, belongs to this request."""
    token = _current.set(request)
    try:
        yield request
    finally:
        _current.reset(token)


def note(*, caller: str | None = None, code: str | None = None, said: str | None = None, address: str | None = None) -> None:
    """What became known of the request: who asks, from where, code and sentence of its answer. None leaves it as it is."""
    request = _current.get()
    if request is None:
        return
    if caller is not None:
        request.caller = caller
    if code is not None:
        request.code = code
    if said is not None:
        request.said = said[:LONGEST]
    if address is not None:
        request.address = address


def note_order(account: str, client_order_id: str) -> None:
    """The order that comes of the request. To be called before it is handed to the hub: what the hub tells is joined by it.

    Of several orders of one request the last one stands in the request's own line; all are joined. The request that brought an
    order stays the order's: a repetition, a look or a cancel has an id of its own.
    """
    request = _current.get()
    if request is None:
        return
    request.account, request.client_order_id = account, client_order_id
    if request.orders is not None and (account, client_order_id) not in request.orders:
        request.orders[account, client_order_id] = request.id


def note_unmet(account: str, client_order_id: str, code: str | None, said: str) -> None:
    """An order of the request that did not come about, or not all of it."""
    request = _current.get()
    if request is not None:
        request.unmet.append(Unmet(account, client_order_id, code or "", said[:LONGEST]))


@contextlib.contextmanager
def timed(stage: str, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
    """Measure a stage of the request, such as ``parse``; also of one that fails."""
    request = _current.get()
    started = clock()
    try:
        yield
    finally:
        if request is not None:
            request.stages[stage] = request.stages.get(stage, 0.0) + clock() - started
