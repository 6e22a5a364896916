# SPDX-License-Identifier: MIT
"""The hub's own guards pass the suite that strangers' guards pass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import AccountState, Instrument, MarketData, Order
from fks_exec.convert import from_config
from fks_exec.testing.cases import Case, GuardTrial
from fks_exec.testing.suite.guards import GuardSuite
from fks_exec_hub.guards import GUARD_TYPES

MONDAY, SUNDAY = 1_773_057_600_000, 1_772_971_200_000
"""9 March 2026 and the day before, 12:00 UTC."""

BTC = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    quantity_step="0.0001",
    price_tick="0.01",
    min_quantity="0.0001",
    max_quantity="100",
    min_notional="10",
)
STATE = AccountState(
    account="paper",
    currency="USDT",
    equity="100000",
    instrument=BTC,
    quote=MarketData(symbol="BTC/USDT", bid="67499.99", ask="67500"),
    time=MONDAY,
    exposure="1000",
    day_start="100000",
    margin_free="90000",
)
ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01", stop_loss="67000", take_profit="69000", confidence="0.75")

HOURS = {"windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "order_notional": {"maximum": 1000},
    "open_orders": {"maximum": 3},
    "exposure": {"symbol_percent": 1, "account_amount": 2000},
    "daily_loss": {"percent": 3},
    "price_collar": {"percent": 5, "spread_percent": 1},
    "sessions": HOURS,
    "symbols": {"allow": ["BTC/*"], "deny": ["*/UST"], "sides": {"*": "buy"}},
}
DENIED: Mapping[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "quantity": ("QUANTITY_STEP", {"quantity": "0.00015"}, {}),
    "prices": ("STOP_LOSS_SIDE", {"stop_loss": "68000"}, {}),
    "confidence": ("CONFIDENCE_TOO_LOW", {"confidence": "0.5"}, {}),
    "position_size": ("POSITION_SIZE", {"quantity": "1"}, {}),
    "risk_reward": ("RISK_REWARD", {"take_profit": "67600"}, {}),
    "order_notional": ("ORDER_NOTIONAL", {"quantity": "1"}, {}),
    "open_orders": ("OPEN_ORDERS", {}, {"open_orders": 3}),
    "exposure": ("ACCOUNT_EXPOSURE", {}, {"exposure": "1999"}),
    "margin": ("MARGIN", {}, {"margin_free": "100"}),
    "daily_loss": ("DAILY_LOSS", {}, {"equity": "90000"}),
    "price_collar": ("PRICE_COLLAR", {"order_type": "limit", "price": "90000"}, {}),
    "identical": ("IDENTICAL", {}, {"identical": (MONDAY - 1000,)}),
    "sessions": ("OUTSIDE_SESSION", {}, {"time": SUNDAY}),
    "symbols": ("SYMBOL_NOT_ALLOWED", {"symbol": "ETH/USDT"}, {}),
}
"""What each denies: the code, and what differs in the order and in the account."""


class TestGuards(GuardSuite):
    """Each of them, with a table that says what it has to be told."""

    @pytest.fixture(params=GUARD_TYPES, ids=[kind.name for kind in GUARD_TYPES])
    def guard(self, request: pytest.FixtureRequest) -> GuardTrial:
        kind = request.param
        code, order, state = DENIED[kind.name]
        return GuardTrial(
            guard=kind,
            name="the guards of the hub",
            config=from_config(kind.config, TABLES.get(kind.name, {}), where=f"guards.{kind.name}", base=Path()),
            allows=[Case(order=ORDER, account=STATE), Case(order=evolve(ORDER, quantity=Decimal("0.001")), account=STATE)],
            denies=[Case(order=evolve(ORDER, **order), account=evolve(STATE, **state), code=code)],
        )
