# SPDX-License-Identifier: MIT
"""A host that is stopped, and killed, under load behind a proxy: every alert of the emulator is booked, exactly once.

The emulator does as TradingView does: an alert that is answered 503 is sent again after 5, 10 and 15 s. So one that comes
first when the host has just gone is in if the host is back within 15 s.
"""

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
from fks_exec_simulators.proxies import NGINX, Kind, Proxy, proxy
from fks_exec_simulators.served import COMMAND, SYMBOL, ServeProcess, command, serve_process

RATE = 50
TAKEN = "POST /webhook/tradingview/*** 200"
AWAY = "POST /webhook/tradingview/*** 503"
WIDE = ("rate = 1000", "burst = 1000")
REPEATS_FOR = 15.0
"""Seconds over which TradingView repeats an alert."""


@contextmanager
def emulating(folder: Path, front: Proxy, host: ServeProcess, *load: str, rate: int = RATE) -> Iterator[subprocess.Popen[str]]:
    """The emulator, in a process of its own; TLS, and the repeats of TradingView.

    Each alert is of another strategy: an entry that a later one of its own strategy has overtaken is refused, by design.
    """
    usual = ("--symbol", SYMBOL, "--rate", f"{rate}/s", "--strategies", "10000", "--json")
    words = [*COMMAND, "tradingview", "emulate", *usual, *load]
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


def every_alert_is_booked_once(folder: Path, said: str, alerts: int) -> tuple[dict[str, Any], Counter[tuple[str, int]]]:
    """The journal has each alert of the emulator once, and what the answers said is true.

    On a machine that is busy with other things a last answer may come too late for the proxy, or for the emulator: it then
    reports an alert that it was not told of, which the host has taken all the same.

    Returns:
        The report, and the orders by their status and their number of fills.
    """
    found: dict[str, Any] = json.loads(said)
    assert found["alerts"] == alerts
    assert found["taken_for_others"] == []
    assert found["resent"] > 0, "the host was never away; the test has tried nothing"
    booked = asyncio.run(journal_of(folder))
    whole = [each for each, _ in booked if "~" not in each.key.client_order_id]  # no halves of reversals
    names = {json.loads(each.raw or b"{}")["id"]: each.key.client_order_id for each in whole}
    missing = [each for each in found["never_in"] + found["in_doubt"] if each["name"] not in names]
    assert missing == []
    assert len(names) == len(whole) == alerts, "each alert once"
    assert found["booked"].items() <= names.items()
    verified = command(folder, "journal", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    return found, Counter((str(each.status), fills) for each, fills in booked)


def test_every_alert_is_booked_once_over_ten_seconds_without_a_host(tmp_path: Path) -> None:
    """Behind nginx, 25 a second, and 100 more in the second in which the host goes: they all come back in one second.

    None is refused, and none is filled twice: neither of those that were written down as the host stopped, nor of those that it
    never saw. The ten seconds end with its start, which takes as long as the first one did; what is sent first as it goes has
    five more until it is sent for the last time.
    """
    began = time.monotonic()
    with serve_process(tmp_path, limits=WIDE) as host:
        start = time.monotonic() - began
        with (
            proxy(NGINX, tmp_path / "nginx", host.port) as front,
            emulating(tmp_path, front, host, "--seconds", "12", "--burst", "100", "--bar", "12", rate=25) as process,
        ):
            front.served(until=TAKEN, within=30)
            host.end()
            gone = time.monotonic()
            front.served(until=AWAY)
            time.sleep(max(0.0, gone + 10 - start - time.monotonic()))
            host.start()
            away = time.monotonic() - gone
            out, _ = process.communicate(timeout=60)
        host.end()
    assert away < REPEATS_FOR, f"the host was away for {away:.1f} s: too long for any alert; this machine is too busy to tell"
    found, became = every_alert_is_booked_once(tmp_path, out, 12 * 25 + 100)
    assert "not enough" not in front.written(), "an alert that nginx has no connection for is not sent again"  # test_hidden.py
    assert set(found["answers"]) <= {"200", "202", "503", "none"}  # no 500: for each that came in there was one to the host
    assert found["resent"] > 10 * 20
    assert found["refused"] == {}
    assert set(became) == {("filled", 1)}, became


def short_outages(kind: Kind, folder: Path) -> str:
    """The report of the emulator over a stop and a kill, and the starts at once."""
    with serve_process(folder, limits=WIDE) as host, proxy(kind, folder / kind.name, host.port) as front:
        with emulating(folder, front, host, "--seconds", "6") as process:
            front.served(until=TAKEN, within=30)
            for signum in (signal.SIGTERM, signal.SIGKILL):
                time.sleep(1)  # under load
                host.end(signum)
                host.start()
            out, _ = process.communicate(timeout=60)
        host.end()
    return out


def booked_but_for_one(folder: Path, out: str) -> None:
    """A kill between an order's intent and its outcome leaves its fate open; entries beside it are booked as denied."""
    found, became = every_alert_is_booked_once(folder, out, 6 * RATE)
    assert set(found["refused"]) <= {"UNRESOLVED_ORDER"}, "only what came beside an order whose fate the kill left open"
    assert set(found["answers"]) <= {"200", "202", "422", "503", "none"}
    assert became["filled", 1] > RATE
    assert became["denied", 0] >= sum(found["refused"].values())
    assert became.total() - became["filled", 1] - became["denied", 0] <= 1, became  # one at a time was at the venue


def test_every_alert_is_booked_once_over_a_stop_and_a_kill(kind: Kind, tmp_path: Path) -> None:
    """At 50 a second: the proxy answers 503 meanwhile, the emulator sends again, the host knows what it has already."""
    booked_but_for_one(tmp_path, short_outages(kind, tmp_path))


def test_every_alert_is_booked_once_over_five_seconds_in_which_the_host_is_frozen(tmp_path: Path) -> None:
    """It neither answers nor refuses; nginx says 503 before the emulator gives up. What it holds it takes when it goes on."""
    with serve_process(tmp_path, limits=WIDE) as host, proxy(NGINX, tmp_path / "nginx", host.port) as front:
        with emulating(tmp_path, front, host, "--seconds", "4") as process:
            front.served(until=TAKEN, within=30)
            os.kill(host.pid, signal.SIGSTOP)
            time.sleep(5)
            os.kill(host.pid, signal.SIGCONT)
            out, _ = process.communicate(timeout=60)
        host.end()
    found, became = every_alert_is_booked_once(tmp_path, out, 4 * RATE)
    assert found["refused"] == {}
    assert set(became) == {("filled", 1)}, became
