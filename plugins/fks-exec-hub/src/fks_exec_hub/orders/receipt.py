# SPDX-License-Identifier: MIT
"""``Receipt``: the answer to an instruction that is durable."""

from __future__ import annotations

import asyncio

from attrs import evolve, frozen

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
    """

    account: str
    client_order_id: str
    symbol: str
    duplicate: bool
    concluded: asyncio.Future[ExecutionResult]

    async def result(self, timeout: float | None = None) -> ExecutionResult:
        """The first outcome; for a duplicate the order's current one.

        Args:
            timeout: seconds to wait at most; None: as long as it takes.

        Raises:
            TimeoutError: it is still working; the order goes on.
        """
        async with asyncio.timeout(timeout):
            result = await asyncio.shield(self.concluded)
        return evolve(result, duplicate=True) if self.duplicate else result


def receipt_for(live: Live, content: str, *, duplicate: bool) -> Receipt:
    """The receipt of an order; for another content under the same key, a denial."""
    concluded = live.concluded
    if duplicate and live.digest != content:
        name = live.key.client_order_id
        text = f"the id {name!a} stands for another order of this account; give this one an id of its own"
        concluded = asyncio.get_running_loop().create_future()
        refusal = denied(Denial(code="ID_REUSED", message=text, value=name))
        concluded.set_result(evolve(refusal, client_order_id=name))
        duplicate = False
    elif duplicate and concluded.done():
        concluded = asyncio.get_running_loop().create_future()
        concluded.set_result(live.told)
    return Receipt(
        account=live.key.account,
        client_order_id=live.key.client_order_id,
        symbol=live.lane,
        duplicate=duplicate,
        concluded=concluded,
    )
