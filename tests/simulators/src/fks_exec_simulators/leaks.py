# SPDX-License-Identifier: MIT
"""A plugin of pytest: a test that lets a secret out fails, whatever else it tests.

Searched for canaries are, of each test: what it said (standard output, standard error, log records, with their traces), what
it read of that itself, what the processes that it ran said, what was answered to its HTTP requests, and every file below its
folders; of folders that tests share, when the last test is over. A file that holds nothing but a secret is the secret's own.
Secrets are what :mod:`.canaries` knows, and every :class:`fks_exec.Secret` of this process.

``@pytest.mark.shows_secret("reason")`` says that a test shows one on purpose.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from .canaries import LEAST_VARIED, MARK, SHORTEST, found, is_secret
from .hearing import listen, listen_to_answers

MARKER = "shows_secret(reason): it shows a secret on purpose; nothing of it is searched for one"
OWN_CLIENT = " httpx:_client.py:"
"""In the log line of a test's own client, which says the URL that it asks."""


def pytest_configure(config: pytest.Config) -> None:
    """Begin to listen."""
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(Leaks(), "fks-exec-leaks")


class Leaks:
    """What was found since the last test ended, and what is still to be searched."""

    def __init__(self) -> None:
        self._patches = pytest.MonkeyPatch()
        self._secrets: dict[str, None] = {}
        self._found: list[str] = []
        self._folders: list[Path] = []
        self._shared: list[Path] = []
        self._last = False
        listen(self._patches, self)

    def look(self, where: str, data: str | bytes | None) -> None:
        """Search a text."""
        raw = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
        self._found += [f"{name} in {where}" for name in found(raw, self._secrets)] if raw else []

    def look_into(self, folder: Path) -> None:
        """Search every file below a folder."""
        for path in files(folder):
            try:
                raw = path.read_bytes()
            except OSError:  # closed to its owner by the test, or gone
                continue
            if not is_secret(raw, self._secrets):
                self.look(f"{folder.name}/{path.relative_to(folder)}", raw)

    def made(self, folder: Path) -> None:
        """Search it when its test is over."""
        self._folders.append(folder)

    def given(self, secret: str) -> None:
        """Look for it from now on."""
        if len(secret) >= SHORTEST and len(set(secret)) >= LEAST_VARIED and MARK not in secret and len(secret.split()) == 1:
            self._secrets[secret] = None

    @pytest.hookimpl
    def pytest_collection_finish(self) -> None:
        """The tests are imported, and all that they import."""
        listen_to_answers(self._patches, self)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, nextitem: pytest.Item | None) -> Generator[None, object, object]:
        """Folders that tests share are searched after the last."""
        self._last = nextitem is None
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Search when all is torn down and closed; what is found is an error of the test."""
        report = yield
        if call.when == "teardown":
            leaks = self._of(item, report)
            if leaks and report.passed:
                report.outcome = "failed"
                report.longrepr = f"a secret came out of {item.nodeid}: " + "; ".join(leaks)
        return report

    def _of(self, item: pytest.Item, report: pytest.TestReport) -> list[str]:
        shows = item.get_closest_marker("shows_secret")
        if shows is None or not shows.args:  # without its reason it says nothing
            self._search(getattr(item, "funcargs", {}).get("tmp_path"), report)
        else:
            self._found.clear()
        self._folders.clear()
        leaks, self._found = list(dict.fromkeys(self._found)), []
        return leaks

    def _search(self, own: Path | None, report: pytest.TestReport) -> None:
        for name, text in report.sections:
            self.look(name, without_own_client(text))
        self._shared += [each for each in self._folders if each != own]
        for folder in [*([own] if own else []), *(self._shared if self._last else [])]:
            self.look_into(folder)

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        """Listen no more."""
        self._patches.undo()


def files(folder: Path) -> Iterator[Path]:
    """Regular files, but sources, and what lies in virtual environments: others wrote both."""
    for where, folders, names in os.walk(folder):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        for path in (Path(where, name) for name in names):
            if path.suffix != ".py" and path.is_file() and not path.is_symlink():
                yield path


def without_own_client(text: str) -> str:
    """Log lines, but those of the test's own client."""
    return "".join(line for line in text.splitlines(keepends=True) if OWN_CLIENT not in line)
