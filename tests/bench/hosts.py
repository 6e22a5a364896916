# SPDX-License-Identifier: MIT
"""The hubs that are measured: accounts on venues that cost nothing, and one on the simulated venue with every guard."""

from pathlib import Path
from typing import Any

from fks_exec import Order
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.instant import InstantPlugin, RestingPlugin, RestingVenue

ACCOUNT = "bench"
FILE = "bench.db"
KEY = "bench-0123456789abcdefghijklmnopqrstuvwxyz"
PLAIN = "sqlite"
SLOW = "disk"
"""The scheme of a journal on a disk whose fsync takes as long as is said."""
GUARDS = ["quantity", "prices", "confidence", "position_size", "risk_reward"]


def symbols(count: int) -> list[str]:
    """So many lanes."""
    return [f"S{number}/USDT" for number in range(count)]


def instant(folder: Path, *, server: str = "", journal: str = PLAIN) -> HubConfig:
    """A durable journal, no guards.

    Args:
        server: when a served hub answers: ``outcome`` or ``accepted``; empty: it is not served.
        journal: the scheme.
    """
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text(KEY)
    plugins = {"server": served(server)} if server else {}
    accounts = {ACCOUNT: {"venue": "instant", "guards": []}}
    return parse_config({"journal": f"{journal}:{FILE}", "accounts": accounts, "plugins": plugins}, folder)


def served(respond: str) -> dict[str, Any]:
    """The server's table."""
    key = {"secret": {"file": "secret"}, "accounts": [ACCOUNT], "respond": respond}
    return {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "keys": {"bench": key}}


def resting(folder: Path, **account: Any) -> HubConfig:
    """A venue where limit orders rest and are listed; durable, no guards.

    Args:
        account: further fields of the account.
    """
    accounts = {ACCOUNT: {"venue": "resting", "guards": [], **account}}
    return parse_config({"journal": f"{PLAIN}:{FILE}", "accounts": accounts}, folder)


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
    return parse_config({"journal": f"{PLAIN}:{FILE}", "accounts": {ACCOUNT: account}}, folder)


def open_hub(config: HubConfig, *, venue: RestingVenue | None = None, disk: FaultyDisk | None = None) -> ExecutionHub:
    """With the venues ``instant`` and ``resting``.

    Args:
        venue: what ``resting`` is; None: a new one.
        disk: what journals of the scheme ``disk`` are on.
    """
    disks = [] if disk is None else [DiskJournals(disk)]
    return ExecutionHub.open(config, plugins=[InstantPlugin(), RestingPlugin(venue or RestingVenue()), *disks])


def plain_order(symbol: str) -> Order:
    """A market order."""
    return Order(symbol=symbol, side="buy", quantity="0.1")


def limit_order(symbol: str, **more: Any) -> Order:
    """One that rests."""
    return Order(symbol=symbol, side="buy", quantity="0.1", order_type="limit", price="50", **more)


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
