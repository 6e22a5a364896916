# SPDX-License-Identifier: MIT
"""What would become of an instruction if it came now: resolved, sized, judged by the guards; nothing is accepted or sent."""

from __future__ import annotations

from fks_exec.convert import canonical, digest_of
from fks_exec.model.copying import changed
from fks_exec.model.numbers import plain
from fks_exec.model.orders import Order
from fks_exec.model.results import ExecutionResult

from ..accounts.desk import Desk
from ..accounts.live import Decision, Live
from ..ids import ClientIds
from ..instructions import Instruction
from ..journal.protocol import Halted, HaltState, Key
from .beside import Wait
from .decide import weigh
from .record import instrument_of
from .snapshot import look, state_of
from .submit import halted, not_sent


async def rehearse(desk: Desk, instruction: Instruction) -> ExecutionResult:
    """``not_placed`` with the code ``TEST`` and what would have been sent; or the denial with all its reasons.

    Raises:
        UnknownSymbol: the account has no such instrument.
        AccountNotReady: it cannot be judged now.
    """
    account = desk.ready_account()
    symbol = account.resolve_symbol(instruction.symbol)
    name = instruction.client_order_id or ClientIds().new()
    instruction = changed(instruction, symbol=symbol, client_order_id=name)
    digest = digest_of(canonical(instruction))
    live = Live(key=Key(desk.name, name), lane=symbol, instruction=instruction, digest=digest, accepted_at=desk.clock.now())
    live.instrument = await instrument_of(desk, symbol)
    quote, equity = await look(desk, live, account)
    verdict = weigh(desk, live, account, state_of(desk, live, live.instrument, quote, equity))
    if isinstance(verdict, Decision):
        verdict = _halted(desk, verdict) or not_sent("TEST", f"a test: {_said(verdict.order)} would be sent now; nothing was")
    elif isinstance(verdict, Wait):
        verdict = not_sent("TEST", "a test: it would wait for other orders of its instrument; nothing was sent")
    return changed(verdict, client_order_id=name)


def _halted(desk: Desk, decision: Decision) -> ExecutionResult | None:
    state = desk.halt.state
    if state is HaltState.ACTIVE or (state is HaltState.REDUCING and decision.reducing):
        return None
    return halted(Halted(desk.halt), decision)


def _said(order: Order) -> str:
    at = "" if order.price is None else f" at {plain(order.price)}"
    return f"a {order.order_type} order to {order.side} {plain(order.quantity)} {order.symbol}{at}"
