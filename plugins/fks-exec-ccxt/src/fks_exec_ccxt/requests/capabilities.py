# SPDX-License-Identifier: MIT
"""What an account can do, as it was proved; and the table for the docs, which says where ccxt's own tables differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from fks_exec import Capabilities, ConfigError, OrderType, TimeInForce

from ..config import CCXTConfig
from ..knowledge.traits import LETTERS, Traits, traits
from .probed import Probed
from .probing import probe

UPPER = Capabilities(
    order_types=list(OrderType),
    time_in_force=[TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.GTD],
    abilities=[
        "amend_order",
        "cancel_order",
        "fetch_balance",
        "fetch_instrument",
        "fetch_open_orders",
        "fetch_order",
        "fetch_positions",
        "protect_position",
        "resolve_symbol",
    ],
    protection=["attached", "oco", "reduce_only_pair", "stop_only"],
    protection_scope="order",
    reduce_only=True,
    post_only=True,
    hedging=True,
    publishes=False,
    resolution="by_id",
    id_alphabet=LETTERS + "-_",
    id_length=32,
)
"""What an account can do at most; ids as most exchanges take them."""

_HAS = {
    "cancel_order": "cancelOrder",
    "fetch_balance": "fetchBalance",
    "fetch_open_orders": "fetchOpenOrders",
    "fetch_positions": "fetchPositions",
}
_TIMES = {"IOC": TimeInForce.IOC, "FOK": TimeInForce.FOK, "GTD": TimeInForce.GTD}


_AHEAD = 1.0
"""Seconds."""


def capabilities(
    exchange: Any, probed: Iterable[Probed], known: Traits, config: CCXTConfig, *, ahead: float = 0.0
) -> Capabilities:
    """What an account can do.

    Of order types, times in force and protection it has what any of its markets has: each instrument says what it allows.

    Args:
        exchange: ccxt's instance, opened.
        probed: what was proved of the account's markets, one of each kind.
        known: its traits.
        config: the account's.
        ahead: seconds by which the time in our requests is ahead of the exchange's, 0 or more.

    Raises:
        ConfigError: position_mode is hedged, and ccxt cannot say the side of a position to the exchange.
    """
    proved = list(probed)
    if config.hedged and not any(item.hedging for item in proved):
        problem = f"orders to {exchange.id} cannot say the side of a position from here; use the one-way mode there and here"
        raise ConfigError("position_mode", problem)
    client_ids = bool(proved) and all(item.client_ids for item in proved)
    return Capabilities(
        order_types=frozenset().union(*(item.order_types for item in proved)),
        time_in_force=frozenset({TimeInForce.GTC}).union(*(item.time_in_force for item in proved)),
        abilities=_abilities(exchange, proved, known, config),
        protection=frozenset().union(*(item.protection for item in proved)),  # type: ignore[arg-type]  # words of the kinds
        reduce_only=any(item.reduce_only for item in proved),
        post_only=bool(proved) and all(item.post_only for item in proved),
        hedging=config.hedged,
        publishes=False,
        resolution=known.look_up if client_ids else "none",
        request_ttl=_request_ttl(exchange, known, ahead),
        id_alphabet=known.id_alphabet,
        id_length=known.id_length,
    )


def _request_ttl(exchange: Any, known: Traits, ahead: float) -> float | None:
    """As long as ccxt tells the exchange that a request is good for: the account's options may have another time.

    A request from a clock that is ahead lives longer by that much; exchanges take one that is up to a second ahead, of
    which a clock that was compared at the start may not know. In whole seconds: two openings that measure some
    milliseconds more or less declare the same, else a conformance record would not fit the account that it was made of.
    """
    window = exchange.options.get(known.window)
    seconds = known.request_ttl if window is None else float(window) / 1000
    return None if seconds is None else seconds + _AHEAD + (math.ceil(ahead) if ahead > _AHEAD else 0)


def _abilities(exchange: Any, proved: Sequence[Probed], known: Traits, config: CCXTConfig) -> frozenset[str]:
    found = {name for name, theirs in _HAS.items() if exchange.has.get(theirs)} | {"fetch_instrument", "resolve_symbol"}
    if config.market_type != "swap":
        found.discard("fetch_positions")
    if known.look_up != "none" and exchange.has.get("fetchOrder"):
        found.add("fetch_order")
    if known.amend and exchange.has.get("editOrder"):
        found.add("amend_order")
    if any(item.stop_loss for item in proved):
        found.add("protect_position")
    return frozenset(found)


@frozen(kw_only=True)
class Row:
    """What is proved of one kind of market of an exchange, and what ccxt's own table says otherwise.

    Args:
        exchange: ccxt's id.
        market: ``spot``, ``linear`` or ``inverse``.
        symbol: the market that was probed.
        differs: what ccxt's ``features`` claim and the probe denies, and the other way round (``+``).
    """

    exchange: str
    market: str
    symbol: str
    order_types: tuple[str, ...]
    time_in_force: tuple[str, ...]
    protection: tuple[str, ...]
    stop_loss: bool
    take_profit: bool
    reduce_only: bool
    post_only: bool
    look_up: str
    amend: bool
    ids: str
    sandbox: str
    differs: tuple[str, ...]


def row(exchange: Any, market: Mapping[str, Any]) -> Row:
    """One row of the table, of an instance that knows its markets (no network is used)."""
    kind = "swap" if market.get("contract") else "spot"
    known = traits(exchange.id, kind)
    found = probe(exchange, market, known)
    return Row(
        exchange=exchange.id,
        market="spot" if kind == "spot" else "inverse" if market.get("inverse") else "linear",
        symbol=str(market["symbol"]),
        order_types=tuple(each.value for each in OrderType if each in found.order_types),
        time_in_force=tuple(each.value for each in TimeInForce if each in found.time_in_force),
        protection=tuple(sorted(found.protection)),
        stop_loss=found.stop_loss,
        take_profit=found.take_profit,
        reduce_only=found.reduce_only,
        post_only=found.post_only,
        look_up=known.look_up if found.client_ids else "none",
        amend=known.amend,
        ids=f"{known.id_prefix}{'digits' if known.id_alphabet.isdecimal() else 'text'} {known.id_length}",
        sandbox=known.sandbox or "none",
        differs=_differs(exchange, found, market),
    )


def table(exchanges: Iterable[tuple[Any, str]]) -> tuple[Row, ...]:
    """The rows of some exchanges: of each kind of market the first that is listed, by exchange and kind.

    Args:
        exchanges: ccxt's instances that know their markets, each with the market type that it is set to.
    """
    rows: dict[tuple[str, str], Row] = {}
    for exchange, market_type in exchanges:
        for market in exchange.markets.values():
            kind = "spot" if market.get("spot") else "inverse" if market.get("inverse") else "linear"
            if market.get("type") == market_type and market.get("active") is not False and (exchange.id, kind) not in rows:
                rows[exchange.id, kind] = row(exchange, market)
    return tuple(rows[key] for key in sorted(rows, key=lambda key: (key[0], ("spot", "linear", "inverse").index(key[1]))))


def _differs(exchange: Any, found: Probed, market: Mapping[str, Any]) -> tuple[str, ...]:
    claims = _claims(exchange, market)
    proved = {
        "stop": bool(found.order_types & {OrderType.STOP, OrderType.STOP_LIMIT}),
        "stop_loss": found.stop_loss,
        "take_profit": found.take_profit,
        "attached": found.attached,
        **{word.lower(): time in found.time_in_force for word, time in _TIMES.items()},
    }
    return tuple(f"{'+' if proved[name] else '-'}{name}" for name in proved if proved[name] != claims.get(name, False))


def _claims(exchange: Any, market: Mapping[str, Any]) -> dict[str, bool]:
    """What ``exchange.features`` says of creating orders in such a market."""
    features: Any = exchange.features or {}
    part = features.get("spot" if market.get("spot") else "swap") or {}
    if not market.get("spot"):
        part = part.get("inverse" if market.get("inverse") else "linear") or {}
    create = part.get("createOrder") or {}
    times = create.get("timeInForce") or {}
    return {
        "stop": bool(create.get("triggerPrice")),
        "stop_loss": bool(create.get("stopLossPrice")),
        "take_profit": bool(create.get("takeProfitPrice")),
        "attached": bool(create.get("attachedStopLossTakeProfit")),
        **{word.lower(): bool(times.get(word)) for word in _TIMES},
    }
