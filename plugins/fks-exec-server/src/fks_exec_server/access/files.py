# SPDX-License-Identifier: MIT
"""Files for secrets."""

from __future__ import annotations

import os
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
