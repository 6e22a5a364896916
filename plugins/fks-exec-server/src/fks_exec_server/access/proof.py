# SPDX-License-Identifier: MIT
"""What a proof of identity is: Proof, the number in it that counts once (Once), and Unauthenticated, where there is none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from attrs import field, frozen

from fks_exec import FksExecError
from fks_exec_hub.journal import Note

from .scopes import Caller

REVOKED = "the secret is right, but it was taken back (fks-exec keys revoke)"
"""Why it is not let in."""

_SHORT = 32
"""Hexadecimal digits of an id that is made from a nonce: 128 bits."""


class Unauthenticated(FksExecError):
    """Nobody that is known. Its text is for the log: whoever asks is told no more than that it was not proved.

    Args:
        sender: the key, client or issuer in whose name it came, as the configuration has it; empty: a stranger.
        reason: one of a few words; lines of one sender and reason are paced together.
    """

    def __init__(self, text: str, *, sender: str = "", reason: str = "proof") -> None:
        super().__init__(text)
        self.sender = sender
        self.reason = reason


@frozen(kw_only=True)
class Once:
    """A number that a key uses once: the nonce of a signed request, the ``jti`` of a token.

    Args:
        key: kind and name of the key.
        value: the number, as the caller chose it.
        digest: of all that was signed with it, hexadecimal: the same request again has the same.
        until: epoch milliseconds from which on the request is refused for its age alone.
    """

    key: str
    value: str = field(repr=False)
    digest: str
    until: int

    @property
    def name(self) -> str:
        """What it is kept under, in memory and in the journal: of one length, whatever the caller chose."""
        return hashlib.sha256(f"{self.key}\0{self.value}".encode()).hexdigest()

    def note(self, account: str, now: int) -> Note:
        """The step that spends it, for the same write as what it is spent on; a second one fails with ``Exists``.

        Args:
            now: epoch milliseconds.
        """
        return Note(account=account, namespace=f"nonce:{self.key}", name=self.name, value=self.digest, when="absent", time=now)


@frozen(kw_only=True)
class Proof:
    """Who asks, and what of the request counts once.

    Args:
        once: None for what may come again, such as a path secret.
    """

    caller: Caller
    once: Once | None = None

    def notes(self, account: str, now: int) -> tuple[Note, ...]:
        """What is written with an order of this request: the nonce of a signature. A token may bring many orders."""
        return (self.once.note(account, now),) if self.once is not None and self.caller.kind == "hmac" else ()

    @property
    def order_id(self) -> str | None:
        """The id of an order of this request that brings none: the same for the same request; None where nothing tells it."""
        if self.once is None or self.caller.kind != "hmac":
            return None
        text = f"{self.once.name}\0{self.once.digest}"  # with other bytes under the same nonce it would be another order
        return f"signed-{hashlib.sha256(text.encode()).hexdigest()[:_SHORT]}"


Headers = Iterable[tuple[bytes, bytes]]
"""As ASGI gives them: names in lower case."""


def header(headers: Headers, name: bytes, pattern: re.Pattern[bytes]) -> bytes:
    """The one header of a name, in the form that it has.

    Raises:
        Unauthenticated: it is missing, there twice, or of another form.
    """
    found = [value for each, value in headers if each == name]
    if len(found) != 1:
        raise Unauthenticated(f"the header {name.decode()} is {'missing' if not found else 'there more than once'}")
    if not pattern.fullmatch(found[0]):
        raise Unauthenticated(f"the header {name.decode()} has not the form that it must have")
    return found[0]
