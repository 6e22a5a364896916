# SPDX-License-Identifier: MIT
"""Request weights and counts of orders: used, told in headers, refused with 429, and 418 for who goes on."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from attrs import define, field

from .refusals import Refused, banned, limited

MINUTE = 60_000
TEN_SECONDS = 10_000


@define(kw_only=True, eq=False)
class Limits:
    """What one address has used.

    Args:
        weight: a minute, at most.
        orders: in ten seconds at most, for an account; one that fills counts no more.
        patience: refusals in a minute before the address is banned.
        ban: seconds.
    """

    weight: int = 6000
    orders: int = 100
    patience: int = 20
    ban: int = 120
    used: int = 0
    _minute: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _banned_until: int = field(default=0, init=False)
    _times: dict[str, deque[int]] = field(factory=dict, init=False)
    _placed: Counter[str] = field(factory=Counter, init=False)

    def use(self, weight: int, now: int) -> None:
        """A request has arrived.

        Args:
            now: epoch milliseconds.

        Raises:
            Refused: too many.
        """
        if now < self._banned_until:
            raise banned((self._banned_until - now) / 1000, self._banned_until)
        if now // MINUTE != self._minute:
            self._minute, self.used, self._refused = now // MINUTE, 0, 0
        self.used += weight
        if self.used > self.weight:
            self._refuse(now)

    def _refuse(self, now: int) -> None:
        self._refused += 1
        if self._refused > self.patience:
            self._banned_until = now + self.ban * 1000
            raise banned(self.ban, self._banned_until)
        text = f"Too much request weight used; current limit is {self.weight} request weight per 1 MINUTE."
        raise limited((MINUTE - now % MINUTE) / 1000, text)

    def order(self, account: str, now: int, count: int = 1) -> None:
        """Orders are to be placed.

        Raises:
            Refused: -1015, too many of the last ten seconds have not filled.
        """
        times = self._times.setdefault(account, deque())
        while times and times[0] <= now - TEN_SECONDS:
            times.popleft()
        if len(times) + count > self.orders:
            text = f"Too many new orders; current limit is {self.orders} orders per 10 SECOND."
            raise Refused(-1015, text, headers={"Retry-After": "10"})
        times.extend([now] * count)
        self._placed[account] += count

    def filled(self, account: str) -> None:
        """One of its orders has filled, and counts no more."""
        times = self._times.get(account)
        if times:
            times.popleft()

    @property
    def headers(self) -> Mapping[str, str]:
        """Of every answer."""
        return {"X-MBX-USED-WEIGHT": str(self.used), "X-MBX-USED-WEIGHT-1M": str(self.used)}

    def counted(self, account: str) -> Mapping[str, str]:
        """Of the answer to an order that was taken."""
        recent = len(self._times.get(account, ()))
        return {"X-MBX-ORDER-COUNT-10S": str(recent), "X-MBX-ORDER-COUNT-1D": str(self._placed[account])}
