# SPDX-License-Identifier: MIT
"""The list of secrets that are right no more: a file that ``fks-exec keys revoke`` writes and a running host reads.

A secret is known there by its SHA-256, so a new one under the same name is not touched. One line each: the digest, then a note
for people.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import time
from pathlib import Path

from fks_exec import ConfigError

from ..config import ClientConfig, KeyConfig, SenderConfig, TokenConfig

logger: logging.Logger = logging.getLogger(__name__)

FRESH = 1.0
"""Seconds for which a look at the file is good."""

_LINE = re.compile(r"([0-9a-f]{64})(?: [ -~]*)?")


def place(state: Path) -> Path:
    """Where the list is, in the folder that the configuration names ``state``. No account has a name that begins so."""
    return state / "_server" / "revoked"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def digests_of(sender: SenderConfig) -> tuple[bytes, ...]:
    """The SHA-256 of each secret by which a sender is known now; of an issuer of tokens that of its key's text."""
    if isinstance(sender, KeyConfig):
        return sender.digests
    if isinstance(sender, ClientConfig):
        secrets = sender.secrets
    else:
        secrets = (sender.key,) if isinstance(sender, TokenConfig) and sender.key is not None else ()
    return tuple(hashlib.sha256(secret.reveal().encode()).digest() for secret in secrets)


class Revoked:
    """The list, as of the last look.

    Args:
        path: a file that is not there is an empty list.

    Raises:
        ConfigError: it cannot be read: nobody knows then what is right.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._looked = time.monotonic()
        self._digests = self.read()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._digests

    async def look(self) -> None:
        """Read it again where the last look is old. What cannot be read now leaves what was known."""
        if time.monotonic() - self._looked < FRESH:
            return
        self._looked = time.monotonic()  # the others of this moment do not look as well
        try:
            self._digests = await asyncio.to_thread(self.read)
        except ConfigError as error:
            logger.error("%s; what was revoked before stays so", error)

    def read(self) -> frozenset[bytes]:
        """What the file says. Raises ConfigError."""
        try:
            lines = self.path.read_text("ascii").splitlines()
        except FileNotFoundError:
            return frozenset()
        except (OSError, UnicodeDecodeError) as error:
            cause = getattr(error, "strerror", None) or "it is not ASCII text"
            raise ConfigError("", f"the list of revoked keys {self.path} cannot be read: {cause}") from None
        found = [_LINE.fullmatch(line) for line in lines if line.strip()]
        if None in found:
            problem = (
                f"the list of revoked keys {self.path} has a line that begins with no SHA-256; correct or remove that line"
            )
            raise ConfigError("", problem)
        return frozenset(bytes.fromhex(line[1]) for line in found if line)

    def add(self, digest: bytes, remark: str) -> None:
        """Write one more line at the end, in one go: nothing that another process writes meanwhile is lost.

        Args:
            remark: printable ASCII, without a secret.

        Raises:
            ConfigError: the list cannot be read.
        """
        self.read()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab+", buffering=0, opener=_private) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 1, 0))
            begin = b"" if file.read(1) in (b"", b"\n") else b"\n"
            file.write(begin + f"{digest.hex()} {remark}\n".encode("ascii"))
            os.fsync(file.fileno())
        self._digests |= {digest}
