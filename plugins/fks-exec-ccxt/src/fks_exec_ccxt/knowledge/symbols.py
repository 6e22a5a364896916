# SPDX-License-Identifier: MIT
"""Which market a spelling means: every spelling of it gives one canonical symbol, ccxt's unified one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fks_exec import UnknownSymbol

from .traits import named, traits

_SEPARATORS = str.maketrans("", "", "/-_ ")
_PERPETUAL = (".P", "PERPETUAL", "PERP", "-SWAP", "_SWAP")
"""How a perpetual contract ends where its name is a pair's: alerts say ``BTCUSDT.P``."""

_OLD = {"BTC": "XBT", "DOGE": "XDG"}
"""What some exchanges and alerts still call a currency."""

_MOST = 5

_QUOTE = 5
"""Letters of the longest quote currency that a pair's unknown rest is taken for."""


class SymbolTable:
    """Every spelling of an account's markets, in memory.

    A bare pair (``BTCUSDT``, ``BTC/USDT``, ``BTC-USDT``) means the account's own market type. A text is looked for as the
    exact unified symbol, then as that in any case or the exchange's own id, then as a pair; what is found first counts.

    Args:
        markets: ccxt's, by symbol.
        exchange_id: ccxt's id.
        market_type: ``spot`` or ``swap``: the account's.
        settle: of contracts: the only settle currency; None: any.
        aliases: quote currencies that spellings may have, and those that are meant.
    """

    def __init__(
        self,
        markets: Mapping[str, Mapping[str, Any]],
        *,
        exchange_id: str,
        market_type: str,
        settle: str | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self._exchange, self._type = exchange_id, market_type
        self._names = traits(exchange_id, market_type).names | {exchange_id.upper()}
        self._exact: set[str] = set()
        self._ids: dict[str, list[str]] = {}
        self._pairs: dict[str, list[str]] = {}
        self._aliased: dict[str, list[str]] = {}
        self._elsewhere: dict[str, list[str]] = {}
        self._bases: dict[str, dict[str, str]] = {}
        self._idle: frozenset[str] = frozenset()
        self._fill(markets.values(), settle, {meant: said for said, meant in (aliases or {}).items()})
        self.symbols: tuple[str, ...] = tuple(sorted(self._exact - self._idle))
        """The canonical symbols of the account's markets that are traded."""

    def _fill(self, markets: Iterable[Mapping[str, Any]], settle: str | None, said: Mapping[str, str]) -> None:
        idle = set()
        for market in markets:
            symbol = str(market["symbol"])
            if market.get("type") != self._type or (market.get("contract") and settle not in (None, market.get("settle"))):
                for name in {symbol.upper(), *_own(market), *_spellings(market)}:
                    self._elsewhere.setdefault(name, []).append(symbol)
                continue
            self._exact.add(symbol)
            if market.get("active") is False:
                idle.add(symbol)
            _note(self._ids, {symbol.upper(), *_own(market)}, symbol)
            _note(self._pairs, _spellings(market), symbol)
            for base in _currencies(market, "base"):
                self._bases.setdefault(base, {})[symbol] = str(market.get("quote") or "")
            quote = said.get(str(market.get("quote")))
            if quote is not None:
                _note(self._aliased, _spellings({**market, "quote": quote, "quoteId": quote}), symbol)
        self._idle = frozenset(idle)

    def resolve(self, text: str) -> str | None:
        """The canonical symbol; None when nothing here is called so.

        Raises:
            UnknownSymbol: the text names several markets, one that is not traded now, one of another market type, or one
                of another exchange.
        """
        asked = text.upper()
        found = [text] if text in self._exact else self._find(asked)
        if not found:
            prefix, colon, rest = asked.partition(":")
            if colon and prefix and "/" not in prefix:
                return self._prefixed(text, prefix, rest)
            self._refuse_near(text, asked)
            return None
        return self._one(text, found)

    def _find(self, asked: str) -> list[str]:
        key = _key(asked)
        return self._ids.get(asked) or self._pairs.get(key) or self._aliased.get(key) or []

    def _one(self, text: str, found: list[str]) -> str:
        traded = [symbol for symbol in found if symbol not in self._idle]
        if len(traded) > 1:
            raise UnknownSymbol(text, candidates=_some(traded), reason="it names several markets; write one in full")
        if not traded:
            raise UnknownSymbol(text, reason=f"{found[0]} is not traded at {self._exchange} now; use another market")
        return traded[0]

    def _prefixed(self, text: str, prefix: str, rest: str) -> str | None:
        """Only the account's own exchange is taken; another's name is refused, with what would be meant here."""
        if prefix in self._names:
            found = self._find(rest)
            if found:
                return self._one(text, found)
            self._refuse_near(text, rest)
            return None
        others = sorted(named(prefix))
        what = f"{prefix} is {' or '.join(others)}" if others else f"{prefix!a:.24} is no exchange that is known"
        reason = f"{what}, and this account is at {self._exchange}; leave the prefix out if this account is meant"
        raise UnknownSymbol(text, candidates=_some(self._find(rest)), reason=reason)

    def _refuse_near(self, text: str, asked: str) -> None:
        """Not among the account's markets: refused where it is another kind's, so that the mistake has a name."""
        elsewhere = self._elsewhere.get(asked) or self._elsewhere.get(_key(asked))
        near = self._pairs.get(_bare(asked))
        if elsewhere or near:
            what = f"{elsewhere[0]} is" if elsewhere else "it names"
            reason = f"{what} none of this account's markets, which are of the type {self._type}"
            raise UnknownSymbol(text, candidates=_some(near or ()), reason=reason)
        self._refuse_quote(text, _bare(asked))

    def _refuse_quote(self, text: str, pair: str) -> None:
        """The base is traded, against other quotes: they may be meant, the likest first (``BTCUSD`` for ``BTC/USDT``)."""
        lengths = range(len(pair) - 1, max(1, len(pair) - _QUOTE - 1), -1)
        base = next((pair[:length] for length in lengths if pair[:length] in self._bases), None)
        if base is None:
            return
        said, quotes = pair[len(base) :], self._bases[base]
        alike = sorted(
            quotes, key=lambda one: (one in self._idle, not quotes[one].startswith(said), quotes[one] != "USDT", one)
        )
        like = quotes[alike[0]]
        hint = f"; if it means {like}, write quote_aliases = {{ {said} = {like!r} }}" if like.startswith(said) else ""
        reason = f"{self._exchange} has no {base}/{said} here{hint}"
        raise UnknownSymbol(text, candidates=tuple(alike[:_MOST]), reason=reason)


def _note(table: dict[str, list[str]], names: Iterable[str], symbol: str) -> None:
    for name in names:
        listed = table.setdefault(name, [])
        if symbol not in listed:
            listed.append(symbol)


def _own(market: Mapping[str, Any]) -> Iterator[str]:
    """The exchange's own names."""
    yield str(market["id"]).upper()
    info = market.get("info")
    if isinstance(info, Mapping):  # kraken has two more spellings of its pairs
        for name in (info.get("altname"), info.get("wsname")):
            if isinstance(name, str):
                yield name.upper()


def _spellings(market: Mapping[str, Any]) -> set[str]:
    """The pair without separators, in each way to spell its currencies; of a perpetual contract with its mark too."""
    bases, quotes = _currencies(market, "base"), _currencies(market, "quote")
    pairs = {f"{base}{quote}" for base in bases for quote in quotes}
    if market.get("swap"):
        return {*pairs, *(f"{pair}#" for pair in pairs)}
    return pairs if market.get("spot") else set()


def _currencies(market: Mapping[str, Any], part: str) -> set[str]:
    name = str(market.get(part) or "").upper()
    return {name, str(market.get(f"{part}Id") or name).upper(), _OLD.get(name, name)}


def _key(text: str) -> str:
    """Without separators; a perpetual contract's mark becomes one that no pair has."""
    for mark in _PERPETUAL:
        if text.endswith(mark) and len(text) > len(mark):
            return f"{text.removesuffix(mark).translate(_SEPARATORS)}#"
    return text.translate(_SEPARATORS)


def _bare(text: str) -> str:
    """The pair alone, of a spelling that says more: a contract's mark or settle currency."""
    pair, _, _ = text.partition(":")
    return _key(pair if "/" in pair else text).removesuffix("#")


def _some(symbols: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(symbols))[:_MOST])
