# SPDX-License-Identifier: MIT
"""``fks-exec trace``: the life of one order, step by step, from the journal; no host need run."""

from __future__ import annotations

import asyncio
import json

import click

from fks_exec_hub import HubConfig
from fks_exec_hub.exits.family import ENTRY, EXCESS, EXIT, FAILURE, STOP, TARGET, child_id
from fks_exec_hub.journal.protocol import Event, Journal, Key, Recorded

from .access import configuration, find_order, named_accounts, reading
from .changes import account_option
from .life import Life, Moment, moments
from .output import Console, json_option, one_line, pass_console, when

_ROLES = (STOP, TARGET, EXIT, ENTRY, FAILURE, EXCESS)

_GAP = 3
"""Numbers that a role may leave out: a write that failed spends one."""


@click.command()
@click.argument("client_order_id", metavar="ID")
@account_option
@json_option
@pass_console
def trace(console: Console, client_order_id: str, account: str | None) -> None:
    """Print the life of one order with its times: arrival, what the guards saw, intent, request, answers, fills, legs.

    Reads the journal only; works with and without a running host. Of what arrived it shows the digest, never the text.
    """
    config = configuration(console)
    named_accounts(config, account)
    recorded, told = asyncio.run(_trace(config, client_order_id, account))
    console.show(_document(recorded, told), "\n".join(_lines(recorded, told)))


async def _trace(config: HubConfig, client_order_id: str, account: str | None) -> tuple[Recorded, list[Moment]]:
    async with reading(config) as journal:
        recorded = await find_order(journal, config, client_order_id, account)
        family = [recorded, *await _children(journal, recorded.key)]
        return recorded, moments([await _life(journal, each) for each in family])


async def _children(journal: Journal, key: Key) -> list[Recorded]:
    """What the hub made for an order, and for those again."""
    found: list[Recorded] = []
    for role in _ROLES:
        number, missing = 1, 0
        while missing < _GAP:
            child = await journal.order(Key(key.account, child_id(key.client_order_id, role, number)))
            missing = 0 if child is not None else missing + 1
            number += 1
            if child is not None:
                found += [child, *await _children(journal, child.key)]
    return found


async def _life(journal: Journal, recorded: Recorded) -> Life:
    history = await journal.history(recorded.key)
    digests = {digest for event in history if (digest := _limits(event))}
    notes = {digest: await journal.note(recorded.key.account, "limits", digest) for digest in digests}
    return Life(
        recorded=recorded, history=history, limits={name: note.value for name, note in notes.items() if note is not None}
    )


def _limits(event: Event) -> str:
    """The digest of the limits that a decision rested on; empty for what is no decision."""
    if event.kind != "intent":
        return ""
    return str(json.loads(json.loads(event.body)["decision"]).get("limits", ""))


def _document(recorded: Recorded, told: list[Moment]) -> dict[str, object]:
    steps, before = [], told[0].time if told else 0
    for moment in told:
        steps.append(
            {
                "time": moment.time,
                "milliseconds": moment.time - before,
                "order": moment.order,
                "what": moment.what,
                "text": moment.text,
                "facts": dict(moment.facts),
            }
        )
        before = moment.time
    key = recorded.key
    return {"account": key.account, "client_order_id": key.client_order_id, "status": recorded.status, "steps": steps}


def _lines(recorded: Recorded, told: list[Moment]) -> list[str]:
    """A line for each step: when, how long after the one before, what; those of other orders say whose."""
    own = recorded.key.client_order_id
    lines = [f"{recorded.key.account}/{own}: {recorded.status}"]
    before = told[0].time if told else 0
    for moment in told:
        whose = "" if moment.order == own else f"[{moment.order}] "
        gap = f"+{moment.time - before} ms"
        lines.append(f"{when(moment.time)}  {gap:>10}  {moment.what:<8}  {one_line(f'{whose}{moment.text}'.encode())}".rstrip())
        before = moment.time
    return lines
