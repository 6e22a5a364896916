# SPDX-License-Identifier: MIT
"""The client: numbers its orders, keeps many in flight, sends again under the same id what was not acknowledged."""

import asyncio
import json
import random
from collections import Counter

from attrs import define, field
from processes import Child

SYMBOLS = tuple(f"S{number}/USDT" for number in range(12))


@define
class Sent:
    """One order, as its sender knows it."""

    id: str
    symbol: str
    side: str
    quantity: str
    sequence: int
    accepted: bool = False
    told: str = ""
    filled: str = "0"
    code: str | None = None

    def line(self) -> bytes:
        """As the host takes it."""
        names = ("id", "symbol", "side", "quantity", "sequence")
        return json.dumps({name: getattr(self, name) for name in names}).encode() + b"\n"


@define
class Client:
    """Lives as long as the run; the host of each life is given to :meth:`attach`.

    Attributes:
        orders: all that were ever sent.
        fresh: ids about which something was heard in the life of the present host.
    """

    random: random.Random
    in_flight: int
    orders: dict[str, Sent] = field(factory=dict)
    fresh: set[str] = field(factory=set)
    flying: set[str] = field(factory=set)
    resent: int = 0
    refused: Counter[str] = field(factory=Counter)
    _sequences: Counter[str] = field(factory=Counter)
    _room: asyncio.Event = field(factory=asyncio.Event)

    def attach(self, host: Child, *, nervous: float) -> None:
        """A host has started: send again what it did not acknowledge, and a share of what has no outcome."""
        self.fresh.clear()
        self.flying.clear()
        self._room.set()
        for order in list(self.orders.values()):
            if not order.accepted or (not order.told and self.random.random() < nervous):
                self.resent += 1
                self._send(host, order)

    async def load(self, host: Child) -> None:
        """New orders, as many at a time as there is room, until cancelled."""
        while True:
            if len(self.flying) >= self.in_flight:
                self._room.clear()
                await self._room.wait()
            self._send(host, self._new())
            await asyncio.sleep(0)

    def _new(self) -> Sent:
        symbol = self.random.choice(SYMBOLS)
        self._sequences[symbol] += 1
        sequence = self._sequences[symbol]
        quantity = f"0.{self.random.randrange(1, 100):02}"
        order = Sent(f"{symbol.partition('/')[0]}-{sequence}", symbol, self.random.choice(("buy", "sell")), quantity, sequence)
        self.orders[order.id] = order
        return order

    def _send(self, host: Child, order: Sent) -> None:
        self.flying.add(order.id)
        host.write(order.line())

    def hear(self, line: bytes) -> None:
        """One whole line of the host."""
        said = json.loads(line)
        order = self.orders.get(said.get("id", ""))
        if order is None:
            return
        self.fresh.add(order.id)
        if "accepted" in said:
            order.accepted = True
            return
        if "refused" in said:
            self.refused[said["refused"]] += 1
        else:
            order.told, order.filled, order.code = said["status"], said["filled"], said["code"]
        self.flying.discard(order.id)
        self._room.set()

    async def idle(self) -> None:
        """Wait until every order in flight has its outcome."""
        while self.flying:
            self._room.clear()
            await self._room.wait()
