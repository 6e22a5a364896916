# SPDX-License-Identifier: MIT
"""Whether a caller may do something, once what the scope asks about is known: Judge. The rules are those of Scope."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs

from fks_exec import AccountNotReady, Clock, Denial, Instruction, MarketData, Order, OrderChange, SizedOrder, SystemClock
from fks_exec_hub.exits.family import is_child, parent_of
from fks_exec_hub.instructions import read_instruction
from fks_exec_hub.journal.protocol import Key

from .scopes import Caller, Facts, Scope
from .worth import Market, needs_quote, reduces

if TYPE_CHECKING:
    from fks_exec_hub import ExecutionHub

MINUTE = 60_000
"""Milliseconds."""


class Pace:
    """Which orders each key has sent in the last 60 seconds. In memory: a restart counts anew."""

    def __init__(self) -> None:
        self._sent: dict[str, dict[object, int]] = {}

    def earlier(self, name: str, order: object, now: int) -> int:
        """How many of a key; 0 where the order is one of them: it comes again because it could not be taken.

        Args:
            order: what the same order sent again has in common with it.
            now: epoch milliseconds.
        """
        sent = self._sent.setdefault(name, {})
        for each in [each for each, time in sent.items() if time <= now - MINUTE]:
            del sent[each]
        return 0 if order in sent else len(sent)

    def add(self, name: str, order: object, now: int) -> None:
        """One more. Only what a limit let pass is counted, so the limit bounds what is kept."""
        self._sent[name].setdefault(order, now)


def permits(hub: ExecutionHub, scope: Scope, action: str, account: str) -> Denial | None:
    """Why a key may not do something with an account, its venue looked at as well; None when it may."""
    return scope.permits(action, account) or scope.at(hub.config.accounts[account].venue)


class Judge:
    """What callers may do with the accounts of a hub."""

    def __init__(self, hub: ExecutionHub, *, clock: Clock | None = None) -> None:
        self._hub = hub
        self._clock = clock or SystemClock()
        self._pace = Pace()

    def reaches(self, caller: Caller, account: str, symbol: str) -> Denial | None:
        """Why a caller may send nothing at all for an instrument; None when it may something.

        Args:
            symbol: canonical.
        """
        return caller.scope.reaches(Facts(account=account, venue=self._venue(account), symbol=symbol))

    def allowed(self, caller: Caller, account: str, instruction: Instruction, *, reducing: bool = False) -> Denial | None:
        """As :meth:`permit`, whatever it is worth and however many came before.

        Raises:
            UnknownSymbol, AccountNotReady: nobody can tell.
        """
        facts = self._facts(account, instruction)
        return caller.scope.may_have_sent(instruction, attrs.evolve(facts, reduces=reducing))

    async def permit(
        self,
        caller: Caller,
        account: str,
        instruction: Instruction,
        *,
        rehearsed: bool = False,
        reducing: bool = False,
        market: Market | None = None,
    ) -> Denial | None:
        """Why a caller may not send an instruction; None when it may, and then it counts as sent.

        An order of a known id is no further order: it is answered as it stands, and does not count. Nor does one that came a
        moment ago and was not taken; nor what can only reduce: no pace keeps a position open.

        Args:
            rehearsed: it is judged and not sent, and does not count.
            reducing: it is known that it can only reduce what is held.
            market: as it was looked up already; None: it is looked up where it matters.

        Raises:
            UnknownSymbol: the account has no such instrument.
            AccountNotReady, HubClosed, JournalError: nobody can tell at the moment.
        """
        scope = caller.scope
        denial = scope.permits("trade", account)
        if denial is not None:
            return denial
        facts = attrs.evolve(self._facts(account, instruction), reduces=reducing)
        denial = scope.may_have_sent(instruction, facts)
        if denial is not None or _counts_nothing(scope) or await self._known(account, instruction):
            return denial
        if reducing or reduces(instruction):
            return None
        if scope.max_notional is not None:
            facts = attrs.evolve(facts, market=await self._market(account, instruction, facts.symbol, market))
        now, order = self._clock.now(), (account, instruction.client_order_id or object())
        earlier = 0 if scope.orders_a_minute is None else self._pace.earlier(caller.name, order, now)
        denial = scope.allows(instruction, attrs.evolve(facts, earlier=earlier))
        if denial is None and scope.orders_a_minute is not None and not rehearsed:
            self._pace.add(caller.name, order, now)
        return denial

    async def may_touch(
        self, caller: Caller, account: str, client_order_id: str, change: OrderChange | None = None
    ) -> Denial | None:
        """Why a caller may not cancel an order, or change it; None when it may, and for an order that is not known.

        What it could not have sent it can neither cancel nor change, nor the stop and target of it; and an order does not grow
        beyond its limit by a change.

        Raises:
            InvalidOrder: a change that cannot be meant.
            AccountNotReady, HubClosed, JournalError: nobody can tell at the moment.
        """
        denial = caller.scope.permits("trade", account)
        if denial is not None:
            return denial
        recorded = await self._hub.journal.order(Key(account, client_order_id))
        if recorded is None:
            return None
        if is_child(client_order_id):  # a stop stands for its entry: whoever may not touch the one may not touch the other
            denial = await self.may_touch(caller, account, parent_of(client_order_id))
            if denial is not None:
                return denial
        instruction = read_instruction(recorded.instruction, client_order_id)
        facts = Facts(account=account, venue=self._venue(account), symbol=recorded.lane)
        denial = caller.scope.may_have_sent(instruction, facts)
        if denial is not None or caller.scope.max_notional is None or change is None or reduces(instruction):
            return denial
        if change.quantity is None and change.price is None and change.stop_price is None:
            return None  # a stop or a target that moves enlarges nothing
        if isinstance(instruction, SizedOrder) and change.quantity is None:
            return caller.scope.allows(instruction, facts)  # nobody knows its quantity here, so it has no known worth
        changed = _changed(instruction, change)
        facts = attrs.evolve(facts, market=await self._market(account, changed, facts.symbol))
        return caller.scope.allows(changed, facts)

    def _facts(self, account: str, instruction: Instruction) -> Facts:
        symbol = self._hub.resolve_symbol(account, instruction.symbol)
        return Facts(account=account, venue=self._venue(account), symbol=symbol)

    def _venue(self, account: str) -> str:
        return self._hub.config.accounts[account].venue

    async def _known(self, account: str, instruction: Instruction) -> bool:
        name = instruction.client_order_id
        return name is not None and await self._hub.order(account, name) is not None

    async def look(self, account: str, symbol: str, *, seconds: float | None = None) -> Market | None:
        """What is known of an instrument now; without a quote where there is none, or none in time.

        Args:
            seconds: to wait; None: as long as the venue's deadline. All who look at once wait for one answer.

        Returns:
            None where not even its rules came in time.

        Raises:
            AccountNotReady: the account has not opened.
        """
        found: Market | None = None
        try:
            async with asyncio.timeout(seconds):
                found = Market(instrument=await self._hub.instrument(account, symbol))
                return attrs.evolve(found, quote=await self._quote(account, symbol))
        except TimeoutError:
            return found

    async def _quote(self, account: str, symbol: str) -> MarketData | None:
        """None: there is none; what an order with a limit is worth may be known all the same."""
        try:
            return await self._hub.quote(account, symbol)
        except AccountNotReady:
            return None

    async def _market(self, account: str, instruction: Instruction, symbol: str, market: Market | None = None) -> Market:
        """What the worth of an instruction takes. Raises AccountNotReady where a quote that is missing now would tell it."""
        market = market or await self.look(account, symbol)
        if market is None or (market.quote is None and needs_quote(instruction, market)):
            raise AccountNotReady(account, f"it gives no quote of {symbol}")
        return market


def _counts_nothing(scope: Scope) -> bool:
    return scope.max_notional is None and scope.orders_a_minute is None


def _changed(instruction: Instruction, change: OrderChange) -> Instruction:
    """What an order becomes; its worth is that of all of it, filled or not. Raises InvalidOrder."""
    fields: dict[str, Any] = {name: value for name, value in attrs.asdict(change).items() if value is not None}
    if isinstance(instruction, SizedOrder):
        instruction = instruction.order(fields.pop("quantity"))
    return attrs.evolve(instruction, **fields) if isinstance(instruction, Order) else instruction
