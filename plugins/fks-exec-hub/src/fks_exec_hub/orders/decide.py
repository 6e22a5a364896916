# SPDX-License-Identifier: MIT
"""Whether an order may be sent: age, size, snapshot, guards; then its reservation, in the same step."""

from __future__ import annotations

from decimal import Decimal, localcontext

from attrs import evolve

from fks_exec.account import Account
from fks_exec.model.account import AccountState
from fks_exec.model.market import Instrument, Kind, MarketData
from fks_exec.model.numbers import plain
from fks_exec.model.orders import ClosePosition, Order, OrderType, Side
from fks_exec.model.results import Denial, ExecutionResult

from ..accounts.desk import Desk
from ..accounts.live import Decision, Live
from ..journal.protocol import HaltState
from ..money import EXACT
from .beside import Room, Wait, beside, is_exit, may_bring, room, unknown_quantity, until_changed
from .snapshot import document_of, look, looks, state_of
from .submit import denied

AHEAD = 5_000
"""Milliseconds that a signal's clock may be ahead of ours."""

_RESTING = (OrderType.LIMIT, OrderType.STOP_LIMIT)


async def decide(desk: Desk, live: Live) -> Decision | ExecutionResult | None:
    """What may be sent, reserved; or the denial with all its reasons.

    None: decide again; the account has just been lost, or an exit had to wait beside an order of unknown fate. That wait ends
    with any change of an order of the instrument, at the latest after a second.

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
    quote, equity = await look(desk, live, account)
    held = await _room(desk, live, account, instrument)
    verdict = _decide(desk, live, account, instrument, quote, equity, held)
    if isinstance(verdict, Wait):
        await until_changed(desk, live.lane)
        return None
    return verdict


def decide_now(desk: Desk, live: Live) -> Decision | None:
    """The decision, reserved, where all that it rests on is at hand; None: the lane takes it up, also to say no."""
    account = desk.account
    if account is None or desk.not_ready or desk.halt.state is not HaltState.ACTIVE or desk.questions(live.lane):
        return None
    instrument = account.known_instrument(live.lane)
    if instrument is None and "fetch_instrument" in account.capabilities.abilities:
        return None
    quote: MarketData | None = None
    equity: Decimal | None = None
    if looks(account, live):
        quote = desk.quotes.known(live.lane, desk.config.max_quote_age)
        equity = desk.equity.known(desk.config.max_equity_age)
        if quote is None or equity is None:
            return None
    live.instrument = instrument
    verdict = _decide(desk, live, account, instrument, quote, equity)
    return verdict if isinstance(verdict, Decision) else None


def _decide(
    desk: Desk,
    live: Live,
    account: Account,
    instrument: Instrument | None,
    quote: MarketData | None,
    equity: Decimal | None,
    held: Room | None = None,
) -> Decision | ExecutionResult | Wait:
    order = _order(desk, live, account, instrument)
    if isinstance(order, Denial):
        close = live.instruction
        later = isinstance(close, ClosePosition) and order.code == "NOTHING_TO_CLOSE" and may_bring(desk, live.lane, close)
        return Wait() if later else denied(order)
    return _judge(desk, live, account, order, state_of(desk, live, instrument, quote, equity), held)


async def _room(desk: Desk, live: Live, account: Account, instrument: Instrument | None) -> Room | None:
    """The venue's position, where an exit beside an unknown order has to fit it."""
    if not desk.questions(live.lane) or enforces_reduce_only(account, instrument):
        return None
    order = _order(desk, live, account, instrument)
    if isinstance(order, Denial) or not is_exit(desk, order):
        return None
    return await room(desk, account, live.lane, instrument)


def _judge(
    desk: Desk, live: Live, account: Account, order: Order, state: AccountState, held: Room | None
) -> Decision | ExecutionResult | Wait:
    with localcontext(EXACT):
        return _judged(desk, live, account, order, state, held)


def _judged(
    desk: Desk, live: Live, account: Account, order: Order, state: AccountState, held: Room | None
) -> Decision | ExecutionResult | Wait:
    reducing = is_reducing(desk, account, order, state.instrument)
    enforced = enforces_reduce_only(account, state.instrument)
    verdict = beside(desk, order, reducing=reducing, enforced=enforced, room=held)
    if isinstance(verdict, Wait):
        return verdict
    if isinstance(verdict, Order) and verdict is not order:
        order, reducing = verdict, True
    denials = [*_stale(desk, live, order, reducing), *account.unsupported(order, state.instrument)]
    denials += [verdict] if isinstance(verdict, Denial) else []
    denials += account.validate_order(order, state.instrument, reducing=reducing)
    denials += account.check_risk(order, state, reducing=reducing)
    if denials:
        return denied(*denials)
    document = document_of(desk, live, order, state, reducing)
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
    """A market order for what is held now and not known to be closed by another order."""
    totals = desk.book.totals(live.lane)
    held = totals.position if close.scope == "account" else desk.book.position(live.lane, close.strategy).quantity
    side = Side.SELL if held > 0 else Side.BUY
    leaving = totals.working_sell if side is Side.SELL else totals.working_buy
    leaving -= unknown_quantity(desk, live.lane, side)  # it may never leave; what is sent beside it has to fit
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
    if isinstance(order, ClosePosition) or order.reduce_only or is_exit(desk, order):
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
    if now - born >= -AHEAD and age <= desk.config.max_order_age:
        return []
    if age < 0:
        text = f"the clock has gone back by {-age:.0f} s or more since the order came; its age is not known, signal again"
        return [Denial(code="STALE", message=text, limit=f"{desk.config.max_order_age:g} s", value=f"{age:.0f} s")]
    text = f"the order is {age:.0f} s old; entries older than {desk.config.max_order_age:g} s are not sent, signal again"
    return [Denial(code="STALE", message=text, limit=f"{desk.config.max_order_age:g} s", value=f"{age:.0f} s")]
