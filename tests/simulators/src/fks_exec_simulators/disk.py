# SPDX-License-Identifier: MIT
"""A disk under SQLite that fails, waits and keeps a record, on demand; no root and no mounts."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any, cast

import apsw

from fks_exec import hookimpl
from fks_exec_hub.journal import Journal, JournalType
from fks_exec_hub.journal.sqlite import open_sqlite


def io_error(code: int) -> apsw.IOError:
    """An input/output error as SQLite's own file layer reports it."""
    error: Any = apsw.IOError("simulated")
    error.extendedresult = code
    return cast(apsw.IOError, error)


class FaultyDisk(apsw.VFS):
    """Give its ``name`` as ``vfs`` to an engine; ``unregister()`` at the end.

    Attributes:
        on_write: raised by every write, e.g. ``apsw.FullError("simulated")``.
        on_sync: raised by every fsync.
        delay: seconds that an fsync takes.
        gate: an fsync waits while it is cleared.
        record: (operation, end of the file's name) of every write and fsync.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.on_write: Exception | None = None
        self.on_sync: Exception | None = None
        self.delay = 0.0
        self.gate = threading.Event()
        self.gate.set()
        self.record: list[tuple[str, str]] = []
        self.broken: weakref.WeakSet[FaultyFile] = weakref.WeakSet()
        self._open_files: weakref.WeakSet[FaultyFile] = weakref.WeakSet()
        super().__init__(name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> FaultyFile:
        """SQLite opens a file."""
        file = FaultyFile(self, name, flags)
        self._open_files.add(file)
        return file

    def break_open_files(self) -> None:
        """From here on no file that is open now can be synced, as after a lost network mount; opened again it can."""
        self.broken.update(self._open_files)

    def syncs(self, end: str = "-wal") -> int:
        """How many fsyncs a file had so far."""
        return self.record.count(("sync", end))


class FaultyFile(apsw.VFSFile):
    """One file on the disk."""

    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        self._end = "-wal" if text.endswith("-wal") else text.rpartition(".")[2]
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        """SQLite writes."""
        if self._disk.on_write is not None:
            raise self._disk.on_write
        self._disk.record.append(("write", self._end))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        """SQLite wants it durable."""
        time.sleep(self._disk.delay)
        self._disk.gate.wait()
        if self in self._disk.broken:
            raise io_error(apsw.SQLITE_IOERR_FSYNC)
        if self._disk.on_sync is not None:
            raise self._disk.on_sync
        super().xSync(flags)
        self._disk.record.append(("sync", self._end))


class DiskJournals:
    """A plugin: journals of the scheme ``disk``, on a disk that fails on demand."""

    def __init__(self, disk: FaultyDisk) -> None:
        self._disk = disk

    @hookimpl
    def fks_exec_journals(self) -> list[JournalType]:
        """The one scheme."""
        return [JournalType(scheme="disk", open=self._open)]

    async def _open(self, place: str, *, read_only: bool = False) -> Journal:
        return await open_sqlite(place, read_only=read_only, vfs=self._disk.name)
