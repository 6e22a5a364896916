# SPDX-License-Identifier: MIT
"""``fks-exec capabilities``: what an account can do now, beside what its venue type can do at most."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

import click
from attrs import fields, fields_dict, frozen

from fks_exec.convert import to_dict
from fks_exec.model.account import Capabilities
from fks_exec.model.extension import VenueType
from fks_exec.model.market import Instrument
from fks_exec.support import narrowed
from fks_exec_hub import HubConfig, open_account

from .access import configuration, named_accounts
from .output import Console, json_option, pass_console, table

RULES: tuple[str, ...] = tuple(
    field.name for field in fields(Instrument) if field.name not in ("symbol", *fields_dict(Capabilities))
)
"""The fields of an Instrument that say nothing of what the account can do: currencies, steps, minima."""


@frozen(kw_only=True)
class Seen:
    """What an opened account said.

    Args:
        venue: its type, with the upper bound.
        now: of the account.
        instrument: that was asked for; None: none was.
    """

    venue: VenueType
    now: Capabilities
    instrument: Instrument | None = None

    @property
    def columns(self) -> dict[str, Capabilities]:
        """From what counts in the end to the upper bound."""
        here = {} if self.instrument is None else {self.instrument.symbol: narrowed(self.now, self.instrument)}
        return {**here, "now": self.now, "at most": self.venue.capabilities}


@click.command()
@click.argument("account")
@click.option("--symbol", help="An instrument, in any spelling: what its own rules leave of it, and its steps and minima.")
@json_option
@pass_console
def capabilities(console: Console, account: str, symbol: str | None) -> None:
    """Show what an account can do now, beside what its venue type can do at most.

    The account is opened for this look alone, without the journal and without its state, beside a running host too. What it
    cannot do is denied before anything is sent.
    """
    config = configuration(console)
    named_accounts(config, account)
    seen = asyncio.run(_look(config, account, symbol))
    console.show(_document(account, seen), _text(account, seen))


async def _look(config: HubConfig, name: str, symbol: str | None) -> Seen:
    plugins = config.load_plugins()
    venue, _ = config.venue(name, plugins)
    async with open_account(config, name, plugins) as account:
        if symbol is None:
            return Seen(venue=venue, now=account.capabilities)
        known = account.resolve_symbol(symbol)
        account.require("fetch_instrument")
        return Seen(venue=venue, now=account.capabilities, instrument=await account.fetch_instrument(known))


def _document(account: str, seen: Seen) -> dict[str, Any]:
    document = {"account": account, "venue": seen.venue.name, "now": seen.now, "at_most": seen.venue.capabilities}
    if seen.instrument is None:
        return document
    rules = {name: value for name, value in to_dict(seen.instrument).items() if name in ("symbol", *RULES)}
    return {**document, "instrument": {**rules, "capabilities": narrowed(seen.now, seen.instrument)}}


def _text(account: str, seen: Seen) -> str:
    columns = seen.columns
    parts = [f"account {account}, venue {seen.venue.name}", table(("", *columns), _rows(list(columns.values())), empty="")]
    if seen.instrument is not None:
        rules = ((name.replace("_", " "), getattr(seen.instrument, name)) for name in RULES)
        parts.append(table((f"rules of {seen.instrument.symbol}", ""), rules, empty=""))
    return "\n\n".join(parts)


def _rows(columns: Sequence[Capabilities]) -> Iterator[tuple[object, ...]]:
    """A line for each word that one of the columns has, then one for each of the other fields."""
    for what, words in _WORDS.items():
        for word in sorted(set().union(*(words(can) for can in columns))):
            yield f"{what} {word}", *(word in words(can) for can in columns)
    for what, told in _FIELDS.items():
        yield what, *(told(can) for can in columns)


def _alphabet(can: Capabilities) -> str:
    """``A-Z`` for all capitals, as well the small letters and the digits; what else there is as it stands."""
    whole = {"A-Z": ascii_uppercase, "a-z": ascii_lowercase, "0-9": digits}
    named = {name: run for name, run in whole.items() if set(run) <= set(can.id_alphabet)}
    rest = "".join(letter for letter in can.id_alphabet if letter not in "".join(named.values()))
    return " ".join(filter(None, (*named, rest)))


_WORDS: dict[str, Callable[[Capabilities], frozenset[str]]] = {
    "order type": lambda can: frozenset(map(str, can.order_types)),
    "time in force": lambda can: frozenset(map(str, can.time_in_force)),
    "protection": lambda can: frozenset(map(str, can.protection)),
    "ability": lambda can: can.abilities,
}

_FIELDS: dict[str, Callable[[Capabilities], object]] = {
    "reduce-only": lambda can: can.reduce_only,
    "post-only": lambda can: can.post_only,
    "hedging": lambda can: can.hedging,
    "pushes what changes": lambda can: can.publishes,
    "a stop belongs to the": lambda can: can.protection_scope,
    "orders are looked up": lambda can: can.resolution,
    "a request is dropped after": lambda can: "never" if can.request_ttl is None else f"{can.request_ttl:g} s",
    "letters of an id": _alphabet,
    "length of an id": lambda can: can.id_length,
}
