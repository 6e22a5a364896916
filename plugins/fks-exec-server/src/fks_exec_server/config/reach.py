# SPDX-License-Identifier: MIT
"""What a sender's table comes to beside the tables of the host's accounts: what can never work, and what is probably a mistake.

Nothing is connected. Of an account the venue's name is known, and its instruments where its own table lists them; what else a
venue trades is known once the account has opened, see :mod:`fks_exec_server.access.startup`. Which types of orders a venue
takes is not looked at: its account says so, order by order.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from fks_exec import ConfigError, OrderType, Side

from .address import Network, networks
from .alerts import AlertConfig
from .sender import SenderConfig
from .senders import ClientConfig, KeyConfig

if TYPE_CHECKING:
    from fks_exec_hub.config import AccountConfig

    from .server import ServerConfig

TRADINGVIEW_WAITS = 3.0
"""Seconds after which TradingView hangs up."""

_LOOPBACK = networks("", ["127.0.0.0/8", "::1"])
_SYMBOL = re.compile(r"[!-~]{1,64}")
_TRADINGVIEW = re.compile(r"[A-Za-z0-9_]+:[^/:]+|[^/]+\.P|.+!")
"""BINANCE:BTCUSDT, BTCUSDT.P, ES1!"""
_BOTH_WAYS = 'goes either way, at the market; let it trade on both sides, and order_types hold "market"'


def check_accounts(server: ServerConfig, known: Iterable[str]) -> None:
    """Raises ConfigError: a sender names an account that the host does not have."""
    names = sorted(known)
    for where, sender in server.tables.items():
        for account in sender.accounts:
            if account not in names:
                problem = f"there is no account {account[:40]!a}; the accounts are: {', '.join(names) or 'none'}"
                raise ConfigError(f"{where}.accounts", problem)


def check_reach(server: ServerConfig, accounts: Mapping[str, AccountConfig]) -> None:
    """Refuse what can never work.

    Args:
        accounts: the host's, by name.

    Raises:
        ConfigError: an account that is none; ``venues`` at which none of a sender's accounts trades; a symbol that no order can
            have; a path key whose ``mode`` makes of each alert what its scope forbids.
    """
    check_accounts(server, accounts)
    for where, sender in server.tables.items():
        if sender.venues is not None and not any(accounts[name].venue in sender.venues for name in sender.accounts):
            problem = f"none of its accounts trades there, so it could do nothing; they are {_venues(sender, accounts)}"
            raise ConfigError(f"{where}.venues", f"{problem}: write that, or leave venues out")
        for symbol in sender.symbols or ():
            if not _SYMBOL.fullmatch(symbol):
                problem = f"{symbol[:40]!a} is no symbol, which has 1 to 64 printable ASCII characters without blanks"
                raise ConfigError(f"{where}.symbols", f"{problem}; write BTC/USDT, say")
        if isinstance(sender, KeyConfig) and sender.mode == "target" and not _turns(sender):
            raise ConfigError(f"{where}.mode", f"it may send no alert: with target each of them {_BOTH_WAYS}")


def doubts(server: ServerConfig, accounts: Mapping[str, AccountConfig]) -> tuple[str, ...]:
    """What is probably a mistake, one sentence each with its table and field. Call :func:`check_reach` before.

    Args:
        accounts: the host's, by name.
    """
    found = list(_of_bodies(server))
    for where, sender in server.tables.items():
        said = (*_of_accounts(sender, accounts), *_of_orders(sender), *_of_alerts(sender))
        found += [f"{where}.{each}" for each in said]
    return tuple(found)


def doubtful_symbols(server: ServerConfig, accounts: Mapping[str, AccountConfig]) -> tuple[str, ...]:
    """The same of ``symbols``, as far as they can be known before an account has opened."""
    found = []
    for where, sender in server.tables.items():
        listed = [_instruments(accounts[name]) for name in sender.accounts]
        found += [f"{where}.symbols: {each}" for symbol in sender.symbols or () for each in _of_symbol(symbol, listed)]
    return tuple(found)


def unreachable(server: ServerConfig) -> tuple[str, ...]:
    """Keys of a host that is served at ``bind`` to which no alert can come: none of their ``addresses`` reaches it.

    Only this machine's own addresses reach a loopback ``bind``, unless a proxy on it says where a request comes from.
    """
    if not _is_loopback(server.address.host) or server.proxies:
        return ()
    problem = f"only this machine reaches {server.address}, so each alert of the key is 404"
    remedy = 'name the proxy before this host, trusted_proxies = ["127.0.0.1"], say, or leave addresses out'
    return tuple(
        f"plugins.server.keys.{name}.addresses: {problem}; {remedy}"
        for name, key in server.keys.items()
        if key.networks is not None and not any(_is_here(each) for each in key.networks)
    )


def _is_here(network: Network) -> bool:
    return any(network.version == each.version and network.overlaps(each) for each in _LOOPBACK)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of_bodies(server: ServerConfig) -> Iterator[str]:
    if server.keys and server.body_timeout < TRADINGVIEW_WAITS:
        problem = f"an alert that takes more than {server.body_timeout:g} s is answered 408, and TradingView does not repeat it"
        yield f"plugins.server.body_timeout: {problem}, though it would go on for {TRADINGVIEW_WAITS:g}; write body_timeout = 5"


def _of_accounts(sender: SenderConfig, accounts: Mapping[str, AccountConfig]) -> Iterator[str]:
    if len(set(sender.accounts)) < len(sender.accounts):
        yield "accounts: one of them stands there twice; take it out once"
    held = {accounts[name].venue for name in sender.accounts}
    for venue in sender.venues or ():
        if venue not in held:
            yield f"venues: none of its accounts trades at {venue[:40]!a}, they are {_venues(sender, accounts)}; correct it"
    for name in sender.accounts:
        venue = accounts[name].venue
        if sender.venues is not None and venue not in sender.venues:
            yield f"venues: it may do nothing with its account {name}, for want of {venue}; add it, or take out {name}"


def _of_orders(sender: SenderConfig) -> Iterator[str]:
    if "trade" not in sender.may:
        return
    empty = [name for name in ("symbols", "sides", "order_types") if getattr(sender, name) == ()]
    for name in empty:
        yield f"{name}: the list is empty, so it may send no order; leave it out for no restriction"
    if not isinstance(sender, KeyConfig):
        return
    if sender.patience is not None and sender.wait >= TRADINGVIEW_WAITS:
        problem = f"TradingView hangs up after {TRADINGVIEW_WAITS:g} s, and an answer may take {sender.wait:g}"
        yield f"wait: {problem}; write wait = 2"
    if not empty and not sender.reduce_only and not _turns(sender):
        name = "order_types" if sender.scope.sides is None or set(Side) <= set(sender.scope.sides) else "sides"
        yield f"{name}: it may open a position and not close it: a close {_BOTH_WAYS}"


def _of_alerts(sender: AlertConfig) -> Iterator[str]:
    if sender.expect_every is not None and "trade" not in sender.may:
        yield "expect_every: it may not trade, so nothing is ever taken from it and the silence never ends; leave it out"
    if not isinstance(sender, KeyConfig) and sender.mode == "target" and not _turns(sender):
        yield f"mode: it may send no alert: with target each of them {_BOTH_WAYS}"
    if isinstance(sender, ClientConfig) and sender.dedup_window is not None:
        problem = "an alert is signed without its moment: one with neither id nor timenow is another order after the window"
        yield f"dedup_window: {problem}, whoever recorded it and sends it again; leave it out, and let alerts say timenow"


def _turns(sender: SenderConfig) -> bool:
    """Whether it may send what goes either way at the market: a close, a target, a reversal."""
    sides, types = sender.scope.sides, sender.scope.order_types
    return (sides is None or set(Side) <= set(sides)) and (types is None or OrderType.MARKET in types)


def _of_symbol(symbol: str, listed: Iterable[tuple[str, ...] | None]) -> Iterator[str]:
    known = [name for each in listed for name in ((None,) if each is None else each)]
    if None not in known and symbol not in known:
        names = ", ".join(sorted({str(name) for name in known}))
        yield f"{symbol!a} is no instrument of its accounts, which are {names[:200]}; write it as they do"
    elif symbol not in known and _TRADINGVIEW.fullmatch(symbol):
        yield f"{symbol!a} is a spelling of TradingView's; orders are judged by the canonical one, such as BTC/USDT; write that"


def _instruments(account: AccountConfig) -> tuple[str, ...] | None:
    """Those that the account's own table lists, as that of the simulated venue does; None where it lists none."""
    table = account.config.get("instruments")
    rows = table if isinstance(table, list | tuple) else ()
    names = tuple(row["symbol"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("symbol"), str))
    return names or None


def _venues(sender: SenderConfig, accounts: Mapping[str, AccountConfig]) -> str:
    return ", ".join(f"{name} at {accounts[name].venue}" for name in sender.accounts)
