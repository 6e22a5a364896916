# SPDX-License-Identifier: MIT
"""``fks-exec orders``: what is recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

import attrs
import click

from fks_exec.convert import from_json, to_dict
from fks_exec.model.results import ExecutionResult, Fill, Status
from fks_exec_hub import HubConfig
from fks_exec_hub.instructions import Instruction
from fks_exec_hub.journal.protocol import Event, Journal, Recorded

from .access import NO_JOURNAL, configuration, find_order, named_accounts, reading
from .changes import account_option, amend, cancel, resolve
from .nearest import containing, holds
from .output import Console, json_option, one_line, pass_console, table, when
from .results import fill_text, in_words, instruction_text, lookup_advice, result_text, still_open
from .terms import Terms, terms_of


@click.group()
def orders() -> None:
    """List, show, cancel and change orders; resolve one of unknown outcome."""


@orders.command("list")
@account_option
@click.option("--limit", type=click.IntRange(min=1, max=100_000), default=20, show_default=True, help="At most so many.")
@click.option("--open", "only_open", is_flag=True, help="Only what may still change: accepted, at the venue, unknown.")
@click.option(
    "--containing", "text", metavar="TEXT", help="Only those whose id, or what arrived for them, contains this: an alert's id."
)
@json_option
@pass_console
def list_(console: Console, account: str | None, limit: int, only_open: bool, text: str | None) -> None:
    """List the newest orders, newest first; works beside a running host."""
    config = configuration(console)
    named_accounts(config, account)
    found = asyncio.run(_listed(config, account, limit, only_open=only_open, text=text))
    rows = [_row(*each) for each in found]
    headers = ("accepted", "account", "id", "instruction", "status", "filled")
    empty = "nothing is open" if only_open else NO_JOURNAL if text is None else "nothing that is recorded contains it"
    console.show([_brief(*each) for each in found], table(headers, rows, empty=empty))


async def _listed(
    config: HubConfig, account: str | None, limit: int, *, only_open: bool, text: str | None
) -> list[tuple[Recorded, Terms]]:
    async with reading(config) as journal:
        found = await journal.orders(account, limit=limit)
        names = [account] if account else sorted({*config.accounts, *(recorded.key.account for recorded in found)})
        if only_open:
            every = {recorded.key: recorded for name in names for recorded in await _open_orders(journal, name)}
            like = [recorded for recorded in every.values() if text is None or holds(recorded, text)]
            found = sorted(like, key=lambda recorded: recorded.accepted_at, reverse=True)[:limit]
        elif text is not None:
            found = await containing(journal, names, text, limit)
        return [(recorded, await terms_of(journal, recorded)) for recorded in found]


async def _open_orders(journal: Journal, account: str) -> list[Recorded]:
    """What may still change; not what was found not to be there, which is only looked for now and then."""
    every = [*await journal.pending(account), *await journal.unresolved(account), *await journal.open(account)]
    return [recorded for recorded in every if recorded.status != Status.NOT_PLACED.value or _legs_open(recorded)]


def _legs_open(recorded: Recorded) -> bool:
    result = _result(recorded)
    return result is not None and bool(still_open(result))


@orders.command()
@click.argument("client_order_id", metavar="ID")
@account_option
@json_option
@pass_console
def show(console: Console, client_order_id: str, account: str | None) -> None:
    """Show all that is recorded about one order; works beside a running host."""
    config = configuration(console)
    named_accounts(config, account)
    order = asyncio.run(_whole(config, client_order_id, account))
    console.show(order.document(), order.text())


orders.add_command(cancel)
orders.add_command(amend)
orders.add_command(resolve)


@attrs.frozen
class _Whole:
    """All that is recorded about one order."""

    recorded: Recorded
    fills: Sequence[Fill]
    history: Sequence[Event]
    terms: Terms

    def document(self) -> dict[str, object]:
        order = self.recorded
        return {
            **_brief(order, self.terms),
            "asked": _text(order, self.terms.asked),
            "notes": list(self.terms.legs),
            "digest": order.digest,
            "raw": order.raw.decode("utf-8", "backslashreplace") if order.raw is not None else None,
            "attempts": [{**attrs.asdict(attempt), "decision": _json(attempt.decision)} for attempt in order.attempts],
            "fills": [to_dict(fill) for fill in self.fills],
            "history": [{**attrs.asdict(event), "body": _json(event.body)} for event in self.history],
        }

    def text(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        order = self.recorded
        yield _text(order, self.terms.asked)
        yield f"accepted {when(order.accepted_at)}"
        if order.raw is not None:
            yield f"raw {one_line(order.raw)}"
        yield from self._standing()
        for attempt in order.attempts:
            what = f"{attempt.purpose} {attempt.leg}".strip()
            yield f"attempt {attempt.attempt} ({what}) {when(attempt.time)} as {attempt.venue_client_order_id}"
            if attempt.decision != "{}":
                yield f"  decided on {attempt.decision}"
        yield from (f"fill {fill_text(fill)}" for fill in self.fills)
        yield "history"
        yield from (f"  {event.position:>6}  {when(event.time)}  {_what(event)}" for event in self.history)

    def _standing(self) -> Iterator[str]:
        order, result = self.recorded, _result(self.recorded)
        if result:
            yield result_text(order.key, result, self.terms.asked, self.terms)
            return
        yield order.status
        if order.attempts:
            yield f"while no host runs, {lookup_advice(order.key)}"


def _what(event: Event) -> str:
    """What was written; of what is asked beside the order's placing, what became of it."""
    body = _json(event.body)
    if not isinstance(body, dict):
        return event.kind
    if event.kind == "outcome":
        purpose, status = body.get("purpose", "order"), body.get("status")
        return f"outcome: {status}" if purpose == "order" else f"outcome of {purpose} {body.get('attempt')}: {status}"
    if event.kind == "intent":
        return f"intent to {body.get('purpose', 'order')}, attempt {body.get('attempt')}"
    return f"{event.kind}: {body.get('name')}" if event.kind == "step" else event.kind


async def _whole(config: HubConfig, client_order_id: str, account: str | None) -> _Whole:
    async with reading(config) as journal:
        recorded = await find_order(journal, config, client_order_id, account)
        fills = [from_json(Fill, record.fill) for record in await journal.fills(recorded.key)]
        return _Whole(recorded, fills, await journal.history(recorded.key), await terms_of(journal, recorded))


def _brief(recorded: Recorded, terms: Terms) -> dict[str, object]:
    result = _result(recorded)
    return {
        "account": recorded.key.account,
        "client_order_id": recorded.key.client_order_id,
        "symbol": recorded.lane,
        "accepted_at": recorded.accepted_at,
        "status": recorded.status,
        "terminal": recorded.terminal,
        "instruction": _text(recorded, terms.now),
        "result": to_dict(result) if result else None,
    }


def _row(recorded: Recorded, terms: Terms) -> tuple[object, ...]:
    result = _result(recorded)
    key, filled = recorded.key, result.filled_quantity if result else None
    status = in_words(result) if result else recorded.status
    return when(recorded.accepted_at), key.account, key.client_order_id, _text(recorded, terms.now), status, filled


def _text(recorded: Recorded, instruction: Instruction | None) -> str:
    """In words; what was written by a later version is shown as it is."""
    return instruction_text(instruction) if instruction else recorded.instruction


def _result(recorded: Recorded) -> ExecutionResult | None:
    return from_json(ExecutionResult, recorded.result) if recorded.result else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
