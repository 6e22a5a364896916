# SPDX-License-Identifier: MIT
"""What the file says that lists the secrets which are right no more; one line each: the SHA-256, then a note for people."""

from __future__ import annotations

import re
from pathlib import Path

from fks_exec import ConfigError

_LINE = re.compile(r"([0-9a-f]{64})(?: [ -~]*)?")


def place(state: Path) -> Path:
    """Where the list is, in the folder that the configuration names ``state``. No account has a name that begins so."""
    return state / "_server" / "revoked"


def read_list(path: Path, *, held: bool = False) -> frozenset[bytes]:
    """The SHA-256 of each secret that was taken back; a file that is not there is an empty list.

    Args:
        held: it held some when it was last read: then one that is gone is no empty list.

    Raises:
        ConfigError: it cannot be read: nobody knows then what is right.
    """
    try:
        lines = path.read_text("ascii").splitlines()
    except FileNotFoundError:
        if held:
            problem = f"the list of revoked keys {path} is gone, and held some; put it back, or an empty file to revoke none"
            raise ConfigError("", problem) from None
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        cause = getattr(error, "strerror", None) or "it is not ASCII text"
        raise ConfigError("", f"the list of revoked keys {path} cannot be read: {cause}") from None
    found = [_LINE.fullmatch(line) for line in lines if line.strip()]
    if None in found:
        problem = f"the list of revoked keys {path} has a line that begins with no SHA-256; correct or remove that line"
        raise ConfigError("", problem)
    return frozenset(bytes.fromhex(line[1]) for line in found if line)
