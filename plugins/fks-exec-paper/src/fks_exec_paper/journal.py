# SPDX-License-Identifier: MIT
"""A file of lines that only grows, each chained to the one before by a checksum.

A line that was changed, lost or moved is found; a last line without its end is what a crash in the middle of a write
leaves, nobody was told of it, and it is dropped.
"""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from attrs import frozen

from fks_exec import VenueError

log: logging.Logger = logging.getLogger(__name__)

# A write of one line goes into the page cache and does not wait for the disk; the flag says so to those who watch the loop.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def corrupt(path: Path, what: str) -> VenueError:
    """A file that cannot be gone on with; it is never reset by itself."""
    text = f"the state file {path} cannot be used: {what}; put a good copy in its place, or move it away to start anew"
    return VenueError(text, code="STATE_CORRUPT")


@frozen(kw_only=True)
class Tail:
    """Where a journal ends: bytes and lines that are good, and the checksum to go on from."""

    length: int = 0
    lines: int = 0
    chain: int = 0


def read(path: Path, take: Callable[[str], None]) -> Tail:
    """Hand every text of a journal over, in order, checked.

    Raises:
        VenueError: a line is not the one that was written.
    """
    tail = Tail()
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                log.warning("%s: line %d has no end and is dropped; a crash cut it short", path, tail.lines + 1)
                break
            text = line[9:-1]
            chain = zlib.crc32(text, tail.chain)
            if line[:9] != b"%08x " % chain:
                raise corrupt(path, f"line {tail.lines + 1} is damaged, or no line of a simulated account's state")
            take(text.decode("utf-8"))
            tail = Tail(length=tail.length + len(line), lines=tail.lines + 1, chain=chain)
    return tail


def rewrite(path: Path, texts: Iterable[str]) -> Tail:
    """Put a file with these lines in the place of the old one: either is there, never half of one."""
    tail = Tail()
    fresh = path.with_suffix(".new")
    with open(fresh, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        for text in texts:
            line, chain = _line(text, tail.chain)
            tail = Tail(length=tail.length + file.write(line), lines=tail.lines + 1, chain=chain)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)
    _sync_folder(path.parent)
    return tail


def _line(text: str, chain: int) -> tuple[bytes, int]:
    data = text.encode("utf-8")
    chain = zlib.crc32(data, chain)
    return b"%08x %b\n" % (chain, data), chain


class Journal:
    """One open journal.

    Args:
        path: of the file; what stands beyond ``tail`` is cut off.
        tail: where what was read of it ends.
    """

    def __init__(self, path: Path, tail: Tail) -> None:
        self.path = path
        self._unsynced = False
        self.lines: int = tail.lines
        self._chain = tail.chain
        self._file = os.open(path, _FLAGS, 0o600)
        os.ftruncate(self._file, tail.length)

    def append(self, text: str) -> None:
        """Add a line; it survives this process, not yet a power failure.

        Raises:
            OSError: it may stand there in part.
        """
        line, self._chain = _line(text, self._chain)
        self.lines += 1
        self._unsynced = True
        data = memoryview(line)
        while data:
            data = data[os.write(self._file, data) :]

    def sync(self) -> None:
        """Wait until the disk has it all; it has, when nothing was added since."""
        if self._unsynced:
            os.fsync(self._file)
            self._unsynced = False

    def replace(self, texts: Iterable[str]) -> None:
        """Go on with a file that holds these lines only."""
        self.close()
        tail = rewrite(self.path, texts)
        self._file = os.open(self.path, _FLAGS, 0o600)
        self.lines, self._chain = tail.lines, tail.chain

    def in_place(self) -> bool:
        """Whether the file at the path is still the one that is written to."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._file))
        except OSError:
            return False

    def close(self) -> None:
        """Let the file go."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _sync_folder(folder: Path) -> None:
    """A new name in a folder is safe only after that; Windows has no such call."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
