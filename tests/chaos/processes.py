# SPDX-License-Identifier: MIT
"""Child processes whose standard input is their life line: they end with it, and so with us."""

import asyncio
import sys
from collections.abc import Callable

from attrs import define


@define
class Child:
    """One process; its lines are read until its end, also what it said before it was killed."""

    process: asyncio.subprocess.Process
    reading: asyncio.Task[None]

    @classmethod
    async def start(cls, *arguments: object, hear: Callable[[bytes], None]) -> "Child":
        """A Python process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return cls(process, asyncio.create_task(_read(process.stdout, hear)))

    def write(self, line: bytes) -> None:
        """To its standard input; lost if it is dead."""
        self.process.stdin.write(line)

    async def kill(self) -> None:
        """Kill -9, and read what it had said."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self.reading

    async def end(self, seconds: float) -> int:
        """Close its input, and wait for its own end; TimeoutError when it does not come."""
        self.process.stdin.close()
        async with asyncio.timeout(seconds):
            await self.reading
            return await self.process.wait()


async def _read(stream: asyncio.StreamReader, hear: Callable[[bytes], None]) -> None:
    while line := await stream.readline():
        if line.endswith(b"\n"):  # the last one of a killed process may be half a line
            hear(line)
