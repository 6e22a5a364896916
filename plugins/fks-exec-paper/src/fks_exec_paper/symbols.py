# SPDX-License-Identifier: MIT
"""Which instrument a spelling means."""

from __future__ import annotations

from collections.abc import Iterable

from fks_exec import UnknownSymbol

from .config import PaperInstrument

_SEPARATORS = str.maketrans("", "", "/-_")


class SymbolTable:
    """Every spelling of the configured instruments, in memory.

    A symbol or an alias counts as it stands, in any case. Then, without separators, ``BTC-USDT``, ``btc_usdt`` and ``BTCUSDT``
    are one, and so is a contract with and without its settle currency; what is not unique then is refused.
    """

    def __init__(self, instruments: Iterable[PaperInstrument]) -> None:
        self._exact: dict[str, str] = {}
        self._loose: dict[str, list[str]] = {}
        for item in instruments:
            for name in (item.symbol, *item.aliases):
                self._exact[name.casefold()] = item.symbol
            for key in {_key(n) for n in (item.symbol, f"{item.base}/{item.quote}", *item.aliases)}:
                self._loose.setdefault(key, []).append(item.symbol)

    def resolve(self, text: str) -> str | None:
        """The canonical symbol; None when nothing here is called so.

        Raises:
            UnknownSymbol: the text names several instruments, or one of another exchange.
        """
        symbol = self._exact.get(text.casefold())
        if symbol is not None:
            return symbol
        found = self._loose.get(_key(text), [])
        if len(found) > 1:
            raise UnknownSymbol(text, candidates=tuple(sorted(found)), reason="it names several instruments; write one in full")
        if found:
            return found[0]
        self._refuse_foreign(text)
        return None

    def _refuse_foreign(self, text: str) -> None:
        exchange, colon, rest = text.partition(":")
        found = self._loose.get(_key(rest), [])
        if colon and found:
            reason = f"{exchange[:20]!a} is no exchange of this account; add the text to an instrument's aliases if it is meant"
            raise UnknownSymbol(text, candidates=tuple(sorted(found)), reason=reason)


def _key(text: str) -> str:
    return text.casefold().translate(_SEPARATORS)
