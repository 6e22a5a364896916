# SPDX-License-Identifier: MIT
"""A distribution that is added to the workspace, a copy of it: what is missing is told, and there is little to be done."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.shows_secret("it copies the repository, with the secrets of all tests")

ROOT = Path(__file__).resolve().parents[1]
NAME = "fks-exec-extra"
FOLDER = Path("plugins", NAME)
PACKAGE = FOLDER / "src" / "fks_exec_extra"

PROJECT = f"""
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{NAME}"
version = "0.1.0"
description = "A further venue."
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.11"
dependencies = ["fks-exec>=0.1.0"]

[project.entry-points.fks_exec]
extra = "fks_exec_extra"

[tool.hatch.build.targets.wheel]
packages = ["src/fks_exec_extra"]
"""

VENUE = '''# SPDX-License-Identifier: MIT
"""A further venue."""

from decimal import Decimal

from attrs import frozen
from fks_exec import ExecutionResult, Health, MarketData, Order, Submission, VenueContext, VenueType, hookimpl


@frozen(kw_only=True)
class Config:
    """What an account at it may set."""

    price: Decimal = Decimal(100)


class Extra:
    """Fills at its one price."""

    @hookimpl
    async def init(self, config: Config, context: VenueContext) -> None:
        self.price = config.price

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        return ExecutionResult(status="filled", filled_quantity=order.quantity, average_price=self.price)

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        return MarketData(symbol=symbol, bid=self.price, ask=self.price)

    @hookimpl
    def name(self) -> str:
        return "extra"

    @hookimpl
    async def health_check(self) -> Health:
        return Health([])


@hookimpl
def fks_exec_venues() -> list[VenueType]:
    """This one."""
    return [VenueType(name="extra", create=Extra, config=Config)]
'''

# Where its name must be written; each table of the root's pyproject.toml, and what is put into it.
TABLES = {
    "[tool.uv.sources]\n": f"{NAME} = {{ workspace = true }}\n",
    "source_pkgs = [": '"fks_exec_extra", ',
    "[[tool.towncrier.type]]\n": f'directory = "extra"\nname = "{NAME}"\nshowcontent = true\n\n[[tool.towncrier.type]]\n',
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What git would commit of this one, and the further distribution in its folder."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git here")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for path in (Path(name) for name in names if name and (ROOT / name).is_file()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    (tmp_path / PACKAGE).mkdir(parents=True)
    shutil.copyfile(ROOT / "LICENSE", tmp_path / FOLDER / "LICENSE")
    (tmp_path / FOLDER / "README.md").write_text(f"# {NAME}\n\nA further venue.\n", "utf-8")
    (tmp_path / FOLDER / "pyproject.toml").write_text(PROJECT, "utf-8")
    (tmp_path / PACKAGE / "__init__.py").write_text(VENUE, "utf-8")
    (tmp_path / PACKAGE / "py.typed").touch()
    return tmp_path


def python(folder: Path, *arguments: str, **environment: str) -> str:
    """What a program of this environment prints in a folder."""
    known = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith(("NOX_", "PYTEST_"))}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=known | environment, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def failures(folder: Path) -> dict[str, str]:
    """The failed checks of a workspace, each with what it says."""
    command = ["-m", "pytest", "-q", "-rf", "--noconftest", "-p", "no:cacheprovider", "tests/test_workspace.py"]
    printed = python(folder, *command, COLUMNS="300")
    assert " passed" in printed, printed
    return {test: said for test, said in re.findall(r"^FAILED \S+::(\w+)\S* - AssertionError: (.*)", printed, re.MULTILINE)}


def test_what_a_further_distribution_lacks_is_told(workspace: Path) -> None:
    """By checks that fail, each with what is to be done."""
    told = failures(workspace)
    assert set(told) == {
        "test_every_distribution_has_pins",
        "test_what_a_distribution_needs_of_ours_comes_from_the_workspace",
        "test_what_is_published_is_measured",
        "test_what_is_published_has_its_news",
    }
    assert told["test_every_distribution_has_pins"].startswith(f"requirements/{NAME}.txt is missing: run `nox -s pins`")
    assert all(NAME in said.replace("_", "-") for said in told.values())


def test_a_folder_three_tables_and_new_pins_are_all(workspace: Path) -> None:
    """Here the pins are those of the paper venue, which needs the same."""
    path = workspace / "pyproject.toml"
    text = path.read_text("utf-8")
    for table, entry in TABLES.items():
        assert table in text
        text = text.replace(table, table + entry, 1)
    path.write_text(text, "utf-8")
    for kind in ("", "oldest-"):
        pins = workspace / "requirements"
        shutil.copyfile(pins / f"{kind}fks-exec-paper.txt", pins / f"{kind}{NAME}.txt")
    assert failures(workspace) == {}


def test_the_sessions_know_a_further_distribution(workspace: Path) -> None:
    """Those that run each distribution alone; the rest go over the same list."""
    listed = json.loads(python(workspace, "-m", "nox", "--list", "--json", "--sessions", "alone", "oldest"))
    assert {f"alone({NAME})", f"oldest({NAME})", "alone(fks-exec)"} <= {session["session"] for session in listed}


def test_a_further_distribution_is_a_plugin_as_soon_as_it_is_installed(workspace: Path) -> None:
    """From its wheel, which is made like the others."""
    python(workspace / FOLDER, "-m", "hatchling", "build", "-t", "wheel", "-d", str(workspace / "dist"))
    [wheel] = (workspace / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(workspace / "installed")
    printed = python(workspace, "-m", "fks_exec", "--json", PYTHONPATH=str(workspace / "installed"))
    [info] = [info for info in json.loads(printed) if info["name"] == "extra"]
    assert (info["status"], info["distribution"], info["version"]) == ("installed", NAME, "0.1.0")
