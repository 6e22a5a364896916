# SPDX-License-Identifier: MIT
"""Which fault a request meets: in turn, by a function of the request, or by chance; and faults as plain data."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from attrs import fields

from ...convert import from_dict, to_dict
from ...errors import InvalidOrder
from .call import Fault
from .legs import LEGS
from .placing import PLACING, Match
from .refusing import REFUSING
from .requests import KINDS, Kind, Request

Chooser: TypeAlias = Callable[[Request], Fault | None]
"""Chooses by the request; None: nothing goes wrong."""

FAULTS: dict[str, type[Fault]] = {kind.__name__: kind for kind in (*PLACING, *REFUSING, *LEGS)}
"""Every fault, by its name."""


class Script:
    """The faults to come, a queue for each kind of request; when it is empty the chooser is asked.

    Args:
        faults: in turn.
        otherwise: for requests that no fault in turn is left for.
    """

    def __init__(self, faults: Iterable[Fault] = (), otherwise: Chooser | None = None) -> None:
        self._queues: dict[Kind, deque[Fault]] = {kind: deque() for kind in KINDS}
        self.otherwise: Chooser | None = otherwise
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Further faults, behind those that are still to come."""
        for fault in faults:
            self._queues[fault.on].append(fault)

    def next(self, request: Request) -> Fault:
        """What this request meets."""
        queue = self._queues[request.kind]
        if queue:
            return queue.popleft()
        fault = self.otherwise(request) if self.otherwise else None
        return Match(on=request.kind) if fault is None or fault.on != request.kind else fault

    @property
    def left(self) -> int:
        """How many faults are still to come."""
        return sum(map(len, self._queues.values()))


class ByChance:
    """A chooser that throws dice.

    Args:
        shares: the share of the requests of its kind, 0 to 1, that meets each fault.
        seed: the same seed and order of requests give the same faults.
    """

    def __init__(self, shares: Mapping[Fault, float], seed: int = 0) -> None:
        self._shares = dict(shares)
        self._random = random.Random(seed)  # noqa: S311  (dice, no secret)

    def __call__(self, request: Request) -> Fault | None:
        """One throw for each request that has a fault of its kind."""
        shares = [(fault, share) for fault, share in self._shares.items() if fault.on == request.kind]
        chance = self._random.random() if shares else 1.0
        for fault, share in shares:
            if chance < share:
                return fault
            chance -= share
        return None


def fault_to_dict(fault: Fault) -> dict[str, Any]:
    """Plain data: ``{"fault": "Refuse", "message": "no margin"}``, without what is as always."""
    defaults = {attribute.name: attribute.default for attribute in fields(type(fault))}
    given = {name: value for name, value in to_dict(fault).items() if getattr(fault, name) != defaults[name]}
    return {"fault": type(fault).__name__, **given}


def fault_from_dict(data: Mapping[str, Any]) -> Fault:
    """The fault that plain data describes.

    Raises:
        InvalidOrder: an unknown fault or field.
    """
    values = dict(data)
    name = values.pop("fault", None)
    if name not in FAULTS:
        raise InvalidOrder("fault", f"{name!a:.40} is not one of {', '.join(FAULTS)}")
    return from_dict(FAULTS[name], values)
