# SPDX-License-Identifier: MIT
"""TradingView's placeholders: which there are, what they look like rendered, and rendering a message with them.

The list is that of TradingView's page "How to use a variable value in alert". What it does not know it leaves as it stands.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

_SAMPLES: Mapping[str, str] = {
    "ticker": "BTCUSDT",
    "exchange": "BINANCE",
    "interval": "15",
    "open": "67400.5",
    "high": "67550",
    "low": "67380",
    "close": "67500",
    "volume": "12.5",
    "syminfo.currency": "USDT",
    "syminfo.basecurrency": "BTC",
    "strategy.position_size": "0.01",
    "strategy.order.action": "buy",
    "strategy.order.contracts": "0.01",
    "strategy.order.price": "67500",
    "strategy.order.id": "Long",
    "strategy.order.comment": "Long",
    "strategy.order.alert_message": "",
    "strategy.market_position": "long",
    "strategy.market_position_size": "0.01",
    "strategy.prev_market_position": "flat",
    "strategy.prev_market_position_size": "0",
}
_TIMES = ("time", "timenow")
KNOWN = frozenset({*_SAMPLES, *_TIMES, *(f"plot_{number}" for number in range(20))})
"""Without those that name a plot by its title."""

_PLACEHOLDER = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PLOT = re.compile(r'plot\("[^"{}]{1,100}"\)')


def names(text: str) -> Iterator[str]:
    """What stands between the braces, in the order of the text; one that stands twice comes twice."""
    return (found[1] for found in _PLACEHOLDER.finditer(text))


def exists(name: str) -> bool:
    """Whether TradingView knows it."""
    return name in KNOWN or _PLOT.fullmatch(name) is not None


def nearest(name: str) -> str | None:
    """What was probably meant; None where nothing is like it."""
    meant = difflib.get_close_matches(name.strip().lower()[:60], sorted(KNOWN), n=1)
    return meant[0] if meant else None


def render(text: str, values: Mapping[str, str]) -> str:
    """The message with each placeholder replaced for which there is a value."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def rendered_time(epoch: float) -> str:
    """As ``{{timenow}}`` is rendered: UTC, to the second.

    Args:
        epoch: seconds.
    """
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def samples(epoch: float, text: str = "", **given: str) -> dict[str, str]:
    """A value for each placeholder, as of a moment.

    Args:
        epoch: seconds.
        text: a message, for the plots that it names by their titles.
        given: instead of the sample; a dot is written as two underscores.
    """
    values = {**_SAMPLES, **dict.fromkeys(_TIMES, rendered_time(epoch))}
    values |= {name: "1" for name in KNOWN if name.startswith("plot_")}
    values |= {name: "1" for name in names(text) if _PLOT.fullmatch(name)}
    return values | {name.replace("__", "."): value for name, value in given.items()}
