# SPDX-License-Identifier: MIT
"""Which alerts are sent, when, to which key and from which of TradingView's addresses: made before the first one goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from attrs import field, frozen

from fks_exec import InvalidOrder

from .signals import Strategy

SOURCES = ("52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7")
"""The addresses from which TradingView sends."""

MESSAGE = """\
{
  "id": "{{emulated.id}}",
  "symbol": "{{emulated.symbol}}",
  "action": "{{strategy.order.action}}",
  "quantity": "{{strategy.order.contracts}}",
  "market_position": "{{strategy.market_position}}",
  "prev_market_position": "{{strategy.prev_market_position}}",
  "position_size": "{{strategy.position_size}}",
  "timenow": "{{timenow}}",
  "strategy": "{{emulated.strategy}}"
}
"""
"""What is sent where no message is given; ``emulated.*`` are placeholders of the emulator's own."""

_RATE = re.compile(r"(\d{1,6})(?:/(s|m))?")


@frozen(kw_only=True)
class Load:
    """How much.

    Args:
        rate: alerts a second, evenly; 0: none.
        seconds: for how long alerts are begun.
        burst: alerts that fall into one second at each close of a bar, besides; 0: none.
        bar: seconds from one close to the next; the first is at the beginning.
        strategies: how many trade, one after the other.
        symbols: of their charts, ``EXCHANGE:TICKER``.
        size: of one position, base units or contracts.
    """

    rate: float = 1.0
    seconds: float = 10.0
    burst: int = 0
    bar: float = 60.0
    strategies: int = 4
    symbols: tuple[str, ...] = field(default=("BINANCE:BTCUSDT",))
    size: Decimal = Decimal("0.01")


@frozen(kw_only=True)
class Planned:
    """One alert of the plan.

    Args:
        name: within the run; also its id in the emulator's own message.
        at: seconds after the beginning.
        key: which of the keys gets it, by its place.
        source: the address from which it seems to come.
        values: of the placeholders, but for the time.
    """

    name: str
    at: float
    key: int
    source: str
    values: Mapping[str, str]


def read_rate(text: str) -> float:
    """Alerts a second from ``50/s``, ``1000/m`` or ``50``.

    Raises:
        InvalidOrder: it is none.
    """
    found = _RATE.fullmatch(text)
    if found is None:
        raise InvalidOrder("rate", f"{text[:40]!a} is not a rate such as 50/s or 1000/m")
    return int(found[1]) / (60 if found[2] == "m" else 1)


def plan(load: Load, *, keys: int, run: str) -> list[Planned]:
    """All alerts in the order of their times; each strategy belongs to one key.

    Args:
        keys: how many there are.
        run: what the names begin with, so that those of two runs differ.
    """
    strategies = [
        Strategy(f"{run}-strategy-{number}", load.symbols[number % len(load.symbols)], load.size)
        for number in range(max(load.strategies, keys))
    ]
    made = []
    for number, at in enumerate(sorted(_times(load))):
        turn = number % len(strategies)
        name = f"{run}-{number:06}"
        values = {**strategies[turn].next(), "emulated.id": name}
        source = SOURCES[number % len(SOURCES)]
        made.append(Planned(name=name, at=at, key=turn % keys, source=source, values=values))
    return made


def _times(load: Load) -> Iterator[float]:
    yield from (number / load.rate for number in range(round(load.rate * load.seconds)))
    bars = -(-load.seconds // load.bar) if load.burst else 0
    for bar in range(int(bars)):
        yield from (bar * load.bar + number / load.burst for number in range(load.burst))
