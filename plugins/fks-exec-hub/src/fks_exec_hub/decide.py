# SPDX-License-Identifier: MIT
"""Whether an order may be sent: age, size, snapshot, guards; then its reservation, in the same step."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext

from attrs import evolve

from fks_exec.account import Account
from fks_exec.convert import encode, to_dict
from fks_exec.model.account import AccountState
from fks_exec.model.market import Instrument, Kind, MarketData
from fks_exec.model.numbers import plain
from fks_exec.model.orders import ClosePosition, Order, OrderType, Side
from fks_exec.model.results import Denial, ExecutionResult

from .desk import Desk
from .live import Live
from .money import EXACT
from .submit import Decision, denied

AHEAD = 5_000
"""Milliseconds that a signal's clock may be ahead of ours."""

_RESTING = (OrderType.LIMIT, OrderType.STOP_LIMIT)


async def decide(desk: Desk, live: Live) -> Decision | ExecutionResult | None:
    """What may be sent, reserved; or the denial with all its reasons; None when the account has just been lost.

    The snapshot is taken, the guards are asked and the reservation is made in one step without an await.
    """
    account = desk.account
    if account is None or desk.not_ready:
        return None
    try:
        instrument = await account.fetch_instrument(live.lane)
    except Exception as error:  # without its rules no order of an instrument is sent
        text = f"the rules of {live.lane} cannot be had ({type(error).__name__}); try again later"
        return denied(Denial(code="NO_INSTRUMENT", message=text))
    live.instrument = instrument
    quote, equity = await _look(desk, live, account)
    order = _order(desk, live, account, instrument)
    if isinstance(order, Denial):
        return denied(order)
    return _judge(desk, live, account, order, _state(desk, live, instrument, quote, equity))


async def _look(desk: Desk, live: Live, account: Account) -> tuple[MarketData | None, Decimal | None]:
    """Quote and equity, where there are guards that may look at them."""
    if not account.guarded or isinstance(live.instruction, ClosePosition):
        return None, None
    return (
        await desk.quotes.get(live.lane, desk.config.max_quote_age),
        await desk.equity.get(desk.config.max_equity_age),
    )


def _state(
    desk: Desk, live: Live, instrument: Instrument | None, quote: MarketData | None, equity: Decimal | None
) -> AccountState:
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


def _judge(desk: Desk, live: Live, account: Account, order: Order, state: AccountState) -> Decision | ExecutionResult:
    with localcontext(EXACT):
        return _judged(desk, live, account, order, state)


def _judged(desk: Desk, live: Live, account: Account, order: Order, state: AccountState) -> Decision | ExecutionResult:
    reducing = is_reducing(desk, account, order, state.instrument)
    denials = [*_stale(desk, live, order, reducing), *account.unsupported(order, state.instrument)]
    order, open_question = _beside_unknown(desk, account, order, state.instrument, reducing)
    denials += open_question
    denials += account.validate_order(order, state.instrument, reducing=reducing)
    denials += account.check_risk(order, state, reducing=reducing)
    if denials:
        return denied(*denials)
    document = _document(desk, live, order, state, reducing)
    live.token = desk.book.reserve(order.symbol, order.side, order.quantity, reducing=reducing)
    return Decision(order, reducing, document)


def is_reducing(desk: Desk, account: Account, order: Order, instrument: Instrument | None) -> bool:
    """Whether an order can only reduce: by our own book, or because the venue enforces it. One with legs can do more."""
    if order.stop_loss is not None or order.take_profit is not None:
        return False
    enforced = order.reduce_only and enforces_reduce_only(account, instrument)
    return enforced or desk.book.reduces(order.symbol, order.side, order.quantity)


def enforces_reduce_only(account: Account, instrument: Instrument | None) -> bool:
    """Whether the venue itself keeps a reduce-only order from opening a position."""
    if instrument is not None and instrument.reduce_only is not None:
        return instrument.reduce_only
    return account.capabilities.reduce_only


def _order(desk: Desk, live: Live, account: Account, instrument: Instrument | None) -> Order | Denial:
    if isinstance(live.instruction, ClosePosition):
        return _closing(desk, live, live.instruction, account, instrument)
    order = live.instruction
    spot = instrument is not None and instrument.kind is Kind.SPOT
    down = desk.config.quantize == "down" or (desk.config.quantize is None and spot)
    return quantise(order, instrument, down=down or desk.book.reduces(order.symbol, order.side, order.quantity))


def _closing(desk: Desk, live: Live, close: ClosePosition, account: Account, instrument: Instrument | None) -> Order | Denial:
    """A market order for what is held now and not yet being closed."""
    totals = desk.book.totals(live.lane)
    held = totals.position if close.scope == "account" else desk.book.position(live.lane, close.strategy).quantity
    side = Side.SELL if held > 0 else Side.BUY
    leaving = totals.working_sell if side is Side.SELL else totals.working_buy
    quantity = min(abs(held), abs(totals.position) - leaving)
    if held == 0 or quantity <= 0 or held * totals.position < 0:
        whose = f"strategy {close.strategy!r}" if close.strategy else "orders without a strategy"
        text = f"{whose} hold nothing of {live.lane} that is not being closed already; there is nothing to close"
        return Denial(code="NOTHING_TO_CLOSE", message=text, value=plain(held))
    order = Order(
        symbol=live.lane,
        side=side,
        quantity=quantity,
        reduce_only=enforces_reduce_only(account, instrument),
        client_order_id=close.client_order_id,
        strategy=close.strategy,
        signal_time=close.signal_time,
    )
    return quantise(order, instrument, down=True)


def quantise(order: Order, instrument: Instrument | None, *, down: bool) -> Order | Denial:
    """An order whose quantity the venue takes; or the denial with the nearest valid quantities."""
    if instrument is None:
        return order
    valid = instrument.quantity_down(order.quantity)
    if valid == order.quantity:
        return order
    too_large = instrument.max_quantity is not None and order.quantity > instrument.max_quantity
    if valid > 0 and down and not too_large:
        return evolve(order, quantity=valid)
    above = None if too_large else instrument.quantity_up(order.quantity)
    nearest = " or ".join(plain(q) for q in (valid, above) if q)
    text = f"{plain(order.quantity)} is no quantity that {order.symbol} takes; the nearest are {nearest}"
    return Denial(code="QUANTITY", message=text, limit=nearest, value=plain(order.quantity))


def stale(desk: Desk, live: Live) -> Denial | None:
    """Whether an entry has grown too old, as far as the instruction alone tells; a close never does."""
    order = live.instruction
    if isinstance(order, ClosePosition) or order.reduce_only or desk.book.reduces(order.symbol, order.side, order.quantity):
        return None
    return next(iter(_stale(desk, live, order, reducing=False)), None)


def _stale(desk: Desk, live: Live, order: Order, reducing: bool) -> list[Denial]:
    """An entry is for the moment it was meant for; a limit order of a program without a signal time may wait."""
    signal, now = live.instruction.signal_time, desk.clock.now()
    if reducing or (signal is None and order.order_type in _RESTING):
        return []
    if signal is not None and signal > now + AHEAD:
        text = f"the signal's time lies {(signal - now) / 1000:.0f} s ahead; look at its unit (milliseconds) and the clocks"
        return [Denial(code="SIGNAL_AHEAD", message=text, limit=f"{AHEAD / 1000:g} s", value=f"{(signal - now) / 1000:.0f} s")]
    born = live.accepted_at if signal is None else min(signal, live.accepted_at)
    age = (now - born) / 1000
    if age <= desk.config.max_order_age:
        return []
    text = f"the order is {age:.0f} s old; entries older than {desk.config.max_order_age:g} s are not sent, signal again"
    return [Denial(code="STALE", message=text, limit=f"{desk.config.max_order_age:g} s", value=f"{age:.0f} s")]


def _beside_unknown(
    desk: Desk, account: Account, order: Order, instrument: Instrument | None, reducing: bool
) -> tuple[Order, Iterable[Denial]]:
    """While an order of the instrument may or may not exist, only what the venue keeps from opening a position passes."""
    questions = desk.questions(order.symbol)
    if not questions:
        return order, ()
    if reducing and enforces_reduce_only(account, instrument):
        return evolve(order, reduce_only=True), ()
    names = ", ".join(sorted(questions)[:3])
    settle = f"fks-exec orders resolve {min(questions)} --as ... --because ..."
    text = f"it is not known whether {names} exists at the venue; look there, and with the host stopped: {settle}"
    return order, [Denial(code="UNRESOLVED_ORDER", message=text, value=names)]


def _document(desk: Desk, live: Live, order: Order, state: AccountState, reducing: bool) -> str:
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
