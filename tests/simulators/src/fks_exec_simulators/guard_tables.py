# SPDX-License-Identifier: MIT
"""What the hub's own guards are told in their tests: a table where one is needed, an instrument, an account, an order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fks_exec import AccountState, GuardType, Instrument, MarketData, Order
from fks_exec.convert import from_config

TABLES: Mapping[str, Mapping[str, Any]] = {
    "order_notional": {"maximum": 1000},
    "open_orders": {"maximum": 3},
    "exposure": {"symbol_percent": 1, "account_amount": 2000},
    "daily_loss": {"percent": 3},
    "price_collar": {"percent": 5, "spread_percent": 1},
    "sessions": {"windows": [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "09:00", "end": "17:00"}]},
    "symbols": {"allow": ["BTC/*"], "deny": ["*/UST"], "sides": {"*": "buy"}},
}
"""Tables for those that have to be told something; the others have their defaults."""
NOON = 1_773_057_600_000
"""Monday, 9 March 2026, 12:00 UTC."""
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
    time=NOON,
    exposure="1000",
    day_start="100000",
    margin_free="90000",
)
ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01", stop_loss="67000", take_profit="69000", confidence="0.75")
"""All of the guards let it pass, with these tables and this account."""


def config_of(kind: GuardType, table: Mapping[str, Any] | None = None) -> Any:
    """A guard's configuration as a file gives it; with nothing said, by its table above."""
    table = TABLES.get(kind.name, {}) if table is None else table
    return from_config(kind.config, table, where=f"guards.{kind.name}", base=Path())
