# SPDX-License-Identifier: MIT
"""What is wrong with a message before TradingView ever sends it: found by the host's own reader, with values for each
placeholder, and by rules for what can be read and is not meant."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from attrs import frozen

from fks_exec import InvalidOrder, Secret

from ..access.proof import Unauthenticated
from ..tradingview.alert import read_alert
from ..tradingview.secret import blanked
from .placeholders import exists, names, nearest, render, samples

LIMIT = 8192
"""Bytes of an alert that the host takes by default."""
_MOVES = (("buy", "flat", "long"), ("sell", "long", "flat"), ("sell", "long", "short"), ("buy", "short", "long"))
"""An order's action, the position before and after it: an entry, an exit, a reversal each way."""
_CURLY = "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
_BARE = re.compile(r"(:\s*)(\{\{[^{}]*\}\})(?=\s*[,}])")
_FREE = ("strategy.order.comment", "strategy.order.alert_message")
_POSITIONS = frozenset({"market_position", "sentiment", "position_size", "market_position_size"})
_CHART = ("close", "open", "high", "low", "strategy.order.price")


class Severity(StrEnum):
    """An error loses alerts, or trades what was not meant; a warning may."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Finding:
    """One thing that is wrong, as a sentence with its remedy."""

    severity: Severity
    sentence: str


@frozen(kw_only=True)
class Taker:
    """The key that is to take an alert, as far as it matters to its message.

    Args:
        name: of the key.
        accounts: what it may trade; empty: whatever the message names.
        spread, mode: as configured.
        windowed: it has a ``dedup_window``, so that alerts need neither id nor time.
        body_secret: what the field ``secret`` of the message has to be.
        limit: bytes that the host takes.
    """

    name: str = "tradingview"
    accounts: Sequence[str] = ()
    spread: bool = False
    mode: str = "order"
    windowed: bool = False
    body_secret: Secret | None = None
    limit: int = LIMIT


def lint(text: str, taker: Taker | None = None) -> list[Finding]:
    """All that can be found in a message, errors first.

    Args:
        taker: None: a key of which nothing is known.
    """
    taker = taker or Taker()
    found = [*_unknown(text), *_read(text, taker), *_size(text, taker.limit), *_rules(text)]
    return sorted(dict.fromkeys(found), key=lambda each: each.severity is Severity.WARNING)


def _error(sentence: str) -> Finding:
    return Finding(Severity.ERROR, sentence)


def _warning(sentence: str) -> Finding:
    return Finding(Severity.WARNING, sentence)


def _unknown(text: str) -> Iterator[Finding]:
    for name in dict.fromkeys(names(text)):
        if exists(name):
            continue
        meant = nearest(name)
        hint = f"did you mean {{{{{meant}}}}}?" if meant else "take it out"
        yield _error(f"the placeholder {{{{{name[:60]}}}}} does not exist in TradingView, which sends it as it is; {hint}")


def _read(text: str, taker: Taker) -> Iterator[Finding]:
    """What the host's reader says of each move.

    A placeholder that does not exist is told already: it is filled as the one that was meant, or its field is not looked at.
    """
    strange = {name: nearest(name) for name in names(text) if not exists(name)}
    told = {field for field, value in _fields(text).items() if isinstance(value, str) and strange.keys() & set(names(value))}
    for action, before, after in _MOVES:
        values = samples(time.time(), text, **_move(action, before, after))
        message = render(text, values | {name: values.get(meant or "", "1") for name, meant in strange.items()})
        try:
            read_alert(
                message.encode() if taker.body_secret is None else blanked(message.encode(), taker.body_secret),
                key=taker.name,
                accounts=taker.accounts or _named(message),
                spread=taker.spread,
                mode=taker.mode,
                windowed=taker.windowed,
            )
        except InvalidOrder as error:
            if error.field not in told:
                yield _error(f"{error}{_quotes(text)}")
        except Unauthenticated:
            yield _error(f"secret: is missing, or another than the body_secret of the key {taker.name}, or the text is no JSON")


def _move(action: str, before: str, after: str) -> dict[str, str]:
    size = {"flat": "0"}
    return {
        "strategy__order__action": action,
        "strategy__prev_market_position": before,
        "strategy__prev_market_position_size": size.get(before, "0.01"),
        "strategy__market_position": after,
        "strategy__market_position_size": size.get(after, "0.01"),
        "strategy__position_size": {"short": "-0.01", **size}.get(after, "0.01"),
    }


def _named(message: str) -> tuple[str, ...]:
    """The accounts that a message asks for, taken as allowed; any, where it asks for none."""
    fields = _fields(message)
    one, several = fields.get("account"), fields.get("accounts")
    listed = several if isinstance(several, list) else []
    return tuple(name for name in (one, *listed) if isinstance(name, str)) or ("main",)


def _quotes(text: str) -> str:
    curly = any(letter in text for letter in _CURLY)
    return '; it has typographic quotation marks, JSON wants the plain "' if curly else ""


def _size(text: str, limit: int) -> Iterator[Finding]:
    size = len(render(text, samples(time.time(), text)).encode())
    if size > limit:
        yield _error(f"the message has {size} bytes once it is rendered, the host takes {limit}; make it shorter")


def _rules(text: str) -> Iterator[Finding]:
    fields = {name: value for name, value in _fields(text).items() if isinstance(value, str)}
    yield from _exits(fields)
    yield from _identity(fields)
    yield from _prices(fields)
    yield from _moments(fields)
    yield from _texts(fields)


def _fields(text: str) -> Mapping[str, object]:
    """Those of the message as it is written; a placeholder may stand without quotes."""
    try:
        found = json.loads(_BARE.sub(r'\1"\2"', text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _identity(fields: Mapping[str, str]) -> Iterator[Finding]:
    if "id" not in fields:
        return
    used = [name if exists(name) else nearest(name) or name for name in names(fields["id"])]
    if "timenow" not in used and "time" not in used:
        label = "{{strategy.order.id}} is the entry's name, the same for every trade; " * ("strategy.order.id" in used)
        fix = "put {{timenow}} into it, or leave id out and keep timenow"
        yield _error(f"id: is the same for every alert, so that only the first is executed; {label}{fix}")
    elif render(fields["id"], dict.fromkeys(used, "")).strip("-_:./ ") == "":
        yield _warning("id: two alerts of one bar on one chart have the same; put the alert's own name in front")


def _exits(fields: Mapping[str, str]) -> Iterator[Finding]:
    from_order = any("{{strategy.order.action}}" in fields.get(name, "") for name in ("action", "side", "data"))
    if from_order and not _POSITIONS & set(fields):
        what = "action: an exit arrives as a plain order, which opens a position the other way where a stop was hit before"
        yield _warning(f'{what}; add "market_position": "{{{{strategy.market_position}}}}"')


def _prices(fields: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("limit_price", "price"):
        chart = [used for used in names(fields.get(name, "")) if used in _CHART]
        is_limit = name == "limit_price" or "limit" in fields.get("order_type", "")
        if chart and is_limit:
            what = f"{name}: {{{{{chart[0]}}}}} is the price of the signal, as a limit the order may rest and never fill"
            yield _warning(f"{what}; leave {name} out for a market order")


def _moments(fields: Mapping[str, str]) -> Iterator[Finding]:
    moments = {name: value for name, value in fields.items() if name in ("timenow", "timestamp")}
    for name, value in moments.items():
        if "{{" not in value:
            yield _error(f'{name}: is always the same moment; write "{name}": "{{{{timenow}}}}"')
        elif "{{time}}" in value:
            yield _warning(f"{name}: {{{{time}}}} is when the bar opened, so that the alert looks old; write {{{{timenow}}}}")
    if "id" in fields and not moments:
        yield _warning('timenow: is missing, so that an old alert cannot be told from a new one; add "timenow": "{{timenow}}"')


def _texts(fields: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in fields.items():
        for used in names(value):
            if used in _FREE:
                yield _warning(f'{name}: a " in the text of {{{{{used}}}}} breaks the message; keep it out of your script')
