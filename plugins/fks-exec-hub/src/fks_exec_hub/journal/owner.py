# SPDX-License-Identifier: MIT
"""The owner's lock: one process, and one opener within it, writes a journal file.

The lock is the operating system's, on a file of its own beside the journal, and holds the owner's process id. It goes
away with the process, however that ends; the file stays, since removing it would open a race.
"""

from __future__ import annotations

import os
import sys
import weakref

from .protocol import JournalInUse

if sys.platform == "win32":
    import msvcrt

    # A locked region cannot be read on Windows: lock far behind the process id.
    _REGION = 1 << 30

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _REGION, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class OwnerLock:
    """Held from ``take`` until ``release`` or the end of the process."""

    def __init__(self, where: str, descriptor: int) -> None:
        self.where = where
        self._descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, where: str) -> OwnerLock:
        """Own the journal file ``where``. Raises JournalInUse, or OSError if the lock file cannot be made."""
        descriptor = os.open(lock_path(where), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError:
            owner = _owner(descriptor)
            os.close(descriptor)
            raise JournalInUse(where, owner) from None
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, b"%d\n" % os.getpid())
        return cls(where, descriptor)

    def release(self) -> None:
        """Let the next one in; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lock_path(where: str) -> str:
    """The lock file of a journal file."""
    return where + ".lock"


def _owner(descriptor: int) -> int:
    os.lseek(descriptor, 0, os.SEEK_SET)
    text = os.read(descriptor, 20).strip()
    return int(text) if text.isdigit() else 0


_held: weakref.WeakSet[OwnerLock] = weakref.WeakSet()


def _forget_in_child() -> None:
    # A forked child shares the lock's descriptor and would keep it after the owner's death.
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
