# SPDX-License-Identifier: MIT
"""The rules of one instrument, from ccxt's market."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from fks_exec import Instrument, Kind

from ..knowledge.traits import Traits, traits
from .probed import AnyProbed, Probed

SIGNIFICANT_DIGITS, TICK_SIZE = 3, 4
"""ccxt's ways to tell a precision; bitfinex has the second."""


def instrument(exchange: Any, market: Mapping[str, Any], probed: AnyProbed) -> Instrument:
    """The rules of a market, and what it allows of the account's capabilities.

    Where prices have a number of significant digits (bitfinex) there is no tick that could be told: it is None, and each
    order's prices are checked before it is sent.

    Args:
        exchange: ccxt's instance.
        market: as ccxt has it.
        probed: what was proved of it.
    """
    return rules(market, probed.of(market), traits(exchange.id, str(market["type"])))


_KEPT: dict[int, tuple[Mapping[str, Any], Probed, Traits, Instrument]] = {}
"""Rules that were made, by the market's identity: each order asks for them. A market that is loaded anew is another one."""

_MOST = 256


def rules(market: Mapping[str, Any], probed: Probed, known: Traits) -> Instrument:
    """As :func:`instrument`, of what is known already."""
    kept = _KEPT.get(id(market))
    if kept is not None and kept[0] is market and kept[1] is probed and kept[2] is known:
        return kept[3]
    made = _rules(market, probed, known)
    if len(_KEPT) >= _MOST:
        _KEPT.clear()
    _KEPT[id(market)] = (market, probed, known, made)
    return made


def _rules(market: Mapping[str, Any], probed: Probed, known: Traits) -> Instrument:
    kind = _kind(market)
    limits = market.get("limits") or {}
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    step = _step(market, "amount", probed.precision_mode)
    return Instrument(
        symbol=str(market["symbol"]),
        kind=kind,
        base=market.get("base"),
        quote=market.get("quote"),
        settle=market.get("settle") or None,
        contract_size=_contract_size(market, kind, known),
        quantity_step=step,
        price_tick=_step(market, "price", probed.precision_mode),
        min_quantity=_on_grid(positive(amount.get("min")), step),
        max_quantity=positive(amount.get("max")),
        min_notional=None if kind is Kind.INVERSE else positive(cost.get("min")),
        order_types=probed.order_types,
        time_in_force=probed.time_in_force,
        protection=probed.protection,
        reduce_only=probed.reduce_only,
    )


def positive(value: object) -> Decimal | None:
    """A number of ccxt as the text that it shows; None where it is none, or nothing."""
    if value is None or isinstance(value, bool):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() and number > 0 else None


def _on_grid(least: Decimal | None, step: Decimal | None) -> Decimal | None:
    """The least quantity that is a multiple of the step: ccxt cuts down to one, and gate's minimum is none."""
    if least is None or step is None or not least % step:
        return least
    return step * (least / step).to_integral_value(ROUND_CEILING)


def _kind(market: Mapping[str, Any]) -> Kind:
    if not market.get("contract"):
        return Kind.SPOT
    return Kind.INVERSE if market.get("inverse") else Kind.LINEAR


def _contract_size(market: Mapping[str, Any], kind: Kind, known: Traits) -> Decimal:
    """Base units per contract, quote units for an inverse one."""
    if kind is Kind.SPOT or known.unit_contracts:
        return Decimal(1)
    return positive(market.get("contractSize")) or Decimal(1)


def _step(market: Mapping[str, Any], what: str, mode: int) -> Decimal | None:
    value = (market.get("precision") or {}).get(what)
    if value is None:
        return None
    if mode == TICK_SIZE:
        return positive(value)
    if mode == SIGNIFICANT_DIGITS and what == "price":
        return None
    return Decimal(1).scaleb(-int(value))  # of quantities these are decimal places in both other modes
