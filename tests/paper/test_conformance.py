# SPDX-License-Identifier: MIT
"""The simulated venue passes the suite for venues: on spot with attached legs, on contracts with a pair, on both sides.

It runs from the wheel too, with nothing of ours beside it but core. There is no wire, so nothing can be broken on it.
"""

from typing import Any, ClassVar

import pytest
from attrs import evolve

import fks_exec_paper
from fks_exec.model.numbers import Number
from fks_exec.testing import Trial
from fks_exec.testing.suite import VenueSuite
from fks_exec_paper import PaperConfig, PaperInstrument, PaperVenue

TYPE = fks_exec_paper.fks_exec_venues()[0]


class PaperSide:
    """The other side of a simulated account: its prices."""

    can = frozenset({"set_price"})

    def __init__(self) -> None:
        self.venue = PaperVenue()

    def make(self) -> PaperVenue:
        """The venue of the account that opens next."""
        self.venue = PaperVenue()
        return self.venue

    async def set_price(self, symbol: str, bid: Number, ask: Number) -> None:
        """Move the market of the account that was opened last."""
        self.venue.set_quote(symbol, bid=bid, ask=ask)


class OnPaper:
    """An account of its own for each test.

    Attributes:
        kind: of the instruments.
        config: what differs from the defaults.
    """

    written_for = "0.1"
    kind: ClassVar[str]
    config: ClassVar[dict[str, Any]]

    @pytest.fixture
    def counterpart(self) -> Any:
        return PaperSide()

    @pytest.fixture
    def venue(self, counterpart: PaperSide) -> Trial:
        names = ["BTC/USDT", "ETH/USDT"] if self.kind == "spot" else ["BTC/USDT:USDT", "ETH/USDT:USDT"]
        rules: dict[str, Any] = {"kind": self.kind, "quantity_step": "0.001", "price_tick": "0.01", "min_quantity": "0.001"}
        listed = [PaperInstrument(symbol=name, bid=9999, ask=10000, **rules) for name in names]
        config = PaperConfig(instruments=listed, **self.config)
        fields: dict[str, Any] = {"symbol": names[0], "other_symbol": names[1], "too_much": 10**6}
        type_ = evolve(TYPE, create=counterpart.make)
        return Trial(venue=type_, config=config, second=config, level="simulator", distribution="fks-exec-paper", **fields)


class TestSpot(OnPaper, VenueSuite):
    kind = "spot"
    config: ClassVar[dict[str, Any]] = {"protection": "attached", "fee_in": "base"}


class TestContracts(OnPaper, VenueSuite):
    kind = "linear"
    config: ClassVar[dict[str, Any]] = {"protection": "reduce_only_pair", "leverage": 10}


class TestBothSides(OnPaper, VenueSuite):
    kind = "linear"
    config: ClassVar[dict[str, Any]] = {"protection": "oco", "hedging": True, "leverage": 10}
