# SPDX-License-Identifier: MIT
"""A resting order is changed in place: judged as the order that it becomes, reserved at its worst, asked for once."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import attrs

from fks_exec.account import Account
from fks_exec.errors import InvalidOrder
from fks_exec.model.account import AccountState
from fks_exec.model.copying import changed
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import Order, OrderChange
from fks_exec.model.results import Denial, ExecutionResult, Status

from ..accounts.desk import Desk
from ..accounts.live import Decision, Live
from ..journal.protocol import Halted, JournalError, JournalStep
from ..money import EXACT
from .beside import unresolved
from .concrete import quantise
from .decide import is_reducing
from .record import record
from .repair import repair
from .snapshot import document_of, look, state_of
from .steps import act_outcome, amended_step
from .submit import denied, submit_amend

_OPEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED})
_TAKEN = frozenset({Status.ACCEPTED, Status.PARTIALLY_FILLED, Status.FILLED})


async def amend(desk: Desk, live: Live, change: OrderChange) -> ExecutionResult:
    """Change an open order; see ``ExecutionHub.amend_order``. It goes on when the caller is cancelled."""
    return await desk.apart(_amend(desk, live, change))


async def _amend(desk: Desk, live: Live, change: OrderChange) -> ExecutionResult:
    async with live.act:
        result, order = live.result, live.order
        if result.status not in _OPEN or order is None:
            return _not_open(result)
        new = amended(order, change, live.booked)
        account = desk.ready_account()
        account.require("amend_order")
        quote, equity = await look(desk, live, account)
        state = state_of(desk, live, live.instrument or await account.fetch_instrument(live.lane), quote, equity)
        with localcontext(EXACT):
            verdict = _judge(desk, live, account, order, new, state)
        if isinstance(verdict, ExecutionResult):
            return changed(verdict, client_order_id=live.key.client_order_id, order_id=result.order_id)
        return await _ask(desk, live, change, order, verdict)


def amended(order: Order, change: OrderChange, filled: Decimal) -> Order:
    """The order as it would be.

    Args:
        filled: base units or contracts; the new quantity is the order's whole, and cannot be less.

    Raises:
        InvalidOrder: nothing is changed, or the outcome cannot be meant.
    """
    fields: dict[str, Any] = {name: value for name, value in attrs.asdict(change).items() if value is not None}
    new = attrs.evolve(order, **fields)
    if new == order:
        raise InvalidOrder("change", "it changes nothing; say a new quantity, price, stop_price, stop_loss or take_profit")
    if new.quantity <= filled:
        raise InvalidOrder("quantity", f"{plain(filled)} is filled already; say a larger whole, or cancel the order")
    return new


def _not_open(result: ExecutionResult) -> ExecutionResult:
    if result.status is Status.UNKNOWN:
        text = "it is not known whether the order exists; it can be changed once it is known to rest"
        return changed(result, code="UNRESOLVED_ORDER", error=text)
    text = f"the order is {result.status.value}; only one that rests can be changed"
    return changed(result, code="NOT_OPEN", error=text, denials=())  # what denied the order was not asked about the change


def _judge(
    desk: Desk, live: Live, account: Account, order: Order, new: Order, state: AccountState
) -> Decision | ExecutionResult:
    """The guards judge what may still fill of the new order; its own old reservation stands aside meanwhile.

    Returns:
        What may be asked for, with the larger of both orders reserved; or the denial.
    """
    quantised = quantise(new, state.instrument, down=False)
    if isinstance(quantised, Denial):
        return denied(quantised)
    largest = order
    desk.book.release(live.token)
    try:
        verdict = _judged(desk, live, account, order, new, state)
        if isinstance(verdict, Decision):
            largest = _larger(order, new)
        return verdict
    finally:
        _reserve(desk, live, largest)


def _judged(
    desk: Desk, live: Live, account: Account, order: Order, new: Order, state: AccountState
) -> Decision | ExecutionResult:
    totals, rest = desk.book.totals(live.lane), attrs.evolve(new, quantity=new.quantity - live.booked)
    reducing = is_reducing(desk, account, rest, state.instrument) or _only_less(order, new)
    seen = attrs.evolve(state, working_buy=totals.working_buy, working_sell=totals.working_sell, open_orders=totals.open_orders)
    grows = new.quantity > order.quantity and not reducing
    denials = [
        *([unresolved(desk, live.lane)] if grows and desk.questions(live.lane) else []),
        *desk.breaker.denials(live, reducing=reducing),
        *desk.proof.denials(new, reducing=reducing, amends=True),
        *account.unsupported(new, state.instrument),
        *account.validate_order(rest, state.instrument, reducing=reducing),
        *account.check_risk(rest, seen, reducing=reducing),
    ]
    return denied(*denials) if denials else Decision(new, reducing, document_of(desk, live, new, seen, reducing))


def _only_less(order: Order, new: Order) -> bool:
    """It asks for a smaller quantity and nothing else."""
    return new.quantity < order.quantity and attrs.evolve(new, quantity=order.quantity) == order


async def _ask(desk: Desk, live: Live, change: OrderChange, order: Order, decision: Decision) -> ExecutionResult:
    live.amends += 1
    new, document = decision.order, decision.document
    try:
        answer = await submit_amend(desk, live, live.amends, change, document=document, reducing=decision.reducing)
    except Halted as error:
        _reserve(desk, live, order)
        return changed(live.result, code="HALTED", error=f"{error}; resume it, or cancel the order")
    except BaseException:
        _reserve(desk, live, order)
        raise
    live.order = _larger(order, new) if answer.status is Status.UNKNOWN else new if answer.status in _TAKEN else order
    await _heard(desk, live, answer)
    if answer.status in _TAKEN or (answer.status.terminal and answer.status not in (Status.REJECTED, Status.NOT_PLACED)):
        await record(desk, live, changed(answer, code=None, error=None))
    _reserve(desk, live, live.order)
    return _told(desk, live, answer)


def _larger(order: Order, new: Order) -> Order:
    return new if new.quantity > order.quantity else order


def _reserve(desk: Desk, live: Live, order: Order) -> None:
    """Hold what the order may still fill."""
    desk.book.release(live.token)
    if not live.result.status.terminal:
        with localcontext(EXACT):
            left = max(order.quantity - live.booked, ZERO)
        live.token = desk.book.hold(order, left, reducing=live.reducing, role=live.role)


async def _heard(desk: Desk, live: Live, answer: ExecutionResult) -> None:
    """The answer is journalled, with the order as it is now."""
    now = desk.clock.now()
    steps: list[JournalStep] = [act_outcome(live, "amend", live.amends, answer, now), amended_step(live, now)]
    try:
        await desk.journal.write(*steps, term=desk.term)
    except JournalError as error:
        desk.in_doubt = True
        repair(desk, str(error))


def _told(desk: Desk, live: Live, answer: ExecutionResult) -> ExecutionResult:
    """How the order stands after the request."""
    if answer.status in _TAKEN:
        return live.result
    if live.result.status.terminal:
        return _not_open(live.result)
    if answer.status is Status.UNKNOWN:
        text = "it is not known whether the venue changed the order; look there, then change or cancel it"
        desk.alarm("AMEND_UNKNOWN", text, live.key.client_order_id)
        return changed(live.result, code="AMEND_UNKNOWN", error=text)
    return changed(
        live.result, code="AMEND_REFUSED", error=f"the order is as it was; the venue said: {answer.error or answer.code}"
    )
