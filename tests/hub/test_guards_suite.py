# SPDX-License-Identifier: MIT
"""The hub's own guards pass the suite that strangers' guards pass."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from fks_exec.testing.cases import Case, GuardTrial
from fks_exec.testing.suite.guards import GuardSuite
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_simulators.guard_tables import NOON, ORDER, STATE, config_of

SUNDAY = NOON - 86_400_000
"""The day before."""
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
    "identical": ("IDENTICAL", {}, {"identical": (NOON - 1000,)}),
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
            config=config_of(kind),
            allows=[Case(order=ORDER, account=STATE), Case(order=evolve(ORDER, quantity=Decimal("0.001")), account=STATE)],
            denies=[Case(order=evolve(ORDER, **order), account=evolve(STATE, **state), code=code)],
        )
