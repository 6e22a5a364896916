# SPDX-License-Identifier: MIT
"""``fks-exec trace``: the life of one order and of its family, step by step, from the journal; no host need run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence

import click
from attrs import frozen

from fks_exec_hub import HubConfig
from fks_exec_hub.exits.family import parent_of
from fks_exec_hub.journal.protocol import Event, Journal, Key, Recorded

from .access import configuration, find_order, named_accounts, reading
from .changes import account_option
from .life import Life, Moment, moments
from .output import Console, json_option, one_line, pass_console, when
from .trace_family import Member, Relation, family_of

_BEGINNING = frozenset({"arrived", "read"})
"""What of an origin stands in the life of its part: where that comes from."""


@click.command()
@click.argument("client_order_id", metavar="ID")
@account_option
@json_option
@pass_console
def trace(console: Console, client_order_id: str, account: str | None) -> None:
    """Print the life of one order with its times: arrival, what the guards saw, intent, request, answers, look-ups, fills.

    And those of its family, each marked: what the hub made for it, and what the same alert made for other accounts; of a part,
    what it was made for. ID may be the name that the venue was given, too. Reads the journal only; works with and without a
    running host. Of what arrived it shows the digest, never the text.
    """
    config = configuration(console)
    named_accounts(config, account)
    told = asyncio.run(_trace(config, client_order_id, account))
    console.show(told.document(), "\n".join(told.lines()))


async def _trace(config: HubConfig, client_order_id: str, account: str | None) -> _Trace:
    async with reading(config) as journal:
        recorded = await find_order(journal, config, client_order_id, account, venue_names=True)
        family = await family_of(journal, list(config.accounts), recorded)
        lives = [await _life(journal, member.recorded) for member in family]
    origins = {member.recorded.key for member in family if member.relation is Relation.ORIGIN}
    steps = [each for each in moments(lives) if Key(each.account, each.order) not in origins or each.what in _BEGINNING]
    return _Trace(recorded, family, steps, [*_not_recorded(lives)])


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


def _not_recorded(lives: Sequence[Life]) -> Iterator[str]:
    """What a reader would look for and the journal does not hold."""
    for life in lives:
        if life.was_unknown and not life.was_looked_up:
            yield (
                f"{life.recorded.key.client_order_id}: no look-up is recorded: none was answered, its venue cannot be asked, "
                "or a host of an earlier version asked, which did not write them down"
            )


@frozen
class _Trace:
    """What is shown."""

    recorded: Recorded
    family: Sequence[Member]
    steps: Sequence[Moment]
    not_recorded: Sequence[str]

    def document(self) -> dict[str, object]:
        key = self.recorded.key
        return {
            "account": key.account,
            "client_order_id": key.client_order_id,
            "status": self.recorded.status,
            "family": [_member(member) for member in self.family],
            "steps": [_step(moment, gap) for moment, gap in self._timed()],
            "not_recorded": list(self.not_recorded),
        }

    def lines(self) -> Iterator[str]:
        """The family, then a line for each step: when, how long after the one before, whose, what."""
        marks = {member.recorded.key: member.mark for member in self.family}
        width = max(len(mark) for mark in marks.values())
        yield from (_kin(member, width) for member in self.family)
        gaps = max((len(f"{gap:+} ms") for _, gap in self._timed()), default=0)
        for moment, gap in self._timed():
            whose = f"{marks[Key(moment.account, moment.order)]:<{width}}  " if width else ""
            begin = f"{when(moment.time)}  {f'{gap:+} ms':>{max(gaps, 10)}}  {whose}{moment.what:<8}"
            yield f"{begin}  {one_line(moment.text.encode())}".rstrip()
        yield from (f"not recorded: {each}" for each in self.not_recorded)

    def _timed(self) -> Iterator[tuple[Moment, int]]:
        """Each step with the milliseconds since the one before."""
        before = self.steps[0].time if self.steps else 0
        for moment in self.steps:
            yield moment, moment.time - before
            before = moment.time


def _member(member: Member) -> dict[str, object]:
    recorded = member.recorded
    return {
        "account": recorded.key.account,
        "client_order_id": recorded.key.client_order_id,
        "relation": member.relation.value,
        "of": member.of,
        "role": member.role or None,
        "symbol": recorded.lane,
        "status": recorded.status,
    }


def _step(moment: Moment, gap: int) -> dict[str, object]:
    return {
        "time": moment.time,
        "milliseconds": gap,
        "account": moment.account,
        "order": moment.order,
        "what": moment.what,
        "text": moment.text,
        "facts": dict(moment.facts),
    }


def _kin(member: Member, width: int) -> str:
    """One order of the family in a line; the mark of its steps goes before it."""
    account, name = member.recorded.key
    as_what = f"{member.role} of {member.of}" if member.relation is Relation.PART else ""
    if member.relation is Relation.ITSELF:
        own = f" ({member.role} of {parent_of(name)})" if member.role else ""
        return f"{account}/{name}{own}: {member.recorded.status}"
    if member.relation is Relation.ORIGIN:
        as_what = "what it was made for"
    if member.relation is Relation.SAME_ALERT:
        as_what = f"{account}/{name}, of the same alert"
    return f"  {member.mark:<{width}}  {as_what}: {member.recorded.status}"
