# SPDX-License-Identifier: MIT
"""Runs pytest again and again over copies of our source: a process that has the tools loaded, and forks for each run.

Importing pytest and its kin takes most of so short a run. ``python -m fks_exec_simulators.mutation MODULE...`` preloads
modules (none of the package that is mutated) and then answers each line of JSON on its standard input with one on its output.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PRELOAD = ("pytest", "asyncio", "attrs", "blockbuster", "cattrs.gen", "hypothesis.strategies", "importlib_metadata", "pluggy")
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin", "--no-header", "--tb=short")
TIMED_OUT = -1


class Mutation:
    """The running process, seen from the tests.

    Args:
        preload: further modules that the tests need, none of the package that is mutated, nor any that imports it.
    """

    def __init__(self, preload: Iterable[str] = ()) -> None:
        known = {key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTEST_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**known, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )

    def run(self, source: Path, package: str, tests: Iterable[str], output: Path, seconds: float = 60.0) -> int:
        """Pytest's exit code over a source, or ``TIMED_OUT``; what it printed stands in ``output``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job = {"source": str(source), "package": package, "tests": [*tests], "output": str(output), "seconds": seconds}
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return int(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _child(job: dict[str, Any]) -> int:
    with Path(job["output"]).open("w", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.path.insert(0, job["source"])
    os.environ["PYTHONPATH"] = os.pathsep.join([job["source"], *filter(None, [os.environ.get("PYTHONPATH")])])
    found = importlib.import_module(job["package"]).__file__ or ""
    if not Path(found).resolve().is_relative_to(Path(job["source"]).resolve()):
        print(f"{found} is tested instead of the mutated copy in {job['source']}", flush=True)
        return 4
    import pytest

    # Folders of its own: pytest sweeps the common one, also those of runs beside it that have just begun.
    return int(pytest.main([*OPTIONS, f"--basetemp={job['output']}-files", *job["tests"]]))


def _forked(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 3
        try:
            code = _child(job)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    end = time.monotonic() + job["seconds"]
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return TIMED_OUT


def main(preload: Iterable[str]) -> None:
    """Answer the jobs on standard input until it ends."""
    for name in (*PRELOAD, *preload):
        importlib.import_module(name)
    gc.freeze()  # what is loaded stays; pytest collects garbage at the end of each run
    for line in sys.stdin:
        print(_forked(json.loads(line)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
