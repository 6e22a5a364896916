# SPDX-License-Identifier: MIT
"""What became of an order, for the terminal and for JSON, and the exit code that says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fks_exec.convert import to_dict
from fks_exec.model.fields import SizeType
from fks_exec.model.numbers import plain
from fks_exec.model.orders import ClosePosition, Order
from fks_exec.model.results import ExecutionResult, Fill, Leg, Status
from fks_exec.model.targets import Instruction, SizedOrder, TargetPosition
from fks_exec_hub.accounts.live import needs_following
from fks_exec_hub.journal.protocol import Key

from .failures import ExitCode
from .output import when
from .terms import Terms

NOT_RECORDED = "NOT_RECORDED"
UNRESOLVED = "UNRESOLVED_ORDER"
_REFUSED = frozenset({Status.REJECTED, Status.NOT_PLACED, Status.DENIED})
AS = "not-placed|placed|filled|canceled"


def exit_code(result: ExecutionResult) -> ExitCode:
    """Open or unknown counts before success: someone must still look."""
    if needs_following(result) or result.code == NOT_RECORDED:
        return ExitCode.OPEN
    return ExitCode.DONE if result.success and result.code not in _NOT_WHOLE else ExitCode.FAILED


_NOT_WHOLE = frozenset({"CLOSE_INCOMPLETE", "ENTRY_REFUSED", "EXIT_INCOMPLETE"})
"""Codes of an order that was filled, and of which not all has come about that was asked for; what no order could do is told."""

_NOT_KNOWN = frozenset({Status.PENDING, Status.UNKNOWN})


def exit_code_of_cancel(result: ExecutionResult) -> ExitCode:
    """Whether nothing of the order can fill any more because of a cancel, this one or an earlier."""
    if result.status in _NOT_KNOWN or result.code == NOT_RECORDED:
        return ExitCode.OPEN
    return ExitCode.DONE if result.status is Status.CANCELED else ExitCode.FAILED


def exit_code_of_amend(result: ExecutionResult) -> ExitCode:
    """Whether the order is as it was asked to become."""
    if result.status in _NOT_KNOWN or result.code in (NOT_RECORDED, "AMEND_UNKNOWN", "MOVE_WAITS"):
        return ExitCode.OPEN
    return ExitCode.DONE if result.code is None else ExitCode.FAILED


def still_open(result: ExecutionResult) -> list[str]:
    """What may still change: ``order``, and the legs by their roles."""
    order = [] if result.status.terminal else ["order"]
    return order + [leg.role for leg in result.legs if not leg.status.terminal]


def result_document(key: Key, result: ExecutionResult, terms: Terms | None = None) -> dict[str, object]:
    """The result as JSON, with what is open; where the terms are known, with them and what is to be known of its legs."""
    document = {"account": key.account, **to_dict(result), "open": still_open(result)}
    if terms is None or terms.now is None:
        return document
    return {**document, "now": instruction_text(terms.now), "notes": list(terms.legs)}


def result_text(key: Key, result: ExecutionResult, instruction: Instruction | None = None, terms: Terms | None = None) -> str:
    """The result as lines.

    Args:
        instruction: what was asked for, where it can be read.
        terms: what the order is now, where the journal was asked.
    """
    more = [] if terms is None else [f"  {'leg':<13} {line}" for line in terms.legs]
    if terms is not None and terms.changed and terms.now is not None:
        more.insert(0, f"  {'now':<13} {instruction_text(terms.now)}")
    return "\n".join([result.status.value, *_lines(key, result, instruction), *more, *_advice(key, result)])


def in_words(result: ExecutionResult) -> str:
    """The status, and the legs that rest."""
    resting = [leg.role for leg in result.legs if not leg.status.terminal]
    if not resting:
        return result.status.value
    return f"{result.status.value}, {' and '.join(resting)} {'rest' if len(resting) > 1 else 'rests'}"


def lookup_advice(key: Key) -> str:
    """What to do about an order that may or may not exist at the venue."""
    return (
        "it may or may not exist at the venue: do not send it again under another id, and no other in its place; where the "
        "venue can be asked for it, a host that runs (fks-exec serve, or any order while it is sent) finds out by itself; "
        f"where it cannot, look there, then settle it: {_settle(key.client_order_id, key.account)}"
    )


def _settle(client_order_id: str, account: str) -> str:
    return f"fks-exec orders resolve {client_order_id} --account {account} --as {AS} --because TEXT"


def instruction_text(instruction: Instruction) -> str:
    """An instruction in a few words."""
    if isinstance(instruction, ClosePosition):
        whose = "all strategies" if instruction.scope == "account" else instruction.strategy or "no strategy"
        return f"close {instruction.symbol} ({whose})"
    words = [*_what(instruction)]
    for name in ("price", "stop_price", "stop_loss", "take_profit", "confidence"):
        if (value := getattr(instruction, name, None)) is not None:
            words.append(f"{name} {plain(value)}")
    words += [name for name in ("reduce_only", "post_only") if getattr(instruction, name, False)]
    return " ".join(words)


_SIZES = {
    SizeType.QUOTE: "worth {}",
    SizeType.EQUITY_PERCENT: "worth {} % of the equity",
    SizeType.RISK_PERCENT: "risking {} % of the equity",
}


def _what(instruction: Instruction) -> Iterator[str]:
    """Which way it goes, and how much of what."""
    if isinstance(instruction, Order):
        yield from (instruction.side.value, plain(instruction.quantity), instruction.symbol, instruction.order_type.value)
    elif isinstance(instruction, SizedOrder):
        size = _SIZES[instruction.size_type].format(plain(instruction.size))
        yield from (instruction.side.value, instruction.symbol, size, instruction.order_type.value)
    else:
        whose = instruction.strategy or "no strategy"
        to = f"to {plain(instruction.quantity)}" if isinstance(instruction, TargetPosition) else "round"
        yield f"turn {instruction.symbol} {to} ({whose})"


def _lines(key: Key, result: ExecutionResult, instruction: Instruction | None) -> Iterator[str]:
    yield f"  account       {key.account}"
    yield f"  id            {key.client_order_id}"
    if result.order_id:
        yield f"  venue's id    {result.order_id}"
    if result.duplicate:
        yield "  duplicate     this id was used before with the same content; nothing was sent now"
    if result.filled_quantity:
        price = f" at {plain(result.average_price)}" if result.average_price is not None else ""
        yield f"  filled        {plain(result.filled_quantity)}{price}"
    yield from (f"  fill          {fill_text(fill)}" for fill in result.fills)
    yield from (f"  fee           {plain(fee.amount)} {fee.currency}" for fee in result.fees)
    yield from (f"  leg           {leg_text(leg)}" for leg in result.legs)
    if result.protected or _bare(result, instruction):
        yield f"  protected     {'yes' if result.protected else 'NO'}"
    if result.unprotected_seconds is not None:
        yield f"  without stop  {result.unprotected_seconds:.1f} s"
    for denial in result.denials:
        yield f"  {denial.code}{f' ({denial.guard})' if denial.guard else ''}: {denial.message}"
        if denial.code == UNRESOLVED:
            yield f"  find it with 'fks-exec orders list --open', look at the venue, settle it: {_settle('ID', key.account)}"
    if not result.denials and (result.error or result.code):
        yield f"  {result.code or 'error'}: {result.error or ''}".rstrip(": ")


def _bare(result: ExecutionResult, instruction: Instruction | None) -> bool:
    """A stop was asked for, the position or the order is there, and nothing says that it ended as it should."""
    asked = result.protected is not None if instruction is None else getattr(instruction, "stop_loss", None) is not None
    there = not result.status.terminal or bool(result.filled_quantity)
    return asked and result.protected is False and there and not _over(result.legs)


def _over(legs: Sequence[Leg]) -> bool:
    """All have ended, none because the venue would not have it; or one was filled, which closed the position."""
    ended = bool(legs) and all(leg.status.terminal for leg in legs)
    return ended and (any(leg.status is Status.FILLED for leg in legs) or not any(leg.status in _REFUSED for leg in legs))


def fill_text(fill: Fill) -> str:
    """One execution."""
    leg = f" ({fill.leg})" if fill.leg else ""
    fee = f", fee {plain(fill.fee)} {fill.fee_currency or ''}".rstrip() if fill.fee else ""
    return f"{plain(fill.quantity)} at {plain(fill.price)}{fee}, trade {fill.trade_id}{leg}, {when(fill.timestamp)}"


def leg_text(leg: Leg) -> str:
    """One order that belongs to another one: its stop or target, a further exit, what was opened after the exit."""
    price = f" at {plain(leg.trigger_price)}" if leg.trigger_price is not None else ""
    words = [f"{leg.role}{price}: {leg.status.value}"]
    if leg.quantity is not None:
        words.append(f"{plain(leg.filled_quantity)} of {plain(leg.quantity)}" if leg.filled_quantity else plain(leg.quantity))
    if leg.client_order_id is not None:
        words.append(f"as {leg.client_order_id}")
    return ", ".join(words)


def _advice(key: Key, result: ExecutionResult) -> Iterator[str]:
    look = f"fks-exec orders show {key.client_order_id} --account {key.account}"
    if result.code == NOT_RECORDED:
        yield f"it was sent, but the journal could not record the outcome; make room, start a host, then look: {look}"
    elif result.status is Status.UNKNOWN:
        yield f"{lookup_advice(key)}; see: {look}"
    elif result.status is Status.PENDING:
        yield f"it is written down and has no outcome yet: do not send it again under another id; see: {look}"
    elif open_parts := still_open(result):
        what = " and ".join("the order" if part == "order" else f"the {part}" for part in open_parts)
        yield f"open at the venue: {what}; a host follows what is open (fks-exec serve); see: {look}"
