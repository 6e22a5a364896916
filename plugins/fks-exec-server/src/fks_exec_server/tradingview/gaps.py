# SPDX-License-Identifier: MIT
"""What an alert becomes that does not follow from the one before it, by its key's ``on_gap``. Pure.

Exits pass by every policy: whatever is missing, what they close is not wanted any more.
"""

from __future__ import annotations

from attrs import evolve, frozen

from fks_exec import ClosePosition, Denial, Instruction, Order, SizedOrder, TargetPosition

from .alert import Signal
from .continuity import Last

_RESYNC = 'position_size is missing, to which on_gap = "resync" would bring the position; add it to the alert\'s message'


@frozen(kw_only=True)
class Settled:
    """What is done about an alert.

    Args:
        instruction: what is sent; None where ``denial`` says why nothing is.
        denial: beside an instruction: why only the exit of a reversal is sent.
        gap: the alert does not follow: an alarm is due.
        blocked: entries are held back until the strategy is flat.
    """

    instruction: Instruction | None
    denial: Denial | None = None
    gap: bool = False
    blocked: bool = False


def settle(instruction: Instruction, signal: Signal, last: Last, *, exits: bool, on_gap: str) -> Settled:
    """What an alert becomes.

    Args:
        last: what its strategy said before.
        exits: it can only reduce.
        on_gap: of the key: ``alarm``, ``block_entries`` or ``resync``.
    """
    gap = last.gap(signal)
    blocked = on_gap == "block_entries" and (gap or last.blocked)
    if exits or not (blocked or (gap and on_gap == "resync")):
        return Settled(instruction=instruction, gap=gap, blocked=blocked)
    if not blocked:
        return _resynced(instruction, signal, last)
    if signal.turns:  # the one half of it is an exit
        return Settled(instruction=close_of(instruction), gap=gap, blocked=True)
    text = f"{said(last, signal)}; entries are held back until the strategy is flat"
    return Settled(instruction=None, denial=_denial(text), gap=gap, blocked=True)


def said(last: Last, signal: Signal) -> str:
    """What does not fit."""
    if last.position == signal.before:
        return "an alert of this strategy was missing or overtaken before"
    return f"the strategy was {signal.before} before this alert, and {last.position} after the last one that came"


def _resynced(instruction: Instruction, signal: Signal, last: Last) -> Settled:
    if signal.size is None:
        return Settled(instruction=None, denial=_denial(f"{said(last, signal)}, and {_RESYNC}"), gap=True)
    if not isinstance(instruction, Order | SizedOrder):
        return Settled(instruction=instruction, gap=True)
    target = TargetPosition(
        symbol=instruction.symbol,
        quantity=signal.size,
        stop_loss=instruction.stop_loss,
        take_profit=instruction.take_profit,
        strategy=instruction.strategy,
        client_order_id=instruction.client_order_id,
        confidence=instruction.confidence,
        signal_time=instruction.signal_time,
    )
    return Settled(instruction=target, gap=True)


def close_of(instruction: Instruction) -> ClosePosition:
    """The half of a reversal that is an exit."""
    return ClosePosition(
        symbol=instruction.symbol,
        strategy=instruction.strategy,
        client_order_id=instruction.client_order_id,
        signal_time=instruction.signal_time,
    )


def rest_of(instruction: Instruction) -> ClosePosition:
    """All that is held, where that is less than was to be sold; of nothing the hub says that there is nothing to close."""
    return evolve(close_of(instruction), keep_entries=True)


def _denial(text: str) -> Denial:
    return Denial(code="SIGNAL_GAP", message=f"{text}; look at TradingView's log of alerts")
