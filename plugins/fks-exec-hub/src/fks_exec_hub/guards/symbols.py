# SPDX-License-Identifier: MIT
"""The guard ``symbols``: what an account may trade, and on which side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from attrs import Attribute, field, frozen

from fks_exec import Answer, ConfigError, Denial, Instrument, Order, hookimpl
from fks_exec.codes import Code, denial

from .settings import at_least_one

_PATTERN = re.compile(r"[!-~]{1,64}")


class Sides(StrEnum):
    """On which sides positions may be opened."""

    BUY = "buy"
    SELL = "sell"
    BOTH = "both"


def _patterns(instance: object, attribute: Attribute[Any], value: Iterable[str]) -> None:
    for pattern in value:
        if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
            raise ConfigError(attribute.name, f'{str(pattern)[:40]!a} is no symbol; write "BTC/USDT" or "BTC/*", say')


@frozen(kw_only=True)
class SymbolsConfig:
    """The table of a guard of type ``symbols``.

    A pattern is a symbol in which ``*`` stands for any characters; capitals and small letters are the same.

    Args:
        allow: patterns; only what one of them matches may be traded; without any: everything.
        deny: patterns; what one of them matches may not be traded, whatever ``allow`` says.
        sides: by pattern, ``buy``, ``sell`` or ``both``: how positions may be opened; the first pattern that matches counts,
            and what none matches may go both ways.
    """

    allow: tuple[str, ...] = field(default=(), validator=_patterns)
    deny: tuple[str, ...] = field(default=(), validator=_patterns)
    sides: Mapping[str, Sides] = field(factory=dict, validator=_patterns, hash=False)

    def __attrs_post_init__(self) -> None:
        at_least_one(self, allow='["BTC/*"]', deny='["DOGE/*"]', sides='{ "*" = "buy" }')


@frozen(eq=False)
class Symbols:
    """Denies an entry in an instrument that may not be traded, or on a side on which it may not be opened."""

    config: SymbolsConfig
    _allow: re.Pattern[str] | None = field(init=False)
    _deny: re.Pattern[str] | None = field(init=False)
    _sides: tuple[tuple[re.Pattern[str], Sides], ...] = field(init=False)

    codes: ClassVar[Mapping[str, Code]] = {
        "SYMBOL_NOT_ALLOWED": denial(
            "The instrument is not among those that the account may trade, or among those that it may not.",
            "Look at the symbol; trade it on another account, or change the guard's allow or deny.",
        ),
        "SIDE_NOT_ALLOWED": denial(
            "Positions in this instrument may be opened on the other side only.",
            "Check the order's side, or change the guard's sides.",
        ),
    }

    @_allow.default
    def _allowed(self) -> re.Pattern[str] | None:
        return _matching(self.config.allow)

    @_deny.default
    def _denied(self) -> re.Pattern[str] | None:
        return _matching(self.config.deny)

    @_sides.default
    def _by_side(self) -> tuple[tuple[re.Pattern[str], Sides], ...]:
        return tuple((_compiled([pattern]), sides) for pattern, sides in self.config.sides.items())

    @hookimpl
    def validate_order(self, order: Order, instrument: Instrument | None) -> Answer:
        """The symbol, then the side; the canonical symbol, whatever the caller called it."""
        if self._deny is not None and self._deny.fullmatch(order.symbol):
            return _not_allowed(order, "is on the guard's list deny", None)
        if self._allow is not None and not self._allow.fullmatch(order.symbol):
            return _not_allowed(order, "is not on the guard's list allow", ", ".join(self.config.allow))
        sides = next((sides for pattern, sides in self._sides if pattern.fullmatch(order.symbol)), Sides.BOTH)
        return None if sides is Sides.BOTH or sides.value == order.side.value else _side_not_allowed(order, sides)


def _matching(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    return _compiled(patterns) if patterns else None


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    """One expression for all patterns."""
    parts = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    return re.compile("|".join(parts), re.IGNORECASE | re.ASCII)


def _not_allowed(order: Order, problem: str, limit: str | None) -> Denial:
    message = f"{order.symbol} {problem}, so no position in it may be opened here; look at the symbol, or change the list"
    return Denial(code="SYMBOL_NOT_ALLOWED", message=message, limit=limit, value=order.symbol)


def _side_not_allowed(order: Order, sides: Sides) -> Denial:
    message = f"a position in {order.symbol} may be opened by a {sides} only; check the order's side, or the guard's sides"
    return Denial(code="SIDE_NOT_ALLOWED", message=message, limit=sides.value, value=order.side.value)
