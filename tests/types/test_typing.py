# SPDX-License-Identifier: MIT
"""What a type checker tells the author of a plugin: mypy --strict and pyright over snippets. Run by `nox -s types`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fks_exec

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core" / "src"

HEAD = f"from typing import Any\nfrom fks_exec import {', '.join(sorted(fks_exec.__all__))}\n"

VENUE = """
class Acme:
    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None: ...

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return ExecutionResult(status="accepted", order_id="1", filled_quantity="0", fills=[])

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        return MarketData(symbol=symbol, bid="67499", ask=67500)

    @hookimpl
    def name(self) -> str:
        return "Acme"

    @hookimpl
    async def health_check(self) -> Health:
        return Health([Check(name="session", ok=True)])
"""
PLAIN = VENUE.replace("async ", "")
USED = "\nvenue: ExecutionPlugin = Acme()\n"
GUARD = """
class Weekend:
    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        return Denial(code="WEEKEND", message="not today") if account.open_orders else None

guard: Guard = Weekend()
"""
OBSERVER = """
class Tape:
    @hookimpl
    def observe(self, event: Event) -> None: ...

observer: Observer = Tape()
"""
TYPES = """
@hookimpl
def fks_exec_venues() -> list[VenueType]:
    declared = Capabilities(order_types=["market", "limit"], abilities=["close_position"], protection=["stop_only"])
    return [VenueType(name="acme", create=Acme, capabilities=declared)]
"""
ORDERS = """
from decimal import Decimal
Order(symbol="BTC/USDT", side="buy", quantity="0.01")
Order(symbol="BTC/USDT", side=Side.SELL, quantity=1, order_type="limit", price=Decimal("2"), options={"leverage": 5})
OrderChange(price="67000")
Position(symbol="A", quantity="-1")
"""
USE = """
async def trade(account: Account, order: Order) -> str:
    async with account:
        result = await account.execute_order(order)
        return f"{result.status} {result.filled_quantity + 1} {result.success}"
"""

ACCEPTED = {
    "a venue of five async methods": VENUE + USED,
    "a venue of five plain methods": PLAIN + USED,
    "a guard": GUARD,
    "an observer": OBSERVER,
    "a type for an entry point": VENUE + TYPES,
    "numbers as text, int and Decimal": ORDERS,
    "an account in use": USE,
}
ORDER = 'Order(symbol="BTC/USDT", side="buy", quantity=1, {})\n'
REFUSED = {
    "a quantity that is a float": 'Order(symbol="BTC/USDT", side="buy", quantity=0.01)\n',
    "a price that is a float": ORDER.format('order_type="limit", price=67500.5'),
    "a fill with a float": 'Fill(trade_id="1", quantity="1", price=0.5)\n',
    "a field that does not exist": ORDER.format("prise=1"),
    "positional arguments": 'Order("BTC/USDT", "buy", 1)\n',
    "a change after the fact": 'Order(symbol="A", side="buy", quantity=1).quantity = 2\n',
    "an option that is a list": ORDER.format('options={"x": [1]}'),
    "a venue without fetch_data": VENUE.replace("fetch_data", "fetch_dat") + USED,
    "a venue with an argument too few": VENUE.replace(", submission: Submission", "") + USED,
    "a venue that answers a dict": VENUE.replace("-> MarketData", "-> dict[str, str]").replace("MarketData(s", "dict(s") + USED,
    "an async name": VENUE.replace("def name", "async def name") + USED,
    "an async guard": GUARD.replace("def check_risk", "async def check_risk"),
    "an observer of something else": OBSERVER.replace("event: Event", "event: int"),
}


Found = dict[str, list[str]]


def named(name: str) -> str:
    """A snippet's file."""
    return f"{name.replace(' ', '_')}.py"


def written(folder: Path, texts: dict[str, str]) -> Path:
    """A folder with a file for each snippet."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / named(name)).write_text(HEAD + text, "utf-8")
    return folder


def mypy(folder: Path, source: Path = CORE) -> Found:
    """The errors that mypy --strict finds, by file."""
    config = folder.with_suffix(".ini")
    config.write_text(f"[mypy]\nstrict = true\nmypy_path = {source}\ncache_dir = {folder.parent / 'cache'}\n", "utf-8")
    files = sorted(path.name for path in folder.glob("*.py"))
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--no-error-summary", "--no-pretty", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: Found = {file: [] for file in files}
    for line in done.stdout.splitlines():
        file, _, rest = line.partition(":")
        if " error: " in line:
            found[file].append(rest)
    return found


def pyright(folder: Path, source: Path = CORE) -> Found:
    """The errors that pyright finds, by file."""
    config = {"typeCheckingMode": "standard", "extraPaths": [str(source)], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(config), "utf-8")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.stdout.lstrip().startswith("{"), done.stdout + done.stderr
    report = json.loads(done.stdout)
    found: Found = {path.name: [] for path in folder.glob("*.py")}
    assert report["summary"]["filesAnalyzed"] == len(found)
    for item in report["generalDiagnostics"]:
        if item["severity"] == "error":
            found[Path(item["file"]).name].append(item["message"])
    return found


CHECKERS = {"mypy": mypy, "pyright": pyright}


@pytest.fixture(scope="module", params=CHECKERS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What a checker finds in all snippets, in one run."""
    return CHECKERS[request.param](written(tmp_path_factory.mktemp("types") / "snippets", {**ACCEPTED, **REFUSED}))


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_the_documentation_shows_is_accepted(found: Found, name: str) -> None:
    """A five-method venue first of all: adding a sixth to the Protocol would refuse every plugin there is."""
    assert found[named(name)] == []


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_refused_before_it_runs(found: Found, name: str) -> None:
    """A float in an order, a method that is missing or misspelt."""
    assert found[named(name)]


def test_the_examples_from_outside_are_accepted(tmp_path: Path) -> None:
    """By mypy --strict, as their authors would run it."""
    examples = {path.parent.name: path for path in (ROOT / "docs" / "examples").glob("*/src/*/__init__.py")}
    assert len(examples) >= 3
    folder = tmp_path / "examples"
    folder.mkdir()
    for name, path in examples.items():
        shutil.copy(path, folder / f"{name}.py")
    assert mypy(folder) == {f"{name}.py": [] for name in examples}


MUTATIONS = {
    "model/numbers.py": ("Number: TypeAlias = Decimal | str | int\n", "Number: TypeAlias = Decimal | str | int | float\n"),
    "model/extension.py": ("    def name(self) -> str:\n", "    def flush(self) -> None: ...\n\n    def name(self) -> str:\n"),
}


def test_a_weaker_core_is_noticed(tmp_path: Path) -> None:
    """One that takes floats, and one that demands a sixth method: the snippets come out differently."""
    source = tmp_path / "source"
    shutil.copytree(CORE, source, ignore=shutil.ignore_patterns("__pycache__"))
    for file, (old, new) in MUTATIONS.items():
        text = (source / "fks_exec" / file).read_text("utf-8")
        assert text.count(old) == 1
        (source / "fks_exec" / file).write_text(text.replace(old, new), "utf-8")
    errors = mypy(written(tmp_path / "snippets", {**ACCEPTED, **REFUSED}), source)
    assert errors[named("a quantity that is a float")] == []
    assert "ExecutionPlugin" in "".join(errors[named("a venue of five async methods")])
