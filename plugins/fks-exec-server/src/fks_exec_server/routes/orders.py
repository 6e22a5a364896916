# SPDX-License-Identifier: MIT
"""``POST /orders``: an instruction from its JSON to its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from attrs import evolve, frozen

from fks_exec import (
    ClosePosition,
    Instruction,
    InvalidOrder,
    Order,
    ReversePosition,
    SizedOrder,
    TargetPosition,
    UnknownSymbol,
)
from fks_exec.convert import from_dict, parse_json
from fks_exec_hub import HubClosed
from fks_exec_hub.journal import Exists

from ..access.gate import Gate
from ..access.judging import Judge
from ..access.proof import Proof, Unauthenticated
from ..access.scopes import Caller
from ..http import answers
from ..http.answers import Answer
from ..http.failures import AGAIN, UNAVAILABLE, noted, refused, unavailable
from ..http.request import Request
from ..telemetry.correlation import note_order, timed
from ..telemetry.late import tell_late

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

KINDS = {kind.__name__: kind for kind in (Order, SizedOrder, ClosePosition, TargetPosition, ReversePosition)}
"""What an order may be, by the word in its field ``kind``; without one it is an ``Order``."""


class NoId(InvalidOrder):
    """Nothing tells this order from the same one sent again."""

    def __init__(self) -> None:
        super().__init__("client_order_id", "is missing; without it the order could not be told from the same one sent again")


@frozen(kw_only=True)
class Placed:
    """What a body says."""

    account: str
    instruction: Instruction


def read_order(body: bytes, accounts: Sequence[str]) -> Placed:
    """The instruction of a body.

    Args:
        accounts: those that the sender may trade; with one, the body need not name it.

    Raises:
        InvalidOrder: no JSON, a field that is none, or that cannot be meant.
    """
    fields = parse_json(body)
    kind, account = fields.pop("kind", Order.__name__), fields.pop("account", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidOrder("kind", f"{str(kind)[:40]!a} is not one of {', '.join(KINDS)}")
    if account is None and len(accounts) != 1:
        raise InvalidOrder("account", f"is missing; this sender may trade: {', '.join(accounts) or 'none'}")
    if account is not None and (not isinstance(account, str) or not account):
        raise InvalidOrder("account", "is not the name of an account; leave it out where the sender may trade only one")
    named = accounts[0] if account is None else account
    return Placed(account=named, instruction=cast("Instruction", from_dict(KINDS[kind], fields)))


class Orders:
    """Takes orders of own clients."""

    def __init__(self, hub: ExecutionHub, access: Gate, judge: Judge) -> None:
        self._hub = hub
        self._access = access
        self._judge = judge

    async def place(self, caller: Caller, request: Request) -> Answer:
        """Take an order. 200, 202, 409 and a guard's 422 come after it is durable, 503 says that it is not."""
        try:
            with timed("parse"):
                placed = read_order(request.body, caller.scope.accounts)
            placed = evolve(placed, instruction=_named(placed.instruction, request.proof))
            return noted(placed.account, placed.instruction.client_order_id, await self._judged(caller, request, placed))
        except NoId as error:
            return refused(caller, 422, "NO_DEDUP_KEY", error)
        except UnknownSymbol as error:
            return refused(caller, 422, "UNKNOWN_SYMBOL", error)
        except InvalidOrder as error:
            return refused(caller, 400, "INVALID_ORDER", error)
        except Exists:
            raise Unauthenticated("the nonce of a request is spent", sender=caller.name, reason="again") from None
        except UNAVAILABLE as error:
            return unavailable(caller, error, f"the order could not be written down for certain; {AGAIN}")

    async def _judged(self, caller: Caller, request: Request, placed: Placed) -> Answer:
        denial = caller.scope.permits("trade", placed.account)
        denial = denial or await self._judge.permit(caller, placed.account, placed.instruction)
        if denial is not None:
            return answers.forbidden(denial)
        await self._access.admit(self._hub, request.proof, "order")
        return await self._submit(caller, request, placed)

    async def _submit(self, caller: Caller, request: Request, placed: Placed) -> Answer:
        note_order(placed.account, placed.instruction.client_order_id or "")
        notes = request.proof.notes(placed.account, self._hub.clock.now())
        receipt = await self._hub.submit(placed.account, placed.instruction, raw=request.body, notes=notes)
        request.written()
        if caller.wait is None and not receipt.concluded.done():
            tell_late(caller.name, receipt)
            return answers.still_working(receipt.client_order_id)
        try:
            return answers.outcome(await receipt.result(timeout=caller.wait))
        except (TimeoutError, HubClosed):  # durable by now, whatever becomes of this host
            tell_late(caller.name, receipt)
            return answers.still_working(receipt.client_order_id)


def _named(instruction: Instruction, proof: Proof) -> Instruction:
    """With an id, so that the same request sent again is the same order."""
    if instruction.client_order_id is not None:
        return instruction
    if proof.order_id is None:
        raise NoId
    return evolve(instruction, client_order_id=proof.order_id)
