# SPDX-License-Identifier: MIT
"""Bucket: ccxt's Throttler seen from outside: how long a request would wait there, how much of the limit is used."""

from __future__ import annotations

import time
from typing import Any

RESERVED = 0.1
"""Share of a rolling window that only exits, cancels and protective orders may use."""

_STAMPS = 64
"""Requests of a window that are kept apart; each further one is looked at with all of them (0.4 microseconds each)."""

_JUMPS = 3
"""Urgent requests that pass a leaky bucket within a second although it is in debt: a stop, its target and a cancel."""


class Bucket:
    """One Throttler of ccxt's, of either of its two kinds.

    The leaky one's tokens grow back only while somebody waits, so that the first request after an idle hour would wait for the
    cost of the one before it (seconds on Kraken; read in ccxt 4.5.90): the idle time is credited here. The rolling one looks
    at each request of its window with each further one: older ones are put together here. Its loop dies of a request that
    costs more than a whole window, and whoever waits then waits for ever: such a one is priced at the window.
    """

    def __init__(self) -> None:
        self._throttler: Any = None
        self._jumped: list[float] = []
        self._granted = time.monotonic()

    def use(self, throttler: Any) -> None:
        """From now on it is this one."""
        self._throttler = throttler
        self.credit()

    def credit(self) -> None:
        """Let the tokens grow by the time since the last grant; keep the window's list short."""
        throttler = self._throttler
        if throttler is None:
            return
        if not self._leaky():  # its loop begins each round with this list, so it may be another between two
            if len(throttler.timestamps) > _STAMPS:
                throttler.timestamps = _merged(throttler.timestamps)
        elif not throttler.running:
            throttler.config["tokens"], self._granted = self._tokens(), time.monotonic()

    def spend(self, cost: float, urgent: bool) -> bool:
        """Take a turn at once, as ccxt's loop would, without starting it (0.2 ms); False: there is no room, or it runs."""
        throttler = self._throttler
        if throttler is None:
            return True
        if throttler.running or self.pause(cost, urgent) > 0:
            return False
        if self._leaky():
            throttler.config["tokens"] -= cost
            self._granted = time.monotonic()
        else:
            throttler.timestamps.append({"timestamp": time.time() * 1000, "cost": cost})
        return True

    def jump(self, cost: float) -> bool:
        """Take an urgent turn on credit: a leaky bucket keeps no reserve, and a costly look before would hold up an exit."""
        if self._throttler is None or not self._leaky():
            return False
        now = time.monotonic()
        self._jumped = [when for when in self._jumped if now - when < 1.0]
        if len(self._jumped) >= _JUMPS:
            return False
        self._jumped.append(now)
        if not self._throttler.running:
            self.credit()
        self._throttler.config["tokens"] -= cost
        self._granted = now
        return True

    def granted(self) -> None:
        """A turn was given just now."""
        self._granted = time.monotonic()

    def price(self, cost: float | None) -> float:
        """What a request costs: never more than there can be."""
        price = 1.0 if cost is None else float(cost)
        if self._throttler is None or self._leaky():
            return price
        return min(price, self._most())

    def pause(self, cost: float, urgent: bool) -> float:
        """Seconds until the limit has room for a cost."""
        if self._throttler is None:
            return 0.0
        if self._leaky():
            return max(0.0, -self._tokens()) / float(self._throttler.config["refillRate"]) / 1000
        most = self._most() if urgent else max(self._most() * (1 - RESERVED), min(cost, self._most()))
        return self._until(min(cost, most), most)

    def used(self) -> float:
        """Share of what may be sent at once, 0 to 1."""
        if self._throttler is None:
            return 0.0
        if self._leaky():
            return min(1.0, max(0.0, 1 - self._tokens() / float(self._throttler.config["capacity"])))
        spent = sum(cost for _, cost in self._spent())
        return min(1.0, spent / self._most()) if self._most() else 0.0

    def stop(self) -> None:
        """End ccxt's loop, which would otherwise go on until the last given-up request's turn."""
        if self._throttler is not None:
            self._throttler.queue.clear()
            self._throttler.running = False

    def _leaky(self) -> bool:
        return bool(self._throttler.config.get("algorithm") == "leakyBucket")

    def _tokens(self) -> float:
        """Now; what grew since the last grant is counted while ccxt's loop rests."""
        config = self._throttler.config
        idle = 0.0 if self._throttler.running else time.monotonic() - self._granted
        grown = config["tokens"] + idle * 1000 * config["refillRate"]
        return float(max(config["tokens"], min(grown, config["capacity"])))

    def _most(self) -> float:
        return float(self._throttler.config["maxWeight"])

    def _spent(self) -> list[tuple[float, float]]:
        """When, in milliseconds, and how much; oldest first."""
        since = time.time() * 1000 - self._throttler.config["windowSize"]
        return [(one["timestamp"], one["cost"] or 0.0) for one in self._throttler.timestamps if one["timestamp"] > since]

    def _until(self, cost: float, most: float) -> float:
        spent = self._spent()
        over = sum(each for _, each in spent) + cost - most
        for when, each in spent:
            if over <= 1e-9:
                break
            over -= each
            if over <= 1e-9:
                return max(0.001, (when + float(self._throttler.config["windowSize"])) / 1000 - time.time())
        return 0.0


def _merged(stamps: list[dict[str, float]]) -> list[dict[str, float]]:
    """Half as many: two neighbours become one at the later time, so that the limit is never underrated."""
    pairs = [stamps[at : at + 2] for at in range(0, len(stamps), 2)]
    return [{"timestamp": pair[-1]["timestamp"], "cost": sum(one["cost"] or 0.0 for one in pair)} for pair in pairs]
