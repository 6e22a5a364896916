# SPDX-License-Identifier: MIT
"""What counts once: the nonces of signatures and, for what operators do, the ``jti`` of tokens; after a restart too.

The journal keeps what has changed something, one note each beside the rows of the change itself; memory keeps all that is
young enough to come again, and forgets a nonce once its time stamp, or its token's end, refuses the request anyway.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from fks_exec import Clock, SystemClock
from fks_exec_hub.journal import Exists, JournalError

from .proof import Once, Proof, Unauthenticated

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

logger: logging.Logger = logging.getLogger(__name__)

MOST = 100_000
"""Nonces that are remembered at once, of all keys together: 1,600 signed requests a second for a minute."""

HALT_WAITS = 1.0
"""Seconds that a halt waits at most until its number is written down; then it goes on, and memory keeps the number."""

_SWEEP = 1024
_SPENT = "a request came a second time, after a restart"

Use: TypeAlias = Literal["order", "read", "change", "halt", "operate"]
"""What a request is for: a new order, a look, a cancel or a change, a halt, a resume or close."""


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
        self._late: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._seen)

    async def admit(self, hub: ExecutionHub, proof: Proof, use: Use) -> None:
        """Let a proved request pass once; call it before what it asks for is done.

        An order may come again as long as all of it is the same: its id keeps it from being executed twice, and its nonce is
        written together with it (``Proof.notes``). A token is no nonce but for what operators do. A halt goes on where its
        number cannot be written down: a halt too many does less harm than one that is missing.

        Raises:
            Unauthenticated: it came before.
            JournalError: that it came cannot be written down, or looked up; nothing may be done.
        """
        once = proof.once
        if once is None or (proof.caller.kind == "jwt" and use not in ("halt", "operate")):
            return
        if self._again(once):
            if use == "order":
                return
            raise Unauthenticated("a request came a second time", sender=proof.caller.name, reason="again")
        if use == "read":
            return
        try:
            if use == "halt":
                await self._while_halting(self._first(hub, proof, once, use))
            else:
                await self._first(hub, proof, once, use)
        except BaseException:
            self._seen.pop(once.name, None)
            raise

    async def _while_halting(self, first: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(first)
        self._late.add(task)
        task.add_done_callback(self._told)
        done, _ = await asyncio.wait({task}, timeout=HALT_WAITS)
        error = task.exception() if done else JournalError("the journal takes long")
        if isinstance(error, JournalError):
            logger.warning("the number of a halt could not be written down, the halt goes on: %a", str(error))
        elif error is not None:
            raise error

    def _told(self, task: asyncio.Task[None]) -> None:
        """Also of one that nobody waits for any more."""
        self._late.discard(task)
        if not task.cancelled():
            task.exception()

    async def _first(self, hub: ExecutionHub, proof: Proof, once: Once, use: Use) -> None:
        """That it never came, for any account of the key; and, but for an order, the note that it came now."""
        now, accounts = self._clock.now(), proof.caller.accounts
        if len(accounts) > 1:  # of a single one the condition of the write tells
            notes = [once.note(account, now) for account in accounts]
            found = await asyncio.gather(*(hub.read_note(note.account, note.namespace, note.name) for note in notes))
            if any(known is not None and (use != "order" or known.value != once.digest) for known in found):
                raise Unauthenticated(_SPENT, sender=proof.caller.name, reason="again")
        if use != "order":
            await self._write(hub, proof, once, now)

    async def _write(self, hub: ExecutionHub, proof: Proof, once: Once, now: int) -> None:
        """For the first of the key's accounts that can be written: one in repair keeps nobody from operating the others."""
        failure: JournalError | None = None
        for account in proof.caller.accounts:
            try:
                await hub.write_note(once.note(account, now))
            except Exists:
                raise Unauthenticated(_SPENT, sender=proof.caller.name, reason="again") from None
            except JournalError as error:
                failure = failure or error
            else:
                return
        if failure is not None:
            raise failure

    def _again(self, once: Once) -> bool:
        """Whether the very same request came before; a nonce on other bytes is refused, a new one is kept."""
        known = self._seen.get(once.name)
        if known is None:
            self._keep(once)
            return False
        if known[0] != once.digest:
            raise Unauthenticated("a nonce came a second time, with another request", reason="again")
        return True

    def _keep(self, once: Once) -> None:
        if len(self._seen) >= self._sweep_at:
            now = self._clock.now()
            self._seen = {name: each for name, each in self._seen.items() if each[1] > now}
            self._sweep_at = max(_SWEEP, min(2 * len(self._seen), self._most))
        if len(self._seen) >= self._most:
            raise Unauthenticated(f"more than {self._most} signed requests within their time window", reason="many")
        self._seen[once.name] = (once.digest, once.until)
