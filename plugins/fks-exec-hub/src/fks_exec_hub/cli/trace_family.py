# SPDX-License-Identifier: MIT
"""The family of an order: what the hub made for it, what it was made for, and what the same alert made for other accounts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from attrs import frozen

from fks_exec_hub.exits.family import ENTRY, EXCESS, EXIT, FAILURE, STOP, TARGET, child_id, is_child, parent_of, role_of
from fks_exec_hub.journal.protocol import Journal, Key, Recorded

_ROLES = (STOP, TARGET, EXIT, ENTRY, FAILURE, EXCESS)

_GAP = 3
"""Numbers that a role may leave out: a write that failed spends one."""

WINDOW = 600_000
"""Milliseconds between the first and the last order that one alert makes; one that came again later is another alert."""

_FIRST, _MOST = 256, 131_072
"""How many of an account's newest orders are looked through for one of the same alert: first, and at most."""


class Relation(StrEnum):
    """What an order is to the one that is traced."""

    ITSELF = "itself"
    ORIGIN = "origin"
    PART = "part"
    SAME_ALERT = "same_alert"


@frozen(kw_only=True)
class Member:
    """One order of the family.

    Args:
        of: the id of the order that it is an origin or a part of, or that came of the same alert.
        mark: what its steps are marked with; empty for the order that is traced.
    """

    recorded: Recorded
    relation: Relation
    of: str
    mark: str = ""

    @property
    def role(self) -> str:
        """What it is for another order; empty for one of its own."""
        return role_of(self.recorded.key.client_order_id)


async def family_of(journal: Journal, accounts: Sequence[str], recorded: Recorded) -> list[Member]:
    """An order, first, and those that belong to it.

    Args:
        accounts: those in which the same alert may have made orders too.
    """
    key = recorded.key
    origins = [
        Member(recorded=each, relation=Relation.ORIGIN, of=key.client_order_id, mark=each.key.client_order_id)
        for each in await _origins(journal, key)
    ]
    own = Member(recorded=recorded, relation=Relation.ITSELF, of=key.client_order_id)
    family = [own, *origins, *await _parts(journal, own)]
    if recorded.raw is not None:
        for account in accounts:
            family += [] if account == key.account else await _same_alert(journal, account, recorded)
    return family


async def _origins(journal: Journal, key: Key) -> list[Recorded]:
    """What an order was made for, and what that was made for; the alert's own order first."""
    found: list[Recorded] = []
    name = key.client_order_id
    while is_child(name):
        name = parent_of(name)
        origin = await journal.order(Key(key.account, name))
        found += [] if origin is None else [origin]
    return found[::-1]


async def _parts(journal: Journal, whole: Member) -> list[Member]:
    """What the hub made for an order, and for those again."""
    found: list[Member] = []
    account, name = whole.recorded.key
    for role in _ROLES:
        number, missing = 1, 0
        while missing < _GAP:
            child = child_id(name, role, number)
            recorded = await journal.order(Key(account, child))
            missing = 0 if recorded is not None else missing + 1
            number += 1
            if recorded is not None:
                mark = whole.mark + child.removeprefix(name)
                part = Member(recorded=recorded, relation=Relation.PART, of=name, mark=mark)
                found += [part, *await _parts(journal, part)]
    return found


async def _same_alert(journal: Journal, account: str, recorded: Recorded) -> list[Member]:
    """The order of another account for which the same bytes had arrived, nearest in time, with its parts."""
    near = await _near(journal, account, recorded.accepted_at)
    same = [each for each in near if each.raw == recorded.raw]
    if not same:
        return []
    found = min(same, key=lambda each: abs(each.accepted_at - recorded.accepted_at))
    mark, of = account, recorded.key.client_order_id
    member = Member(recorded=found, relation=Relation.SAME_ALERT, of=of, mark=mark)
    return [member, *await _parts(journal, member)]


async def _near(journal: Journal, account: str, moment: int) -> list[Recorded]:
    """The orders of an account that were accepted around a moment, epoch milliseconds."""
    limit = _FIRST
    found = await journal.orders(account, limit=limit)
    while len(found) == limit < _MOST and found[-1].accepted_at >= moment - WINDOW:
        limit *= 8
        found = await journal.orders(account, limit=limit)
    return [each for each in found if abs(each.accepted_at - moment) <= WINDOW]
