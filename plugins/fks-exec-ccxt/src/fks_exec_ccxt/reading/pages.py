# SPDX-License-Identifier: MIT
"""Closed orders of an instrument in pages: :class:`Closed`; and how many rows an exchange's own page had: :func:`raw_rows`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from ..wire.outcomes import Unsettled
from .reader import MOST_PAGES, Orders, Params, Reader, page_of
from .results import Told

COMPLETE: Mapping[str, str] = MappingProxyType(
    {
        "coinbase": "fetchOrders",
        "cryptocom": "fetchOrders",
        "mexc": "fetchOrders",
        "bitfinex": "fetchClosedOrders",
        "deribit": "fetchClosedOrders",
        "gate": "fetchClosedOrders",
    }
)
"""Exchanges whose list of closed orders has every one of them, by their documentation, and its name in ccxt."""

_LISTS = {
    "fetchOrders": "fetch_orders",
    "fetchCanceledAndClosedOrders": "fetch_canceled_and_closed_orders",
    "fetchClosedOrders": "fetch_closed_orders",
}
"""ccxt's lists of closed orders: what is found there is found, of an exchange that is not in :data:`COMPLETE` too."""

_LIMITS = {"coinbase": 100, "deribit": 1000}
"""Orders of a full page, where ccxt does not tell; Deribit's is what it asks for by itself."""

_OLDER = dict.fromkeys(("okx", "okxus", "myokx"), "after") | {"bitget": "idLessThan"}
"""The word for "older than this number": OKX, "Order List" and "Algo Order List"; Bitget, "Get Current Orders", "Get Pending
Orders", "Get Pending Trigger Order"."""

_ROUND = frozenset({20, 25, 30, 40, 50, 100, 200, 250, 300, 500, 1000})
"""A page of just so many may be a full one."""

_SEEN: ContextVar[list[int] | None] = ContextVar("seen", default=None)


@contextmanager
def raw_rows(exchange: Any) -> Iterator[list[int]]:
    """How many rows each page had that ccxt parses meanwhile, before it leaves out other instruments and other times."""
    inner = getattr(exchange, "parse_orders", None)
    if inner is not None and not getattr(inner, "counts", False):
        exchange.parse_orders = _counting(inner)
    seen: list[int] = []
    token = _SEEN.set(seen)
    try:
        yield seen
    finally:
        _SEEN.reset(token)


def _counting(inner: Any) -> Any:
    def parse_orders(orders: Any, *words: Any, **more: Any) -> Any:
        if (seen := _SEEN.get()) is not None:
            seen.append(len(orders or ()))
        return inner(orders, *words, **more)

    parse_orders.counts = True  # type: ignore[attr-defined]
    return parse_orders


def full(rows: Iterable[int], limit: int | None) -> bool:
    """Whether a page of so many rows may have another one behind it.

    Args:
        limit: rows of a full page; None: not known.
    """
    return any(count in _ROUND if limit is None else count >= limit for count in rows)


def older(exchange_id: str, page: Iterable[Told], params: Params) -> Params:
    """What asks for the open orders behind a full page: those older than its oldest.

    Only where pages are told by an order's number: with pages that are counted, an order that ends between two of them would
    hide another one.

    Raises:
        Unsettled: it cannot be asked for, or the exchange did not heed it.
    """
    word = _OLDER.get(exchange_id)
    numbers = [int(told.order_id) for told in page if told.order_id is not None and told.order_id.isdecimal()]
    before = params.get(word or "")
    if word is None or not numbers or (before is not None and max(numbers) >= int(before)):
        raise Unsettled("the exchange lists as many open orders as a page has, and there may be more; cancel some")
    return {word: str(min(numbers))}


class Closed:
    """Closed orders of one instrument.

    A page that may be full is asked for again as two halves of its time: whichever end an exchange begins with, nothing between
    them is missed.
    """

    def __init__(self, reader: Reader, symbol: str, params: Params) -> None:
        self._reader = reader
        self._symbol = symbol
        self._params = params
        exchange = reader.exchange
        names = [COMPLETE[exchange.id]] if exchange.id in COMPLETE else list(_LISTS)
        name = next((name for name in names if exchange.has.get(name) is True), None)
        if name is None:
            raise Unsettled("this exchange lists no closed orders, so an order cannot be looked for by the id that we gave it")
        self._fetch: Any = getattr(exchange, _LISTS[name])
        self._limit = _LIMITS.get(exchange.id) or page_of(exchange, symbol, name)
        self._timeless = exchange.id == "deribit"

    async def find(self, name: str, since: int, now: int) -> Told | None:
        """The order of this name; None when every order of that time was seen and none has it.

        Args:
            since, now: the time, epoch milliseconds.

        Raises:
            Unsettled: not every order can be had.
        """
        windows: list[tuple[int, int]] = [(since, now)]
        for _ in range(MOST_PAGES):
            start, end = windows.pop()
            page, more = await self._page(start, None if end == now else end)
            match = next((told for told in page if self._reader.is_named(told, name)), None)
            if match is not None:
                return match
            if more and not (self._timeless and any(_updated(told) < since for told in page)):
                if start >= end or not all(told.time is not None and start <= told.time <= end for told in page):
                    break  # it does not heed the time it is asked for
                middle = (start + end) // 2
                windows += [(start, middle), (middle + 1, end)]
            if not windows:
                return None
        raise Unsettled("the exchange lists more closed orders than can be read in full, so the look-up proves nothing")

    async def _page(self, since: int, until: int | None) -> tuple[list[Told], bool]:
        """A page, and whether there may be more."""
        params = dict(self._params) if until is None else {**self._params, "until": until}
        fetch, symbol, limit = self._fetch, self._symbol, self._limit
        begin = None if self._timeless else since  # Deribit is asked for no time: what it tells is of any
        with raw_rows(self._reader.exchange) as rows:
            found: Orders = await self._reader.call(lambda: fetch(symbol, begin, limit, params))
        page = [self._reader.told(row) for row in found]
        return page, full(rows or [len(found)], limit) or any(told.info.get("cursor") for told in page)


def _updated(told: Told) -> float:
    """When an order of Deribit's last changed, epoch milliseconds.

    Its history begins with the latest: with one there that has not changed since, every one that has come since is there too.
    """
    time = told.info.get("last_update_timestamp")
    return time if isinstance(time, int) else float("inf")
