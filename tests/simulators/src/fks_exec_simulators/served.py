# SPDX-License-Identifier: MIT
"""``fks-exec serve`` as a process on the simulated venue, at a port that it keeps when it is started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .canaries import canary
from .ports import free_port

COMMAND = (sys.executable, "-c", "from fks_exec_hub.cli import main; main()")
SECRETS = tuple(canary(f"tv{number}") for number in range(5))
"""Of the keys ``tv0`` to ``tv4``."""
SYMBOL = "BTC/USDT:USDT"

CONFIG = """\
journal = "sqlite:fks-exec.db"
[accounts.paper]
venue = "paper"
guards = []
currency = "USDT"
[accounts.paper.config]
cash = 1000000000
[[accounts.paper.config.instruments]]
symbol = "BTC/USDT:USDT"
kind = "linear"
bid = 59999
ask = 60000
quantity_step = 0.001
[plugins.server]
bind = "127.0.0.1:{port}"
operations = "127.0.0.1:0"
trusted_proxies = ["127.0.0.1"]
"""

KEY = """\
[plugins.server.keys.tv{number}]
secret = {{ file = "tv{number}.key" }}
accounts = ["paper"]
"""


class ServeProcess:
    """One host; started, stopped, killed, started again.

    Args:
        limits: further lines of each key.
        keys: how many.
    """

    def __init__(self, folder: Path, *, keys: int = 1, limits: Iterable[str] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self._said = folder / "said"
        text = CONFIG.format(port=self.port)
        for number in range(keys):
            text += KEY.format(number=number) + "".join(f"{line}\n" for line in limits)
            secret = folder / f"tv{number}.key"
            secret.touch(0o600)
            secret.write_text(SECRETS[number], "utf-8")
        config = folder / "fks-exec.toml"
        config.touch(0o600)
        config.write_text(text, "utf-8")

    def start(self) -> None:
        """Returns when it is ready."""
        with self._said.open("ab") as said:
            pipe = subprocess.PIPE
            process = subprocess.Popen([*COMMAND, "serve", "--json"], cwd=self.folder, stdout=pipe, stderr=said, text=True)
        self._process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the host did not start: {self.said}"
        assert json.loads(line)["status"] == "ready"

    @property
    def said(self) -> str:
        """On its standard error, in all its lives."""
        return self._said.read_text("utf-8")

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def end(self, signum: int = signal.SIGTERM) -> None:
        """Returns when the process is gone."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signum)
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()

    def path(self, key: int = 0) -> str:
        """Of a key's webhook."""
        return f"/webhook/tradingview/{SECRETS[key]}"

    def url(self, key: int = 0) -> str:
        """The same, without a proxy."""
        return f"http://127.0.0.1:{self.port}{self.path(key)}"


@contextmanager
def serve_process(folder: Path, *, keys: int = 1, limits: Iterable[str] = ()) -> Iterator[ServeProcess]:
    """One that is ready; killed in the end."""
    host = ServeProcess(folder, keys=keys, limits=limits)
    try:
        host.start()
        yield host
    finally:
        host.end(signal.SIGKILL)


def command(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command of ``fks-exec`` that ends by itself."""
    variables = {**os.environ, **(environment or {})}
    words = [*COMMAND, *arguments]
    return subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, timeout=180, check=False)
