# SPDX-License-Identifier: MIT
"""Accounts that the configuration no longer has, renamed or taken out, while the journal holds something under their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fks_exec.convert import from_json
from fks_exec.model.account import Position
from fks_exec.model.numbers import plain

from ..journal.protocol import Journal, Recorded

_SHOWN = 5
"""So many of each kind are named."""


async def forgotten(journal: Journal, known: Iterable[str]) -> tuple[str, ...]:
    """One sentence for each account that nobody looks after any more: what it holds, and what to do.

    Args:
        known: the names of the configuration.

    Raises:
        JournalError: it cannot be read.
    """
    names, told = set(known), []
    for name in await journal.accounts():
        if name not in names and (held := await _held(journal, name)):
            told.append(
                f"account {name} is not in the configuration any more, and the journal has of it: {'; '.join(held)}. Nobody "
                f"follows, protects or closes that: write [accounts.{name}] back as it was, and take a name away only when its "
                f"positions are flat and none of its orders is open (fks-exec positions {name})"
            )
    return tuple(told)


async def _held(journal: Journal, name: str) -> list[str]:
    positions = [from_json(Position, stored.position) for stored in await journal.positions(name)]
    open_ = [f"{plain(each.quantity)} {each.symbol}{_of(each.strategy)}" for each in positions if each.quantity]
    kinds = (
        ("positions with what protects them", open_),
        ("open orders", _ids(await journal.open(name))),
        ("orders of unknown fate", _ids(await journal.unresolved(name))),
        ("orders that were not sent yet", _ids(await journal.pending(name))),
    )
    return [f"{what}: {_some(held)}" for what, held in kinds if held]


def _of(strategy: str | None) -> str:
    return f" of {strategy}" if strategy else ""


def _ids(orders: Iterable[Recorded]) -> list[str]:
    return [order.key.client_order_id for order in orders]


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
