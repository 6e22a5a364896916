# SPDX-License-Identifier: MIT
"""An account: what it holds (Position, Balance), can do (Capabilities), how it is (Health), what a guard sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

from attrs import field, frozen

from .market import Instrument, MarketData
from .numbers import ZERO, to_decimal, to_optional
from .orders import OrderRef, OrderType, Side, TimeInForce

ABILITIES = frozenset(
    {
        "cancel_order",
        "amend_order",
        "fetch_order",
        "fetch_open_orders",
        "fetch_positions",
        "fetch_balance",
        "fetch_instrument",
        "protect_position",
        "close_position",
        "resolve_symbol",
    }
)
"""The hooks beyond the five that a venue declares when it implements them, and implements when it declares them."""

ProtectionKind: TypeAlias = Literal["attached", "oco", "reduce_only_pair", "stop_only"]


@frozen(kw_only=True)
class Position:
    """What is held of one instrument.

    Args:
        symbol: canonical.
        quantity: base units or contracts; positive long, negative short.
        average_price: of the entries, quote currency.
        unrealized_pnl, realized_pnl: in the instrument's settle currency.
        strategy: whose it is, where the hub keeps it.
        position_id: the venue's ticket, where a venue keeps several per instrument (hedging).
    """

    symbol: str
    quantity: Decimal = field(converter=to_decimal)
    average_price: Decimal | None = field(default=None, converter=to_optional)
    unrealized_pnl: Decimal | None = field(default=None, converter=to_optional)
    realized_pnl: Decimal | None = field(default=None, converter=to_optional)
    strategy: str | None = None
    position_id: str | None = None


@frozen(kw_only=True)
class Balance:
    """What is held of one currency.

    Args:
        currency: its code.
        total: all of it.
        free: what is not reserved by resting orders or margin.
        equity: what the *whole account* is worth in this currency, where the venue says so; else None.
    """

    currency: str
    total: Decimal = field(converter=to_decimal)
    free: Decimal | None = field(default=None, converter=to_optional)
    equity: Decimal | None = field(default=None, converter=to_optional)


@frozen(kw_only=True)
class Check:
    """One named question about an account's health, with its answer and, when not well, the remedy."""

    name: str
    ok: bool
    message: str = ""
    remedy: str = ""


def _checks(value: Iterable[Check]) -> tuple[Check, ...]:
    return tuple(value)


@frozen
class Health:
    """Named checks; truthy when all are well."""

    checks: tuple[Check, ...] = field(default=(), converter=_checks)

    def __bool__(self) -> bool:
        return all(check.ok for check in self.checks)


def _types(value: Iterable[OrderType | str]) -> frozenset[OrderType]:
    return frozenset(OrderType(v) for v in value)


def _tifs(value: Iterable[TimeInForce | str]) -> frozenset[TimeInForce]:
    return frozenset(TimeInForce(v) for v in value)


def _words(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


def _protection(value: Iterable[ProtectionKind]) -> frozenset[ProtectionKind]:
    return frozenset(value)


@frozen(kw_only=True)
class Capabilities:
    """What an account can do; what is not declared is refused before anything is sent.

    Args:
        order_types: kinds of orders.
        time_in_force: how long orders may rest.
        abilities: hooks beyond the five, see :data:`ABILITIES`.
        protection: how ``stop_loss`` and ``take_profit`` are served: ``attached`` one call carries both, ``oco``,
            ``reduce_only_pair``, ``stop_only``; empty: an order with either is refused.
        protection_scope: whether a stop belongs to the order or to the whole position.
        reduce_only: the venue enforces reduce-only.
        post_only: the venue knows post-only.
        hedging: a long and a short of one instrument can stand side by side.
        publishes: fills after the answer are pushed through ``context.publish``.
        resolution: how an order of unknown outcome is looked up: ``by_id``, ``by_scan`` or ``none``.
        request_ttl: seconds after which the venue drops a request that it has not handled; None: never.
        id_alphabet, id_length: of ids that the venue takes from us.
    """

    order_types: frozenset[OrderType] = field(default=frozenset({OrderType.MARKET}), converter=_types)
    time_in_force: frozenset[TimeInForce] = field(default=frozenset({TimeInForce.GTC}), converter=_tifs)
    abilities: frozenset[str] = field(default=frozenset(), converter=_words)
    protection: frozenset[ProtectionKind] = field(default=frozenset(), converter=_protection)
    protection_scope: Literal["order", "position"] = "order"
    reduce_only: bool = False
    post_only: bool = False
    hedging: bool = False
    publishes: bool = False
    resolution: Literal["by_id", "by_scan", "none"] = "none"
    request_ttl: float | None = None
    id_alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    id_length: int = 32


@frozen(kw_only=True)
class Protection:
    """One protective order, to be placed for a position.

    Args:
        role: ``stop_loss`` or ``take_profit``.
        symbol: canonical.
        side: of the protective order: the side that closes.
        quantity: base units or contracts.
        trigger_price: quote currency.
        limit_price: quote currency; None: a market order when triggered.
        entry: the order that it protects.
        position_id: the venue's ticket, where there are several.
        target_price: the sibling's trigger, quote currency, where the venue links both in one call (``oco``): the answer then
            tells of both, the target as a leg ``take_profit`` whose fills have that leg and their side.
    """

    role: Literal["stop_loss", "take_profit"]
    symbol: str
    side: Side
    quantity: Decimal = field(converter=to_decimal)
    trigger_price: Decimal = field(converter=to_decimal)
    limit_price: Decimal | None = field(default=None, converter=to_optional)
    entry: OrderRef | None = None
    position_id: str | None = None
    target_price: Decimal | None = field(default=None, converter=to_optional)


def _positions(value: Iterable[Position]) -> tuple[Position, ...]:
    return tuple(value)


def _balances(value: Iterable[Balance]) -> tuple[Balance, ...]:
    return tuple(value)


@frozen(kw_only=True)
class AccountState:
    """What a guard sees of an account at the moment of decision; it already contains the reservations of other lanes.

    What costs something to find out (``exposure``, ``day_start``, ``margin_free``, ``identical``) is there only where a listed
    guard names it in an attribute ``needs``, a set of names.

    Args:
        account: its name.
        time: epoch milliseconds of the decision.
        currency: of equity and limits; None: the instrument's settle currency.
        equity: what the account is worth, in ``currency``; None when it is not known or too old.
        instrument: the rules of the order's instrument.
        quote: of the order's instrument; None when there is none fresh enough.
        position: signed, base units or contracts, of the order's instrument, all strategies.
        working_buy, working_sell: quantities of our other orders of the instrument that may still fill.
        open_orders: how many of our orders of the account may still fill.
        positions, balances: as the venue told, where it was asked.
        rates: what one unit of a currency is worth in ``currency``, fresh; a currency that is missing has no known rate.
        exposure: what all positions of the account are worth at most, working entries filled, each sign counted as positive,
            in ``currency``; None when a part of it cannot be valued.
        day_start: equity at the start of the day, and what was transferred since, in ``currency``; None when not known.
        margin_free: what is not bound by positions and orders, in ``currency``; None when the venue does not tell.
        identical: when this same order (instrument, side, type, quantity, prices) was sent before, epoch milliseconds, the
            newest first; as far back as an hour.
        leverage: of the instrument on this account; None when not known.
    """

    account: str
    time: int = 0
    currency: str | None = None
    equity: Decimal | None = field(default=None, converter=to_optional)
    instrument: Instrument | None = None
    quote: MarketData | None = None
    position: Decimal = field(default=ZERO, converter=to_decimal)
    working_buy: Decimal = field(default=ZERO, converter=to_decimal)
    working_sell: Decimal = field(default=ZERO, converter=to_decimal)
    open_orders: int = 0
    positions: tuple[Position, ...] = field(default=(), converter=_positions)
    balances: tuple[Balance, ...] = field(default=(), converter=_balances)
    rates: Mapping[str, Decimal] = field(factory=dict, hash=False)
    exposure: Decimal | None = field(default=None, converter=to_optional)
    day_start: Decimal | None = field(default=None, converter=to_optional)
    margin_free: Decimal | None = field(default=None, converter=to_optional)
    identical: tuple[int, ...] = ()
    leverage: Decimal | None = field(default=None, converter=to_optional)
