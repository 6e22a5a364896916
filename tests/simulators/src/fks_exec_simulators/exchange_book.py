# SPDX-License-Identifier: MIT
"""What the simulated exchange knows of every request and order, as a file of lines that outlives its process."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import asdict, define, evolve, field, frozen

Fate: TypeAlias = Literal["", "filled", "resting", "rejected", "requoted", "limited", "expired", "lost"]
"""What became of a request: a position, a resting order, a refusal for good, two for the moment, dropped because it came after
its time, read and dropped; empty while it is on its way through the exchange, and for ever if the exchange died meanwhile."""

State: TypeAlias = Literal["open", "filled", "canceled"]

PRICE = "100"
PLACED = ("filled", "resting")


@frozen(kw_only=True)
class Request:
    """One request to place an order.

    Args:
        arrival: counts all of them, from 1.
        id: the name that the sender gave the order.
        price: of a limit order; empty for a market order.
        stop: the trigger price of a stop, which rests; empty for others.
        reduce_only: it never opens or turns a position.
        sent, expires, time: epoch milliseconds: when it was sent, until when it is good, when it arrived.
    """

    arrival: int
    id: str
    symbol: str
    side: str
    quantity: str
    price: str = ""
    stop: str = ""
    reduce_only: bool = False
    sent: int = 0
    expires: int = 0
    time: int = 0
    fate: Fate = ""

    @property
    def placed(self) -> bool:
        """It has become an order."""
        return self.fate in PLACED


@frozen(kw_only=True)
class Trade:
    """One execution of an order."""

    arrival: int
    trade_id: str
    quantity: str


@define
class Placed:
    """One order."""

    request: Request
    state: State = "open"
    trades: list[Trade] = field(factory=list)

    @property
    def filled(self) -> Decimal:
        """How much of it."""
        return sum((Decimal(trade.quantity) for trade in self.trades), Decimal(0))

    @property
    def left(self) -> Decimal:
        """What is still to be filled."""
        return Decimal(self.request.quantity) - self.filled

    @property
    def content(self) -> dict[str, Any]:
        """As the exchange tells it."""
        return {
            "order_id": f"X{self.request.arrival}",
            "id": self.request.id,
            "symbol": self.request.symbol,
            "state": self.state,
            "filled": str(self.filled),
            "price": PRICE,
            "trades": [{"trade_id": trade.trade_id, "quantity": trade.quantity} for trade in self.trades],
        }


@define
class Record:
    """All that an exchange ever did, from the lines of its file.

    Attributes:
        requests: by arrival.
        orders: by arrival; a request that was placed.
        cancels: how often it was asked to cancel, by the name of the order.
    """

    requests: dict[int, Request] = field(factory=dict)
    orders: dict[int, Placed] = field(factory=dict)
    cancels: Counter[str] = field(factory=Counter)

    def take(self, line: str) -> None:
        """One line."""
        kind, content = next(iter(json.loads(line).items()))
        if kind == "request":
            request = Request(**content)
            self.requests[request.arrival] = request
        elif kind == "fate":
            self._fate(content["arrival"], content["fate"])
        elif kind == "cancel":
            self.cancels[content["id"]] += 1
        elif kind == "trade":
            trade = Trade(**content)
            order = self.orders[trade.arrival]
            order.trades.append(trade)
            if not order.left:
                order.state = "filled"
        else:
            self.orders[content["arrival"]].state = content["state"]

    def _fate(self, arrival: int, fate: Fate) -> None:
        request = self.requests[arrival] = evolve(self.requests[arrival], fate=fate)
        if request.placed:
            self.orders[arrival] = Placed(request)

    def positions(self) -> dict[str, Decimal]:
        """By symbol, signed: the sum of all trades."""
        held: dict[str, Decimal] = {}
        for order in self.orders.values():
            signed = order.filled if order.request.side == "buy" else -order.filled
            held[order.request.symbol] = held.get(order.request.symbol, Decimal(0)) + signed
        return held


def read_record(path: Path) -> Record:
    """What the file of an exchange holds, also while it runs."""
    record = Record()
    for line in path.read_text("utf-8").splitlines(keepends=True) if path.exists() else ():
        if line.endswith("\n"):  # the last one may be on its way
            record.take(line)
    return record


class Book:
    """The orders of an exchange, each change written down before it counts.

    Args:
        path: of the file; what it holds from an earlier life is taken up.
    """

    def __init__(self, path: Path) -> None:
        self.record: Record = read_record(path)
        self._file = path.open("a", encoding="utf-8")
        self._named: dict[str, Placed] = {order.request.id: order for order in self.record.orders.values()}
        self._open = {number: order for number, order in self.record.orders.items() if order.state == "open"}
        self._positions: dict[str, Decimal] = self.record.positions()

    def arrive(self, asked: dict[str, Any], now: int) -> Request:
        """A request has been read."""
        request = Request(arrival=len(self.record.requests) + 1, time=now, **asked)
        self._write("request", asdict(request))
        return request

    def decide(self, request: Request, fate: Fate) -> Placed | None:
        """What becomes of it; the order, if it is placed. A market order is filled at once."""
        self._write("fate", {"arrival": request.arrival, "fate": fate})
        order = self.record.orders.get(request.arrival)
        if order is not None:
            self._named[request.id] = self._open[request.arrival] = order
            if fate == "filled":
                self.fill(order, order.left)
        return order

    def reducible(self, request: Request) -> Decimal:
        """How much an order may fill at most; without an end for one that may also open."""
        if not request.reduce_only:
            return Decimal("Infinity")
        held = self._positions.get(request.symbol, Decimal(0))
        return max(Decimal(0), -held if request.side == "buy" else held)

    def fill(self, order: Placed, quantity: Decimal) -> None:
        """An execution; a reduce-only order that has nothing left to reduce is canceled."""
        possible = min(quantity, self.reducible(order.request))
        if possible:
            self._trade(order, possible)
        if order.state == "open" and not self.reducible(order.request):
            self.cancel(order)

    def _trade(self, order: Placed, quantity: Decimal) -> None:
        arrival = order.request.arrival
        self._write("trade", {"arrival": arrival, "trade_id": f"T{arrival}-{len(order.trades) + 1}", "quantity": str(quantity)})
        if order.state != "open":
            del self._open[arrival]
        signed = quantity if order.request.side == "buy" else -quantity
        self._positions[order.request.symbol] = self._positions.get(order.request.symbol, Decimal(0)) + signed

    def asked_to_cancel(self, name: str) -> None:
        """A request to cancel has been read."""
        self._write("cancel", {"id": name})

    def cancel(self, order: Placed) -> None:
        """It ends with what was filled."""
        self._write("state", {"arrival": order.request.arrival, "state": "canceled"})
        del self._open[order.request.arrival]

    def find(self, name: str) -> Placed | None:
        """The last order of that name."""
        return self._named.get(name)

    def resting(self) -> list[Placed]:
        """The orders that are open."""
        return list(self._open.values())

    @property
    def positions(self) -> dict[str, Decimal]:
        """By symbol, signed."""
        return self._positions

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _write(self, kind: str, content: dict[str, Any]) -> None:
        line = json.dumps({kind: content}) + "\n"
        self._file.write(line)
        self._file.flush()
        self.record.take(line)
