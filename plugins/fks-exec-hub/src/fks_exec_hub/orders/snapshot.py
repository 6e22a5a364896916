# SPDX-License-Identifier: MIT
"""What the guards see of an account at the moment of a decision, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from typing import Any

from fks_exec.account import Account
from fks_exec.convert import encode, to_dict
from fks_exec.model.account import AccountState
from fks_exec.model.market import Instrument, MarketData
from fks_exec.model.numbers import plain
from fks_exec.model.orders import ClosePosition, Order
from fks_exec.model.targets import SizedOrder

from ..accounts.desk import Desk
from ..accounts.live import Live, Plan, Target
from ..accounts.quotes import LASTING
from ..accounts.valuation import worth_currency
from ..exits.family import EXCESS, EXIT, FAILURE

_EXITS = frozenset({EXIT, FAILURE, EXCESS})


def looks(account: Account, live: Live) -> bool:
    """Whether there is somebody to look at quote and equity: guards, or a size; nothing keeps an exit waiting for them."""
    if isinstance(live.instruction, SizedOrder):
        return True  # it is worked out from them
    return account.guarded and not isinstance(live.instruction, ClosePosition) and live.role not in _EXITS


async def look(desk: Desk, live: Live, account: Account) -> tuple[MarketData | None, Decimal | None]:
    """Quote and equity, where there is somebody to look at them; what else the guards need is at hand afterwards.

    All is asked for at once.
    """
    if not looks(account, live):
        return None, None
    quote_age, equity_age = desk.config.max_quote_age, desk.config.max_equity_age
    asked = _further(desk, live, account)
    if desk.quotes.known(live.lane, quote_age * LASTING) is None:
        asked.append(desk.quotes.get(live.lane, quote_age))
    if desk.equity.known(equity_age * LASTING) is None:
        asked.append(desk.equity.get(equity_age))
    if asked:
        await asyncio.gather(*asked)
    equity = desk.equity.known(equity_age)
    if equity is not None and "day_start" in account.needs:
        await desk.day.see(equity)
    return desk.quotes.known(live.lane, quote_age), equity


def _further(desk: Desk, live: Live, account: Account) -> list[Coroutine[Any, Any, object]]:
    asked: list[Coroutine[Any, Any, object]] = []
    if live.instrument is not None and desk.config.conversions:
        asked.append(desk.rates.ask([worth_currency(live.instrument)]))
    if "exposure" in account.needs:
        asked.append(desk.valuation.ask())
    if "margin_free" in account.needs:
        asked.append(desk.equity.balance(desk.config.max_equity_age))
    return asked


def state_of(
    desk: Desk, live: Live, instrument: Instrument | None, quote: MarketData | None, equity: Decimal | None
) -> AccountState:
    """What the guards see at this moment, by what is at hand."""
    totals, account = desk.book.totals(live.lane), desk.account
    seen = {} if account is None or not looks(account, live) else _seen(desk, live, account, instrument)
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
        **seen,
    )


def _seen(desk: Desk, live: Live, account: Account, instrument: Instrument | None) -> dict[str, Any]:
    """What only some guards look at."""
    seen: dict[str, Any] = {}
    own = None if instrument is None else worth_currency(instrument)
    if own is not None and own != desk.config.currency and (rate := desk.rates.known(own)) is not None:
        seen["rates"] = {own: rate}
    if "exposure" in account.needs:
        seen["exposure"] = desk.valuation.exposure()
    if "day_start" in account.needs:
        seen["day_start"] = desk.day.start()
    if "margin_free" in account.needs:
        seen["margin_free"] = desk.equity.free(desk.config.max_equity_age)
    if "identical" in account.needs and not live.role:
        seen["identical"] = desk.sent.times(live.instruction, live.key.client_order_id)
    return seen


def document_of(
    desk: Desk,
    live: Live,
    order: Order,
    state: AccountState,
    reducing: bool,
    plan: Plan | None = None,
    target: Target | None = None,
    sizing: Mapping[str, str] | None = None,
) -> str:
    """What was seen, so that the decision can be judged again under another configuration."""
    seen = {
        "order": None if order == live.instruction else to_dict(order),
        "reducing": reducing,
        "plan": None if plan is None else to_dict(plan),
        "target": None if target is None else to_dict(target),
        "sizing": dict(sizing) if sizing else None,
        "limits": desk.limits,
        "quote": to_dict(state.quote) if state.quote else None,
        "equity": None if state.equity is None else plain(state.equity),
        "position": plain(state.position),
        "working_buy": plain(state.working_buy),
        "working_sell": plain(state.working_sell),
        "open_orders": state.open_orders,
        "rates": {currency: plain(rate) for currency, rate in state.rates.items()} or None,
        "exposure": None if state.exposure is None else plain(state.exposure),
        "day_start": None if state.day_start is None else plain(state.day_start),
        "margin_free": None if state.margin_free is None else plain(state.margin_free),
        "identical": len(state.identical) or None,
        "time": state.time,
    }
    return encode({name: value for name, value in seen.items() if value is not None})
