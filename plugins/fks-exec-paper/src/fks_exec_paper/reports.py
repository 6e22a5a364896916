# SPDX-License-Identifier: MIT
"""What the venue says of an account as a whole: positions and balances."""

from __future__ import annotations

from fks_exec import Balance, Kind, Position

from .engine import Engine
from .ledger import grain
from .records import ZERO, Holding


def positions_of(engine: Engine) -> list[Position]:
    """Open contracts, each side of its own where they stand side by side. What was bought on spot is a balance."""
    return [
        _position(engine, holding)
        for holding in engine.ledger.holdings.values()
        if holding.quantity and engine.instruments[holding.symbol].kind is not Kind.SPOT
    ]


def balances_of(engine: Engine, currency: str) -> list[Balance]:
    """The account's currency, with the equity of the whole account, and each thing that can be held on spot."""
    equity = engine.equity()
    money = Balance(
        currency=currency,
        total=grain(engine.ledger.cash),
        free=grain(max(ZERO, engine.free_cash())),
        equity=None if equity is None else grain(equity),
    )
    return [money, *_things(engine)]


def _position(engine: Engine, holding: Holding) -> Position:
    profit = engine.profit(holding)
    return Position(
        symbol=holding.symbol,
        quantity=holding.quantity,
        average_price=holding.average_price,
        unrealized_pnl=None if profit is None else grain(profit),
        realized_pnl=holding.realized,
        position_id=holding.ticket or None,
    )


def _things(engine: Engine) -> list[Balance]:
    return [
        Balance(
            currency=symbol.partition("/")[0],
            total=engine.ledger.quantity(symbol),
            free=engine.ledger.free_base(symbol),
        )
        for symbol, instrument in engine.instruments.items()
        if instrument.kind is Kind.SPOT
    ]
