# SPDX-License-Identifier: MIT
"""What counts once: the nonces of signatures and, for what operators do, the ``jti`` of tokens; after a restart too.

The journal keeps what has changed something, one note each beside the rows of the change itself; memory keeps all that is
young enough to come again, and forgets a nonce once its time stamp, or its token's end, refuses the request anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from fks_exec import Clock, SystemClock
from fks_exec_hub.journal import Exists

from .proof import Once, Proof, Unauthenticated

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

MOST = 100_000
"""Nonces that are remembered at once, of all keys together: 1,600 signed requests a second for a minute."""

_SWEEP = 1024

Use: TypeAlias = Literal["order", "read", "change", "operate"]
"""What a request is for: a new order, a look, a cancel or a change, a halt, resume or close."""


class Nonces:
    """What was seen of late.

    Args:
        most: beyond it a new nonce is refused: what is forgotten too early could be used twice.
    """

    def __init__(self, clock: Clock | None = None, *, most: int = MOST) -> None:
        self._clock = clock or SystemClock()
        self._most = most
        self._seen: dict[str, tuple[str, int]] = {}
        self._sweep_at = _SWEEP

    def __len__(self) -> int:
        return len(self._seen)

    async def admit(self, hub: ExecutionHub, proof: Proof, use: Use) -> None:
        """Let a proved request pass once; call it before what it asks for is done.

        An order may come again as long as all of it is the same: its id keeps it from being executed twice, and its nonce is
        written together with it (``Proof.notes``). A token is no nonce but for what operators do.

        Raises:
            Unauthenticated: it came before.
            JournalError: that it came cannot be written down; nothing may be done.
        """
        once = proof.once
        if once is None or (proof.caller.kind == "jwt" and use != "operate"):
            return
        if use == "order":
            self._again(once)
            return
        if self._again(once, keep=use == "read"):
            raise Unauthenticated(f"a request of the key {proof.caller.name} came a second time")
        if use == "read":
            return
        try:
            await hub.write_note(once.note(proof.caller.accounts[0], self._clock.now()))
        except Exists:
            raise Unauthenticated(f"a request of the key {proof.caller.name} came a second time, after a restart") from None
        self._keep(once)

    def _again(self, once: Once, *, keep: bool = True) -> bool:
        """Whether the very same request came before; a nonce on other bytes is refused."""
        known = self._seen.get(once.name)
        if known is None:
            if keep:
                self._keep(once)
            return False
        if known[0] != once.digest:
            raise Unauthenticated(f"a nonce of the key {once.key} came a second time, with another request")
        return True

    def _keep(self, once: Once) -> None:
        if len(self._seen) >= self._sweep_at:
            now = self._clock.now()
            self._seen = {name: each for name, each in self._seen.items() if each[1] > now}
            self._sweep_at = max(_SWEEP, min(2 * len(self._seen), self._most))
        if len(self._seen) >= self._most:
            raise Unauthenticated(f"more than {self._most} signed requests within their time window")
        self._seen[once.name] = (once.digest, once.until)
