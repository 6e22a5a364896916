# SPDX-License-Identifier: MIT
"""What ``POST /close`` does: one order for each instrument that is held, each account by itself, and one answer of all."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from fks_exec import ClosePosition, Denial, ExecutionResult, Status, UnknownSymbol
from fks_exec_hub import HubClosed

from ..access.proof import Proof
from ..access.scopes import Caller, Facts
from ..http import answers
from ..http.answers import Answer
from ..http.failures import UNAVAILABLE, unavailable
from ..telemetry.correlation import note_order

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub, Receipt

_AGAIN = "sign it anew and say it again"


@frozen(kw_only=True)
class _Closed:
    """What became of one account.

    Args:
        results: of the orders that were taken.
        denials: what of it the sender may not close.
        unknown: why it has no such instrument.
        failure: why not all was taken.
    """

    account: str
    results: Sequence[ExecutionResult] = ()
    denials: Sequence[Denial] = ()
    unknown: UnknownSymbol | None = None
    failure: Answer | None = None


class Closing:
    """Closes for one request.

    Args:
        symbol: this instrument only, in any spelling; None: all that is held and that the sender may close.
    """

    def __init__(self, hub: ExecutionHub, caller: Caller, proof: Proof, symbol: str | None) -> None:
        self._hub = hub
        self._caller = caller
        self._proof = proof
        self._symbol = symbol

    async def close(self, accounts: Sequence[str]) -> Answer:
        """Close what accounts hold, all at once: one that is not ready keeps no other from being closed.

        Raises:
            UnknownSymbol: no account has such an instrument.
        """
        told = await asyncio.gather(*(self._account(account) for account in accounts), return_exceptions=True)
        every: list[_Closed] = []
        for each in told:
            if isinstance(each, BaseException):
                raise each
            every.append(each)
        unknown = [each.unknown for each in every if each.unknown is not None]
        if unknown and len(unknown) == len(every):
            raise unknown[0]
        denials = [denial for each in every for denial in each.denials]
        if denials and not any(each.results or each.failure for each in every):
            return answers.forbidden(denials[0])
        return _of_all(every)

    async def _account(self, account: str) -> _Closed:
        receipts: list[Receipt] = []
        denials: list[Denial] = []
        failure: Answer | None = None
        try:
            for symbol in await self._meant(account):
                order = ClosePosition(symbol=symbol, scope="account", client_order_id=_id(self._proof, account, symbol))
                if denial := self._denial(account, order):
                    denials.append(denial)
                    continue
                note_order(account, order.client_order_id or "")
                receipts.append(await self._hub.submit(account, order))
        except UnknownSymbol as error:
            return _Closed(account=account, unknown=error)
        except UNAVAILABLE as error:
            failure = unavailable(self._caller, error, f"it could not be written down for certain; {_AGAIN}", _AGAIN)
        results = await asyncio.gather(*(_result(receipt, self._caller.wait) for receipt in receipts))
        return _Closed(account=account, results=results, denials=denials, failure=failure)

    async def _meant(self, account: str) -> list[str]:
        """The instruments that an account holds; one that was named is judged also where it is not held."""
        wanted = None if self._symbol is None else self._hub.resolve_symbol(account, self._symbol)
        held = dict.fromkeys(position.symbol for position in await self._hub.positions(account))
        if wanted is None:
            return list(held)
        return [wanted] if wanted in held or not self._may(account, wanted) else []

    def _may(self, account: str, symbol: str) -> bool:
        return self._denial(account, ClosePosition(symbol=symbol, scope="account")) is None

    def _denial(self, account: str, order: ClosePosition) -> Denial | None:
        facts = Facts(account=account, venue=self._hub.config.accounts[account].venue, symbol=order.symbol)
        return self._caller.scope.may_have_sent(order, facts, "close")


def _of_all(every: Sequence[_Closed]) -> Answer:
    """503 as soon as one account could not be told to close; what the others did stands beside it."""
    taken = answers.of_children([(each.account, result) for each in every for result in each.results])
    failures = [{"account": each.account, **json.loads(each.failure.body)} for each in every if each.failure is not None]
    if not failures:
        return taken
    content = json.loads(taken.body)
    children = [*content["result"]["children"], *failures]
    message = "; ".join(f"{child['account']}: {child['message']}" for child in children)
    return answers.told(503, "failed", message, str(failures[0]["code"]), {"children": children})


async def _result(receipt: Receipt, wait: float | None) -> ExecutionResult:
    if wait is not None or receipt.concluded.done():
        try:
            return await receipt.result(timeout=wait)
        except (TimeoutError, HubClosed):  # durable by now, whatever becomes of this host
            pass
    return ExecutionResult(status=Status.PENDING, client_order_id=receipt.client_order_id)


def _id(proof: Proof, account: str, symbol: str) -> str:
    """The same for the same request."""
    once = "" if proof.once is None else proof.once.name
    return "close-" + hashlib.sha256(f"{once}\0{account}\0{symbol}".encode()).hexdigest()[:32]
