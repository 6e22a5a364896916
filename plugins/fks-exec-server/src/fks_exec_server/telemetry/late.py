# SPDX-License-Identifier: MIT
"""What became of an order whose sender did not wait for it: an answer 202 told nothing, so the log does."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from fks_exec import ExecutionResult

from .correlation import Unmet

if TYPE_CHECKING:
    from fks_exec_hub import Receipt

logger: logging.Logger = logging.getLogger(__name__)


def tell_late(sender: str, receipt: Receipt) -> None:
    """Warn, once the outcome is there, if the order did not come about, or not all of it. Of a repetition the first one tells.

    Args:
        sender: the name of the key, client or issuer.
    """
    if receipt.duplicate:
        return

    def concluded(outcome: asyncio.Future[ExecutionResult]) -> None:
        if outcome.cancelled() or outcome.exception() is not None:
            return  # the host closes; the next one goes on with it
        result = outcome.result()
        if result.code is not None:
            said = "; ".join(denial.message for denial in result.denials) or result.error or result.status.value
            unmet = Unmet(receipt.account, receipt.client_order_id, result.code, said)
            extra = {"account": receipt.account, "client_order_id": receipt.client_order_id, "code": result.code}
            logger.warning("an order from %s that was answered 202 did not come about: %s", sender, unmet, extra=extra)

    receipt.concluded.add_done_callback(concluded)
