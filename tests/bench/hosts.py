# SPDX-License-Identifier: MIT
"""The hubs that are measured: an account that fills at once, and one on the simulated venue with every guard."""

from pathlib import Path
from typing import Any

from fks_exec import Order
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_simulators.instant import InstantPlugin

ACCOUNT = "bench"
KEY = "bench-0123456789abcdefghijklmnopqrstuvwxyz"
SERVER = {
    "bind": "127.0.0.1:0",
    "operations": "127.0.0.1:0",
    "keys": {"bench": {"secret": {"file": "secret"}, "accounts": [ACCOUNT]}},
}
GUARDS = ["quantity", "prices", "confidence", "position_size", "risk_reward"]


def symbols(count: int) -> list[str]:
    """So many lanes."""
    return [f"S{number}/USDT" for number in range(count)]


def instant(folder: Path, *, server: bool = False) -> HubConfig:
    """A durable journal, no guards."""
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text(KEY)
    plugins = {"server": SERVER} if server else {}
    accounts = {ACCOUNT: {"venue": "instant", "guards": []}}
    return parse_config({"journal": "sqlite:bench.db", "accounts": accounts, "plugins": plugins}, folder)


def paper(folder: Path) -> HubConfig:
    """The simulated venue, durable by itself, with quotes, equity, every guard."""
    instruments = [
        {"symbol": f"{symbol}:USDT", "kind": "linear", "bid": "99", "ask": "100", "quantity_step": "0.001", "price_tick": "0.1"}
        for symbol in symbols(32)
    ]
    account: dict[str, Any] = {
        "venue": "paper",
        "guards": GUARDS,
        "currency": "USDT",
        "config": {"cash": "1000000000", "instruments": instruments},
    }
    return parse_config({"journal": "sqlite:bench.db", "accounts": {ACCOUNT: account}}, folder)


def open_hub(config: HubConfig) -> ExecutionHub:
    """With the venue ``instant``."""
    return ExecutionHub.open(config, plugins=[InstantPlugin()])


def plain_order(symbol: str) -> Order:
    """A market order."""
    return Order(symbol=symbol, side="buy", quantity="0.1")


def full_order(symbol: str) -> Order:
    """A market order with all that the guards look at."""
    return Order(
        symbol=f"{symbol}:USDT",
        side="buy",
        quantity="0.001",
        stop_loss="90",
        take_profit="130",
        confidence="0.8",
        strategy="bench",
    )
