# SPDX-License-Identifier: MIT
"""Whether an order may be sent: age, size, snapshot, guards; then its reservation, in the same step."""

from __future__ import annotations

from decimal import Decimal, localcontext

from attrs import evolve

from fks_exec.account import Account
from fks_exec.model.account import AccountState
from fks_exec.model.market import Instrument, MarketData
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import Order, OrderType
from fks_exec.model.results import Denial, ExecutionResult
from fks_exec.model.targets import SizedOrder

from ..accounts.desk import Desk
from ..accounts.live import Decision, Live, Plan, Target
from ..exits.plan import bare, further_entry, plan_protection
from ..journal.protocol import HaltState
from ..money import EXACT
from .belonging import of_others
from .beside import UNKNOWN, Room, Wait, beside, beside_legs, is_exit, may_bring, room, unresolved, until_changed
from .clearing import accepted, clear, going, resting_entries
from .concrete import Concrete, concrete, enforces_reduce_only, may_reduce
from .scope import Scope, closes, scope_of
from .snapshot import document_of, look, looks, state_of
from .standing import stand
from .submit import denied

AHEAD = 5_000
"""Milliseconds that a signal's clock may be ahead of ours."""

_RESTING = (OrderType.LIMIT, OrderType.STOP_LIMIT)

_BY_POSITION = frozenset({"NOTHING_TO_CLOSE", "NOTHING_TO_REVERSE", "TARGET_REACHED", "DUST"})
"""Why nothing is sent, where an order of unknown fate may change it."""


async def decide(desk: Desk, live: Live) -> Decision | ExecutionResult | Wait | None:
    """What may be sent, reserved; or the denial with all its reasons.

    None: decide again; the account has just been lost. So too after a Wait: the order had to wait for other orders of its
    instrument, which ends with any change of one of them, at the latest after a second.

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
    if live.superseded:
        await accepted(desk, live.superseded)
    if (scope := closes(live.instruction)) is not None:
        await clear(desk, live, scope)
    quote, equity = await look(desk, live, account)
    held = await _room(desk, live, account, state_of(desk, live, instrument, quote, equity))
    verdict = _decide(desk, live, account, state_of(desk, live, instrument, quote, equity), held)
    if isinstance(verdict, Wait):
        await until_changed(desk, live.lane)
    return verdict


def decide_now(desk: Desk, live: Live) -> Decision | None:
    """The decision, reserved, where all that it rests on is at hand; None: the lane takes it up, also to say no."""
    account = desk.account
    if account is None or desk.not_ready or desk.halt.state is not HaltState.ACTIVE or desk.questions(live.lane):
        return None
    if not desk.breaker.closed:  # the one order that tries the venue is durable before it is chosen
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
    scope = closes(live.instruction)
    if scope is not None and resting_entries(desk, live, scope):
        return None
    verdict = _decide(desk, live, account, state_of(desk, live, instrument, quote, equity))
    return verdict if isinstance(verdict, Decision) else None


def _decide(
    desk: Desk, live: Live, account: Account, state: AccountState, held: Room | None = None
) -> Decision | ExecutionResult | Wait:
    started = desk.clock.monotonic()
    with localcontext(EXACT):
        made = concrete(desk, live, account, state)
        verdict = _nothing(desk, live, made) if isinstance(made, Denial) else _judged(desk, live, account, made, state, held)
    live.guard_seconds = desk.clock.monotonic() - started
    if not isinstance(verdict, Wait):
        desk.book.unclaim(live.key.client_order_id)
    return verdict


def weigh(
    desk: Desk, live: Live, account: Account, state: AccountState, held: Room | None = None
) -> Decision | ExecutionResult | Wait:
    """What would be decided about an order that nobody has accepted; nothing is reserved, nothing is told."""
    if desk.breaker.state == "probing":  # the one order that may try the venue is to be a real one
        text = "the circuit breaker lets one order try the venue, and a test is none; test again when it is closed"
        return denied(Denial(code="BREAKER_OPEN", message=text))
    with localcontext(EXACT):
        made = concrete(desk, live, account, state)
        verdict = denied(made) if isinstance(made, Denial) else _judged(desk, live, account, made, state, held)
    if isinstance(verdict, Decision):
        desk.book.release(live.token)
    return verdict


def _nothing(desk: Desk, live: Live, why: Denial) -> ExecutionResult | Wait:
    """Nothing is to be sent, unless an order that is under way brings something; what waits for that is a close."""
    close = closes(live.instruction)
    if why.code not in _BY_POSITION:
        return denied(why)
    if may_bring(desk, live.lane, scope_of(desk, live) or Scope(live.instruction.strategy)):
        return denied(unresolved(desk, live.lane)) if close is None else UNKNOWN
    resting = [] if close is None else resting_entries(desk, live, close)
    if any(going(entry) for entry in resting):
        return Wait("the cancel of an entry is not confirmed yet")
    if resting:
        names = ", ".join(entry.key.client_order_id for entry in resting[:3])
        why = evolve(why, message=f"{why.message}; but {names} could not be cancelled and may still open a position")
        desk.alarm("CLOSE_INCOMPLETE", why.message, live.key.client_order_id)
    return denied(why)


async def _room(desk: Desk, live: Live, account: Account, state: AccountState) -> Room | None:
    """The venue's position, where an exit beside an unknown order has to fit it."""
    certain = not desk.questions(live.lane) and live.lane not in desk.mismatched
    if certain or enforces_reduce_only(account, state.instrument):
        return None
    with localcontext(EXACT):
        made = concrete(desk, live, account, state)
    if isinstance(made, Denial) or not is_exit(desk, made.order):
        return None
    return await room(desk, account, live.lane, state.instrument)


def _judged(
    desk: Desk, live: Live, account: Account, made: Concrete, state: AccountState, held: Room | None
) -> Decision | ExecutionResult | Wait:
    order, target = made.order, made.target
    reducing = is_reducing(desk, account, order, state.instrument)
    enforced = enforces_reduce_only(account, state.instrument)
    verdict = beside(desk, order, reducing=reducing, enforced=enforced, room=held)
    if isinstance(verdict, Wait):
        return verdict
    if isinstance(verdict, Order) and verdict is not order:
        order, reducing = verdict, True
    if reducing and enforced and not order.reduce_only:  # no guard is asked: it opens nothing, whatever is held
        order = evolve(order, reduce_only=True)
    if reducing and not enforced and live.lane in desk.mismatched:
        fitting = _fitting(order, held, state.instrument)
        if not isinstance(fitting, Order):
            return fitting
        order = fitting
    out = [*_superseded(live, target, reducing=reducing), *of_others(desk, live, order, state.instrument)]
    waits = None if out else _waits(desk, live, order, held, reducing=reducing, enforced=enforced)
    if waits is not None:
        return waits
    plan = plan_protection(account, desk.config.protection, order, state.instrument)
    sent = order if isinstance(plan, Denial) else bare(order, plan)
    denials = [
        *out,
        *_stale(desk, live, reducing=reducing),
        *account.unsupported(sent, state.instrument),
    ]
    denials += further_entry(desk, account, order, reducing=reducing)
    denials += [plan] if isinstance(plan, Denial) and plan.code not in {denial.code for denial in denials} else []
    denials += [*desk.breaker.denials(live, reducing=reducing), *desk.refusals.denials(live, reducing=reducing)]
    denials += desk.proof.denials(sent, plan.kind if isinstance(plan, Plan) else None, reducing=reducing)
    denials += [verdict] if isinstance(verdict, Denial) else []
    denials += account.validate_order(order, state.instrument, reducing=reducing)
    denials += account.check_risk(order, state, reducing=reducing)
    if denials or isinstance(plan, Denial):
        return denied(*denials)
    desk.breaker.passes(live, reducing=reducing)
    document = document_of(desk, live, sent, state, reducing, plan, target, made.inputs)
    live.token = desk.book.hold(sent, sent.quantity, reducing=reducing, role=live.role)
    stand(live, target)
    return Decision(sent, reducing, document, plan, target)


def _fitting(order: Order, held: Room | None, instrument: Instrument | None) -> Order | ExecutionResult | Wait:
    """An exit where the venue was seen to hold something else than our orders built up: no more than it holds."""
    if held is None:
        return Wait("the venue holds something else than our orders built up, and does not tell how much")
    there = max(-held.position * order.side.sign, ZERO)
    if order.quantity <= there:
        return order
    part = there if instrument is None else instrument.quantity_down(there)
    if part:
        return evolve(order, quantity=part)
    text = f"the venue holds nothing of {order.symbol} on that side any more, whatever our orders built up; nothing was sent"
    return denied(Denial(code="NOTHING_TO_CLOSE", message=text, value=plain(held.position)))


def _waits(
    desk: Desk, live: Live, order: Order, held: Room | None, *, reducing: bool, enforced: bool
) -> Wait | ExecutionResult | None:
    """An exit waits until the legs beside it have made room, an entry until those of what is gone have ended.

    An entry that would wait for what one before it has waited for in vain is denied at once.
    """
    if not enforced and not beside_legs(desk, order, held) and (reducing or not _stale(desk, live, reducing=False)):
        if desk.live.get(live.key.client_order_id) is live:  # accepted; before that it may turn out to be an order of old
            wanted = order.quantity + _lacking(desk, order, held)
            desk.book.claim(live.key.client_order_id, order.symbol, order.side, wanted)
            desk.poke(order.symbol)
        return Wait("protective orders of the instrument have to make room", exit=reducing)
    orphans = desk.orphans.get(order.symbol)
    if not reducing and orphans and not _stale(desk, live, reducing=False):
        wait = Wait("stops or targets of the instrument still stand for more than what is left of their entry", exit=False)
        return denied(wait.in_vain()) if desk.in_vain.get(order.symbol) == orphans else wait  # exits may stand behind it
    return None


def _lacking(desk: Desk, order: Order, held: Room | None) -> Decimal:
    """What our orders built up and the venue does not hold: legs for that would keep an exit waiting for ever.

    While the fate of an order is unknown it may be just that order, so that no leg goes for it.
    """
    if held is None or desk.questions(order.symbol):
        return ZERO
    return max((held.position - desk.book.totals(order.symbol).position) * order.side.sign, ZERO)


def _superseded(live: Live, target: Target | None, *, reducing: bool) -> list[Denial]:
    """An entry that waited while a close came is not sent any more; nor is what would turn the position round."""
    if not live.superseded or (reducing and (target is None or not target.entry)):
        return []
    text = f"{live.superseded} came to close the position while this order waited for its turn; signal again if it is meant"
    return [Denial(code="SUPERSEDED", message=text, value=live.superseded)]


def is_reducing(desk: Desk, account: Account, order: Order, instrument: Instrument | None) -> bool:
    """Whether an order can only reduce: by our own book, or because the venue enforces it. One with legs can do more."""
    if order.stop_loss is not None or order.take_profit is not None:
        return False
    enforced = order.reduce_only and enforces_reduce_only(account, instrument)
    if account.capabilities.hedging:  # a plain order may open the other side, whatever is held
        return enforced
    return enforced or desk.book.reduces(order.symbol, order.side, order.quantity)


def stale(desk: Desk, live: Live) -> Denial | None:
    """Whether an entry has grown too old, as far as that can be told before its turn; an exit never does."""
    return None if exits(desk, live) else too_late(desk, live)


def exits(desk: Desk, live: Live) -> bool:
    """Whether an order is an exit, or may be one, as far as that can be told before its turn."""
    order = live.instruction
    return may_reduce(desk, live) or (isinstance(order, Order) and (order.reduce_only or is_exit(desk, order)))


def too_late(desk: Desk, live: Live) -> Denial | None:
    """Whether an order has grown too old to open a position."""
    return next(iter(_stale(desk, live, reducing=False)), None)


def _stale(desk: Desk, live: Live, *, reducing: bool) -> list[Denial]:
    """An entry is for the moment it was meant for; a limit order of a program without a signal time may wait."""
    signal, now = live.instruction.signal_time, desk.clock.now()
    rests = isinstance(live.instruction, Order | SizedOrder) and live.instruction.order_type in _RESTING
    if reducing or (signal is None and rests):
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
