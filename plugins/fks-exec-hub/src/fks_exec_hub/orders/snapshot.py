# SPDX-License-Identifier: MIT
"""What the guards see of an account at the moment of a decision, and what is kept of it."""

from __future__ import annotations

from decimal import Decimal

from fks_exec.account import Account
from fks_exec.convert import encode, to_dict
from fks_exec.model.account import AccountState
from fks_exec.model.market import Instrument, MarketData
from fks_exec.model.numbers import plain
from fks_exec.model.orders import ClosePosition, Order

from ..accounts.desk import Desk
from ..accounts.live import Live


def looks(account: Account, live: Live) -> bool:
    """Whether there are guards that may look at quote and equity."""
    return account.guarded and not isinstance(live.instruction, ClosePosition)


async def look(desk: Desk, live: Live, account: Account) -> tuple[MarketData | None, Decimal | None]:
    """Quote and equity, where there are guards that may look at them."""
    if not looks(account, live):
        return None, None
    return (
        await desk.quotes.get(live.lane, desk.config.max_quote_age),
        await desk.equity.get(desk.config.max_equity_age),
    )


def state_of(
    desk: Desk, live: Live, instrument: Instrument | None, quote: MarketData | None, equity: Decimal | None
) -> AccountState:
    """What the guards see at this moment."""
    totals = desk.book.totals(live.lane)
    return AccountState(
        account=desk.name,
        time=desk.clock.now(),
        currency=desk.config.currency,
        equity=equity,
        instrument=instrument,
        quote=quote,
        position=totals.position,
        working_buy=totals.working_buy,
        working_sell=totals.working_sell,
        open_orders=totals.open_orders,
    )


def document_of(desk: Desk, live: Live, order: Order, state: AccountState, reducing: bool) -> str:
    """What was seen, so that the decision can be judged again under another configuration."""
    seen = {
        "order": None if order == live.instruction else to_dict(order),
        "reducing": reducing,
        "limits": desk.limits,
        "quote": to_dict(state.quote) if state.quote else None,
        "equity": None if state.equity is None else plain(state.equity),
        "position": plain(state.position),
        "working_buy": plain(state.working_buy),
        "working_sell": plain(state.working_sell),
        "open_orders": state.open_orders,
        "time": state.time,
    }
    return encode({name: value for name, value in seen.items() if value is not None})
