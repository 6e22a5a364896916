# SPDX-License-Identifier: MIT
"""An alert becomes an order: the real server, the simulated venue, the embedded journal, on this machine only.

Run it with ``nox -s demo``; ``nox -s demo -- --keep`` leaves the server running, ``nox -s demo -- --exchange`` trades at a
simulated Binance in a process of its own, through ccxt.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CONFIG = Path(__file__).with_name("fks-exec.toml")
EXCHANGE_CONFIG = Path(__file__).with_name("fks-exec-exchange.toml")
SERVE = [sys.executable, "-c", "from fks_exec_hub.cli import main; main()"]  # what the command `fks-exec` runs
EXCHANGE = [sys.executable, "-m", "fks_exec_simulators.exchanges", "binance"]
KEYS = {"EXCHANGE_KEY": "canary-key1", "EXCHANGE_SECRET": "canary-secret1"}  # of the simulated exchange

ENTRY = {
    "symbol": "BINANCE:BTCUSDT",
    "action": "buy",
    "quantity": "0.01",
    "stop_loss": "59000",
    "take_profit": "62500",
    "confidence": "0.8",
    "strategy": "trend",
}
CLOSE = {"symbol": "BINANCE:BTCUSDT", "action": "close", "strategy": "trend"}


class Unexpected(Exception):
    """The host did something else than this demo says."""


def main() -> int:
    """Run it; 0 if everything was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the server running until Ctrl-C")
    parser.add_argument("--exchange", action="store_true", help="trade at a simulated Binance, through ccxt")
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fks-exec-demo-") as folder:
        secret = secrets.token_urlsafe(32)
        try:
            with (
                market(Path(folder), arguments.exchange) as say,
                serving(Path(folder), secret) as (alerts, operations, process),
            ):
                url = f"{alerts}/webhook/tradingview/{secret}"
                print(say)
                play(url, operations, net="0.00999" if arguments.exchange else "0.01")
                print(f"\nAs it should be, in {time.monotonic() - started:.1f} s.")
                if arguments.keep:
                    stay(url, operations, process)
            show_books(Path(folder))
        except Unexpected as error:
            print(f"\nNOT as it should be: {error}", file=sys.stderr)
            return 1
    return 0


@contextmanager
def market(folder: Path, exchange: bool) -> Iterator[str]:
    """The host's configuration, and what it trades at: a sentence about it."""
    if not exchange:
        shutil.copy(CONFIG, folder)
        yield "One account, paper: 100,000 USDT."
        return
    with subprocess.Popen(EXCHANGE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise Unexpected("the simulated exchange did not start; its reason stands above")
            text = EXCHANGE_CONFIG.read_text("utf-8").replace("http://127.0.0.1:8600", url)
            (folder / "fks-exec.toml").write_text(text, "utf-8")
            ask(f"{url}/_ctl/fund", {"asset": "USDT", "amount": "100000"})
            ask(f"{url}/_ctl/price", {"symbol": "BTCUSDT", "bid": "59999.99", "ask": "60000"})
            yield f"One account, binance: 100,000 USDT at a simulated Binance ({url}), reached by ccxt."
        finally:
            process.terminate()


@contextmanager
def serving(folder: Path, secret: str) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """``fks-exec serve`` as a process of its own: where it takes alerts, where it tells its health; stopped in the end."""
    environment = {**os.environ, **KEYS, "TV_SECRET": secret}
    with subprocess.Popen(
        [*SERVE, "serve", "--json"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise Unexpected("the server did not start; its reason stands above")
            ready = json.loads(line)
            yield ready["alerts"], ready["operations"], process
        finally:
            process.terminate()
        if process.wait(timeout=20) != 0:
            raise Unexpected(f"the server ended with {process.returncode}")


def play(url: str, operations: str, *, net: str) -> None:
    """Five alerts, as TradingView would send them.

    Args:
        net: what is left of the entry when its fee is paid, base units.
    """
    print(f"fks-exec serve is up: {opened(operations)}")
    print("Its guards: confidence >= 0.6, position <= 1 % of equity, reward >= 2 x risk.")

    entry = {**ENTRY, "timenow": now()}
    first = step("1. Buy, with a stop and a target", url, entry)
    check(first, 200, "success", status="filled", filled_quantity="0.01", protected=True)

    again = step("2. The same alert once more: TradingView repeats what it thinks is lost", url, entry)
    check(again, 200, "success", duplicate=True, order_id=first[1]["order_id"])

    unsure = step("3. Too little confidence", url, {**ENTRY, "quantity": "0.001", "confidence": "0.4", "timenow": now()})
    check(unsure, 422, "failed", status="denied", code="CONFIDENCE_TOO_LOW")

    large = step("4. More than 1 % of the equity", url, {**ENTRY, "quantity": "0.5", "timenow": now()})
    check(large, 422, "failed", status="denied", code="POSITION_SIZE")

    out = step("5. Close what the strategy holds", url, {**CLOSE, "timenow": now()})
    check(out, 200, "success", status="filled", filled_quantity=net)


def opened(operations: str) -> str:
    """What the host says of itself, when its accounts have opened: ccxt takes seconds to be imported.

    Raises:
        Unexpected: they have not within a minute.
    """
    until = time.monotonic() + 60
    while (said := ask(operations + "/health/ready"))[0] != 200:
        if time.monotonic() > until:
            raise Unexpected(f"the host is not ready: {said[1]}")
        time.sleep(0.1)
    return str(said[1]["status"])


def step(title: str, url: str, alert: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send an alert; show what was sent, what was answered, what the journal has."""
    print(f"\n{title}")
    print(f"   sent      {json.dumps(alert)}")
    code, said = ask(url, alert)
    again = " (known: nothing was sent for it)" if said["result"]["duplicate"] else ""
    print(f"   answered  {code} {said['status']}: {said['message']}{again}")
    booked = ask(f"{url}/orders/{said['client_order_id']}")[1]
    if booked["result"]["status"] != said["result"]["status"]:
        raise Unexpected(f"answered {said['result']['status']}, booked {booked['result']['status']}")
    print(f"   booked    {in_words(booked['result'])}")
    return code, said


def in_words(result: dict[str, Any]) -> str:
    """One order, as the journal has it."""
    parts = [f"{result['client_order_id']} {result['status']}"]
    parts += [f"{fill['side']} {fill['quantity']} at {fill['price']}, fee {fill['fee']}" for fill in result["fills"]]
    parts += [f"{leg['role']} {leg['status']} at {leg['trigger_price']}" for leg in result["legs"]]
    return "; ".join(parts)


def check(answer: tuple[int, dict[str, Any]], code: int, word: str, /, **result: object) -> None:
    """Compare an answer with what it should be.

    Raises:
        Unexpected: it is something else.
    """
    said = answer[1]
    found = answer[0], said["status"], {key: said["result"][key] for key in result}
    if found != (code, word, result):
        raise Unexpected(f"{found} instead of {(code, word, result)}")


def ask(url: str, alert: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """A GET, or an alert as TradingView posts it: no header of the user's, the type by what the text looks like."""
    body = None if alert is None else json.dumps(alert).encode()
    headers = {"content-type": "application/json; charset=utf-8"} if body else {}
    request = Request(url, data=body, headers=headers)  # noqa: S310  # our own server's address
    try:
        with urlopen(request, timeout=3) as answer:  # noqa: S310  # TradingView waits three seconds, too
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def now() -> str:
    """What TradingView writes for ``{{timenow}}``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def show_books(folder: Path) -> None:
    """What the journal has when the host is gone."""
    verified = subprocess.run([*SERVE, "journal", "verify"], cwd=folder, capture_output=True, text=True, check=False)
    print(f"The host has stopped. {(verified.stdout or verified.stderr).strip()}")
    if verified.returncode != 0:
        raise Unexpected("the journal does not verify")


def stay(url: str, operations: str, process: subprocess.Popen[str]) -> None:
    """Serve on until Ctrl-C."""
    alert = json.dumps({**ENTRY, "timenow": "NOW"}).replace('"NOW"', "'$(date +%s)'")
    print("\nStill serving, until Ctrl-C. Send an alert of your own, and look at the host's health:")
    print(f"\ncurl -d '{alert}' {url}\n\ncurl {operations}/health/ready")
    try:
        process.wait()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
