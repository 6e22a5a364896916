# SPDX-License-Identifier: MIT
"""What a simulated exchange can be told to break: one table of words, and the faults that wait for their request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

from attrs import define, field, frozen

from .wire import Kind

KINDS: tuple[Kind, ...] = get_args(Kind)

Done: TypeAlias = Literal["no", "yes", "later", "half", "rests"]
"""What becomes of the request: nothing, all, all of it a moment after the connection broke, half of an order, an order that
rests."""

Told: TypeAlias = Literal[
    "answer", "refusal", "code", "cut", "reset", "held", "waf", "unavailable", "html", "truncated", "no_id", "error"
]
"""What its sender learns: the true answer, a refusal in the exchange's own words, one of its codes, a connection that is closed
or reset, nothing until ``release``, HTML with 403, 503 or 200, half of the answer, the answer without its ids, HTTP 500."""


@frozen
class Meaning:
    """What a fault's word means, for a request of any kind."""

    done: Done
    told: Told
    says: str


MEANINGS: dict[str, Meaning] = {
    # The words of fks_exec.testing.FAULTS.
    "refuse": Meaning("no", "refusal", "refused for a reason of business"),
    "credentials": Meaning("no", "refusal", "the key is not taken"),
    "rate_limit": Meaning("no", "refusal", "too many requests (429), with Retry-After"),
    "closed": Meaning("no", "refusal", "the market is closed"),
    "lost": Meaning("no", "cut", "the connection is closed before the request is handled"),
    "drop": Meaning("yes", "cut", "done, then the connection is closed"),
    "hang": Meaning("yes", "held", "done, and answered upon release"),
    "garbage": Meaning("yes", "html", "done, and answered with HTML and 200"),
    "error": Meaning("yes", "error", "done, and answered with HTTP 500"),
    "late": Meaning("later", "cut", "the connection is closed; a little later it is done"),
    "partial": Meaning("half", "answer", "half of the order fills at once, the rest rests; other kinds: as always"),
    "rest": Meaning("rests", "answer", "the order rests until it is filled by control; other kinds: as always"),
    # Finer ones.
    "reset_before": Meaning("no", "reset", "as lost, with a TCP reset"),
    "reset_after": Meaning("yes", "reset", "as drop, with a TCP reset"),
    "hang_before": Meaning("no", "held", "not handled; upon release the connection is closed"),
    "slow": Meaning("yes", "answer", "done at once, answered after `seconds`"),
    "html": Meaning("yes", "html", "as garbage"),
    "html_before": Meaning("no", "html", "HTML and 200 from something in between; not handled"),
    "truncated": Meaning("yes", "truncated", "done; the body ends before its Content-Length"),
    "missing_id": Meaning("yes", "no_id", "done; the answer lacks the ids of the order"),
    "waf": Meaning("no", "waf", "HTML and 403 of a firewall"),
    "unavailable": Meaning("no", "unavailable", "HTTP 503 before it was handled"),
    "maintenance": Meaning("no", "refusal", "the exchange is being maintained"),
    "banned": Meaning("no", "refusal", "the address is banned for a time (Binance: 418), with Retry-After"),
    "code": Meaning("no", "code", "one of the exchange's own codes (`code`), nothing is done"),
    "code_after": Meaning("yes", "code", "done, and answered with one of the exchange's own codes (`code`)"),
}
"""Every word, the same for each kind of request; which refusal a kind meets is the exchange's own table."""


@define(kw_only=True)
class Fault:
    """One fault that waits for its requests.

    Args:
        word: of :data:`MEANINGS`.
        on: the kind of request.
        times: how many requests it meets.
        after: how many of the kind pass first.
        code: the exchange's own, for ``code`` and ``code_after``.
        seconds: of ``late`` and ``slow``; of Retry-After.

    Raises:
        ValueError: an unknown word or kind.
    """

    word: str = field()
    on: Kind = field(default="place")
    times: int = 1
    after: int = 0
    code: str = field(default="", converter=str)
    seconds: float | None = None

    @word.validator
    def _known(self, _: object, word: str) -> None:
        if word not in MEANINGS:
            raise ValueError(f"no fault is called {word!r}; there are {', '.join(MEANINGS)}")

    @on.validator
    def _of_a_kind(self, _: object, on: str) -> None:
        if on not in KINDS:
            raise ValueError(f"no request is of the kind {on!r}; there are {', '.join(KINDS)}")

    @property
    def meaning(self) -> Meaning:
        """Of its word."""
        return MEANINGS[self.word]


class Waiting:
    """The faults that wait for their requests, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Behind the others."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Nothing waits any more."""
        self._faults.clear()

    def words(self) -> list[str]:
        """Of those that wait."""
        return [fault.word for fault in self._faults]

    def take(self, kinds: Iterable[Kind]) -> Fault | None:
        """The one that a request meets."""
        mine = frozenset(kinds)
        for fault in self._faults:
            if fault.on not in mine:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None
