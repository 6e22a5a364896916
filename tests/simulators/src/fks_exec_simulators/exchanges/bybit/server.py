# SPDX-License-Identifier: MIT
"""``BybitExchange``: the routes of Bybit's v5 API for linear perpetuals, who may use them, and its own words for a fault."""

from __future__ import annotations

import time as clocks
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from .. import wire
from ..serving import KEYS, ExchangeServer, Verb
from ..wire import Asked, Kind, Reply
from . import changing, limits, placing, public, telling, wallet
from .account import Account
from .answers import CODES, Refused, envelope, wrong
from .asking import Fields
from .book import Book, book_of
from .controls import BybitControls
from .signing import sender

PUBLIC: Mapping[str, Callable[[Book, Fields], dict[str, Any]]] = {
    "GET /v5/market/time": public.time,
    "GET /v5/market/instruments-info": public.instruments_info,
    "GET /v5/market/tickers": public.tickers,
    "GET /v5/market/orderbook": public.orderbook,
}

READING: Mapping[str, Callable[[Book, Account, Fields], dict[str, Any]]] = {
    "GET /v5/order/realtime": telling.realtime,
    "GET /v5/order/history": telling.history,
    "GET /v5/execution/list": telling.executions,
    "GET /v5/position/list": telling.position_list,
    "GET /v5/account/wallet-balance": wallet.wallet_balance,
    "GET /v5/account/info": wallet.account_info,
    "GET /v5/user/query-api": wallet.api_key,
    "GET /v5/asset/coin/query-info": wallet.coin_info,
}

WRITING: Mapping[str, Callable[[Book, Account, Fields], dict[str, Any]]] = {
    "POST /v5/order/amend": changing.amend,
    "POST /v5/order/cancel": changing.cancel,
    "POST /v5/order/cancel-all": changing.cancel_all,
    "POST /v5/position/trading-stop": changing.trading_stop,
    "POST /v5/position/set-leverage": changing.set_leverage,
    "POST /v5/position/switch-mode": changing.switch_mode,
}

CREATE = "POST /v5/order/create"

_KINDS: Mapping[str, Kind] = {
    "POST /v5/order/cancel": "cancel",
    "POST /v5/order/cancel-all": "cancel",
    "POST /v5/order/amend": "amend",
    "POST /v5/position/trading-stop": "protect",
    "GET /v5/order/realtime": "look_up",
    "GET /v5/order/history": "look_up",
    "GET /v5/execution/list": "look_up",
    "GET /v5/position/list": "positions",
    "GET /v5/account/wallet-balance": "balance",
    **dict.fromkeys(PUBLIC, "market"),
}

_IDS = ("orderId", "orderLinkId")


class BybitExchange(ExchangeServer):
    """A simulated Bybit: unified account, USDT perpetuals, two accounts of 100,000 USDT.

    Args:
        clock: the wall clock, epoch seconds.
        keys: API keys and their secrets, an account each.

    ``book`` is its state, for tests in this process; ``/_ctl`` does the same from anywhere.
    """

    name: ClassVar[str] = "bybit"

    def __init__(self, *, clock: Callable[[], float] = clocks.time, keys: Mapping[str, str] = KEYS) -> None:
        super().__init__(clock=clock, keys=keys)
        self.book: Book = book_of(self.keys, self.now)

    def kinds(self, asked: Asked) -> frozenset[Kind]:
        """By its route; an order with a trigger that may only reduce is protective, any other a placing."""
        if asked.route != CREATE:
            return frozenset({_KINDS.get(asked.route, "other")})
        try:
            fields = _fields(asked)
            protective = "triggerPrice" in fields and (fields.flag("reduceOnly") or fields.flag("closeOnTrigger"))
        except Refused:
            protective = False
        return frozenset({"protect" if protective else "place"})

    def answer(self, asked: Asked) -> Reply:
        """Do it; a refusal is HTTP 200 with its code, a route that is not there 404."""
        headers: Mapping[str, str] = {}
        try:
            if asked.route in PUBLIC:
                return self._done(PUBLIC[asked.route](self.book, _fields(asked)))
            act = self._act(asked)
            if act is None:
                return self._refused(Refused(10017), status=404)
            account = self.book.accounts[sender(asked, self.keys, self.now())]
            headers, over = limits.counted(self.book, account, asked.path)
            if over:
                raise Refused(10006)
            return self._done(act(self.book, account, _fields(asked)), headers)
        except Refused as refused:
            return self._refused(refused, headers)

    def _act(self, asked: Asked) -> Callable[[Book, Account, Fields], dict[str, Any]] | None:
        if asked.route in READING:
            return READING[asked.route]
        act = WRITING.get(asked.route)
        if asked.route == CREATE:
            manner = asked.manner

            def act(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
                return placing.create(book, account, fields, manner)

        return None if act is None else _of_linear(act)

    def _done(self, result: Any, headers: Mapping[str, str] | None = None) -> Reply:
        return Reply(data=envelope(0, "OK", result, self.now()), headers=headers or {})

    def _refused(self, refused: Refused, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
        return Reply(status=status, data=envelope(refused.code, refused.text, {}, self.now()), headers=headers or {})

    def refusal(self, word: str, kinds: frozenset[Kind], seconds: float | None) -> Reply:
        """Its own words: mostly a code with HTTP 200; an address that asks too often gets 403."""
        if word == "banned":
            return wire.html(403, "access too frequent")
        code = {"credentials": 10003, "rate_limit": 10006, "closed": 110066, "maintenance": 10016}.get(word)
        if word == "refuse":
            code = 110007 if kinds & {"place", "protect"} else 110079 if kinds & {"cancel", "amend"} else 10001
        if code is None:
            raise ValueError(f"Bybit has no words for {word!r}")
        reset = self.now() + round((1.0 if seconds is None else seconds) * 1000)
        return self._refused(Refused(code), limits.headers(10, 0, reset) if code == 10006 else None)

    def coded(self, code: str) -> Reply:
        """An answer with one of its codes, HTTP 200; ``10016:text`` has a text of its own."""
        number, _, text = code.partition(":")
        return self._refused(Refused(int(number), text or CODES.get(int(number), "")))

    def without_ids(self, data: Any) -> Any:
        """An answer whose result has lost the ids of the order."""
        if not isinstance(data, dict) or not isinstance(data.get("result"), dict):
            return data
        return {**data, "result": {name: value for name, value in data["result"].items() if name not in _IDS}}

    def verbs(self) -> Mapping[str, Verb]:
        """Its own control."""
        return BybitControls(self.book).verbs()


def _of_linear(
    act: Callable[[Book, Account, Fields], dict[str, Any]],
) -> Callable[[Book, Account, Fields], dict[str, Any]]:
    """Only linear contracts are traded here."""

    def checked(book: Book, account: Account, fields: Fields) -> dict[str, Any]:
        if fields.category != "linear":
            raise wrong("params error: category invalid")
        return act(book, account, fields)

    return checked


def _fields(asked: Asked) -> Fields:
    """A GET's are in its query, a POST's in its JSON."""
    if asked.method == "GET":
        return Fields(dict(asked.in_query))
    try:
        body = asked.json()
    except ValueError:
        raise wrong("params error: the body is no JSON") from None
    if not isinstance(body, dict):
        raise wrong("params error: the body is no JSON object")
    return Fields(body)
