# SPDX-License-Identifier: MIT
"""What all tests share: a skip fails in CI, a secret that comes out too; three packages from outside are built."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

if TYPE_CHECKING:
    from fks_exec_simulators.fresh import Wheelhouse

pytest_plugins = ["fks_exec_simulators.leaks"]  # a test that lets a secret out fails

settings.register_profile("repository", deadline=None)  # a loaded machine is no failure
settings.load_profile("repository")

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ("fks-exec-acme", "fks-exec-weekend", "fks-exec-tape")
# How the conformance suite says what a venue does not declare, or what a run was not told to try.
EXPECTED = ("Skipped: not declared: ", "Skipped: not tried: ")


def _unexpected(report: pytest.TestReport | pytest.CollectReport) -> bool:
    return os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail")


def _foreseen(report: pytest.TestReport) -> bool:
    return isinstance(report.longrepr, tuple) and report.longrepr[2].startswith(EXPECTED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI (``CI=true``) everything is installed: a test that skips there tests nothing, and nobody would see it.

    What the conformance suite leaves out by a venue's own declaration is no such skip.
    """
    report = yield
    if _unexpected(report) and not _foreseen(report):
        report.outcome, report.longrepr = "failed", f"a skip fails in CI: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    if _unexpected(report):
        report.outcome, report.longrepr = "failed", f"a skip fails in CI: {report.longrepr}"
    return report


@pytest.fixture
def nonblocking() -> Iterator[BlockBuster]:
    """A call of ours that blocks the event loop raises BlockingError; no stopwatch."""
    ours = [name for name in sys.modules if name.startswith("fks_exec") and "." not in name and "simulators" not in name]
    with blockbuster_ctx(scanned_modules=ours) as buster:
        yield buster


@pytest.fixture(scope="session")
def outside_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to be put on the path, with the three packages of docs/examples, built as wheels and installed.

    A wheel of pure Python is installed by unpacking it; pip is in no environment that uv made.
    """
    wheels, target = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("outside")
    for name in OUTSIDE:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
        subprocess.run(build, cwd=ROOT / "docs/examples" / name, check=True, capture_output=True, timeout=60)
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    return target


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> "Wheelhouse":
    """Our wheels and the pinned ones that they need, for environments that are made anew."""
    from fks_exec_simulators.fresh import make_wheelhouse

    return make_wheelhouse(tmp_path_factory.mktemp("wheelhouse"))
