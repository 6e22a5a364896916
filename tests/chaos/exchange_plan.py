# SPDX-License-Identifier: MIT
"""What befalls each run over a simulated exchange, by its seed; and what its processes know: the account, its times, prices."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import cycle
from typing import Any, Literal

from attrs import field, frozen

from fks_exec_simulators.exchanges.faults import MEANINGS
from fks_exec_simulators.exchanges.wire import Kind

ACCOUNT = "chaos"
JOURNAL = "journal.db"
KEY, SECRET = "canary-key1", "canary-secret1"
DEADLINE = 0.2
"""Seconds for a call to the exchange."""
WINDOW = 0.6
"""Seconds for which the exchange takes a request (``recvWindow``)."""
AGE = 2.0
"""Seconds after which an entry is not sent any more."""
TABLE: Mapping[str, Any] = {
    "venue": "ccxt",
    "guards": [],
    "deadline": DEADLINE,
    "max_order_age": AGE,
    "max_quote_age": 1.0,
    "poll": 0.2,
    "polls_per_second": 50.0,
    "compare_every": 1.0,
    "breaker": {"seconds": 0.2, "hold": 1.0},
    "protection": {"move_with_gap": True},
}

Name = Literal["binance", "bybit"]


@frozen(kw_only=True)
class Venue:
    """One simulated exchange, and what is traded there.

    Args:
        name: ccxt's id.
        prices: by canonical symbol, where the market stands; quote.
        sizes: the smallest and the largest quantity of an order, in steps of the smallest; base.
        codes: the exchange's own, of refusals: nothing was done.
        doubtful: its own codes that leave open whether something was done.
    """

    name: Name
    market_type: str
    prices: Mapping[str, Decimal]
    sizes: Mapping[str, tuple[Decimal, int]]
    codes: tuple[str, ...]
    doubtful: tuple[str, ...]


VENUES: Mapping[str, Venue] = {
    "binance": Venue(
        name="binance",
        market_type="spot",
        prices={"BTC/USDT": Decimal(67500), "ETH/USDT": Decimal(3500), "BNB/USDT": Decimal(600)},
        sizes={"BTC/USDT": (Decimal("0.0002"), 40), "ETH/USDT": (Decimal("0.003"), 40), "BNB/USDT": (Decimal("0.02"), 40)},
        codes=("-1003", "-1008", "-1013", "-1015", "-1021", "-2010"),
        doubtful=("-1000", "-1001", "-1006", "-1007"),
    ),
    "bybit": Venue(
        name="bybit",
        market_type="swap",
        prices={"BTC/USDT:USDT": Decimal(67500), "ETH/USDT:USDT": Decimal(3500)},
        sizes={"BTC/USDT:USDT": (Decimal("0.001"), 20), "ETH/USDT:USDT": (Decimal("0.01"), 30)},
        codes=("10002", "10006", "110007", "110017", "110072"),
        doubtful=("10000", "10016"),
    ),
}

STOP, TARGET = Decimal("0.02"), Decimal("0.025")
"""Shares of the price by which a stop is below a long entry's market, and its target above."""
REST = Decimal("0.012")
"""Share of the price by which a limit order rests away from the market."""
BEYOND = Decimal("0.032")
"""Share of the price by which the market goes beyond every stop, target and limit."""
WOBBLE = Decimal("0.006")
"""Share of the price by which it moves otherwise, at most: it reaches nothing."""
TICK = Decimal("0.1")
"""Of all prices here, quote; a multiple of every instrument's."""

KINDS: tuple[Kind, ...] = ("place", "protect", "cancel", "amend", "look_up", "positions", "balance", "market")
LASTS = (2.0, 3.0)
"""Seconds under faults, least and most."""
BLIND = 6.5
"""Seconds for which no look-up is answered, in some runs: longer than until a request can have no effect any more."""
BLINDING = ("error", "unavailable", "drop", "html_before", "truncated")
"""What such look-ups meet."""
ENDINGS = ("", "", "kill", "kill", "kill", "restart")
"""What becomes of the host in the middle, each as often as it stands here."""
WITHIN = 45.0
"""Seconds after the faults within which journal and exchange have come to agree."""


@frozen(kw_only=True)
class Run:
    """One run.

    Args:
        number: from 0.
        ending: what becomes of the host, ``at`` seconds after it was ready; empty: it lives on.
        lasts: seconds under faults.
        blind: when the look-ups begin to fail, seconds; None: only by chance.
        rate: faults a second.
    """

    number: int
    seed: str
    venue: Venue
    ending: str
    at: float
    lasts: float
    blind: float | None
    rate: float


@frozen(kw_only=True)
class Life:
    """What a host is told when it is born.

    Args:
        folder: of its journal.
        url: of the exchange.
        seed: of its script.
        prefix: how the ids of its orders begin.
        calm: it sends nothing.
    """

    folder: str = ""
    url: str = ""
    exchange: Name = "binance"
    seed: str = ""
    prefix: str = ""
    calm: bool = False


def runs(count: int, seed: int, only: str | None = None) -> Iterator[Run]:
    """So many runs, the exchanges in turn.

    Args:
        only: one exchange.
    """
    venues = cycle([VENUES[only]] if only else VENUES.values())
    for number, venue in zip(range(count), venues, strict=False):
        dice = random.Random(f"{seed} {number}")
        blind = dice.uniform(0.3, 0.8) if dice.random() < 0.3 else None
        lasts = dice.uniform(*LASTS) if blind is None else blind + BLIND
        yield Run(
            number=number,
            seed=f"{seed} {number}",
            venue=venue,
            ending=dice.choice(ENDINGS),
            at=dice.uniform(0.2, 0.8) * lasts,
            lasts=lasts,
            blind=blind,
            rate=dice.choice((0.8, 2.5, 6.0)),
        )


@frozen
class Troubles:
    """Faults by chance; each word and each kind of request equally often.

    Args:
        venue: whose codes they have.
    """

    dice: random.Random
    venue: Venue
    _words: Iterator[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        words = list(MEANINGS)
        self.dice.shuffle(words)
        object.__setattr__(self, "_words", cycle(words))

    def next(self) -> dict[str, Any]:
        """The fields of a fault."""
        word = next(self._words)
        more: dict[str, Any] = {"after": self.dice.choice((0, 0, 0, 1, 3))}
        if word in ("code", "code_after"):
            both = (*self.venue.codes, *self.venue.doubtful)
            more["code"] = self.dice.choice(both if word == "code" else self.venue.doubtful)
        if word in ("late", "slow"):
            more["seconds"] = self.dice.uniform(0.05, 0.9)  # some after the exchange has dropped it, and our deadline
        if word in ("rate_limit", "banned"):
            more["seconds"] = 0.3
        kind = self.dice.choice(("place", "protect", *KINDS))
        return {"word": word, "on": kind, "times": self.dice.choice((1, 1, 1, 2)), **more}


def at(price: Decimal, share: Decimal) -> Decimal:
    """A price so far above another, on the grid."""
    return (price * (1 + share)).quantize(TICK)
