# SPDX-License-Identifier: MIT
"""The one door to a venue: intent, one call, what came of it. No other module calls a hook that takes a ``submission``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fks_exec.account import Account
from fks_exec.errors import AccountNotReady, FksExecError
from fks_exec.model.events import OrderSent
from fks_exec.model.orders import Order, OrderChange, OrderRef, Submission
from fks_exec.model.results import Denial, ExecutionResult, Leg, Status

from ..accounts.desk import Desk
from ..accounts.live import Decision, Live
from ..exits.legs import prepare, protection_of
from ..ids import venue_id
from ..journal.protocol import Exists, Halted, HaltState, Intent, JournalError, JournalStep, JournalUnavailable, Recorded
from .record import record
from .repair import write

GRACE = 1.0
"""Seconds that a call has to end after its deadline, as the Account gives them."""


def intend(desk: Desk, live: Live, decision: Decision) -> Intent:
    """The intent to place an order, with the name that the venue will be given; from here on the order counts as begun.

    Raises:
        AccountNotReady: the venue is not there.
    """
    if live.venue_client_order_id is None:
        live.venue_client_order_id = _name(desk, live, "order", live.attempt)
    live.order = decision.order
    live.reducing = decision.reducing
    live.submitted_at, live.begun = desk.clock.now(), desk.clock.monotonic()
    return Intent(
        key=live.key,
        attempt=live.attempt,
        venue_client_order_id=live.venue_client_order_id,
        reducing=decision.reducing,
        decision=decision.document,
        time=live.submitted_at,
    )


def begin(desk: Desk, live: Live, decision: Decision) -> tuple[JournalStep, ...]:
    """The intent to place an order, with those of its legs: one write, so that what it fills can be protected.

    Raises:
        AccountNotReady: the venue is not there.
    """
    account = desk.ready_account()
    intent = intend(desk, live, decision)
    live.plan = decision.plan
    if live.plan is None:
        return (intent,)
    live.standing = True
    if live.told_with is None:
        live.told_with = asyncio.get_running_loop().create_future()
    return (intent, *prepare(desk, account, live, live.plan))


async def write_intent(desk: Desk, live: Live, decision: Decision) -> ExecutionResult | None:
    """Make the intent durable; from there the order may be sent. Not None: why it may not be, to be recorded.

    Raises:
        Exists: the intent of this attempt is stored already; nothing was sent.
        JournalError: the intent is not durable; nothing was sent.
    """
    if desk.account is None:
        return not_sent("ACCOUNT_NOT_READY", f"account {desk.name!r} is not ready: {desk.reason}", retryable=True)
    if desk.unwritable:
        raise JournalUnavailable(desk.unwritable)
    live.asked = desk.clock.monotonic()
    try:
        await _write_begin(desk, live, decision)
    except AccountNotReady as error:  # it was there when the order was decided
        forget(live)
        return not_sent("ACCOUNT_NOT_READY", str(error), retryable=True)
    except Halted as error:
        forget(live)
        return halted(error, decision)
    return None


def halted(error: Halted, decision: Decision) -> ExecutionResult:
    """The denial of an order that a halt keeps back; of an exit, with the way out that stays closed to entries."""
    if error.record.state is not HaltState.HALTED:
        may = "resume it, or close positions only"
    elif decision.reducing:
        may = "set it to reducing (fks-exec halt ACCOUNT --reducing --because ...), so that exits pass, and send it again"
    else:
        may = "resume it"
    return denied(Denial(code="HALTED", message=f"{error}; {may}"))


def forget(live: Live) -> None:
    """Its intent was refused, and with it that of its legs: nothing was sent, nothing is begun."""
    live.submitted_at, live.plan, live.standing = None, None, False
    live.legs.clear()


async def _write_begin(desk: Desk, live: Live, decision: Decision) -> None:
    """Legs that a write stored which seemed to fail are left alone: further ones take the next numbers."""
    while True:
        known = list(live.legs)
        try:
            await desk.journal.write(*begin(desk, live, decision), term=desk.term)
        except Exists as error:
            live.legs[:] = known
            if not isinstance(error.recorded, Recorded) or error.recorded.key == live.key:
                raise
            live.legs_before += 1
        except JournalError:
            live.legs[:] = known
            raise
        except Exception:  # a fault of ours: nothing was written, nothing was sent
            forget(live)
            raise
        else:
            return


async def send(desk: Desk, live: Live, order: Order) -> ExecutionResult:
    """Call the venue, once, for an order whose intent is durable, and return what came of it, to be recorded.

    Raises:
        JournalUnavailable: what happened before cannot be recorded; nothing was sent.
    """
    if desk.unwritable:
        raise JournalUnavailable(desk.unwritable)
    if desk.clock.monotonic() - live.asked >= desk.term.hold:
        text = "the claim on the account ran out before the order could be sent; another host may own it"
        return not_sent("FENCED", text)
    account = desk.account
    if account is None:
        return not_sent("ACCOUNT_NOT_READY", f"account {desk.name!r} is not ready: {desk.reason}", retryable=True)
    if live.cancel_wanted:
        return withdrawn()
    desk.name_order(live)
    submission = _submission(desk, live.venue_client_order_id or "")
    live.deadline = submission.deadline + GRACE
    if live.first_sent is None:
        live.first_sent = desk.clock.monotonic()
        if "identical" in account.needs:
            desk.sent.add(live.instruction, live.key.client_order_id)
    if desk.observers:
        desk.emit(_sent(desk, live, order))
    started = desk.clock.monotonic()
    live.journal_seconds = started - live.begun
    try:
        return desk.breaker.heard(await account.execute_order(order, submission), live.lane)
    except AccountNotReady as error:
        return not_sent("ACCOUNT_NOT_READY", str(error), retryable=True)
    except asyncio.CancelledError:
        text = "the host stopped while the venue was being asked; the order may exist there"
        await asyncio.shield(record(desk, live, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=text)))
        raise
    finally:
        live.venue_seconds = desk.clock.monotonic() - started


async def send_leg(desk: Desk, entry: Live, leg: Live) -> ExecutionResult:
    """Ask the venue for one protective order, once, whose intent is durable; what came of it is to be recorded.

    It goes also while the journal cannot be written: what is filled has to be protected.
    """
    if desk.clock.monotonic() - leg.asked >= desk.term.hold:
        return not_sent("FENCED", "the claim on the account ran out before the leg could be sent; another host may own it")
    account = desk.account
    if account is None:
        return not_sent("ACCOUNT_NOT_READY", f"account {desk.name!r} is not ready: {desk.reason}", retryable=True)
    desk.add(leg)
    submission = _submission(desk, leg.venue_client_order_id or "")
    leg.deadline = submission.deadline + GRACE
    leg.first_sent = desk.clock.monotonic()
    if desk.observers and leg.order is not None:
        desk.emit(_sent(desk, leg, leg.order))
    try:
        return desk.breaker.heard(await account.protect_position(protection_of(entry, leg), submission), leg.lane)
    except FksExecError as error:  # not ready, or it cannot protect: nothing was sent
        return not_sent("ACCOUNT_NOT_READY", str(error), retryable=True)
    except asyncio.CancelledError:
        text = "the host stopped while the venue was being asked; the leg may exist there"
        await asyncio.shield(record(desk, leg, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=text)))
        raise


async def submit_cancel(desk: Desk, live: Live, attempt: int) -> ExecutionResult:
    """Ask the venue to cancel an order, once; what it answers is about the order, or a refusal to cancel it.

    Args:
        attempt: 1 for the first; journalled.

    Raises:
        JournalError: the intent is not durable; nothing was sent.
        NotSupported, AccountNotReady: nothing was sent.
    """

    def call(account: Account, ref: OrderRef, submission: Submission) -> Awaitable[ExecutionResult]:
        return account.cancel_order(ref, submission)

    return await _act(desk, live, "cancel", attempt, call)


async def submit_cancel_leg(desk: Desk, live: Live, leg: Leg, attempt: int) -> ExecutionResult:
    """Ask the venue to cancel a leg that it keeps with an entry, once; raises as :func:`submit_cancel`."""

    def call(account: Account, ref: OrderRef, submission: Submission) -> Awaitable[ExecutionResult]:
        return account.cancel_order(_leg_ref(leg, ref), submission)

    return await _act(desk, live, "cancel", attempt, call)


async def submit_amend_leg(
    desk: Desk, live: Live, leg: Leg, attempt: int, change: OrderChange, *, document: str
) -> ExecutionResult:
    """Ask the venue to change a leg that it keeps with an entry, once; raises as :func:`submit_amend`.

    Args:
        document: the entry as it is sent, JSON: it does not change.
    """

    def call(account: Account, ref: OrderRef, submission: Submission) -> Awaitable[ExecutionResult]:
        return account.amend_order(_leg_ref(leg, ref), change, submission)

    return await _act(desk, live, "amend", attempt, call, document=document)


def _leg_ref(leg: Leg, entry: OrderRef) -> OrderRef:
    """The names of a leg that the venue keeps with an entry."""
    return OrderRef(order_id=leg.order_id, venue_client_order_id=leg.venue_client_order_id, symbol=entry.symbol)


async def submit_amend(
    desk: Desk, live: Live, attempt: int, change: OrderChange, *, document: str = "{}", reducing: bool = False
) -> ExecutionResult:
    """Ask the venue to change a resting order, once.

    Args:
        document: what was seen when it was decided, JSON.
        reducing: the changed order can only reduce.

    Raises:
        JournalError, Halted: the intent is not durable; nothing was sent.
        NotSupported, AccountNotReady: nothing was sent.
    """

    def call(account: Account, ref: OrderRef, submission: Submission) -> Awaitable[ExecutionResult]:
        return account.amend_order(ref, change, submission)

    return await _act(desk, live, "amend", attempt, call, document=document, reducing=reducing)


async def _act(
    desk: Desk,
    live: Live,
    purpose: str,
    attempt: int,
    call: Callable[[Account, OrderRef, Submission], Awaitable[ExecutionResult]],
    *,
    document: str = "{}",
    reducing: bool = True,
) -> ExecutionResult:
    """Intent and one call for something that is done to an order; its outcome is the caller's to record."""
    account = desk.ready_account()
    name, asked = _name(desk, live, purpose, attempt), desk.clock.monotonic()
    intent = Intent(
        key=live.key,
        purpose=purpose,
        attempt=attempt,
        venue_client_order_id=name,
        reducing=reducing,
        decision=document,
        time=desk.clock.now(),
    )
    await write(desk, intent)
    if desk.unwritable:
        raise JournalUnavailable(desk.unwritable)
    if desk.clock.monotonic() - asked >= desk.term.hold:
        return not_sent("FENCED", "the claim on the account ran out before the venue was asked; another host may own it")
    return desk.breaker.heard(await call(account, live.ref, _submission(desk, name)), live.lane, placing=False)


def _submission(desk: Desk, name: str) -> Submission:
    return Submission(
        account=desk.name,
        venue_client_order_id=name,
        deadline=desk.clock.monotonic() + desk.config.deadline,
        clock=desk.clock,
    )


def _name(desk: Desk, live: Live, purpose: str, attempt: int) -> str:
    if desk.account is None:
        raise AccountNotReady(desk.name, desk.reason)
    declared = desk.account.capabilities
    return venue_id(live.key, purpose, attempt, "", alphabet=declared.id_alphabet, length=declared.id_length, taken=desk.names)


def _sent(desk: Desk, live: Live, order: Order) -> OrderSent:
    return OrderSent(
        account=desk.name,
        time=desk.clock.now(),
        client_order_id=live.key.client_order_id,
        venue_client_order_id=live.venue_client_order_id or "",
        order=order,
        attempt=live.attempt,
    )


def denied(*denials: Denial) -> ExecutionResult:
    """Our own checks said no; nothing was sent."""
    return ExecutionResult(status=Status.DENIED, denials=denials, code=denials[0].code, error=denials[0].message)


def withdrawn() -> ExecutionResult:
    """It was cancelled before it was sent."""
    return ExecutionResult(status=Status.CANCELED, code="WITHDRAWN", error="it was cancelled before it was sent")


def not_sent(code: str, text: str, *, retryable: bool = False) -> ExecutionResult:
    """Proved: nothing was sent."""
    return ExecutionResult(status=Status.NOT_PLACED, code=code, error=text, retryable=retryable)
