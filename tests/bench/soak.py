# SPDX-License-Identifier: MIT
"""``python -m tests.bench.soak --minutes 30 --rate 50``: does a host that runs for long hold ever more?

Alerts in an open loop, one in five a limit order that rests and is followed; an exchange whose connections break, which is
gone for a second each minute and comes back. Memory, open files and tasks of the host are looked at each second; the last two
thirds of the time count, since caches fill before. Exit 1 when one of them rises beyond its noise, or an alert was lost.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import define, field

from fks_exec_hub.cli.access import reading
from fks_exec_server.emulator.client import Target
from fks_exec_server.emulator.delivery import Delivery
from fks_exec_server.emulator.plan import MESSAGE, Load, plan
from fks_exec_server.emulator.report import report
from fks_exec_server.emulator.run import Way, emulate
from fks_exec_simulators.slopes import Slope, slope

from .hosts import KEYS, symbols
from .soak_host import configuration

MANNERS = {"delay": 0.004, "rests": 6.0, "cancels": 0.3, "breaks": 0.005, "loses": 0.005, "rejects": 0.01}
"""Of the exchange: an order in a hundred meets a connection that breaks; what rests ends within a minute."""
AWAY_EVERY, AWAY = 60.0, 1.0
"""Seconds from one absence of the exchange to the next, and how long it is gone."""
RESTING = """{
  "id": "{{emulated.id}}", "symbol": "{{emulated.symbol}}", "action": "{{strategy.order.action}}", "limit_price": "100",
  "quantity": "{{strategy.order.contracts}}", "timenow": "{{timenow}}", "strategy": "resting-{{emulated.strategy}}"
}"""
SHARE = 0.2
"""Of the alerts that rest."""
SAID = "host.said"
REACHED = "422 SIGNAL_GAP (the strategy holds "
"""What the host says to a reversal behind an order that the exchange lost: what it was to reach stands already."""
UNANSWERED = 0.001
"""Share of the alerts that may find the host, or the machine, too busy to answer within three seconds."""
SHOWN = 30
"""Lines of the report and of the faults that are printed."""
MEGABYTE = 1e6
ALLOWED = {"memory": 6 * MEGABYTE, "files": 4.0, "tasks": 4.0}
"""What each may have grown over the whole stretch, however little it wavers."""


@define
class Samples:
    """What the host said that it holds."""

    times: list[float] = field(factory=list)
    values: dict[str, list[float]] = field(factory=lambda: defaultdict(list))

    def take(self, line: dict[str, float]) -> None:
        """One second."""
        self.times.append(line.pop("time"))
        for name, value in line.items():
            self.values[name].append(value)

    def last(self, begun: float, ended: float) -> "Samples":
        """Those of the last two thirds of the load."""
        since = begun + (ended - begun) / 3
        kept = [index for index, moment in enumerate(self.times) if since <= moment <= ended]
        values = {name: [all_of[index] for index in kept] for name, all_of in self.values.items()}
        return Samples([self.times[index] for index in kept], values)

    def slopes(self) -> dict[str, Slope]:
        """Of what has to stay as it is."""
        return {name: slope(self.times, self.values[name], allowed=allowed) for name, allowed in ALLOWED.items()}

    @property
    def busy(self) -> float:
        """Share of one processor."""
        cpu = self.values["cpu"]
        return (cpu[-1] - cpu[0]) / (self.times[-1] - self.times[0])


@asynccontextmanager
async def started(*arguments: object, said: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process with pipes, its warnings in a file; it is killed in the end."""
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    with said.open("ab") as file:
        process = await asyncio.create_subprocess_exec(sys.executable, *map(str, arguments), stderr=file, **pipes)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def exchange(folder: Path, port: asyncio.Future[int]) -> None:
    """For ever: an exchange that is there for a minute and gone for a second, over one record, at one port."""
    while True:
        at = port.result() if port.done() else 0
        options = ("--manners", json.dumps(MANNERS), "--port", at)
        words = ("-m", "fks_exec_simulators.exchange", folder / "exchange.jsonl", *options)
        async with started(*words, said=folder / "exchange.said") as process:
            assert process.stdout is not None
            found = int(await process.stdout.readline())
            if not port.done():
                port.set_result(found)
            await asyncio.sleep(AWAY_EVERY)
        await asyncio.sleep(AWAY)


async def listen(process: asyncio.subprocess.Process, port: asyncio.Future[int], samples: Samples, said: Path) -> None:
    """To what the host says, until its end."""
    assert process.stdout is not None
    while line := await process.stdout.readline():
        content: dict[str, Any] = json.loads(line)
        if "port" in content:
            port.set_result(content["port"])
        else:
            samples.take(content)
    if not port.done():
        port.set_exception(SystemExit(f"the host did not start:\n{said.read_text('utf-8')}"))


async def load(port: int, rate: float, seconds: float) -> list[Delivery]:
    """Market orders, and limit orders beside them."""
    target = Target.parse(f"http://127.0.0.1:{port}/webhook/tradingview/{KEYS[0]}")
    both = []
    for name, message, share in (("market", MESSAGE, 1 - SHARE), ("limit", RESTING, SHARE)):
        wanted = Load(rate=rate * share, seconds=seconds, strategies=2000, symbols=tuple(symbols(16)))
        both.append(emulate(plan(wanted, keys=1, run=name), [target], Way(message=message)))
    market, limit = await asyncio.gather(*both)
    return [*market, *limit]


async def soak(folder: Path, minutes: float, rate: float) -> tuple[Samples, list[Delivery], float, float]:
    """The whole run; what was sampled, what became of the alerts, when the load began and ended."""
    loop, samples = asyncio.get_running_loop(), Samples()
    venue_port, host_port = loop.create_future(), loop.create_future()
    venue = asyncio.create_task(exchange(folder, venue_port))
    try:
        async with started("-m", "tests.bench.soak_host", folder, "--exchange", await venue_port, said=folder / SAID) as host:
            listening = asyncio.create_task(listen(host, host_port, samples, folder / SAID))
            port, begun = await host_port, time.monotonic()
            deliveries = await load(port, rate, minutes * 60)
            ended = time.monotonic()
            assert host.stdin is not None
            host.stdin.write(b"\n")
            await asyncio.wait_for(host.wait(), 60)
            await listening
    finally:
        venue.cancel()
        await asyncio.wait({venue})
    return samples, deliveries, begun, ended


async def lost(folder: Path, deliveries: list[Delivery]) -> list[str]:
    """Sentences, of alerts that the journal and the answers do not agree on."""
    found = report(deliveries)
    async with reading(configuration(folder, 1)) as journal:
        ids = {each.key.client_order_id for each in await journal.orders(limit=10_000_000)}
    answered = set(found.booked.values())
    said = [f"{each.name} never got in: {each.reason}" for each in found.never_in if not each.reason.startswith(REACHED)]
    if len(found.in_doubt) > UNANSWERED * found.alerts:
        said.append(f"{len(found.in_doubt)} of {found.alerts} alerts had no answer in time")
    said += [f"{name} was answered, and is not in the journal" for name in sorted(answered - ids)]
    return [*said, *(f"{name} was taken for another alert" for name in found.taken_for_others)]


def lines(slopes: dict[str, Slope]) -> list[str]:
    """A table in Markdown."""
    made = ["| what | median | a minute | grown | noise | allowed | rises |", "|---|---|---|---|---|---|---|"]
    for name, each in slopes.items():
        unit = MEGABYTE if name == "memory" else 1
        numbers = (each.middle, each.per_minute, each.grown, each.noise, each.allowed)
        cells = [name + (", MB" if name == "memory" else ""), *(f"{number / unit:.3g}" for number in numbers)]
        made.append(f"| {' | '.join(cells)} | {'YES' if each.rises else 'no'} |")
    return made


def main() -> None:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=50.0, help="alerts a second")
    parser.add_argument("--json", type=Path, help="where all samples are written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fks-exec-soak-") as name:
        samples, deliveries, begun, ended = asyncio.run(soak(Path(name), options.minutes, options.rate))
        faults = asyncio.run(lost(Path(name), deliveries))
    print(*islice(report(deliveries).lines, SHOWN), sep="\n")
    if options.json:
        content = {"begun": begun, "ended": ended, "times": samples.times, **samples.values}
        options.json.write_text(json.dumps(content) + "\n", encoding="utf-8")
    last = samples.last(begun, ended)
    slopes = last.slopes()
    print(f"\nthe host used {last.busy:.0%} of one processor", end="")
    print("", *lines(slopes), "", sep="\n")
    faults += [f"{name} rises: {each.grown:.4g} in the last two thirds" for name, each in slopes.items() if each.rises]
    if faults:
        raise SystemExit("\n".join(faults[:SHOWN]))


if __name__ == "__main__":
    main()
