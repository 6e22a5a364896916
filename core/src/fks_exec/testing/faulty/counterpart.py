# SPDX-License-Identifier: MIT
"""The simulated venue as the counterpart of a trial: it tells the truth, and breaks what it is told to break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ...model.numbers import Number, decimal, plain
from ...model.orders import Side
from ...secrets import Secret
from ..trial import CONTROLS, FAULTS, Kind, Placed
from .call import Fault
from .control import control
from .placing import AcceptThenDrop, AcceptThenError, AcceptThenHang, Garbage, PartialFill, Rest
from .process import FaultyProcess
from .refusing import BadCredentials, Closed, LateAppearance, Lost, RateLimit, Refuse
from .remote import RemoteConfig
from .script import fault_to_dict
from .server import Server
from .venue import FaultyVenue

_LATE = 0.1
"""Seconds after which an order appears that comes late."""


class FaultyCounterpart:
    """A :class:`~fks_exec.testing.Counterpart`: the truth and the faults of a simulated venue.

    Args:
        target: the venue, in this process or in one of its own.
    """

    def __init__(self, target: FaultyVenue | FaultyProcess) -> None:
        self._target = target

    @property
    def can(self) -> frozenset[str]:
        """All of it."""
        return frozenset({*FAULTS, *CONTROLS})

    async def _ask(self, name: str, **arguments: Any) -> Any:
        if isinstance(self._target, FaultyProcess):
            return await self._target.control(name, **arguments)
        return control(self._target, name, arguments)

    async def placed(self) -> Sequence[Placed]:
        """Every order of its book, in the order of their placing."""
        return [_placed(each) for each in await self._ask("placed")]

    async def requests(self) -> int:
        """How many requests to place an order have arrived, protective ones too."""
        return sum(each["kind"] in ("place", "protect") for each in await self._ask("requests"))

    async def fault(self, word: str, on: Kind = "place") -> None:
        """The next request of a kind meets a fault; of a look-up, by id and by scanning."""
        kinds = ("look_up", "scan") if on == "look_up" else (on,)
        await self._ask("follow", faults=[fault_to_dict(_fault(word, kind)) for kind in kinds])

    async def set_price(self, symbol: str, bid: Number, ask: Number) -> None:
        """Move the market."""
        await self._ask("set_price", symbol=symbol, bid=_text(bid), ask=_text(ask))

    async def fill(self, order_id: str, quantity: Number | None = None) -> None:
        """Fill an order, and publish it."""
        await self._ask("fill", order=order_id, quantity=None if quantity is None else _text(quantity))

    async def release(self) -> None:
        """Requests that hang go on."""
        await self._ask("release")

    async def away(self, on: bool) -> None:
        """From now on it cannot be reached, or can again."""
        await self._ask("away", on=on)


@asynccontextmanager
async def serve(venue: FaultyVenue, key: str = "a key for tests") -> AsyncIterator[RemoteConfig]:
    """The venue behind HTTP on the loopback address, in this process; yields where, and the key of the signatures."""
    server = Server(venue, key)
    port = await server.start()
    try:
        yield RemoteConfig(port=port, key=Secret(key))
    finally:
        await server.stop()


def _fault(word: str, on: Any) -> Fault:
    faults: dict[str, Fault] = {
        "refuse": Refuse("the account has too little money", code="NO_MONEY", on=on),
        "credentials": BadCredentials(on=on),
        "rate_limit": RateLimit(on=on),
        "closed": Closed(on=on),
        "lost": Lost(on=on),
        "drop": AcceptThenDrop(on=on),
        "hang": AcceptThenHang(on=on),
        "garbage": Garbage("text", on=on),
        "error": AcceptThenError(on=on),
        "late": LateAppearance(_LATE, on=on),
        "partial": PartialFill(on=on),
        "rest": Rest(on=on),
    }
    return faults[word]


def _placed(told: dict[str, Any]) -> Placed:
    return Placed(
        order_id=told["order_id"],
        venue_client_order_id=told["venue_client_order_id"],
        symbol=told["symbol"],
        side=Side(told["side"]),
        quantity=told["quantity"],
        filled=told["filled"],
        open=told["status"] in ("accepted", "partially_filled"),
        role=told["role"],
    )


def _text(value: Number) -> str:
    return plain(decimal(value))
