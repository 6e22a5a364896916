# SPDX-License-Identifier: MIT
"""What an account may do: everything, only reduce, or nothing but cancel; written to the journal, ordered with the intents."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from attrs import field, frozen

from fks_exec.model.events import AccountHalted
from fks_exec.model.numbers import ZERO, plain
from fks_exec.model.orders import ClosePosition
from fks_exec.model.results import ExecutionResult, Status

from ..exits.family import ENTRY, role_of
from ..journal.protocol import HaltRecord, HaltState, HaltStep, Key
from .desk import Desk
from .live import Live

log: logging.Logger = logging.getLogger(__name__)


@frozen(kw_only=True)
class HaltedOrder:
    """An order that a halt concerns.

    Args:
        status: as known when the answer was given.
        filled_quantity: base units or contracts.
        reason: why it could not be cancelled, or not yet; empty where it was, or was not to be.
    """

    account: str
    client_order_id: str
    status: Status
    filled_quantity: Decimal = ZERO
    reason: str = ""


@frozen(kw_only=True)
class HaltAnswer:
    """What a halt has brought, and what is still missing.

    Args:
        states: what each account may do now; durable.
        cancelled: the working entries that have ended, each with the status in which it did: some may have filled first.
        unconfirmed: those that may still fill, each with the reason.
        before: the orders whose intent came before the halt and that are open or of unknown fate: entries that were kept or are
            unconfirmed, exits, protective orders; and the legs that the venue keeps with an entry, each under the entry's id,
            with what it is as the reason. No later intent is stored but of what the state lets pass.
        failed: the accounts whose state is not known to be durable, with the reason; say it again.
    """

    states: Mapping[str, HaltState]
    cancelled: tuple[HaltedOrder, ...] = ()
    unconfirmed: tuple[HaltedOrder, ...] = ()
    before: tuple[HaltedOrder, ...] = ()
    failed: Mapping[str, str] = field(factory=dict)


def together(answers: Iterable[tuple[str, HaltAnswer | BaseException]]) -> HaltAnswer:
    """The answers of several accounts as one; an error is the reason why its account is as it was."""
    told = dict(answers)
    every = [answer for answer in told.values() if isinstance(answer, HaltAnswer)]
    failed = {name: str(error) for name, error in told.items() if isinstance(error, BaseException)}
    return HaltAnswer(
        states={name: state for answer in every for name, state in answer.states.items()},
        cancelled=tuple(order for answer in every for order in answer.cancelled),
        unconfirmed=tuple(order for answer in every for order in answer.unconfirmed),
        before=tuple(order for answer in every for order in answer.before),
        failed=failed | {name: reason for answer in every for name, reason in answer.failed.items()},
    )


async def halt(desk: Desk, state: HaltState, because: str) -> list[Live]:
    """Set what an account may do, from this write on; ``active`` resumes it.

    Args:
        because: kept in the journal, and told with every denial.

    Returns:
        The orders whose intent came before it, and that had not ended then.

    Raises:
        JournalError: it is not durable.
    """
    async with desk.halting:
        return await _set(desk, state, because)


async def _set(desk: Desk, state: HaltState, because: str) -> list[Live]:
    step = HaltStep(account=desk.name, state=state, reason=because, time=desk.clock.now())
    before = [live for live in desk.live.values() if live.submitted_at is not None and not live.result.status.terminal]
    await desk.journal.write(step)  # the call takes its place among the intents: those before it are the ones just counted
    desk.halt = HaltRecord(state=state, reason=because, time=step.time)
    log.warning("account %s is %s: %s", desk.name, state.value, because)
    desk.emit(AccountHalted(account=desk.name, time=step.time, state=state.value, reason=because))
    for symbol in list(desk.protecting):  # what was held back, where protection waits for the end of a halt
        desk.poke(symbol)
    return before


async def trip(desk: Desk, code: str, because: str) -> None:
    """From here on the account only reduces, until an operator resumes it; one that is halted stays so.

    Args:
        code: of the alarm.
    """
    desk.alarm(code, f"{because}; the account only reduces until it is resumed: fks-exec resume {desk.name} --because TEXT")
    async with desk.halting:
        if desk.halt.state is HaltState.ACTIVE:
            desk.tripped(await _set(desk, HaltState.REDUCING, because))


def kept_legs(key: Key, result: ExecutionResult) -> Iterator[HaltedOrder]:
    """The stops and targets of an entry that rest at the venue without being orders of the hub's."""
    for leg in result.legs if result.filled_quantity else ():
        if leg.client_order_id is None and not leg.status.terminal:
            price = "" if leg.trigger_price is None else f" at {plain(leg.trigger_price)}"
            yield HaltedOrder(
                account=key.account,
                client_order_id=key.client_order_id,
                status=leg.status,
                filled_quantity=leg.filled_quantity,
                reason=f"its {leg.role}{price}, which the venue keeps with it",
            )


def is_entry(live: Live) -> bool:
    """Whether an order that was begun may open a position: no exit, no protective order."""
    if live.reducing or isinstance(live.instruction, ClosePosition) or role_of(live.key.client_order_id) not in ("", ENTRY):
        return False
    return live.order is None or not live.order.reduce_only
