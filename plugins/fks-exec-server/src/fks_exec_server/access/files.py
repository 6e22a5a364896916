# SPDX-License-Identifier: MIT
"""Files for secrets; and files that one user writes and another one reads."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from fks_exec import FksExecError


class CannotKeep(FksExecError):
    """A secret that cannot be written into its file."""


def keep(path: Path, text: str) -> None:
    """A new file that only its owner can read, from its first moment on; one that is there is not written over.

    Raises:
        CannotKeep: it is there, or cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CannotKeep(f"{path} is there already; move it away, or say another one") from None
    except OSError as error:
        raise CannotKeep(f"{path} cannot be written: {(error.strerror or 'an error').lower()}; say another one") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text if text.endswith("\n") else f"{text}\n")


def private(path: str, flags: int) -> int:
    """An opener: only its owner can read the file, from its first moment on; a link is not followed to somebody else's file."""
    if sys.platform != "win32":
        flags |= os.O_NOFOLLOW
    return os.open(path, flags, 0o600)


def make_folder(path: Path, *, like: Path) -> None:
    """A folder, where it is not there, that whoever owns another one can enter; see :func:`hand_over`."""
    try:
        path.mkdir()
    except FileExistsError:
        return
    if (owner := _other_owner(like)) is None:
        return
    try:
        os.chown(path, *owner, follow_symlinks=False)
    except OSError:
        path.chmod(0o755)


def hand_over(handle: int, *, like: Path) -> None:
    """Give an open file to whoever owns a folder; where we may not, let everybody read it.

    What root writes with ``sudo`` is else a file that the host, another user, cannot read. A file that has another name
    somewhere else stays whose it is.
    """
    if sys.platform == "win32":
        return
    owner, found = _other_owner(like), os.fstat(handle)
    if owner is None or not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        return
    try:
        os.fchown(handle, *owner)
    except OSError:
        with contextlib.suppress(OSError):  # it is somebody else's, who let us write it
            os.fchmod(handle, 0o644)


def _other_owner(folder: Path) -> tuple[int, int] | None:
    """User and group of a folder that is not ours."""
    if sys.platform == "win32":
        return None
    found = folder.stat()
    return None if found.st_uid == os.geteuid() else (found.st_uid, found.st_gid)
