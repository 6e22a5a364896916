# SPDX-License-Identifier: MIT
"""What one call of ours handed to the network: Call and Handed, and Wired, which makes a ccxt class keep them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import define, field

from fks_exec.clock import Clock, SystemClock
from fks_exec.errors import NotSent

if TYPE_CHECKING:
    from .limits import Turns

_BEGINNING = 1000
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_WRITING_GETS = frozenset(
    {
        "buy",
        "sell",
        "edit",
        "edit_by_label",
        "cancel",
        "cancel_all",
        "cancel_all_by_currency",
        "cancel_all_by_instrument",
        "cancel_by_label",
        "close_position",
        "broadcast_tx_sync",
    }
)
"""Last words of paths that place, change or cancel orders by GET: Deribit, Coinbase International, dYdX (ccxt 4.5.90)."""


@define(eq=False)
class Handed:
    """One request that was handed to the network.

    Args:
        method: of HTTP, in capitals.
        path: without host and query.
        host: and port, where one is named.
        write: it may change something at the exchange.
        status: of HTTP; None when no whole answer came.
        beginning: of the answer's body.
        retry_after: seconds, where the answer says so.
        answered: ccxt took the answer for a success.
        read: the answer was JSON; a page of a proxy with status 200 is not, and ccxt makes empty lists of it.
        error: what the request itself raised.
        begun, ended: when it was handed over and when its answer had come, epoch milliseconds; 0: not yet.
    """

    method: str
    path: str = field(repr=False)
    write: bool
    status: int | None = None
    beginning: str = field(default="", repr=False)
    retry_after: float | None = None
    answered: bool = False
    read: bool = False
    error: BaseException | None = field(default=None, repr=False)
    begun: int = 0
    ended: int = 0
    host: str = ""

    def heard(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Note the answer."""
        self.status, self.beginning = status, body[:_BEGINNING]
        self.retry_after = _seconds(next((value for name, value in headers.items() if name.lower() == "retry-after"), ""))


@define(eq=False, kw_only=True)
class Call:
    """What happened to one call of ours.

    Args:
        urgent: an exit, a cancel, a protective order: served before others.
        deadline: on the clock's monotonic time, seconds; a write is not handed over after it.
        reading: it changes nothing at the exchange, whatever methods its requests have (Kraken reads by POST).
        exchange: ccxt's id of the exchange.
        secrets: texts that may be told nowhere.
        listed: codes of the exchange that ccxt knows as errors, without saying of what kind.
    """

    urgent: bool = False
    deadline: float | None = None
    reading: bool = False
    exchange: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    listed: frozenset[str] = field(default=frozenset(), repr=False)
    clock: Clock = field(factory=SystemClock, repr=False)
    handed: list[Handed] = field(factory=list)

    @property
    def writes(self) -> list[Handed]:
        """What was handed over that may have changed something."""
        return [one for one in self.handed if one.write]

    @property
    def sent(self) -> bool:
        """Something was handed over that may have changed something."""
        return any(one.write for one in self.handed)

    @property
    def last(self) -> Handed | None:
        """The latest request."""
        return self.handed[-1] if self.handed else None

    def remaining(self) -> float | None:
        """Seconds until the deadline; None without one; never negative."""
        return None if self.deadline is None else max(0.0, self.deadline - self.clock.monotonic())

    def hand(self, method: str, url: str) -> Handed:
        """Note a request that is about to leave.

        Raises:
            NotSent: it is a write, and the deadline has ended, or this very write was handed over before. One call of ours is
                one attempt: a further one is the hub's to decide, after proof.
        """
        parts = urlsplit(url)
        method = method.upper()
        write = not self.reading and _writes(method, parts.path)
        request = Handed(method, parts.path, write, host=parts.netloc.rpartition("@")[2])
        if request.write:
            self._check(request)
        request.begun = self.clock.now()
        self.handed.append(request)
        return request

    def _check(self, request: Handed) -> None:
        if self.remaining() == 0.0:
            raise NotSent("the deadline ended before the request was sent; nothing was sent", code="DEADLINE")
        if any((one.method, one.path) == (request.method, request.path) for one in self.writes):
            raise NotSent("ccxt was about to send the same request again within one attempt; it was held back", code="TWICE")


_CALL: ContextVar[Call | None] = ContextVar("fks_exec_ccxt_call", default=None)
_REQUEST: ContextVar[Handed | None] = ContextVar("fks_exec_ccxt_request", default=None)


@contextmanager
def calling(
    *,
    urgent: bool = False,
    deadline: float | None = None,
    reading: bool = False,
    exchange: str = "",
    secrets: tuple[str, ...] = (),
    listed: frozenset[str] = frozenset(),
    clock: Clock | None = None,
) -> Iterator[Call]:
    """All that ccxt sends in here belongs to one :class:`Call`, whose arguments these are."""
    call = Call(
        urgent=urgent,
        deadline=deadline,
        reading=reading,
        exchange=exchange,
        secrets=secrets,
        listed=listed,
        clock=clock or SystemClock(),
    )
    token = _CALL.set(call)
    try:
        yield call
    finally:
        _CALL.reset(token)


def current() -> Call | None:
    """The call that is being made in this task, if any."""
    return _CALL.get()


class _OneRequest:
    """A session whose request is one request: aiohttp neither sends it again after a broken connection nor follows a redirect.

    aiohttp repeats GET, PUT and DELETE on a kept connection that turns out broken; on exchanges that cancel by DELETE, amend by
    PUT or place by GET (Deribit) that is a second attempt that nobody decided.
    """

    def __init__(self, session: Any) -> None:
        session._retry_connection = False  # aiohttp has no public switch; its own test client sets the same
        self._session = session

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._session, name)
        if name not in ("get", "post", "put", "patch", "delete"):
            return method
        return lambda url, **keywords: method(url, **keywords, allow_redirects=False)


class Wired:
    """Mixin before a class of ``ccxt.async_support``: its limiter is asked through Turns, its requests are noted.

    Without a :class:`Call` around it, it behaves as the class does by itself.
    """

    fks_turns: Turns | None = None

    async def throttle(self, cost: float | None = None) -> None:
        """Wait for the turn: what ccxt calls before it signs and sends."""
        base: Any = super()
        call = _CALL.get()
        if self.fks_turns is None:
            await base.throttle(cost)
            return
        urgent = call is not None and call.urgent
        remaining = None if call is None else call.remaining()
        await self.fks_turns.take(base.throttle, getattr(self, "throttler", None), cost, urgent=urgent, within=remaining)

    def open(self, lazy: bool = False) -> None:
        """ccxt makes its session in here."""
        base: Any = super()
        base.open(lazy)
        me: Any = self
        if me.own_session and not isinstance(me.session, _OneRequest):
            me.session = _OneRequest(me.session)

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """Every request passes here."""
        base: Any = super()
        return await noted(base.fetch, url, method, headers, body)

    def on_rest_response(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: Any,
        request_body: Any,
    ) -> Any:
        """Every whole answer passes here, before ccxt reads it."""
        base: Any = super()
        request = _REQUEST.get()
        if request is not None:
            request.heard(code, response_headers, response_body)
        return base.on_rest_response(code, reason, url, method, response_headers, response_body, request_headers, request_body)


async def noted(fetch: Callable[..., Any], url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
    """``fetch`` with its request noted in the call around it."""
    call = _CALL.get()
    if call is None:
        return await fetch(url, method, headers, body)
    request = call.hand(method, url)
    token = _REQUEST.set(request)
    try:
        answer = await fetch(url, method, headers, body)
    except BaseException as error:
        request.error = error
        raise
    finally:
        _REQUEST.reset(token)
    request.ended = call.clock.now()
    request.answered, request.read = True, not isinstance(answer, str | bytes)
    return answer


def _writes(method: str, path: str) -> bool:
    return method not in _READS or path.rstrip("/").rpartition("/")[2] in _WRITING_GETS


def _seconds(text: str) -> float | None:
    """Of a ``Retry-After`` header; a date is not read."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
