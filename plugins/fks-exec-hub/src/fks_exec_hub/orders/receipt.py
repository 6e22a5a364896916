# SPDX-License-Identifier: MIT
"""``Receipt``: the answer to an instruction that is durable."""

from __future__ import annotations

import asyncio

from attrs import evolve, field, frozen

from fks_exec.model.results import Denial, ExecutionResult

from ..accounts.live import Live
from .submit import denied


@frozen(kw_only=True)
class Receipt:
    """An instruction is the hub's; its result comes.

    Args:
        account, client_order_id: the order's key.
        symbol: canonical.
        duplicate: the key was known; nothing is sent for this call.
        concluded: the first outcome.
    """

    account: str
    client_order_id: str
    symbol: str
    duplicate: bool
    concluded: asyncio.Future[ExecutionResult]
    _live: Live | None = field(default=None, repr=False)
    _patience: float = field(default=0.0, repr=False)

    async def result(self, timeout: float | None = None) -> ExecutionResult:
        """The first outcome; for a duplicate the order's current one.

        What belongs to it and comes soon is told with it: that a stop stands, that the rest of a position is closed; it is
        waited for the account's deadline at most.

        Args:
            timeout: seconds to wait at most; None: as long as it takes.

        Raises:
            TimeoutError: it is still working; the order goes on.
        """
        now = asyncio.get_running_loop().time
        began = now()
        async with asyncio.timeout(timeout):
            result = await asyncio.shield(self.concluded)
        live = self._live
        if live is not None and live.told_with is not None:
            left = self._patience if timeout is None else min(self._patience, max(began + timeout - now(), 0.0))
            await asyncio.wait({live.told_with}, timeout=left)
            result = live.told
        return evolve(result, duplicate=True) if self.duplicate else result


def receipt_for(live: Live, content: str, *, duplicate: bool, patience: float = 0.0) -> Receipt:
    """The receipt of an order; for another content under the same key, a denial.

    Args:
        patience: seconds that its result waits at most for what is told with the first outcome.
    """
    known: Live | None = live
    concluded = live.concluded
    if duplicate and live.digest != content:
        name = live.key.client_order_id
        text = f"the id {name!a} stands for another order of this account; give this one an id of its own"
        concluded = asyncio.get_running_loop().create_future()
        refusal = denied(Denial(code="ID_REUSED", message=text, value=name))
        concluded.set_result(evolve(refusal, client_order_id=name))
        duplicate, known = False, None
    elif duplicate and concluded.done():
        concluded = asyncio.get_running_loop().create_future()
        concluded.set_result(live.told)
        known = None
    return Receipt(
        account=live.key.account,
        client_order_id=live.key.client_order_id,
        symbol=live.lane,
        duplicate=duplicate,
        concluded=concluded,
        live=known,
        patience=patience,
    )
