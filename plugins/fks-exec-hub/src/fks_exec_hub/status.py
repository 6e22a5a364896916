# SPDX-License-Identifier: MIT
"""How an account stands, as an operator sees it."""

from __future__ import annotations

from attrs import frozen

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


def status_of(name: str, config: AccountConfig, desk: Desk | None) -> AccountStatus:
    """One account's status; None for the desk: the hub has not started."""
    reason = "the hub has not started" if desk is None else desk.not_ready
    return AccountStatus(
        name=name,
        venue=config.venue,
        ready=not reason,
        reason=reason,
        live=config.live,
        currency=config.currency,
        required=config.required,
        unresolved=() if desk is None else desk.unresolved,
        halt=HaltState.ACTIVE.value if desk is None else desk.halt.state.value,
        halt_reason="" if desk is None or desk.halt.state is HaltState.ACTIVE else desk.halt.reason,
    )
