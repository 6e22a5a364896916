# SPDX-License-Identifier: MIT
"""Alerts over HTTP: a host in a process of its own, as ``fks-exec serve`` runs it, and a lean client in this one."""

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .hosts import KEY
from .machine import percentile
from .profiling import Profiler

CONNECTIONS = 64
LANES = 32
TIMER = 0.002
"""Seconds before a due time from which on the clock is watched."""
FILLED = (b"HTTP/1.1 200", b'"success"')
ACCEPTED = (b"HTTP/1.1 202", b'"pending"')
"""What an answer begins with, and holds."""


class Connection(asyncio.Protocol):
    """One connection that is kept alive; one request at a time; knows as much HTTP as our own server needs."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: Callable[[bytes], None] = lambda _: None

    def connection_made(self, transport: Any) -> None:
        """The way to the server."""
        self.transport = transport

    def ask(self, request: bytes, answered: Callable[[bytes], None]) -> None:
        """Send; the whole answer goes to the callable."""
        self._answered = answered
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Collect until the answer is whole."""
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if blank and len(body) >= int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            answer, self._buffer = self._buffer, b""
            self._answered(answer)


class Client:
    """Counts and times.

    Args:
        expect: what every answer begins with, and holds.
    """

    def __init__(self, port: int, expect: tuple[bytes, bytes] = FILLED) -> None:
        self._port = port
        self._expect = expect
        self._idle: list[Connection] = []
        self._numbers = itertools.count()
        self.took: list[float] = []
        self.faults: list[bytes] = []
        self.sent = 0
        self.connections = 0

    def check(self) -> None:
        """Raise AssertionError for an answer that is not as expected."""
        assert not self.faults, f"{len(self.faults)} of {self.sent} answers: {self.faults[0].decode()}"

    async def connect(self, count: int) -> list[Connection]:
        """So many connections more."""
        loop = asyncio.get_running_loop()
        made = [await loop.create_connection(Connection, "127.0.0.1", self._port) for _ in range(count)]
        self._idle += [connection for _, connection in made]
        self.connections += count
        return [connection for _, connection in made]

    def alert(self) -> bytes:
        """The next request."""
        number = next(self._numbers)
        body = b'{"symbol":"S%d/USDT","action":"buy","quantity":"0.1","id":"%d"}' % (number % LANES, number)
        head = f"POST /webhook/tradingview/{KEY} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def send(self, connection: Connection, since: float, then: Callable[[Connection], None]) -> None:
        """One alert; its time counts from ``since``."""

        def answered(answer: bytes) -> None:
            self.took.append((time.perf_counter() - since) * 1000)
            if not answer.startswith(self._expect[0]) or self._expect[1] not in answer:
                self.faults.append(answer)
            then(connection)

        self.sent += 1
        connection.ask(self.alert(), answered)

    async def saturate(self, seconds: float) -> float:
        """As many as go, on all connections; returns the seconds that it took."""
        began, loop = time.perf_counter(), asyncio.get_running_loop()
        self.took.clear()
        self.sent = 0
        done = loop.create_future()

        def again(connection: Connection) -> None:
            if time.perf_counter() - began < seconds:
                self.send(connection, time.perf_counter(), again)
            elif len(self.took) == self.sent:
                done.set_result(None)

        for connection in self._idle:
            again(connection)
        await asyncio.wait_for(done, seconds + 30)
        return time.perf_counter() - began

    async def steady(self, per_minute: float, seconds: float, *, timer: float = TIMER) -> None:
        """Open loop: each alert at its time, whatever became of the others; timed from when it was due.

        Args:
            timer: seconds before a due time from which on the clock is watched; 0: it is not.
        """
        await self.connect(8)
        self.took.clear()
        began, self.sent = time.perf_counter(), 0
        for number in range(int(seconds * per_minute / 60)):
            due = began + number * 60 / per_minute
            if (left := due - time.perf_counter() - timer) > 0:
                await asyncio.sleep(left)
            while timer and time.perf_counter() < due:  # noqa: ASYNC110  (a timer is up to a millisecond late)
                await asyncio.sleep(0)
            while self._idle and self._idle[-1].transport.is_closing():  # the server closes what was not used for seconds
                self._idle.pop()
            if not self._idle:
                await self.connect(1)
            self.send(self._idle.pop(), due, self._idle.append)
        async with asyncio.timeout(30):
            while len(self.took) < self.sent:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@contextmanager
def host(folder: Path, profiler: Profiler, *options: str) -> Iterator[int]:
    """The port of a served hub; its profile, if one is wanted, goes to the profiler.

    Args:
        options: of the worker.
    """
    profile = ["--profile"] if profiler.wanted else []
    command = [sys.executable, "-m", "tests.bench.worker", "serve", str(folder), *options, *profile]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
        output, _ = process.communicate("\n", timeout=60)
        profiler.found = json.loads(output)["profile"]
    finally:
        process.kill()
        process.wait()


async def saturation(folder: Path, seconds: float, profiler: Profiler) -> dict[str, Any]:
    """Outcomes a second, one connection per order in flight."""
    with host(folder, profiler) as port:
        client = Client(port)
        await client.connect(CONNECTIONS)
        await client.saturate(min(seconds, 1.0))
        elapsed = await client.saturate(seconds)
        client.check()
    return {
        "value": len(client.took) / elapsed,
        "count": len(client.took),
        "p50_ms": percentile(client.took, 0.5),
        "p99_ms": percentile(client.took, 0.99),
    }


async def steady(folder: Path, seconds: float, profiler: Profiler, *, per_minute: float = 1000) -> dict[str, Any]:
    """Milliseconds from an alert's time to its outcome."""
    with host(folder, profiler) as port:
        client = Client(port)
        await client.connect(8)
        await client.saturate(0.3)
        await client.steady(per_minute, seconds)
        client.check()
    return {
        "value": percentile(client.took, 0.95),
        "count": len(client.took),
        "p50_ms": percentile(client.took, 0.5),
        "p99_ms": percentile(client.took, 0.99),
    }
