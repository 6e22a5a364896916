# SPDX-License-Identifier: MIT
"""A host that is stopped, and killed, under load behind nginx: every alert of the emulator is booked, exactly once."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fks_exec_hub.cli.access import reading
from fks_exec_hub.config import load_config
from fks_exec_hub.journal.protocol import Recorded
from fks_exec_simulators.nginx import Nginx, nginx
from fks_exec_simulators.served import COMMAND, SYMBOL, ServeProcess, command, serve_process

RATE = 50
SECONDS = 6
REPEAT_AFTER = 5
"""Seconds, as TradingView's; a host that starts slowly beside other tests is there within fifteen."""
ALERTS = RATE * SECONDS
"""As many strategies: an entry that a later one of its own strategy has overtaken is refused as late, by design."""
WIDE = ("rate = 1000", "burst = 1000")


@contextmanager
def emulating(folder: Path, front: Nginx, host: ServeProcess) -> Iterator[subprocess.Popen[str]]:
    """The emulator, in a process of its own; TLS, and the addresses of TradingView."""
    load = ("--rate", f"{RATE}/s", "--seconds", str(SECONDS), "--repeat-after", str(REPEAT_AFTER), "--strategies", str(ALERTS))
    words = [*COMMAND, "tradingview", "emulate", "--symbol", SYMBOL, *load, "--json"]
    variables = {**os.environ, "FKS_EXEC_WEBHOOK": f"{front.url}{host.path()}", "SSL_CERT_FILE": str(front.certificate)}
    with subprocess.Popen(words, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def journal_of(folder: Path) -> list[tuple[Recorded, int]]:
    """Each order of the journal, and how many fills it has."""
    async with reading(load_config(folder / "fks-exec.toml")) as journal:
        found = await journal.orders(limit=10_000)
        return [(each, len(await journal.fills(each.key))) for each in found]


def test_every_alert_is_booked_once_over_a_stop_and_a_kill(tmp_path: Path) -> None:
    """At 50 a second: nginx answers 503 meanwhile, the emulator sends again, the host knows what it has already.

    A kill between an order's intent and its outcome leaves its fate open; entries beside it are booked as denied.
    """
    with serve_process(tmp_path, limits=WIDE) as host, nginx(tmp_path / "nginx", host.port) as front:
        with emulating(tmp_path, front, host) as process:
            began = time.monotonic()
            for moment, signum in ((2.0, signal.SIGTERM), (4.5, signal.SIGKILL)):
                time.sleep(max(0.0, began + moment - time.monotonic()))
                host.end(signum)
                host.start()
            out, _ = process.communicate(timeout=60)
        found: dict[str, Any] = json.loads(out)
        host.end()
    assert found["alerts"] == ALERTS
    assert (found["never_in"], found["in_doubt"], found["taken_for_others"]) == ([], [], [])
    assert found["resent"] > 0, "the host was never away; the test has tried nothing"
    assert set(found["refused"]) <= {"UNRESOLVED_ORDER"}, "only what came beside an order whose fate the kill left open"
    assert set(found["answers"]) <= {"200", "202", "422", "503"}
    booked = asyncio.run(journal_of(tmp_path))
    ids = Counter(each.key.client_order_id for each, _ in booked)
    halves = {name for name in ids if "~" in name}  # of reversals
    assert {name: ids[name] for name in ids if name not in halves} == Counter(found["booked"].values())
    became = Counter((each.status, fills) for each, fills in booked)
    assert became["filled", 1] > RATE
    assert became["denied", 0] >= sum(found["refused"].values())
    assert became.total() - became["filled", 1] - became["denied", 0] <= 1, became  # one at a time was at the venue
    verified = command(tmp_path, "journal", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
