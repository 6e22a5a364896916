# SPDX-License-Identifier: MIT
"""The list of secrets that are right no more: a file that ``fks-exec keys revoke`` writes and a running host reads.

A secret is known there by its SHA-256, so a new one under the same name is not touched. One line each: the digest, then a note
for people. It tells nothing of the secrets, which are random and 32 bytes long: who may not own it may read it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path

from fks_exec import ConfigError, FksExecError

from .files import hand_over, make_folder, private
from .listed import read_list

logger: logging.Logger = logging.getLogger(__name__)

FRESH = 1.0
"""Seconds for which a look at the file is good."""

PATIENCE = 1.0
"""Seconds that a look is waited for: a folder on a network may not answer at all, and a sender of alerts waits for 3."""


class ListUnreadable(FksExecError):
    """The list cannot be read, so that nobody knows whose secret is right."""


class Revoked:
    """The list, as of the last look.

    Args:
        path: a file that is not there is an empty list, at the start.

    Raises:
        ConfigError: it cannot be read: nobody knows then what is right.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._looked = time.monotonic()
        self._digests = self.read()
        self._unreadable = False
        self._reading: asyncio.Task[None] | None = None

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._digests

    async def look(self) -> None:
        """Read it again where the last look is old.

        A list that cannot be read any more has probably just been written, with what is to be kept out; so has one that
        held some and is gone. Nobody is let in until it can be read. There is one look at a time, however long it takes.

        Raises:
            ListUnreadable: it cannot be read; at each look until it can.
        """
        if self._reading is None and time.monotonic() - self._looked >= FRESH:
            self._looked = time.monotonic()  # the others of this moment do not look as well
            self._reading = reading = asyncio.get_running_loop().create_task(self._read_again())
            done, _ = await asyncio.wait({reading}, timeout=PATIENCE)
            if done:
                reading.result()
            else:
                self._fail(f"the list of revoked keys {self.path} does not come within {PATIENCE:g} s")
        if self._unreadable:
            raise ListUnreadable(f"the list of revoked keys {self.path} cannot be read")

    async def _read_again(self) -> None:
        try:
            self._digests = await asyncio.to_thread(read_list, self.path, held=bool(self._digests))
            self._unreadable = False
        except ConfigError as error:
            self._fail(str(error))
        finally:
            self._reading = None

    def _fail(self, why: str) -> None:
        logger.error("%s; until it can be read nobody is let in: each request is answered 503", why)
        self._unreadable = True

    def read(self) -> frozenset[bytes]:
        """What the file says. Raises ConfigError."""
        return read_list(self.path)

    def add(self, digest: bytes, remark: str) -> None:
        """Write one more line at the end, in one go: nothing that another process writes meanwhile is lost.

        Args:
            remark: printable ASCII, without a secret.

        Raises:
            ConfigError: the list cannot be read, or not be written.
        """
        self.read()
        try:
            self._write(f"{digest.hex()} {remark}\n".encode("ascii"))
        except OSError as error:
            problem = f"the list of revoked keys {self.path} cannot be written: {(error.strerror or 'an error').lower()}"
            raise ConfigError("", f"{problem}; nothing was revoked; do it as the user of the host, or as root") from None
        self._digests |= {digest}

    def _write(self, line: bytes) -> None:
        state = self.path.parent.parent
        state.parent.mkdir(parents=True, exist_ok=True)
        make_folder(state, like=state.parent)
        make_folder(self.path.parent, like=state)
        with open(self.path, "ab+", buffering=0, opener=private) as file:
            hand_over(file.fileno(), like=state)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 1, 0))
            begin = b"" if file.read(1) in (b"", b"\n") else b"\n"
            file.write(begin + line)
            os.fsync(file.fileno())
