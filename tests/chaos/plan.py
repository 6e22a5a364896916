# SPDX-License-Identifier: MIT
"""What all processes of a run know: the accounts, their times, the senders' keys; and what befalls each life, by the seed."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Any

from attrs import define, evolve, field

ACCOUNT = "chaos"
JOURNAL = "journal.db"
OPERATOR = "op-"
"""How the ids of the orders begin that the host's operator sends by himself."""
KEYS = {
    "outcome": "canary-waits-0123456789abcdefghijklmnopqrstuvwxyz",
    "accepted": "canary-hurry-0123456789abcdefghijklmnopqrstuvwxyz",
}
"""Two senders of alerts, by how they want to be answered; and their secrets."""
GUARDED: dict[str, dict[str, Any]] = {
    "pair": {"protection": "reduce_only_pair", "amend": False},
    "linked": {"protection": "oco", "reduce_only": False},
}
"""The accounts whose entries have a stop and a target, and what their venues are: one enforces reduce-only and changes
nothing in place, so that legs are replaced; at the other each order that is too much turns the position round."""
GUARDED_SYMBOLS = tuple(f"G{number}/USDT" for number in range(10))
LEVELS = {"buy": ("98", "102.5"), "sell": ("102", "97.5")}
"""Stop and target of each side; the market stands at 100, and now and then beyond all of them."""
NEARER = {"buy": "98.5", "sell": "101.5"}
"""Where a stop is moved."""
SECRETS = {**KEYS, **{name: f"canary-{name}-0123456789abcdefghijklmnopqrstuvwxyz" for name in GUARDED}}
"""The secrets of all senders, by the names of their keys."""
MAX_AGE = 1.0
"""Seconds after which an entry is not sent any more."""
TABLE = {
    "venue": "remote",
    "guards": [],
    "deadline": 0.3,
    "max_order_age": MAX_AGE,
    "poll": 0.2,
    "polls_per_second": 40.0,
    "compare_every": 1.0,
    "breaker": {"seconds": 0.2, "hold": 1.0},
}
"""The account; its times are short, so that silence costs a run little. The deadline is shorter than a request is good for:
what is not there when it is looked up first may still come."""

POINTS = {
    "after accept": 60,
    "after intent": 40,
    "during the call": 40,
    "after the call": 40,
    "before the outcome": 40,
    "after the outcome": 40,
    "during resolution": 4,
    "during follow": 12,
    "between fill and stop": 8,
    "between stop and target": 6,
    "between exit and entry": 6,
}
"""The named steps, and after how many passes at most a host kills itself there. After: the write is durable, or the answer is
here, and nobody has learned of it yet."""

FAULTS = ("start", "start", "venue", "venue", "disk", "disk", "disk", "clock", "clock", "long", "long", "calm", "", "", "")
"""What befalls the lives that end at random, each as often as it stands here."""
DISKS = ("full", "write error", "sync error", "slow")
HOURS = 7_200_000
"""Milliseconds by which the wall clock steps."""
SHORT, FAULTY, LONG = 0.8, 3.0, 5.0
"""Seconds under load at most: of lives that end at random, of those with a fault, and of those that get the time to learn that
an order was not placed."""
START = 0.15
"""Seconds from the start within which a host is killed that is not given the time to start."""
WITHIN = 20.0
"""Seconds after its restart within which a host has seen to it that what stands open is under a stop, is closed, or has its
alarm. A leg of unknown fate is looked up until its call (0.3 + 1 s) and the request (1 s) can have no effect any more, and once
more a second later; one that the venue does not show is looked for five times (3.8 s); a look-up that fails at the wrong moment
costs ten seconds. One of each may befall a leg."""
PATIENT = 4.0
"""Seconds within which a host reaches the step at which it is to die; else it dies at random."""


@define(kw_only=True)
class Life:
    """One life of a host.

    Args:
        folder: of the journal.
        venue: the exchange's port; ``guarded``: those of the venues of ``GUARDED``.
        point, passes: the step at which the host kills itself, and at which pass; empty: it does not.
        start: it is killed while it starts.
        calm: nobody sends anything, and it is killed when all that stands open is protected.
        lasts: seconds until it is killed, if it lives so long.
        disk: one of ``DISKS``, from ``fault_at`` seconds after the start for ``fault_for`` seconds; empty: none.
        offset: by which the wall clock is off, milliseconds; ``step_to``: from ``fault_at`` on; None: it does not step.
        venue_dies: the exchange is killed at ``fault_at``, and is back after ``fault_for`` seconds.
    """

    folder: str = ""
    venue: int = 0
    guarded: dict[str, int] = field(factory=dict)
    point: str = ""
    passes: int = 1
    start: bool = False
    calm: bool = False
    lasts: float = PATIENT
    disk: str = ""
    fault_at: float = 0.0
    fault_for: float = 0.0
    offset: int = 0
    step_to: int | None = None
    venue_dies: bool = False


class Schedule:
    """So many lives: half of them end at a named step, each step equally often; the others at random, most with a fault.

    Args:
        kills: how many.
        random: of the order and the details.
    """

    def __init__(self, kills: int, random: random.Random) -> None:
        self._random = random
        points, faults = self._turns(POINTS), self._turns(FAULTS)
        self._disks = self._turns(DISKS)
        lives = [(next(points), "") if number % 2 else ("", next(faults)) for number in range(kills)]
        random.shuffle(lives)
        self._lives = deque(lives)

    def _turns(self, names: Iterable[str]) -> Iterator[str]:
        """Each in its turn, for ever."""
        shuffled = list(names)
        self._random.shuffle(shuffled)
        return cycle(shuffled)

    def __len__(self) -> int:
        return len(self._lives)

    def next(self) -> Life:
        """The next life."""
        point, fault = self._lives.popleft()
        if point:
            return Life(point=point, passes=self._random.randint(1, POINTS[point]))
        return self._at_random(fault)

    def missed(self, point: str) -> None:
        """The step was not reached: it is tried again in the place of a random end."""
        plain = next((life for life in self._lives if not life[0]), None)
        if plain is not None:
            self._lives.remove(plain)
            self._lives.append((point, ""))

    def _at_random(self, fault: str) -> Life:
        life = Life(lasts=self._random.uniform(0.1, FAULTY if fault else SHORT))
        begins = {"fault_at": self._random.uniform(0.05, 0.6), "fault_for": self._random.uniform(0.05, 0.4)}
        if fault == "start":
            return evolve(life, start=True, lasts=self._random.uniform(0, START))
        if fault == "calm":
            return evolve(life, calm=True)
        if fault == "long":
            return evolve(life, lasts=self._random.uniform(LONG - 1, LONG))
        if fault == "venue":
            return evolve(life, venue_dies=True, **begins)
        if fault == "disk":
            return evolve(life, disk=next(self._disks), **begins)
        if fault == "clock":
            return evolve(life, step_to=self._random.choice((-HOURS, 0, HOURS)), **begins)
        return life
