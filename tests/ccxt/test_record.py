# SPDX-License-Identifier: MIT
"""``fks-exec conformance`` at the simulated exchanges writes a record of the level ``simulator``, which accounts can demand."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from fks_exec.testing.record import read_record
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart
from fks_exec_simulators.exchanges.process import ExchangeProcess

COMMAND = (sys.executable, "-c", "from fks_exec_hub.cli import main; main()")
CONFIG = """
journal = "sqlite:fks-exec.db"
[accounts.mine]
venue = "ccxt"
currency = "USDT"
guards = []
{more}
[accounts.mine.config]
exchange = "{name}"
market_type = "{market_type}"
base_url = "{url}"
api_key = {{ file = "key" }}
secret = {{ file = "secret" }}
"""
MARKETS = {"binance": ("spot", "BTC/USDT"), "bybit": ("swap", "BTC/USDT:USDT")}


def write(folder: Path, name: str, url: str, more: str = "") -> None:
    """A configuration, and its keys."""
    for word, text in (("key", "canary-key1"), ("secret", "canary-secret1")):
        (folder / word).touch(0o600)
        (folder / word).write_text(text, "utf-8")
    text = CONFIG.format(name=name, market_type=MARKETS[name][0], url=url, more=more)
    (folder / "fks-exec.toml").write_text(text, "utf-8")


def said(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    return subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", MARKETS)
async def test_an_account_at_a_simulated_exchange_conforms_and_its_record_says_so(name: str, tmp_path: Path) -> None:
    """Entries go with it, and are denied without."""
    symbol = MARKETS[name][1]
    async with ExchangeProcess(name) as exchange:
        if name == "binance":  # an opening a test is more than a minute's weight
            await ExchangeCounterpart(exchange.url).control("limits", weight=10**9, orders=10**9, algorithmic=10**6)
        write(tmp_path, name, exchange.url, 'require_record = "simulator"')
        order = ("order", "mine", symbol, "buy", "0.01")
        before = await asyncio.to_thread(said, tmp_path, *order)
        assert before.returncode == 1, before.stdout + before.stderr
        tried = ("conformance", "mine", "--record", "record.toml", "--symbol", symbol, "--quantity", "0.01")
        done = await asyncio.to_thread(said, tmp_path, *tried)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert read_record(tmp_path / "record.toml").level == "simulator"
        write(tmp_path, name, exchange.url, 'require_record = "simulator"\nrecord = "record.toml"')
        after = await asyncio.to_thread(said, tmp_path, *order)
        assert after.returncode == 0, after.stdout + after.stderr
