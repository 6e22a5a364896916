# SPDX-License-Identifier: MIT
"""Orders and accounts as no author thinks of them, and as they come: figures that are missing, tiny, huge or negative."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import evolve

from ...model.account import AccountState, Position
from ...model.fields import OrderType, Side, TimeInForce
from ...model.market import Instrument, Kind, MarketData
from ...model.numbers import ZERO
from ...model.orders import Order
from ..cases import Case

TINY, HUGE = Decimal("1E-18"), Decimal("1E+18")
NO_CURRENCY = "ZZZ"  # a word that ISO 4217 gives to none

_UNKNOWN = ("currency", "equity", "instrument", "quote", "exposure", "day_start", "margin_free", "leverage")


def odd_cases(case: Case) -> Iterator[Case]:
    """The order in odd accounts, and odd orders in its own account and in one of which nothing is known."""
    bare = AccountState(account=case.state.account)
    for state in odd_states(case.state, case.order.symbol):
        yield evolve(case, account=state, instrument=state.instrument)
    for order in odd_orders(case.order):
        yield evolve(case, order=order)
        yield Case(order=order, account=bare)


def odd_states(state: AccountState, symbol: str) -> Iterator[AccountState]:
    """What may be known of an account, and what may not."""
    yield AccountState(account=state.account)
    for change in (*_missing(), *_figures(), *_markets(symbol)):
        yield evolve(state, **change)


def _missing() -> Iterator[dict[str, Any]]:
    return ({name: None} for name in _UNKNOWN)


def _figures() -> Iterator[dict[str, Any]]:
    for name in ("equity", "exposure", "day_start", "margin_free", "leverage", "position"):
        for value in (ZERO, -HUGE, TINY, HUGE):
            yield {name: value}
    for name in ("working_buy", "working_sell"):
        yield {name: HUGE}
    yield {"open_orders": 10**6}
    yield {"currency": NO_CURRENCY, "rates": {}}
    yield {"rates": {NO_CURRENCY: ZERO}}
    yield {"positions": [Position(symbol="NO/SUCH", quantity=-HUGE)], "balances": []}
    yield {"time": 0}
    yield {"time": 4_102_444_800_000, "identical": (4_102_444_900_000, 0)}


def _markets(symbol: str) -> Iterator[dict[str, Any]]:
    for prices in _prices():
        yield {"quote": MarketData(symbol=symbol, **prices)}
    yield {"instrument": Instrument(symbol=symbol)}
    for kind in Kind:
        yield {"instrument": Instrument(symbol=symbol, kind=kind, base="AAA", quote="BBB", contract_size=HUGE)}
    yield {"instrument": Instrument(symbol=symbol, quantity_step=HUGE, min_quantity=HUGE, min_notional=HUGE, price_tick=HUGE)}
    yield {"instrument": Instrument(symbol=symbol, max_quantity=TINY)}


def _prices() -> Iterator[dict[str, Any]]:
    yield {}
    yield {"bid": ZERO, "ask": ZERO}
    yield {"bid": Decimal(-37), "ask": Decimal(-36)}
    yield {"bid": HUGE}
    yield {"ask": TINY}
    yield {"last": Decimal(100)}
    yield {"bid": Decimal(101), "ask": Decimal(100)}


def odd_orders(order: Order) -> Iterator[Order]:
    """The order with other fields; each is one that may be meant."""
    plain: dict[str, Any] = {"order_type": OrderType.MARKET, "price": None, "stop_price": None, "post_only": False}
    plain |= {"time_in_force": TimeInForce.GTC, "expire_at": None}
    for side in Side:
        for kind in OrderType:
            for price in (TINY, Decimal(100), HUGE):
                yield evolve(order, **plain | {"side": side, "order_type": kind, **_priced(kind, price)})
    for change in _changes():
        yield evolve(order, **plain | change)


def _priced(kind: OrderType, price: Decimal) -> dict[str, Decimal]:
    names = {OrderType.LIMIT: ["price"], OrderType.STOP: ["stop_price"], OrderType.STOP_LIMIT: ["price", "stop_price"]}
    return dict.fromkeys(names.get(kind, ()), price)


def _changes() -> Iterator[dict[str, Any]]:
    for quantity in (TINY, HUGE, Decimal("0.30000000000000004")):
        yield {"quantity": quantity}
    for stop in (None, TINY, Decimal(100), HUGE):
        for target in (None, TINY, Decimal(100), HUGE):
            yield {"stop_loss": stop, "take_profit": target}
    for confidence in (None, ZERO, Decimal(1)):
        yield {"confidence": confidence}
    for force in TimeInForce:
        yield {"time_in_force": force, "expire_at": 4_102_444_800_000 if force is TimeInForce.GTD else None}
    yield {"order_type": OrderType.LIMIT, "price": Decimal(100), "post_only": True}
    yield {"reduce_only": True}
    yield {"symbol": "A"}
    yield {"symbol": "BTC/USDT:USDT-261225-50000-C"}
    yield {"strategy": None, "client_order_id": None, "signal_time": None}
    yield {"strategy": "ö" * 64, "signal_time": 99_999_999_999_999}
    yield {"options": {"hidden": True, "depth": 3, "": ""}}
