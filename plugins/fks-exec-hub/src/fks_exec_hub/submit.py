# SPDX-License-Identifier: MIT
"""The one door to a venue: intent, one call, outcome. No other module calls a hook that takes a ``submission``."""

from __future__ import annotations

import asyncio
import logging

from attrs import frozen

from fks_exec.account import Account
from fks_exec.errors import AccountNotReady
from fks_exec.model.events import OrderSent
from fks_exec.model.orders import Order, Submission
from fks_exec.model.results import Denial, ExecutionResult, Status

from .desk import Desk
from .ids import venue_id
from .journal.protocol import Exists, Halted, Intent, JournalUnavailable
from .live import Live
from .record import record

log: logging.Logger = logging.getLogger(__name__)


@frozen
class Decision:
    """What may be sent, and why.

    Args:
        order: quantised, with its canonical symbol and client's id.
        reducing: it can only reduce.
        document: what the guards saw, JSON.
    """

    order: Order
    reducing: bool
    document: str


async def submit(desk: Desk, live: Live, decision: Decision) -> None:
    """Send an order, once, and record what came of it.

    Raises:
        JournalError: the intent is not durable; nothing was sent.
    """
    account = desk.account
    if account is None:
        await record(desk, live, not_sent("ACCOUNT_NOT_READY", f"account {desk.name!r} is not ready: {desk.reason}"))
        return
    live.order = decision.order
    live.venue_client_order_id = _venue_id(desk, live, account)
    asked = desk.clock.monotonic()
    if desk.unwritable:
        raise JournalUnavailable(desk.unwritable)
    try:
        await desk.journal.write(_intent(desk, live, decision), term=desk.term)
    except Exists:
        log.warning(
            "account %s: the intent of %s was stored by a write that seemed to fail", desk.name, live.key.client_order_id
        )
    except Halted as error:
        await record(desk, live, denied(Denial(code="HALTED", message=f"{error}; resume it, or close positions only")))
        return
    if desk.clock.monotonic() - asked >= desk.term.hold:
        text = "the claim on the account ran out before the order could be sent; another host may own it"
        await record(desk, live, not_sent("FENCED", text))
        return
    await _call(desk, live, account, decision.order)


def _venue_id(desk: Desk, live: Live, account: Account) -> str:
    if live.venue_client_order_id is not None:
        return live.venue_client_order_id
    declared = account.capabilities
    return venue_id(
        live.key,
        "order",
        live.attempt,
        "",
        alphabet=declared.id_alphabet,
        length=declared.id_length,
        taken=desk.names,
    )


def _intent(desk: Desk, live: Live, decision: Decision) -> Intent:
    live.submitted_at = desk.clock.now()
    return Intent(
        key=live.key,
        attempt=live.attempt,
        venue_client_order_id=live.venue_client_order_id or "",
        reducing=decision.reducing,
        decision=decision.document,
        time=live.submitted_at,
    )


async def _call(desk: Desk, live: Live, account: Account, order: Order) -> None:
    desk.name_order(live)
    submission = Submission(
        account=desk.name,
        venue_client_order_id=live.venue_client_order_id or "",
        deadline=desk.clock.monotonic() + desk.config.deadline,
        clock=desk.clock,
    )
    if desk.observers:
        desk.emit(_sent(desk, live, order))
    try:
        result = await account.execute_order(order, submission)
    except AccountNotReady as error:
        result = not_sent("ACCOUNT_NOT_READY", str(error))
    except asyncio.CancelledError:
        text = "the host stopped while the venue was being asked; the order may exist there"
        await asyncio.shield(record(desk, live, ExecutionResult(status=Status.UNKNOWN, code="HOST_STOPPED", error=text)))
        raise
    await record(desk, live, result)


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


def not_sent(code: str, text: str) -> ExecutionResult:
    """Proved: nothing was sent."""
    return ExecutionResult(status=Status.NOT_PLACED, code=code, error=text)
