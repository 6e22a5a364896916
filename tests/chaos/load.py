# SPDX-License-Identifier: MIT
"""The load: many senders of alerts at a time; each sends the same alert again until it is answered.

Started by chaos.py with the file of its record. Hears, as lines of JSON: ``{"port": 8080}`` where a host listens,
``{"down": true}`` that it is dead (answered with how many alerts were on their way when it died), ``{"finish": true}``
(answered when every alert has its answer).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from plan import ACCOUNT, GUARDED, GUARDED_SYMBOLS, KEYS, LEVELS, SECRETS
from processes import say

from fks_exec_simulators.remote import Connection

SYMBOLS = tuple(f"S{number}/USDT" for number in range(24))
CLOSES = 0.2
"""Share of alerts that close, of those for accounts with stops."""
PAUSE = 0.5
"""Seconds at most between two alerts of a sender for an account with stops."""
ANSWERS = (200, 202, 409, 422)
"""HTTP codes after which an alert is not sent again."""
PATIENCE = 5.0
"""Seconds that a sender waits for an answer."""
AGAIN = 0.02
"""Share of alerts that are sent again although they were answered."""
LIMITS = 0.15
"""Share of limit orders."""
TIMED = 0.1
"""Share of alerts that say of which moment they are."""


class Sender:
    """One connection, used for one alert after the other.

    Args:
        load: what all of them share.
        account: for which it sends.
    """

    def __init__(self, load: Load, account: str) -> None:
        self._load = load
        self._account = account
        self._connection: Connection | None = None
        self._port = 0

    async def run(self) -> None:
        """Until the load is to finish."""
        while not self._load.finishing:
            alert = self._load.next(self._account)
            if await self._deliver(alert) != 200:
                await asyncio.sleep(self._load.random.random() * 0.2)  # nobody hammers on a closed door
            if self._account in GUARDED:
                await asyncio.sleep(self._load.random.random() * PAUSE)

    async def _deliver(self, alert: dict[str, Any]) -> int:
        while True:
            port = await self._load.port()
            try:
                status, answer = await self._post(port, alert)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                self._drop()
                await asyncio.sleep(0.01 + self._load.random.random() * 0.02)
                continue
            self._load.answered(alert, status, answer)
            if status in ANSWERS:
                return status
            await asyncio.sleep(0.05)

    async def _post(self, port: int, alert: dict[str, Any]) -> tuple[int, Any]:
        if self._connection is None or self._port != port:
            self._drop()
            self._connection, self._port = await Connection.open(port), port
        key = SECRETS[alert["key"]]
        self._load.took_off()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._connection.ask("POST", f"/webhook/tradingview/{key}", alert["body"])
        except (OSError, asyncio.IncompleteReadError):
            self._load.broken += 1
            raise
        finally:
            self._load.came_down()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Load:
    """All senders.

    Args:
        record: a file that grows by a line for each alert and each answer.
        seed: of the alerts.

    Attributes:
        landed: no answer is awaited.
        broken: how many alerts were on their way when the present host died.
    """

    def __init__(self, record: Path, seed: str) -> None:
        self._record = record.open("a", encoding="utf-8")
        self.random: random.Random = random.Random(seed)
        self.finishing: bool = False
        self.landed: asyncio.Event = asyncio.Event()
        self.broken: int = 0
        self._flying = 0
        self._port = 0
        self._listening = asyncio.Event()
        self._again: dict[str, list[dict[str, Any]]] = {account: [] for account in (ACCOUNT, *GUARDED)}
        self._numbers: Counter[str] = Counter()
        self.landed.set()

    async def port(self) -> int:
        """Where the host listens, once there is one."""
        await self._listening.wait()
        return self._port

    def up(self, port: int) -> None:
        """There is a host."""
        self._port, self.broken = port, 0
        self._listening.set()

    async def down(self) -> int:
        """The host is dead; how many alerts were on their way."""
        self._listening.clear()
        await self.landed.wait()  # the system tells each of them
        return self.broken

    def took_off(self) -> None:
        """An alert is on its way."""
        self._flying += 1
        self.landed.clear()

    def came_down(self) -> None:
        """It was answered, or not."""
        self._flying -= 1
        if not self._flying:
            self.landed.set()

    def next(self, account: str) -> dict[str, Any]:
        """A new alert for an account, or one that was answered long ago."""
        if self._again[account] and self.random.random() < 0.5:
            return self._again[account].pop()
        key = account if account in GUARDED else self.random.choice(tuple(KEYS))
        body = self._guarded(account) if account in GUARDED else self._plain()
        alert = {"key": key, "account": account, "body": body}
        self._write(alert=alert)
        return alert

    def _body(self, account: str, symbol: str, **more: str) -> dict[str, Any]:
        prefix = "" if account == ACCOUNT else f"{account}-"
        self._numbers[prefix + symbol] += 1
        name = f"{prefix}{symbol.partition('/')[0]}-{self._numbers[prefix + symbol]}"
        return {"id": name, "symbol": symbol, **more}

    def _guarded(self, account: str) -> dict[str, Any]:
        """An entry with a stop and a target, or the close of what is held."""
        symbol = self.random.choice(GUARDED_SYMBOLS)
        if self.random.random() < CLOSES:
            return self._body(account, symbol, action="close")
        side = self.random.choice(tuple(LEVELS))
        stop, target = LEVELS[side]
        quantity = f"0.{self.random.randrange(1, 100):02}"
        return self._body(account, symbol, action=side, quantity=quantity, stop_loss=stop, take_profit=target)

    def _plain(self) -> dict[str, Any]:
        symbol, side = self.random.choice(SYMBOLS), self.random.choice(("buy", "sell"))
        body = self._body(ACCOUNT, symbol, action=side, quantity=f"0.{self.random.randrange(1, 100):02}")
        if self.random.random() < LIMITS:
            body["limit_price"] = "99.5"
        if self.random.random() < TIMED:
            body["timenow"] = time.time_ns() // 1_000_000
        return body

    def answered(self, alert: dict[str, Any], http: int, answer: dict[str, Any]) -> None:
        """Write down what was said; what a host said is said again, and is the same."""
        result = answer["result"] or {}
        self._write(
            answer={
                "id": alert["body"]["id"],
                "http": http,
                "key": answer["client_order_id"],
                "status": result.get("status", ""),
                "filled": str(result.get("filled_quantity", "0")),
                "code": answer["code"] or "",
                "time": time.time_ns() // 1_000_000,
            }
        )
        if http in ANSWERS and self.random.random() < AGAIN:
            self._again[alert["account"]].append(alert)

    def _write(self, **content: object) -> None:
        self._record.write(json.dumps(content) + "\n")
        self._record.flush()


async def run(record: Path, seed: str, senders: int, guarded: int) -> None:
    """Until the input ends."""
    load = Load(record, seed)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    accounts = [ACCOUNT] * senders + [name for name in GUARDED for _ in range(guarded)]
    tasks = [asyncio.create_task(Sender(load, account).run()) for account in accounts]
    while line := await reader.readline():
        said = json.loads(line)
        if "port" in said:
            load.up(said["port"])
        elif "down" in said:
            say(flying=await load.down())
        else:
            load.finishing = True
            await asyncio.gather(*tasks)
            say(finished=True)


def main() -> None:
    """Started by chaos.py."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--senders", type=int, default=32, help="for the account without stops")
    parser.add_argument("--guarded", type=int, default=4, help="for each account with stops")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.record, arguments.seed, arguments.senders, arguments.guarded))


if __name__ == "__main__":
    main()
