# SPDX-License-Identifier: MIT
"""The processes of a run and what they say; they end with their standard input, and so with us.

Hosts are forked by a nursery, a process that has imported all that they need: a life would else be half an import.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field

Hear = Callable[[Any], None]


def say(**content: object) -> None:
    """One whole line of JSON to our parent; what a killed process said before is still in the pipe."""
    os.write(1, json.dumps(content).encode() + b"\n")


async def _read(stream: asyncio.StreamReader, hear: Hear) -> None:
    try:
        while line := await stream.readline():
            if line.endswith(b"\n"):  # the last one of a killed process may be half a line
                hear(json.loads(line))
    except ConnectionError:  # killed with something unread
        pass


@define
class Child:
    """One process; its lines are read until its end, also what it said before it was killed."""

    pid: int
    _input: asyncio.StreamWriter
    _reading: asyncio.Task[None]

    @classmethod
    async def start(cls, *arguments: object, hear: Hear) -> Child:
        """A Python process; ``hear`` takes each line of JSON that it says."""
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
        process = await asyncio.create_subprocess_exec(sys.executable, *map(str, arguments), **pipes)
        return cls(process.pid, process.stdin, asyncio.create_task(_read(process.stdout, hear)))

    def tell(self, **content: object) -> None:
        """One line of JSON to its standard input; lost if it is dead."""
        self._input.write(json.dumps(content).encode() + b"\n")

    async def dead(self, seconds: float) -> bool:
        """Wait for its end, at most so long; what it had said is heard then."""
        done, _ = await asyncio.wait({self._reading}, timeout=seconds)
        if done:
            self._input.close()
        return bool(done)

    async def kill(self) -> None:
        """Kill -9, and read what it had said."""
        if not self._reading.done():
            os.kill(self.pid, signal.SIGKILL)
        await self._reading
        self._input.close()

    def end(self) -> None:
        """Close its input, which it takes for the wish that it ends."""
        self._input.write_eof()


@define
class Nursery:
    """Forks hosts.

    Args:
        folder: for the socket at which the hosts report.
    """

    folder: Path
    _parent: Child = field(init=False)
    _server: asyncio.Server = field(init=False)
    _born: asyncio.Queue[Child] = field(factory=asyncio.Queue)
    _hear: Hear = field(init=False)

    async def open(self, script: Path, *arguments: object) -> None:
        """Start the parent of all hosts."""
        place = self.folder / "nursery"
        self._server = await asyncio.start_unix_server(self._reported, place)
        self._parent = await Child.start(script, place, *arguments, hear=print)

    async def host(self, hear: Hear) -> Child:
        """A new one."""
        self._hear = hear
        self._parent.tell()
        return await self._born.get()

    async def _reported(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid = json.loads(await reader.readline())["pid"]
        self._born.put_nowait(Child(pid, writer, asyncio.create_task(_read(reader, self._hear))))

    async def close(self) -> None:
        """No further one."""
        self._server.close()
        await self._parent.kill()


def fork(place: str) -> None:
    """In the nursery: a child for each line of the input; returns in each of them, and never in the nursery.

    In the child, standard input and output are its connection to the conductor.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while byte := os.read(0, 1):
        if byte == b"\n" and os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            conductor = socket.socket(socket.AF_UNIX)
            conductor.connect(place)
            os.dup2(conductor.fileno(), 0)
            os.dup2(conductor.fileno(), 1)
            conductor.close()
            say(pid=os.getpid())
            return
    sys.exit()
