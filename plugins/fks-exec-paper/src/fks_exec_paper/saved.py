# SPDX-License-Identifier: MIT
"""What stands in an account's ``orders.jsonl``: its lines, and all of them read together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from fks_exec import InvalidOrder, Status, from_dict
from fks_exec.convert import to_json

from .display import Shown
from .journal import corrupt
from .records import ZERO, Holding, PaperOrder

FORMAT = "fks-exec-paper state 2"
EARLIER = ("fks-exec-paper state 1",)
"""Formats that are read too, and are this one afterwards: the first knew no sizes, and orders traded whole."""


@frozen(kw_only=True)
class Head:
    """The first line of each file."""

    format: str = ""
    currency: str = ""
    series: str = ""


@frozen(kw_only=True)
class Step:
    """Every other line of ``orders.jsonl``."""

    orders: tuple[PaperOrder, ...] = ()
    holdings: tuple[Holding, ...] = ()
    cash: Decimal = ZERO
    counter: int = 0
    shown: tuple[Shown, ...] = ()


class Saved:
    """What stands in a folder: raw until it is needed, since most orders of a long life never are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head: Head | None = None
        self.cash: Decimal = ZERO
        self.counter: int = 0
        self.holdings: dict[str, Holding] = {}
        self.shown: dict[str, Shown] = {}
        self._orders: dict[str, dict[str, Any]] = {}

    def take(self, text: str) -> None:
        """One line."""
        try:
            data = json.loads(text)
            if self.head is None:
                self.head = from_dict(Head, data)
                return
            for raw in data.pop("orders", ()):
                self._orders[raw["order_id"]] = raw
            step = from_dict(Step, data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise corrupt(self.path, f"a line does not say what it should ({error})") from None
        self.cash, self.counter = step.cash, step.counter
        self.holdings.update((holding.key, holding) for holding in step.holdings)
        self.shown.update((shown.quote.symbol, shown) for shown in step.shown)

    @property
    def series(self) -> str:
        """What every id of this account begins with."""
        return self.head.series if self.head else ""

    @property
    def count(self) -> int:
        """How many orders there are."""
        return len(self._orders)

    def orders(self) -> list[PaperOrder]:
        """Those that are not finished."""
        return [self._order(raw) for raw in self._orders.values() if not _finished(raw)]

    def archive(self) -> list[dict[str, Any]]:
        """Those that are finished, raw."""
        return [raw for raw in self._orders.values() if _finished(raw)]

    def lines(self) -> Iterator[str]:
        """The same state in one line per order."""
        yield to_json(self.head)
        for raw in self._orders.values():
            yield json.dumps({"orders": [raw]}, separators=(",", ":"))
        holdings, shown = tuple(self.holdings.values()), tuple(self.shown.values())
        yield to_json(Step(holdings=holdings, cash=self.cash, counter=self.counter, shown=shown))

    def _order(self, raw: dict[str, Any]) -> PaperOrder:
        try:
            return from_dict(PaperOrder, raw)
        except InvalidOrder as error:
            raise corrupt(self.path, f"an order is not what it should be ({error})") from None


def _finished(raw: dict[str, Any]) -> bool:
    """Whether nothing of a raw order can change any more; defaults are left out of it."""
    legs = (Status(leg.get("status", "pending")) for leg in raw.get("legs", ()))
    return Status(raw.get("status", "accepted")).terminal and all(status.terminal for status in legs)
