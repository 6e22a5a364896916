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
from ..http.failures import AGAIN, UNAVAILABLE, refused, unavailable
from ..http.request import Request
from ..telemetry.correlation import timed
from .alert import Alert, Child, NoDedupKey, read_alert
from .delivery import Delivery
from .groups import Part, together
from .secret import blanked
from .taking import Taking

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


_PLAIN = AlertConfig(accounts=("any",))
"""How alerts of senders without a table of options are taken; their accounts are those of their scope."""


class Arrival:
    """Takes alerts.

    Args:
        keys: how those with a secret in their path are taken, by name; the others have no options.
    """

    def __init__(self, hub: ExecutionHub, access: Gate, judge: Judge, keys: Mapping[str, KeyConfig]) -> None:
        self._keys = keys
        self._taking = Taking(hub, access, judge)

    async def alert(self, caller: Caller, request: Request) -> Answer:
        """Take an alert. 200, 202, 409 and a guard's 422 come after its order is durable, 503 says that it is not.

        Raises:
            Unauthenticated: a wrong body secret, or a nonce that is spent.
        """
        if not caller.scope.accounts:
            return _nowhere(caller)
        key = self._keys.get(caller.name) if caller.kind == "path" else None
        try:
            with timed("parse"):
                raw = request.body if key is None or key.body_secret is None else blanked(request.body, key.body_secret)
                config = key or _PLAIN
                alert = _read(caller, config, raw)
        except NoDedupKey as error:
            return refused(caller, 422, "NO_DEDUP_KEY", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_ALERT", error)
        delivery = Delivery(caller=caller, config=config, proof=request.proof, raw=raw, signal=alert.signal)
        parts = await asyncio.gather(*(self._part(delivery, child) for child in alert.children))
        return together(parts) if alert.group else parts[0].answer

    async def _part(self, delivery: Delivery, child: Child) -> Part:
        """One child of several: they are sent together, so that no account waits for the venue of another."""
        answer = await self._answer(delivery, child)
        return Part(account=child.account, client_order_id=child.instruction.client_order_id, answer=answer)

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
            raise Unauthenticated(f"the nonce of an alert of the key {caller.name} is spent") from None
        except UNAVAILABLE as error:
            return unavailable(caller, error, f"the order could not be written down for certain; {AGAIN}")


def _nowhere(caller: Caller) -> Answer:
    """A token may be narrowed to nothing."""
    denial = caller.scope.permits("trade", "")
    return answers.forbidden(denial or Denial(code="SCOPE_ACCOUNT", message="the key may trade no account"))


def _read(caller: Caller, config: AlertConfig, raw: bytes) -> Alert:
    return read_alert(
        raw,
        key=caller.name,
        accounts=caller.scope.accounts,
        spread=config.spread,
        mode=config.mode,
        windowed=config.dedup_window is not None,
    )
