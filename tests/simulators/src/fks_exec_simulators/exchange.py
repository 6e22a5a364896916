# SPDX-License-Identifier: MIT
"""A small exchange over real HTTP, to be run as a process: records every request, takes doubles, is sometimes silent.

``python -m fks_exec_simulators.exchange RECORD`` prints its port and ends with its standard input. It never
recognises an id that it has seen: an order that is sent twice is placed twice, and the record shows it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import asdict, define, frozen

Fate: TypeAlias = Literal["filled", "rejected", "lost"]
"""What became of a request: a position, a refusal, or nothing (it was read and dropped)."""

Answer: TypeAlias = Literal["told", "silent", "dropped"]
"""How the sender learns of it: an answer, none for ever, or a connection that breaks."""

PRICE = "100"
BLANK_LINE = b"\r\n\r\n"
REASONS = {200: "OK", 404: "Not Found", 422: "Unprocessable Content"}


@frozen(kw_only=True)
class Manners:
    """How the exchange behaves; shares of all orders, 0 to 1.

    Args:
        delay: seconds at most before an order is placed, and again before it is answered.
        rejects: refused, and told so.
        vanishes: placed and never answered.
        breaks: placed, then the connection breaks.
        loses: the connection breaks and nothing is placed.
    """

    delay: float = 0.0
    rejects: float = 0.0
    vanishes: float = 0.0
    breaks: float = 0.0
    loses: float = 0.0

    def choose(self, chance: float) -> tuple[Fate, Answer]:
        """What becomes of an order, by a number between 0 and 1."""
        choices: tuple[tuple[float, Fate, Answer], ...] = (
            (self.rejects, "rejected", "told"),
            (self.vanishes, "filled", "silent"),
            (self.breaks, "filled", "dropped"),
            (self.loses, "lost", "dropped"),
        )
        for share, fate, answer in choices:
            if chance < share:
                return fate, answer
            chance -= share
        return "filled", "told"


@frozen(kw_only=True)
class Request:
    """One request for an order, as it stands in the record.

    Args:
        arrival: counts all of them, from 1.
        id: the name that the sender gave the order.
        sequence: the sender's own count, in ``options``; 0 if none.
    """

    arrival: int
    id: str
    symbol: str
    side: str
    quantity: str
    sequence: int
    fate: Fate
    answer: Answer


@define
class _Head:
    """The first line and the length of the body."""

    method: str
    path: str
    length: int


class Exchange:
    """The server.

    Args:
        record: a file that grows by one line of JSON per request, written when the request arrives.
        manners: how it behaves.
        seed: of its chances.
    """

    def __init__(self, record: Path, manners: Manners, seed: int = 0) -> None:
        self._record = record.open("a", encoding="utf-8")
        self._manners = manners
        self._random = random.Random(seed)
        self._arrivals = 0
        self._orders: dict[str, Request] = {}
        self._connections: set[asyncio.StreamWriter] = set()

    async def start(self) -> int:
        """Listen on a free port of the loopback address, and return it."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=512)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Let all connections go."""
        self._server.close()
        for writer in self._connections:
            writer.close()
        self._record.close()

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
        if head.path == "/connections":
            status, content = 200, {"open": len(self._connections)}
        else:
            status, content = self._look_up(head.path.rpartition("/")[2])
        await _answer(writer, status, content)
        return True

    def _look_up(self, name: str) -> tuple[int, dict[str, Any]]:
        known = self._orders.get(name)
        return (404, {}) if known is None else (200, _content(known))

    async def _order(self, asked: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(self._random.random() * self._manners.delay)
        request = self._place(asked)
        await asyncio.sleep(self._random.random() * self._manners.delay)
        if request.answer == "silent":
            await reader.read()  # until the sender gives up
        elif request.answer == "told":
            await _answer(writer, 200 if request.fate == "filled" else 422, _content(request))
        return request.answer == "told"

    def _place(self, asked: dict[str, Any]) -> Request:
        self._arrivals += 1
        fate, answer = self._manners.choose(self._random.random())
        request = Request(
            arrival=self._arrivals,
            id=asked["id"],
            symbol=asked["symbol"],
            side=asked["side"],
            quantity=asked["quantity"],
            sequence=asked.get("sequence", 0),
            fate=fate,
            answer=answer,
        )
        self._record.write(json.dumps(asdict(request)) + "\n")
        self._record.flush()
        if fate != "lost":
            self._orders[request.id] = request
        return request


def read_record(path: Path) -> list[Request]:
    """All requests that reached an exchange, in the order of their arrival."""
    return [Request(**json.loads(line)) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def _read_head(raw: bytes) -> _Head:
    first, *lines = raw.decode("ascii").split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    return _Head(method, path, int(headers.get("content-length", "0")))


async def _answer(writer: asyncio.StreamWriter, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    writer.write(b"HTTP/1.1 %d %s\r\ncontent-length: %d\r\n\r\n" % (status, REASONS[status].encode(), len(body)) + body)
    await writer.drain()


def _content(request: Request) -> dict[str, Any]:
    return {"order_id": f"X{request.arrival}", "fate": request.fate, "quantity": request.quantity, "price": PRICE}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--manners", default="{}", help="JSON")
    return parser.parse_args()


async def _main() -> None:
    arguments = _arguments()
    exchange = Exchange(arguments.record, Manners(**json.loads(arguments.manners)), arguments.seed)
    sys.stdout.write(f"{await exchange.start()}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await exchange.stop()


if __name__ == "__main__":
    asyncio.run(_main())
