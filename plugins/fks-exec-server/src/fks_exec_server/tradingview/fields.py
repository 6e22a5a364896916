# SPDX-License-Identifier: MIT
"""The fields of an alert: their names and aliases, what each takes and means, and how a wrong one is told. Pure.

:data:`FIELDS` is the one place that says which there are: what reads an alert and what describes it are made of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from fks_exec import InvalidOrder, parse_json

from . import kinds
from .kinds import HIDDEN as HIDDEN
from .kinds import Kind, Reader, not_rendered, read_list, scalar

_RENDERED = re.compile(rb'(?:"([A-Za-z_]{1,40})"\s*:\s*"?)?(\{\{[^{}"\x00-\x1f]{0,60}\}\})')


@frozen
class AlertField:
    """One field.

    Args:
        name: what the documentation calls it.
        kind: what it takes.
        about: what it means, with its unit.
        also: its other names.
        value: under which name its value is kept; None: its own.
    """

    name: str
    kind: Kind
    about: str
    also: tuple[str, ...] = field(default=(), kw_only=True)
    value: str | None = field(default=None, kw_only=True)

    @property
    def names(self) -> tuple[str, ...]:
        """All that an alert may call it."""
        return (self.name, *self.also)


@frozen
class Fields:
    """What an alert says.

    Args:
        values: by each field's own name.
        spelled: how the alert spells that name.
    """

    values: dict[str, Any] = field(factory=dict)
    spelled: dict[str, str] = field(factory=dict)

    def named(self, name: str, default: Any = None) -> Any:
        """A field's value."""
        return self.values.get(name, default)

    def spelling(self, name: str) -> str:
        """How the alert calls a field."""
        return self.spelled.get(name, name)


def read_fields(raw: bytes) -> Fields:
    """What each field of an alert means.

    Raises:
        InvalidOrder: no JSON object, a field that is none, stands twice, or cannot be meant.
    """
    data = _parse(raw)
    found = Fields()
    for name, value in data.items():
        if name not in NAMES:
            raise _unknown([other for other in data if other not in NAMES])
        if value is None:
            continue
        known, read = NAMES[name]
        meant = read(name, value if read is read_list else scalar(name, value))
        if known in found.values and found.values[known] != meant:
            raise InvalidOrder(name, f"differs from {found.spelled[known]}, which means the same; leave one of them out")
        found.values[known], found.spelled[known] = meant, name
    return found


def _parse(raw: bytes) -> Mapping[str, object]:
    try:
        return parse_json(raw)
    except InvalidOrder:
        found = _RENDERED.search(raw)
        if found is not None:
            raise not_rendered((found[1] or b"").decode(), found[2].decode("utf-8", "replace")) from None
        raise


def _unknown(names: Sequence[str]) -> InvalidOrder:
    near = difflib.get_close_matches(names[0][:40].lower(), NAMES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(NAMES))}"
    others = f"; unknown too: {', '.join(_shown(name) for name in names[1:6])}" if len(names) > 1 else ""
    return InvalidOrder(_shown(names[0]), f"is unknown; {hint}{others}")


def _shown(name: str) -> str:
    return name if name.isidentifier() and name.isascii() and len(name) <= 40 else f"{name[:40]!a}"


FIELDS: tuple[AlertField, ...] = (
    AlertField("symbol", kinds.INSTRUMENT, "the instrument, in any spelling that the account resolves", also=("ticker",)),
    AlertField("exchange", kinds.EXCHANGE, "put before the symbol: the venue's name at TradingView"),
    AlertField("action", kinds.ACTION, "what to do; exit and flat are close", also=("side", "data")),
    AlertField(
        "market_position",
        kinds.POSITION,
        "what the strategy is in after its order; flat makes the alert a close, whatever else it says",
        also=("sentiment",),
        value="position",
    ),
    AlertField("prev_market_position", kinds.POSITION, "what the strategy was in before its order", value="before"),
    AlertField(
        "position_size",
        kinds.NUMBER,
        "how much the strategy holds after its order, base units or contracts",
        also=("market_position_size",),
    ),
    AlertField(
        "quantity",
        kinds.NUMBER,
        "base units, or contracts where the instrument has a contract size, greater than zero; negative only for a target "
        "that is short; with a unit, so much of that",
        also=("qty", "contracts"),
    ),
    AlertField(
        "unit",
        kinds.UNIT,
        "what the quantity is: contracts (default, base units or contracts), quote (quote currency), equity_percent (percent "
        "of the equity), risk_percent (percent of the equity lost at the stop_loss)",
    ),
    AlertField(
        "order_type",
        kinds.ORDER_TYPE,
        "market, limit, stop or stop_limit; left out: market, or limit where there is a limit price",
    ),
    AlertField("limit_price", kinds.LEVEL, "limit price, quote currency, greater than zero; makes a limit order"),
    AlertField("price", kinds.NUMBER, "the limit price in an alert without a strategy's fields, else the signal_price"),
    AlertField("signal_price", kinds.PRICE, "what the strategy was calculated with, quote currency; never a limit"),
    AlertField("stop_price", kinds.LEVEL, "trigger price of a stop or stop_limit order, quote currency, greater than zero"),
    AlertField(
        "stop_loss", kinds.LEVEL, "trigger price of the protective stop, quote currency, greater than zero", also=("sl",)
    ),
    AlertField("take_profit", kinds.LEVEL, "price of the target, quote currency, greater than zero", also=("tp",)),
    AlertField("time_in_force", kinds.TIME_IN_FORCE, "gtc (default), ioc, fok or day, as the venue declares"),
    AlertField("confidence", kinds.SHARE, "0 to 1, for the guard of that name"),
    AlertField("strategy", kinds.LABEL, "whose position it is"),
    AlertField("reduce_only", kinds.FLAG, "the venue must not let it open or enlarge a position"),
    AlertField("account", kinds.NAME, "one of the key's accounts; needed where the key has several"),
    AlertField("accounts", kinds.NAMES, "several of the key's accounts: one order each"),
    AlertField(
        "timenow",
        kinds.TIME,
        "when the signal was made: ISO 8601 with its zone, or epoch seconds or milliseconds",
        also=("timestamp",),
    ),
    AlertField("id", kinds.ID, "what this alert is known by: the same id is the same alert"),
    AlertField("order_id", kinds.ID, "a label, kept with the alert; never what it is known by"),
    AlertField("test", kinds.FLAG, "true: the whole way, and nothing is sent"),
    AlertField("secret", kinds.SECRET, "the key's body_secret, where it has one"),
)
"""Every field of an alert."""

NAMES: dict[str, tuple[str, Reader]] = {
    name: (each.value or each.name, each.kind.read) for each in FIELDS for name in each.names
}
"""By each name that an alert may use: under which its value is kept, and what reads it."""
