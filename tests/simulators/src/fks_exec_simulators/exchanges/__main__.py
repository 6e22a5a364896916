# SPDX-License-Identifier: MIT
"""``python -m fks_exec_simulators.exchanges binance|bybit [--port N]``: prints its URL and listens until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal

from . import KNOWN, make


async def serve(name: str, port: int) -> None:
    """Listen until a signal."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    exchange = make(name)
    print(await exchange.start(port), flush=True)
    try:
        await ended.wait()
    finally:
        await exchange.stop()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m fks_exec_simulators.exchanges", description=__doc__)
    parser.add_argument("exchange", choices=sorted(KNOWN))
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.exchange, arguments.port))


if __name__ == "__main__":
    main()
