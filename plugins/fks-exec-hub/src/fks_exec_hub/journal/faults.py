# SPDX-License-Identifier: MIT
"""What SQLite and the file system report, as sentences with cause and remedy."""

from __future__ import annotations

import apsw

_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (apsw.FullError, "the disk that holds {where} is full: free some space"),
    (apsw.ReadOnlyError, "{where} cannot be written: make the file and its folder writable"),
    (apsw.PermissionsError, "{where} cannot be written: make the file and its folder writable"),
    (apsw.BusyError, "another program holds a lock on {where}: end it (a database browser?) and try again"),
    (apsw.LockedError, "another program holds a lock on {where}: end it (a database browser?) and try again"),
    (apsw.NotADBError, "{where} is no journal of fks-exec: name another file, or move this one away"),
    (apsw.CorruptError, "{where} is damaged: stop, keep a copy of the file, and restore a backup"),
    (apsw.CantOpenError, "{where} cannot be opened: check that the path is right and the folder is writable"),
    (apsw.IOError, "the disk that holds {where} reports an input/output error: check the disk and the mount"),
    (apsw.NoMemError, "out of memory while working on {where}"),
)


def sentence(error: Exception, where: str) -> str:
    """Why a database operation failed and what to do about it."""
    if isinstance(error, ValueError | LookupError | TypeError):
        error = apsw.CorruptError()  # what is stored cannot be read as what was written
    for cls, text in _SENTENCES:
        if isinstance(error, cls):
            return text.format(where=where)
    if isinstance(error, OSError):
        return f"{where} cannot be used ({error.strerror or error}): choose a folder in which this user may write"
    return f"{where}: {type(error).__name__}: {error}"


def proves_nothing_stored(error: Exception) -> bool:
    """Whether a COMMIT that failed with this error cannot have reached the disk as a whole.

    A full disk or a lock stops SQLite before the frame that marks the commit is complete. An input/output error may come
    from the fsync after it: that transaction can still appear when the file is opened again.
    """
    return isinstance(error, apsw.FullError | apsw.BusyError | apsw.ReadOnlyError)
