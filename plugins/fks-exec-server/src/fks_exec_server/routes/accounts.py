# SPDX-License-Identifier: MIT
"""``GET /accounts`` and what is below it: how accounts stand, what they hold, what an instrument costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fks_exec import AccountNotReady, InvalidOrder, UnknownSymbol, to_dict
from fks_exec.model.fields import to_symbol
from fks_exec_hub import AccountStatus

from ..access.gate import Gate
from ..access.judging import permits
from ..access.scopes import Caller
from ..http import answers
from ..http.answers import Answer
from ..http.failures import ASK_AGAIN, UNAVAILABLE, failed, refused, unavailable
from ..http.request import Request

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub


class Accounts:
    """What own clients may see of their accounts."""

    def __init__(self, hub: ExecutionHub, access: Gate) -> None:
        self._hub = hub
        self._access = access

    async def standing(self, caller: Caller, request: Request) -> Answer:
        """The caller's accounts, each as it stands."""
        try:
            await self._access.admit(self._hub, request.proof, "read")
        except UNAVAILABLE as error:
            return unavailable(caller, error, ASK_AGAIN, ASK_AGAIN)
        mine = [each for each in self._hub.status() if permits(self._hub, caller.scope, "read", each.name) is None]
        return answers.of_json(200, {"accounts": [_standing(each) for each in mine]})

    async def positions(self, caller: Caller, request: Request) -> Answer:
        """What our own orders built up in an account."""
        account = request.params["account"]
        if denial := permits(self._hub, caller.scope, "read", account):
            return answers.forbidden(denial)
        try:
            await self._access.admit(self._hub, request.proof, "read")
            held = await self._hub.positions(account)
        except UNAVAILABLE as error:
            return unavailable(caller, error, ASK_AGAIN, ASK_AGAIN)
        return answers.of_json(200, {"account": account, "positions": [to_dict(position) for position in held]})

    async def quote(self, caller: Caller, request: Request) -> Answer:
        """One look at the market."""
        account = request.params["account"]
        if denial := permits(self._hub, caller.scope, "read", account):
            return answers.forbidden(denial)
        try:
            await self._access.admit(self._hub, request.proof, "read")
            quote = await self._hub.quote(account, to_symbol(request.params["symbol"]))
        except UnknownSymbol as error:
            return refused(caller, 422, "UNKNOWN_SYMBOL", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_REQUEST", error)
        except AccountNotReady as error:
            failed(caller, error)
            return answers.refusal(503, "NO_QUOTE", f"account {account!r} gives no quote of this at the moment; ask again")
        except UNAVAILABLE as error:
            return unavailable(caller, error, ASK_AGAIN, ASK_AGAIN)
        return answers.of_json(200, {"account": account, "quote": to_dict(quote)})


def _standing(account: AccountStatus) -> dict[str, object]:
    """Without reasons: those name hosts and files, and are told on the operations address."""
    return {
        "name": account.name,
        "venue": account.venue,
        "ready": account.ready,
        "live": account.live,
        "currency": account.currency,
        "unresolved": list(account.unresolved[:20]),
        "halt": account.halt,
        "breaker": account.breaker,
    }
