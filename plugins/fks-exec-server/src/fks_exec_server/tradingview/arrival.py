# SPDX-License-Identifier: MIT
"""One alert from its bytes to its answer. Its sender is known by then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fks_exec import Denial, InvalidOrder, UnknownSymbol
from fks_exec_hub.journal import Exists

from ..access.gate import Gate
from ..access.judging import Judge
from ..access.proof import Unauthenticated
from ..access.scopes import Caller
from ..config import AlertConfig, KeyConfig
from ..http import answers
from ..http.answers import Answer
from ..http.failures import AGAIN, UNAVAILABLE, noted, refused, unavailable
from ..http.request import Request
from ..telemetry.correlation import timed
from .alert import Alert, Child, NoDedupKey, read_alert
from .delivery import Delivery
from .groups import Part, together
from .secret import blanked
from .taking import Taking

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


class Arrival:
    """Takes alerts.

    Args:
        senders: how those of each sender are taken, by its name; a name stands for one sender, whatever proves who it is.
    """

    def __init__(self, hub: ExecutionHub, access: Gate, judge: Judge, senders: Mapping[str, AlertConfig]) -> None:
        self._senders = senders
        self._taking = Taking(hub, access, judge)

    async def alert(self, caller: Caller, request: Request) -> Answer:
        """Take an alert. 200, 202, 409 and a guard's 422 come after its order is durable, 503 says that it is not.

        Raises:
            Unauthenticated: a wrong body secret, or a nonce that is spent.
        """
        if not caller.scope.accounts:
            return _nowhere(caller)
        config = self._senders[caller.name]
        try:
            with timed("parse"):
                raw = _kept(request.body, config)
                alert = _read(caller, config, raw)
        except NoDedupKey as error:
            return refused(caller, 422, "NO_DEDUP_KEY", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_ALERT", error)
        delivery = Delivery(
            caller=caller, config=config, proof=request.proof, raw=raw, signal=alert.signal, written=request.written
        )
        parts = await asyncio.gather(*(self._part(delivery, child) for child in alert.children))
        return together(parts) if alert.group else parts[0].answer

    async def _part(self, delivery: Delivery, child: Child) -> Part:
        """One child of several: they are sent together, so that no account waits for the venue of another."""
        answer, name = await self._answer(delivery, child), child.instruction.client_order_id
        return Part(account=child.account, client_order_id=name, answer=noted(child.account, name, answer))

    async def _answer(self, delivery: Delivery, child: Child) -> Answer:
        caller = delivery.caller
        try:
            denial = caller.scope.permits("trade", child.account)
            return answers.forbidden(denial) if denial else await self._taking.take(delivery, child)
        except UnknownSymbol as error:
            return refused(caller, 422, "UNKNOWN_SYMBOL", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_ALERT", error)
        except Exists:
            raise Unauthenticated("the nonce of an alert is spent", sender=caller.name, reason="again") from None
        except UNAVAILABLE as error:
            return unavailable(caller, error, f"the order could not be written down for certain; {AGAIN}")


def _nowhere(caller: Caller) -> Answer:
    """A token may be narrowed to nothing."""
    denial = caller.scope.permits("trade", "")
    return answers.forbidden(denial or Denial(code="SCOPE_ACCOUNT", message="the key may trade no account"))


def _kept(body: bytes, config: AlertConfig) -> bytes:
    """An alert as it is kept: without the secret in its body, which is compared here. Raises Unauthenticated, InvalidOrder."""
    secret = config.body_secret if isinstance(config, KeyConfig) else None
    return body if secret is None else blanked(body, secret)


def _read(caller: Caller, config: AlertConfig, raw: bytes) -> Alert:
    return read_alert(
        raw,
        key=caller.name,
        accounts=caller.scope.accounts,
        spread=config.spread,
        mode=config.mode,
        windowed=config.dedup_window is not None,
    )
