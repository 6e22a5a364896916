# SPDX-License-Identifier: MIT
"""A local socket that only its owner may use: where it is, how its place is taken, and how it is let go."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from fks_exec.errors import FksExecError

SUPPORTED: bool = hasattr(socket, "AF_UNIX") and os.name == "posix"
"""Whether the system, and asyncio on it, has such sockets."""

LONGEST = 100
"""Bytes of a socket's path; the systems stop at 104 to 108."""

FOLDER = ".control"
"""Within the state folder; no account has such a name."""

NAME = "socket"


class CannotServe(FksExecError):
    """The socket cannot be had."""


def place(state: Path, *, make: bool = True) -> Path:
    """Where the host with this state folder listens: in it, or, where that path is too long, in one of the user's own.

    Args:
        make: make its folder, for the owner alone.

    Raises:
        CannotServe: the folder is somebody else's, or no folder.
    """
    whole = state.resolve()
    folder = whole / FOLDER
    path = folder / NAME
    if len(os.fsencode(path)) > LONGEST:
        folder = Path(tempfile.gettempdir()).resolve() / f"fks-exec-{os.getuid()}"
        path = folder / hashlib.sha256(os.fsencode(whole)).hexdigest()[:16]
    if len(os.fsencode(path)) > LONGEST:
        raise CannotServe(f"{path} is too long for a socket; set TMPDIR to a shorter folder")
    if make:
        _own_folder(folder)
    elif folder.exists() or folder.is_symlink():
        _check(folder)
    return path


def _own_folder(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = _check(folder)
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise CannotServe(f"{folder}: {error.strerror}; the host needs a state folder that it may write") from None


def _check(folder: Path) -> os.stat_result:
    """Root speaks to the hosts of others; nobody listens, or speaks, where somebody else could have put something."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or os.getuid() not in (0, found.st_uid):
        raise CannotServe(f"{folder} is no folder of this user; look what it is, and remove it")
    return found


def bind(path: Path) -> socket.socket:
    """A socket that listens there, for its owner alone; one that a dead host left is replaced.

    Raises:
        CannotServe: another host answers there, or what is there is no socket of ours.
    """
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(16)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise CannotServe(f"{path}: {error.strerror}") from None
    return listener


def _clear(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise CannotServe(f"{path} is no socket of this user; look what it is and remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise CannotServe(f"{path}: {error.strerror or type(error).__name__}") from None
    raise CannotServe(f"another host answers at {path}; give each host a state folder of its own")


def let_go(path: Path, listener: socket.socket) -> None:
    """Close it, and remove its file."""
    with suppress(OSError):
        listener.close()
    with suppress(OSError):
        path.unlink(missing_ok=True)
