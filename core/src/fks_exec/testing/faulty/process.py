# SPDX-License-Identifier: MIT
"""The simulated venue as a process: started, asked, killed."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...secrets import Secret
from .call import Fault
from .remote import Client, RemoteConfig
from .requests import Request, read_requests
from .script import fault_to_dict

RECORD = "requests.jsonl"
KEY = "key"


def key_of(folder: Path) -> str:
    """The key of the signatures, made on first use, readable by its owner alone."""
    path = folder / KEY
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), "utf-8")
    return path.read_text("utf-8")


class FaultyProcess:
    """One running ``python -m fks_exec.testing``; ends with this process, or when it is stopped or killed.

    Args:
        process: started, with its input and output as pipes.
        folder: of its record and its key.
        port: where it listens.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self.process: asyncio.subprocess.Process = process
        self.folder: Path = folder
        self.config: RemoteConfig = RemoteConfig(port=port, key=Secret(key_of(folder)))
        self._client = Client(self.config)

    @classmethod
    async def start(
        cls,
        folder: Path,
        script: Iterable[Fault] = (),
        *,
        chances: Mapping[Fault, float] | None = None,
        seed: int = 0,
        capabilities: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        port: int = 0,
    ) -> FaultyProcess:
        """Start one.

        Args:
            folder: for the record and the key; one that is started again in the same folder goes on with both.
            script: faults in turn.
            chances: the share, 0 to 1, of the requests that meet each fault when the script is used up.
            seed: of the chances.
            capabilities: fields that differ from ``CAPABILITIES``, as plain data.
            options: further arguments of ``FaultyVenue``, as plain data: ``{"protection": "oco", "hedging": True}``.
            port: of the loopback address; 0: a free one.
        """
        faults = [fault_to_dict(fault) for fault in script]
        shares = [(share, fault_to_dict(fault)) for fault, share in (chances or {}).items()]
        said = {"script": faults, "chances": shares, "seed": seed, "capabilities": dict(capabilities or {})}
        said |= {"options": dict(options or {}), "port": port}
        words = [sys.executable, "-m", "fks_exec.testing", str(folder)]
        words += [word for name, value in said.items() for word in (f"--{name}", json.dumps(value))]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe)
        line = await process.stdout.readline() if process.stdout else b""
        if not line:
            raise RuntimeError(f"the venue's process ended with {await process.wait()}")
        return cls(process, folder, json.loads(line)["port"])

    async def __aenter__(self) -> FaultyProcess:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End it, by the end of its input."""
        self._client.close()
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()

    async def kill(self) -> None:
        """End it at once, as by ``kill -9``."""
        self._client.close()
        if self.process.returncode is None:
            self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()

    async def control(self, name: str, **arguments: Any) -> Any:
        """One of the venue's controls with plain data, e.g. ``control("set_price", symbol="BTC/USDT", bid="101")``."""
        return await self._client.ask("/control", {"do": name, "arguments": arguments})

    async def follow(self, *faults: Fault) -> None:
        """Further faults, behind those that are still to come."""
        await self.control("follow", faults=[fault_to_dict(fault) for fault in faults])

    @property
    def requests(self) -> list[Request]:
        """All that reached it, from its record; also after it was killed."""
        return read_requests(self.folder / RECORD)

    def count(self, kind: str = "place") -> int:
        """How many requests of a kind reached it."""
        return sum(request.kind == kind for request in self.requests)
