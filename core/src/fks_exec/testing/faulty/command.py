# SPDX-License-Identifier: MIT
"""``python -m fks_exec.testing FOLDER``: the simulated venue over HTTP.

It prints one line of JSON with its port, and ends with its standard input. The folder gets ``requests.jsonl``, one line for
each request, and ``key``, the key of the signatures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from attrs import evolve

from .control import by_chance
from .declared import CAPABILITIES
from .process import RECORD, key_of
from .script import fault_from_dict
from .server import Server
from .venue import FaultyVenue


def arguments(words: list[str]) -> argparse.Namespace:
    """What stands on the command line; tables and lists are JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m fks_exec.testing",
        description="A simulated venue with faults, over HTTP.",
        epilog="python -m fks_exec.testing --venue MODULE:NAME runs the suite on a venue; its own --help says how.",
    )
    parser.add_argument("folder", type=Path, help="for the record of requests and the key")
    parser.add_argument("--script", type=json.loads, default=[], help='faults in turn: [{"fault": "Refuse"}]')
    parser.add_argument("--chances", type=json.loads, default=[], help='pairs: [[0.1, {"fault": "AcceptThenDrop"}]]')
    parser.add_argument("--seed", type=int, default=0, help="of the chances")
    parser.add_argument("--capabilities", type=json.loads, default={}, help='what differs: {"resolution": "none"}')
    parser.add_argument("--options", type=json.loads, default={}, help='of the venue: {"protection": ["oco"], "kind": "spot"}')
    parser.add_argument("--port", type=int, default=0, help="of the loopback address; 0: a free one")
    return parser.parse_args(words)


def venue_of(options: argparse.Namespace) -> FaultyVenue:
    """The venue; its ids begin with the time of its start, so that one that is started again never repeats one."""
    changes: dict[str, Any] = options.capabilities
    return FaultyVenue(
        map(fault_from_dict, options.script),
        otherwise=by_chance(options.chances, options.seed),
        capabilities=evolve(CAPABILITIES, **changes),
        record=options.folder / RECORD,
        **options.options,
        prefix=f"{time.time_ns() // 1_000_000:x}-",
    )


async def serve_until_closed(options: argparse.Namespace) -> None:
    """Serve until the input ends."""
    options.folder.mkdir(parents=True, exist_ok=True)
    server = Server(venue_of(options), key_of(options.folder))
    print(json.dumps({"port": await server.start(options.port)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


def main(words: list[str]) -> int:
    """Serve as the command line says."""
    asyncio.run(serve_until_closed(arguments(words)))
    return 0
