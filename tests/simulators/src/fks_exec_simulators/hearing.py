# SPDX-License-Identifier: MIT
"""What a test learns and could keep to itself: what is read of its output, what its processes say, what it is answered.

Methods of pytest, httpx and the standard library are wrapped, so that no test has to tell.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Protocol

import pytest

from fks_exec import Secret


class Hearing(Protocol):
    """Who is told."""

    def look(self, where: str, data: str | bytes | None) -> None:
        """A text that came from there."""

    def look_into(self, folder: Path) -> None:
        """A folder that is about to vanish."""

    def made(self, folder: Path) -> None:
        """A folder that a test made."""

    def given(self, secret: str) -> None:
        """A secret that something was given."""


def listen(patches: pytest.MonkeyPatch, ear: Hearing) -> None:
    """Tell ``ear`` from now on; :func:`listen_to_answers` when the tests are imported."""

    def both(where: str) -> Callable[..., None]:
        def heard(texts: tuple[str | bytes | None, str | bytes | None], *_: object, **__: object) -> None:
            for text in texts:
                ear.look(where, text)

        return heard

    _after(patches, Secret, "__init__", lambda _, secret, *__, **___: ear.given(secret.reveal()))
    _after(patches, pytest.TempPathFactory, "mktemp", lambda folder, *_, **__: ear.made(folder))
    _after(patches, pytest.CaptureFixture, "readouterr", both("what it read of its own output"))
    _after(patches, subprocess.Popen, "communicate", both("what a process said"))
    cleanup = tempfile.TemporaryDirectory.cleanup

    def cleaned(folder: tempfile.TemporaryDirectory[str]) -> None:
        ear.look_into(Path(folder.name))
        cleanup(folder)

    patches.setattr(tempfile.TemporaryDirectory, "cleanup", cleaned)


def listen_to_answers(patches: pytest.MonkeyPatch, ear: Hearing) -> None:
    """Of HTTP; only where something has imported httpx, which takes its time to load."""
    httpx = sys.modules.get("httpx")
    if httpx is None:
        return

    def heard(answer: Any) -> None:
        if answer.is_stream_consumed or answer.is_closed:
            ear.look(f"an answer to a {answer.request.method}", f"{answer.headers}\n{answer.text}")

    _after(patches, httpx.Client, "send", lambda answer, *_, **__: heard(answer))
    send = httpx.AsyncClient.send

    @wraps(send)
    async def heeded(*args: Any, **named: Any) -> Any:
        answer = await send(*args, **named)
        heard(answer)
        return answer

    patches.setattr(httpx.AsyncClient, "send", heeded)


def _after(patches: pytest.MonkeyPatch, owner: type, name: str, heard: Callable[..., object]) -> None:
    method = getattr(owner, name)

    @wraps(method)
    def heeded(*args: Any, **named: Any) -> Any:
        result = method(*args, **named)
        heard(result, *args, **named)
        return result

    patches.setattr(owner, name, heeded)
