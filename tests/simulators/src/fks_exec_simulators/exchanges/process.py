# SPDX-License-Identifier: MIT
"""``ExchangeProcess``: a simulated exchange in a process of its own."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process


class ExchangeProcess:
    """``async with ExchangeProcess("binance") as exchange: exchange.url``.

    Args:
        name: ccxt's id of the exchange.
        port: 0: any free one.

    ``url`` is where it listens, ``code`` that of its end.
    """

    def __init__(self, name: str, port: int = 0) -> None:
        self._arguments = ("-m", "fks_exec_simulators.exchanges", name, "--port", str(port))
        self._process: Process | None = None
        self.url: str = ""
        self.code: int | None = None

    async def __aenter__(self) -> ExchangeProcess:
        self._process = await asyncio.create_subprocess_exec(sys.executable, *self._arguments, stdout=PIPE)
        assert self._process.stdout is not None
        self.url = (await self._process.stdout.readline()).decode().strip()
        if not self.url:
            raise RuntimeError(f"the exchange ended with code {await self._process.wait()} before it listened")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        await self._process.communicate()
        self.code = self._process.returncode
