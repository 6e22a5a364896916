# SPDX-License-Identifier: MIT
"""What the proxies have in common: a folder, a port, a certificate, a process, logs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, frozen

from fks_exec_server.proxies.configurations import FILES, Blanks, configuration

from ..ports import free_port
from .certificate import certificate

PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where distributions put them; /usr/sbin is on no ordinary user's path."""


@frozen(kw_only=True)
class Kind:
    """One of the programs.

    Args:
        name: of the program, and of its configuration.
        package: of Debian.
        line: of its access log, with ``method``, ``path`` and ``status``.
        files: writes what it needs beside our configuration into a folder.
        words: its arguments, in that folder.
        variables: of its environment, for that folder.
    """

    name: str
    package: str
    line: re.Pattern[str]
    files: Callable[[Path], None]
    words: Callable[[Path], tuple[str, ...]]
    variables: Callable[[Path], Mapping[str, str]] = lambda folder: {}


@frozen(kw_only=True)
class Proxy:
    """One that runs."""

    kind: Kind
    folder: Path
    port: int
    certificate: Path

    @property
    def url(self) -> str:
        """Without a path."""
        return f"https://localhost:{self.port}"

    @property
    def context(self) -> ssl.SSLContext:
        """For a client that believes its certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def written(self) -> str:
        """All that it has written: its logs, what it said, its temporary files."""
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".pem"]
        return "\n".join(path.read_text("utf-8", "replace") for path in files)

    def served(self, until: str, within: float = 5.0) -> list[str]:
        """What its logs tell of requests, e.g. ``POST /orders 404``.

        Args:
            until: what is waited for: the line of a request is written after its answer.
            within: seconds.

        Raises:
            AssertionError: it was not written.
        """
        end = time.monotonic() + within
        while True:
            found = [f"{each['method']} {each['path']} {each['status']}" for each in self.kind.line.finditer(self.written())]
            if until in found:
                return found
            assert time.monotonic() < end, f"{until} is not in the logs of {self.kind.name}, but: {found[-20:]}"
            time.sleep(0.02)


def program(kind: Kind, path: str = PATH) -> str:
    """Where it is; a test without it fails, since it would test nothing.

    Raises:
        AssertionError: nowhere.
    """
    found = shutil.which(kind.name, path=path)
    advice = f"run: apt-get install {kind.package}"
    assert found, f"{kind.name} is not installed, and the configuration for it cannot be tried; {advice}"
    return found


def prepared(
    kind: Kind, folder: Path, upstream: int, blanks: Blanks | None = None, *, listen: str = "", admin: str = ""
) -> Proxy:
    """A folder with all that one needs; it does not run yet.

    Args:
        folder: made for it.
        upstream: a port.
        blanks: what else is filled into the configuration.
        listen: other than a free port of this machine.
        admin: other than a socket in the folder.
    """
    folder.mkdir()
    chain, key = certificate(folder)
    port = free_port()
    own = f"unix/{folder}/admin.sock" if len(str(folder)) < 96 else "off"  # a socket's path has 107 bytes at most
    filled = evolve(
        blanks or Blanks(),
        domain="localhost",
        certificate=str(chain),
        key=str(key),
        upstream=f"127.0.0.1:{upstream}",
        listen=listen or f"127.0.0.1:{port}",
        logs=str(folder),
        admin=admin or own,
    )
    (folder / FILES[kind.name]).write_text(configuration(kind.name, filled), "utf-8")
    kind.files(folder)
    return Proxy(kind=kind, folder=folder, port=port, certificate=chain)


@contextmanager
def proxy(kind: Kind, folder: Path, upstream: int, blanks: Blanks | None = None) -> Iterator[Proxy]:
    """One in front of a port, with our configuration.

    Args:
        folder: made for it.
        blanks: what else is filled into the configuration.
    """
    front = prepared(kind, folder, upstream, blanks)
    command = [program(kind), *kind.words(folder)]
    variables = {**os.environ, **kind.variables(folder)}
    with (
        (folder / "said").open("w") as said,
        subprocess.Popen(command, cwd=folder, env=variables, stdout=said, stderr=said) as process,
    ):
        try:
            _listening(process, front)
            yield front
        finally:
            process.kill()


def _listening(process: subprocess.Popen[bytes], front: Proxy) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            socket.create_connection(("127.0.0.1", front.port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                problem = f"{front.kind.name} did not start: {(front.folder / 'said').read_text('utf-8')}"
                raise AssertionError(problem) from None
            time.sleep(0.02)
