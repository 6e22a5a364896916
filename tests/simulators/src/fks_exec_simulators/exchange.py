# SPDX-License-Identifier: MIT
"""A small exchange over real HTTP, to be run as a process: records every request, takes doubles, is sometimes silent.

``python -m fks_exec_simulators.exchange RECORD`` prints its port and ends with its standard input; killed and started again
over the same record it knows its orders, as an exchange does. It never recognises an id that it has seen: an order that is
sent twice is placed twice, and the record shows it. A request that it has read may be placed late, though its sender is dead,
until the request's own time is over.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import define, frozen

from .exchange_book import Book, Fate, Placed, Request

Answer: TypeAlias = Literal["told", "silent", "dropped"]
"""How the sender learns of it: an answer, none for ever, or a connection that breaks."""

BLANK_LINE = b"\r\n\r\n"
STEP = Decimal("0.01")
CODES: dict[Fate, int] = {"filled": 200, "resting": 200, "rejected": 422, "requoted": 422, "limited": 429, "expired": 422}
REASONS = {
    200: "OK",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


@frozen(kw_only=True)
class Manners:
    """How the exchange behaves; shares of all orders, 0 to 1.

    Args:
        delay: seconds at most before an order is placed, and again before it is answered.
        rejects: refused, and told so.
        requotes, limits: refused for the moment: by its price, by the rate of requests.
        vanishes: placed and never answered.
        breaks: placed, then the connection breaks.
        loses: the connection breaks and nothing is placed.
        lingers: on its way through the exchange for as long as the request is good, and longer: then it is dropped.
        rests: seconds at most until a resting order has its next fill.
        cancels: resting orders that the exchange cancels, partly filled or not; stops it leaves alone.
        triggers: stops that the market reaches.
        blind: look-ups that are answered with an error.
    """

    delay: float = 0.0
    rejects: float = 0.0
    requotes: float = 0.0
    limits: float = 0.0
    vanishes: float = 0.0
    breaks: float = 0.0
    loses: float = 0.0
    lingers: float = 0.0
    rests: float = 0.0
    cancels: float = 0.0
    triggers: float = 0.0
    blind: float = 0.0

    def choose(self, chance: float, good: Fate) -> tuple[Fate, Answer]:
        """What becomes of an order, by a number between 0 and 1."""
        choices: tuple[tuple[float, Fate, Answer], ...] = (
            (self.rejects, "rejected", "told"),
            (self.requotes, "requoted", "told"),
            (self.limits, "limited", "told"),
            (self.vanishes, good, "silent"),
            (self.breaks, good, "dropped"),
            (self.loses, "lost", "dropped"),
        )
        for share, fate, answer in choices:
            if chance < share:
                return fate, answer
            chance -= share
        return good, "told"


@define
class _Head:
    """The first line and the length of the body."""

    method: str
    path: str
    length: int


class Exchange:
    """The server.

    Args:
        record: the file of its record.
        manners: how it behaves.
        seed: of its chances.
    """

    def __init__(self, record: Path, manners: Manners, seed: int = 0) -> None:
        self._book = Book(record)
        self._manners = manners
        self._random = random.Random(f"{seed} {len(self._book.record.requests)}")
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> int:
        """Listen on a port (0: any free one) of the loopback address, and return it."""
        for order in self._book.resting():
            self._spawn(order)
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, backlog=512)
        taken: int = self._server.sockets[0].getsockname()[1]
        return taken

    async def stop(self) -> None:
        """Let all connections go."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for writer in self._connections:
            writer.close()
        self._book.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while await self._serve(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass  # the sender is gone; what was placed stays placed
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = _read_head(await reader.readuntil(BLANK_LINE))
        body = await reader.readexactly(head.length)
        if head.method == "POST":
            return await self._order(json.loads(body), reader, writer)
        if head.method == "DELETE":
            return await self._cancel(head.path.rpartition("/")[2], writer)
        await _answer(writer, *self._look(head.path))
        return True

    def _look(self, path: str) -> tuple[int, Any]:
        if path == "/connections":
            return 200, {"open": len(self._connections)}
        if self._random.random() < self._manners.blind:
            return 503, {}
        if path == "/orders":
            return 200, [order.content for order in self._book.resting()]
        if path == "/positions":
            return 200, {symbol: str(held) for symbol, held in self._book.positions.items()}
        known = self._book.find(path.rpartition("/")[2])
        return (404, {}) if known is None else (200, known.content)

    async def _cancel(self, name: str, writer: asyncio.StreamWriter) -> bool:
        """409 tells the state of one that has ended."""
        self._book.asked_to_cancel(name)
        await asyncio.sleep(self._random.random() * self._manners.delay)
        known = self._book.find(name)
        status = 404 if known is None else 200 if known.state == "open" else 409
        if known is not None and status == 200:
            self._book.cancel(known)
        told = self._random.random() >= self._manners.breaks
        if told:
            await _answer(writer, status, {} if known is None else known.content)
        return told

    async def _order(self, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = self._book.arrive(asked, _now())
        await asyncio.sleep(self._way(request))
        good: Fate = "resting" if request.price or request.stop else "filled"
        fate, answer = self._manners.choose(self._random.random(), good)
        if fate == good and not self._book.reducible(request):
            fate = "rejected"
        if request.expires and _now() > request.expires:
            fate, answer = "expired", "told"
        order = self._book.decide(request, fate)
        if order is not None and order.state == "open":
            self._spawn(order)
        await asyncio.sleep(self._random.random() * self._manners.delay)
        if answer == "silent":
            await reader.read()  # until the sender gives up
        elif answer == "told":
            await _answer(writer, CODES[fate], {"fate": fate} if order is None else order.content)
        return answer == "told"

    def _way(self, request: Request) -> float:
        """Seconds from its arrival until it is placed."""
        if self._random.random() < self._manners.lingers:
            return self._random.random() * 1.2 * max(request.expires - _now(), 0) / 1000
        return self._random.random() * self._manners.delay

    def _spawn(self, order: Placed) -> None:
        life = self._wait_for_trigger(order) if order.request.stop else self._trade(order)
        task = asyncio.get_running_loop().create_task(life)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wait_for_trigger(self, order: Placed) -> None:
        """The life of a stop: it rests, and some time it is filled, perhaps."""
        if self._random.random() < self._manners.triggers:
            await asyncio.sleep(self._random.random() * self._manners.rests)
            if order.state == "open":
                self._book.fill(order, order.left)

    async def _trade(self, order: Placed) -> None:
        """The life of a resting order: fills in parts, and an end."""
        canceled = self._random.random() < self._manners.cancels
        while order.state == "open":
            await asyncio.sleep(self._random.random() * self._manners.rests)
            if order.state != "open":
                return
            if canceled and self._random.random() < 0.5:
                self._book.cancel(order)
            else:
                half = (order.left / 2).quantize(STEP)
                self._book.fill(order, half if half and self._random.random() < 0.5 else order.left)


def _now() -> int:
    return time.time_ns() // 1_000_000


def _read_head(raw: bytes) -> _Head:
    first, *lines = raw.decode("ascii").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    return _Head(method, path, int(headers.get("content-length", "0")))


async def _answer(writer: asyncio.StreamWriter, status: int, content: object) -> None:
    body = json.dumps(content).encode()
    writer.write(b"HTTP/1.1 %d %s\r\ncontent-length: %d\r\n\r\n" % (status, REASONS[status].encode(), len(body)) + body)
    await writer.drain()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--manners", default="{}", help="JSON")
    parser.add_argument("--port", type=int, default=0)
    return parser.parse_args()


async def _main() -> None:
    arguments = _arguments()
    exchange = Exchange(arguments.record, Manners(**json.loads(arguments.manners)), arguments.seed)
    sys.stdout.write(f"{await exchange.start(arguments.port)}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await exchange.stop()


if __name__ == "__main__":
    asyncio.run(_main())
