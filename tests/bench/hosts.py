# SPDX-License-Identifier: MIT
"""The hubs that are measured: accounts on venues that cost nothing, without guards and with every one; the simulated venue."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from fks_exec import Order
from fks_exec_hub import ExecutionHub, HubConfig
from fks_exec_hub.config import parse_config
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.instant import CURRENCY, InstantPlugin, RestingPlugin, RestingVenue

ACCOUNT = "bench"
FILE = "bench.db"
KEY = "canary-bench-0123456789abcdefghijklmnopqrstuvwxyz"
KEYS = (KEY, *(f"canary-bench-{number}-0123456789abcdefghijklmnopqrstuvwxyz" for number in range(1, 5)))
"""Secrets of the senders of alerts."""
PLAIN = "sqlite"
SLOW = "disk"
"""The scheme of a journal on a disk whose fsync takes as long as is said."""
LIMITS: Mapping[str, Mapping[str, Any]] = {
    "quantity": {},
    "prices": {},
    "confidence": {"minimum": "0.1"},
    "position_size": {"percent": 50},
    "risk_reward": {"missing": "allow"},
    "order_notional": {"maximum": 1_000_000},
    "open_orders": {"maximum": 1_000_000},
    "exposure": {"symbol_percent": 50, "symbol_amount": 500_000_000, "account_percent": 90, "account_amount": 900_000_000},
    "margin": {"percent": 90},
    "daily_loss": {"percent": 50, "amount": 500_000_000},
    "price_collar": {"percent": 90, "spread_percent": 50},
    "identical": {"maximum": 1_000_000, "seconds": 3600},
    "sessions": {"windows": [{"start": "00:00", "end": "00:00"}]},
    "symbols": {"allow": ["S*"], "deny": ["X*"], "sides": {"*": "both"}},
}
"""Every guard of the hub's own, each with limits that no order here reaches; whatever it can look at, it has to."""
GUARDS = ["quantity", "prices", "confidence", "position_size", "risk_reward"]


def symbols(count: int) -> list[str]:
    """So many lanes."""
    return [f"S{number}/USDT" for number in range(count)]


def instant(folder: Path, *, server: str = "", journal: str = PLAIN, limited: bool = False) -> HubConfig:
    """A durable journal, no guards.

    Args:
        server: when a served hub answers: ``outcome`` or ``accepted``; empty: it is not served.
        journal: the scheme.
        limited: each sender has the limits that it has by default; else none that is reached.
    """
    for number, each in enumerate(KEYS):
        secret = folder / f"secret-{number}"
        secret.touch(0o600)
        secret.write_text(each)
    plugins = {"server": served(server, limited=limited)} if server else {}
    accounts = {ACCOUNT: {"venue": "instant", "guards": []}}
    return parse_config({"journal": f"{journal}:{FILE}", "accounts": accounts, "plugins": plugins}, folder)


def served(respond: str, *, limited: bool) -> dict[str, Any]:
    """The server's table."""
    limits = {} if limited else {"rate": 10_000, "burst": 100_000}
    standing = {"accounts": [ACCOUNT], "respond": respond, **limits}
    keys = {f"bench-{number}": {"secret": {"file": f"secret-{number}"}, **standing} for number in range(len(KEYS))}
    server = {"bind": "127.0.0.1:0", "operations": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1"], "keys": keys}
    most = {"connections": 100_000, "connections_per_address": 100_000}
    return server if limited else {**server, "limits": most}


def resting(folder: Path, **account: Any) -> HubConfig:
    """A venue where limit orders rest and are listed; durable, no guards.

    Args:
        account: further fields of the account.
    """
    accounts = {ACCOUNT: {"venue": "resting", "guards": [], **account}}
    return parse_config({"journal": f"{PLAIN}:{FILE}", "accounts": accounts}, folder)


def guarded(folder: Path, **account: Any) -> HubConfig:
    """Orders rest beside positions, on a venue that tells rules, quotes and a balance; durable, every guard.

    Args:
        account: further fields of the account.
    """
    accounts = {ACCOUNT: {"venue": "resting", "guards": list(LIMITS), "currency": CURRENCY, **account}}
    guards = {name: limits for name, limits in LIMITS.items() if limits}
    return parse_config({"journal": f"{PLAIN}:{FILE}", "accounts": accounts, "guards": guards}, folder)


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


def judged_order(symbol: str, number: int, **more: Any) -> Order:
    """One that all guards look at, and none knows from before: its quantity is another one each time."""
    quantity = Decimal(100 + number % 1000) / 1000
    return Order(symbol=symbol, side="buy", quantity=quantity, confidence="0.8", strategy="bench", **more)


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
