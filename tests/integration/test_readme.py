# SPDX-License-Identifier: MIT
"""Every block of the README runs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec_hub import load_config

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [text for language, text in BLOCKS if language == "sh"]
TOML = [text for language, text in BLOCKS if language == "toml"]
SECRET = "canary-of-the-readme-0123456789-abcdef"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the README's configuration."""
    text = TOML[0].replace("127.0.0.1:8080", "127.0.0.1:0")
    (tmp_path / "fks-exec.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TV_SECRET", SECRET)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_there_is_no_block_that_no_test_knows() -> None:
    assert [language for language, _ in BLOCKS] == ["sh", "sh", "toml", "sh", "sh", *["python"] * 4]


def test_the_two_commands_stand_there_for_ci_to_run() -> None:
    assert SHELL[:2] == [f"python3 -m pip install nox && nox -s {session}\n" for session in ("demo", "tests")]
    assert "python3 -m pip install nox && nox -s tests" in (ROOT / ".ci" / "run").read_text("utf-8")


def test_the_configuration_is_one(folder: Path) -> None:
    assert load_config().accounts["paper"].venue == "paper"
    assert tomllib.loads(TOML[0])["plugins"]["server"]["keys"]["tradingview"]["accounts"] == ["paper"]


def test_the_command_line_does_what_it_shows(folder: Path) -> None:
    done = subprocess.run(["bash", "-euc", SHELL[2]], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "filled" in done.stdout
    assert "Traceback" not in done.stderr


def test_each_way_to_say_a_size_passes_the_guards_that_stand_there(folder: Path) -> None:
    """A reader tries them on the configuration of above."""
    sizes = re.findall(r"`(--(?:quote-amount|equity-percent|risk-percent) [0-9.]+)`", README)
    assert len(sizes) == 3
    rest = "--stop-loss 67000 --take-profit 69000 --confidence 0.75"
    for size in sizes:
        order = f"fks-exec order paper BTC/USDT buy {size} {rest} || test $? = 3; fks-exec order paper BTC/USDT close"
        done = subprocess.run(["bash", "-euc", order], cwd=folder, capture_output=True, text=True, timeout=60)
        assert (done.returncode, "denied" in done.stdout) == (0, False), done.stdout + done.stderr


def test_check_names_a_secret_that_is_not_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TV_SECRET")
    done = subprocess.run(["fks-exec", "check"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert "TV_SECRET" in done.stdout
    assert "Traceback" not in done.stderr


def _run(text: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_hub_trades_in_a_program(folder: Path) -> None:
    assert _run(PYTHON[0], folder).split() == ["filled", "67500.00", "True", "filled"]


def test_the_hub_trades_without_an_event_loop(folder: Path) -> None:
    out = _run(PYTHON[1], folder)
    assert out.startswith("denied")
    assert "POSITION_SIZE" in out


async def test_the_routes_live_in_a_fastapi_application(folder: Path) -> None:
    names: dict[str, Any] = {}
    exec(PYTHON[2], names)
    app = names["app"]
    alert, close = re.findall(r"-d '(.*?)'", SHELL[3], re.DOTALL)
    transport = httpx.ASGITransport(app=app)
    async with names["lifespan"](app), httpx.AsyncClient(transport=transport, base_url="http://local") as client:
        answers = [await client.post(f"/alerts/webhook/tradingview/{SECRET}", content=alert) for _ in range(2)]
        positions = await client.get("/positions")
        closed = await client.post(f"/alerts/webhook/tradingview/{SECRET}", content=close)
        after = await client.get("/positions")
    assert (closed.json()["status"], after.json()) == ("success", [])
    first, second = (answer.json() for answer in answers)
    assert (first["status"], first["result"]["duplicate"], second["result"]["duplicate"]) == ("success", False, True)
    assert first["order_id"] == second["order_id"]
    assert positions.json() == ["0.01"]


def test_a_venue_in_thirty_lines_trades_alone(tmp_path: Path) -> None:
    assert _run(PYTHON[3], tmp_path) == "accepted\n"


def test_a_venue_has_thirty_lines_or_less() -> None:
    venue = PYTHON[3].split("class Acme:")[1].split("class SmallOrders")[0]
    assert len([line for line in venue.splitlines() if line.strip()]) <= 30
