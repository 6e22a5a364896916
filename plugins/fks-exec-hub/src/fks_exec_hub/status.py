# SPDX-License-Identifier: MIT
"""How an account stands, as an operator sees it."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from fks_exec.model.account import Check

from .accounts.desk import Desk
from .config import AccountConfig
from .journal.protocol import HaltState


@frozen(kw_only=True)
class AccountStatus:
    """One account, as an operator sees it.

    Args:
        reason: why it is not ready.
        unresolved: orders that may or may not exist at the venue; their instruments refuse entries.
        halt: what the account may do: ``active``, ``reducing``, ``halted``.
        halt_reason: why it may not do everything.
        breaker: the circuit breaker: ``closed``, ``open`` (entries rest), ``probing`` (one is let through).
        breaker_reason: why it is not closed.
        record: why its conformance record does not count, where one is required; ``halt`` is ``reducing`` then at least.
        unwritable: why its journal cannot be written; nothing is accepted and nothing sent meanwhile.
        unprotected: the filled entries that stand without their stop, each with the seconds for which it has.
    """

    name: str
    venue: str
    ready: bool
    reason: str
    live: bool
    currency: str | None
    required: bool
    unresolved: tuple[str, ...] = ()
    halt: str = HaltState.ACTIVE.value
    halt_reason: str = ""
    breaker: str = "closed"
    breaker_reason: str = ""
    record: str = ""
    unwritable: str = ""
    unprotected: Mapping[str, float] = field(factory=dict)


def status_of(name: str, config: AccountConfig, desk: Desk | None) -> AccountStatus:
    """One account's status; None for the desk: the hub has not started."""
    reason = "the hub has not started" if desk is None else desk.not_ready
    halt, halt_reason = (HaltState.ACTIVE, "") if desk is None else _may(desk)
    return AccountStatus(
        name=name,
        venue=config.venue,
        ready=not reason,
        reason=reason,
        live=config.live,
        currency=config.currency,
        required=config.required,
        unresolved=() if desk is None else desk.unresolved,
        halt=halt.value,
        halt_reason=halt_reason,
        breaker="closed" if desk is None else desk.breaker.state,
        breaker_reason="" if desk is None else desk.breaker.reason,
        record="" if desk is None else desk.proof.reason,
        unwritable="" if desk is None else desk.unwritable,
        unprotected={} if desk is None else _unprotected(desk),
    )


def _unprotected(desk: Desk) -> dict[str, float]:
    now = desk.clock.monotonic()
    return {name: max(now - live.naked_from, 0.0) for name, live in desk.live.items() if live.naked_from is not None}


def _may(desk: Desk) -> tuple[HaltState, str]:
    """What an account may do, and why not everything: by somebody's word, or for want of a record."""
    if desk.halt.state is not HaltState.ACTIVE:
        return desk.halt.state, desk.halt.reason
    return (HaltState.REDUCING, desk.proof.reason) if desk.proof.reason else (HaltState.ACTIVE, "")


def standing_checks(desk: Desk) -> list[Check]:
    """What the hub lets an account do, where that is not everything. A halt is somebody's will, an open breaker is not.

    Nor is a record that is required and does not count.
    """
    checks = []
    if desk.halt.state is not HaltState.ACTIVE:
        text = f"the account is {desk.halt.state.value}: {desk.halt.reason}"
        checks.append(Check(name="halt", ok=True, message=text, remedy=f"fks-exec resume {desk.name} --because TEXT"))
    if desk.proof.check is not None:
        checks.append(desk.proof.check)
    if not desk.breaker.closed:
        text = f"the circuit breaker is {desk.breaker.state}: {desk.breaker.reason}"
        checks.append(Check(name="breaker", ok=False, message=text, remedy="it tries the venue by itself; entries rest"))
    return checks
