# SPDX-License-Identifier: MIT
"""``ExecutionHub``: accounts, lanes and the journal, wired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from fks_exec.clock import Clock, SystemClock
from fks_exec.errors import FksExecError
from fks_exec.model.numbers import Number
from fks_exec.model.orders import OrderChange
from fks_exec.model.results import ExecutionResult
from fks_exec.observers import Observers
from fks_exec.roles import implementations

from .accounts.desk import Desk
from .accounts.forgotten import forgotten
from .accounts.halting import HaltAnswer, together
from .accounts.live import Live
from .config import HubConfig, check_state, load_config
from .engines import open_journal
from .errors import HubClosed, UnknownOrder
from .exits.family import LEGS
from .exits.moving import given_up, move, move_leg, moves
from .exits.telling import tell_now
from .instructions import Instruction
from .journal.protocol import HaltState, JournalUnavailable, Key, Note, NoteRecord
from .looks import Looks
from .orders.amend import amend
from .orders.concrete import enforces_reduce_only
from .orders.intake import Intake
from .orders.receipt import Receipt
from .orders.record import tell_recorded
from .orders.rehearse import rehearse
from .orders.repair import write
from .orders.resolve import Word, resolve_live
from .orders.restore import restore, revive
from .recipes import Made, make, sort
from .staff import Staff, employ

log: logging.Logger = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds that the start waits for accounts that are not required: an SDK may take some to be imported."""

REPAIR = 2.0
"""Seconds that a journal which could not be written has to come back when the hub closes."""

STOP = 10.0
"""Seconds that a running call to a venue has when the hub closes."""


class ExecutionHub(Looks):
    """Every order once, or provably not at all.

    Make it with :meth:`open`, and use it as ``async with``.
    """

    def __init__(
        self,
        config: HubConfig,
        plugins: Iterable[object] = (),
        clock: Clock | None = None,
        *,
        take_up: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        super().__init__(config)
        self._take_up = take_up
        self._patience = patience
        self.clock: Clock = clock or SystemClock()
        self.observers: Observers = Observers()
        self._given = tuple(plugins)
        self._staff: dict[str, Staff] = {}
        self._intake = Intake()

    @classmethod
    def open(
        cls,
        source: str | Path | HubConfig | None = None,
        *,
        plugins: Iterable[object] = (),
        clock: Clock | None = None,
        take_up: bool = True,
        patience: float = PATIENCE,
    ) -> ExecutionHub:
        """A hub that starts with ``async with`` (or :meth:`start`).

        Args:
            source: a configuration, or the file's path; None: ``FKS_EXEC_CONFIG``, then ``./fks-exec.toml``.
            plugins: the host's own objects: with registration hooks (more types), or guards, observers and wrappers of
                every account.
            take_up: send what an earlier host had accepted and not begun; False leaves it to the next start.
            patience: seconds that the start waits for the first try to open each account; it goes on in the background.

        Raises:
            ConfigError: the file cannot be used.
        """
        config = source if isinstance(source, HubConfig) else load_config(source)
        return cls(config, plugins, clock, take_up=take_up, patience=patience)

    async def __aenter__(self) -> ExecutionHub:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the journal, rebuild what was open, open the accounts, take up what was accepted.

        Raises:
            ConfigError, PluginError: the configuration cannot be used.
            JournalInUse, JournalUnavailable: the journal cannot be owned.
            HubClosed: it was started before; a hub is started once.
        """
        if self._loop is not None:
            raise HubClosed("a hub is started once; open a new one")
        self._loop = asyncio.get_running_loop()
        check_state(self.config)
        given = sort(self._given)
        found = self.config.load_plugins(given.registrars)
        made = make(self.config, found, given, self.clock, self.quote)
        for observer in [*self.config.observers_of(found), *given.observers]:
            hooks = implementations(observer.plugin, observer.name)
            close = hooks["close"].function if "close" in hooks else None
            self.observers.add(observer.name, hooks["observe"].function, close)
        self._journal = await open_journal(self.config, plugins=found)
        try:
            await self._start(made)
        except BaseException:
            await self.close()
            raise

    async def _start(self, made: dict[str, Made]) -> None:
        pending: list[Live] = []
        for name, account in made.items():
            pending += await restore(await self._desk_for(name, account))
        for sentence in await forgotten(self.journal, made):
            log.warning("%s", sentence)
        await self._open_accounts()
        self._closed = False
        for live in pending if self._take_up else ():
            self._intake.put(self._desks[live.key.account], live)
        for desk in self._desks.values():
            for live in [live for live in desk.live.values() if live.submitted_at is not None]:
                desk.changed(live)
            if desk.unresolved:
                names = ", ".join(desk.unresolved[:20])
                log.warning("account %s: it is not known whether these orders exist at the venue: %s", desk.name, names)

    async def _open_accounts(self) -> None:
        """Wait for the required accounts; for the others a while, then they open in the background."""
        required: set[asyncio.Task[None]] = set()
        others: set[asyncio.Task[None]] = set()
        for name, staff in self._staff.items():
            opening = asyncio.create_task(staff.opener.first())
            (required if self.config.accounts[name].required else others).add(opening)
            self._desks[name].spawn(opening)
        await asyncio.gather(*required)
        if others:
            await asyncio.wait(others, timeout=self._patience)

    async def _desk_for(self, name: str, made: Made) -> Desk:
        term = await self.journal.claim(name)
        desk = Desk(name, made.recipe.config, self.journal, term, self.observers, self.clock, made.digest)
        note = Note(account=name, namespace="limits", name=made.digest, value=made.limits, time=self.clock.now())
        await self.journal.write(note, term=term)
        desk.adopt = partial(self._intake.adopt, desk)
        desk.recorded = partial(tell_recorded, desk)
        self._desks[name] = desk
        self._staff[name] = employ(desk, made.recipe, lambda order: self._intake.enter_child(desk, order))
        return desk

    async def close(self) -> None:
        """Refuse new orders; running calls get until their deadline, at most 10 s; then accounts, observers, journal."""
        self._closed = True
        for desk in self._desks.values():
            desk.closing = True
        await self._intake.stop(STOP)
        for staff in self._staff.values():
            await staff.follower.settle()
        for desk in self._desks.values():
            await desk.settled()
            if desk.repair is not None:
                await asyncio.wait({desk.repair}, timeout=REPAIR)
            await desk.stop()
        for staff in self._staff.values():
            await staff.opener.close()
        for staff in self._staff.values():  # what a venue told while it closed
            await staff.follower.settle()
        self._let_go_waiting()
        if self.observers:
            await asyncio.to_thread(self.observers.close)
        if self._journal is not None:
            journal, self._journal = self._journal, None
            await journal.close()

    def _let_go_waiting(self) -> None:
        """Whoever waits for an order that was not begun is told that it is durable, and when it goes on."""
        for desk in self._desks.values():
            for live in desk.live.values():
                if not live.concluded.done():
                    live.concluded.set_exception(
                        HubClosed("the hub has closed; the order is durable, and the next start goes on with it")
                    )
                    live.concluded.exception()

    async def execute_order(self, account: str, instruction: Instruction) -> ExecutionResult:
        """Take an instruction and wait for its first outcome; raises as :meth:`submit`."""
        return await (await self.submit(account, instruction)).result()

    async def submit(
        self, account: str, instruction: Instruction, *, raw: bytes | None = None, notes: Sequence[Note] = ()
    ) -> Receipt:
        """Take an instruction; when this returns it is durable.

        Args:
            account: the configured name.
            instruction: an Order, a SizedOrder, a ClosePosition, a TargetPosition or a ReversePosition.
            raw: what arrived, for the journal, with secrets blanked.
            notes: facts of the account that are stored in the same write as the order, or not at all. Those of an order that
                is known already are not looked at.

        Raises:
            Exists: the condition of a note does not hold (``recorded`` is the NoteRecord that stands in its way); the id is
                unspent.
            UnknownAccount, UnknownSymbol: there is none; the id is unspent.
            InvalidOrder: the id is one of those that the hub gives to the orders that it makes for another one.
            AccountNotReady: nothing was sent; the id is unspent.
            HubClosed: the hub is closing.
            JournalUnavailable, JournalUncertain: it is not known to be durable; nothing was sent.
        """
        return await self._intake.take(self._desk(account), instruction, raw, notes)

    async def read_note(self, account: str, namespace: str, name: str) -> NoteRecord | None:
        """A fact that was noted of an account; None if there is none.

        Raises:
            UnknownAccount: there is none.
            JournalError: it cannot be read.
        """
        return await self.journal.note(self._desk(account).name, namespace, name)

    async def write_note(self, note: Note) -> None:
        """Note a fact of an account; when this returns it is durable.

        Raises:
            Exists: its condition does not hold; ``recorded`` is the NoteRecord that stands in its way.
            UnknownAccount: there is none.
            JournalUnavailable: nothing is stored.
            JournalUncertain: it may be stored or not.
        """
        desk = self._desk(note.account)
        if desk.unwritable:
            raise JournalUnavailable(desk.unwritable)
        await write(desk, note)

    async def rehearse_order(self, account: str, instruction: Instruction) -> ExecutionResult:
        """What would become of an instruction now, up to where it would be sent: nothing is accepted, nothing is sent.

        Returns:
            ``not_placed`` with the code ``TEST`` and what would have been sent; ``denied`` with all reasons.

        Raises:
            UnknownAccount, UnknownSymbol: there is none.
            AccountNotReady: it cannot be judged now.
        """
        return await rehearse(self._desk(account), instruction)

    async def enforces_reduce_only(self, account: str, symbol: str) -> bool:
        """Whether the venue itself keeps a reduce-only order of an instrument from opening a position.

        Raises:
            UnknownAccount, UnknownSymbol, AccountNotReady: it cannot be told.
        """
        return enforces_reduce_only(self._desk(account).ready_account(), await self.instrument(account, symbol))

    async def cancel_order(self, account: str, client_order_id: str) -> ExecutionResult:
        """Cancel an order, whatever lies in its lane before it.

        One that was not sent yet is not sent any more. One whose call is running is cancelled when its answer is there; one of
        unknown fate is looked up first, and if that takes longer than the account's deadline the wish is kept.

        Returns:
            How the order stands then, ``canceled`` with what was filled before; ``filled`` with the code ``FILLED_FIRST``;
            still open with ``CANCEL_FAILED`` and the reason; ``unknown`` with ``CANCEL_WAITS``.

        Raises:
            UnknownAccount, UnknownOrder: there is none.
            NotSupported, AccountNotReady: the venue was not asked.
            JournalUnavailable, JournalUncertain: the intent is not durable; the venue was not asked.
        """
        desk = self._desk(account)
        live = await self._live(desk, client_order_id)
        staff = self._staff[account]
        bracket = await desk.apart(staff.protector.give_up(live)) if live.role in LEGS else None
        result = await staff.canceller.cancel(live)
        if bracket is not None:
            await desk.apart(tell_now(desk, bracket))
            return given_up(bracket, live, result)
        return result

    async def amend_order(self, account: str, client_order_id: str, change: OrderChange) -> ExecutionResult:
        """Change a resting order in place; the guards judge what it becomes. Or move the stop or target of an entry.

        A new ``stop_loss`` or ``take_profit`` of an order that has legs moves those, also after it has filled; nothing else
        is changed by such a call.

        Returns:
            How the order stands then, ``denied`` by the guards; with the code ``AMEND_REFUSED`` as it was, ``AMEND_UNKNOWN``
            when it is not known whether the venue changed it, ``NOT_OPEN`` when it does not rest.

        Raises:
            InvalidOrder: a change that cannot be meant.
            UnknownAccount, UnknownOrder: there is none.
            NotSupported, AccountNotReady: the venue was not asked.
            JournalUnavailable, JournalUncertain: the intent is not durable; the venue was not asked.
        """
        desk = self._desk(account)
        live = await self._live(desk, client_order_id)
        if live.role in LEGS:
            return await move_leg(desk, self._staff[account].protector, live, change)
        if moves(live, change):
            return await move(desk, self._staff[account].protector, live, change)
        return await amend(desk, live, change)

    async def resolve_order(self, account: str, client_order_id: str, word: Word) -> ExecutionResult:
        """An operator's word about an order of unknown fate, after a look at the venue; nothing is sent.

        Raises:
            UnknownAccount, UnknownOrder: there is none.
            CannotResolve: there is nothing to settle, or a figure is missing.
            JournalError: it is not durable.
        """
        desk = self._desk(account)
        return await desk.apart(resolve_live(desk, await self._live(desk, client_order_id), word))

    async def _live(self, desk: Desk, client_order_id: str) -> Live:
        """An order, also one that has ended."""
        live = desk.live.get(client_order_id)
        if live is not None:
            return live
        recorded = await self.journal.order(Key(desk.name, client_order_id))
        if recorded is None:
            raise UnknownOrder(f"account {desk.name!r} has no order {client_order_id[:64]!a}; see: fks-exec orders list")
        return desk.live.get(client_order_id) or await revive(desk, recorded)

    async def halt(
        self, account: str | None, state: HaltState | str, because: str, *, cancel_entries: bool | None = None
    ) -> HaltAnswer:
        """Set what an account may do, from here on and after a restart; ``active`` resumes it.

        Args:
            account: None: every account, each by a write of its own.
            because: kept in the journal, and told with every denial.
            cancel_entries: the entries that work are cancelled, exits and protective orders are not; None: as each account's
                ``cancel_on_halt`` says.

        Returns:
            What was cancelled and what is still missing, after 15 s at most.

        Raises:
            UnknownAccount: there is none.
            JournalError: it is not durable; for every account the answer says so instead.
        """
        wanted, names = HaltState(state), self.accounts if account is None else (account,)
        desks = [self._desk(name) for name in names]
        works = [desk.apart(self._staff[desk.name].sweeper.halt(wanted, because, cancel_entries)) for desk in desks]
        if account is not None:
            return await works[0]
        return together(zip(names, await asyncio.gather(*works, return_exceptions=True), strict=True))

    async def transfer(self, account: str, amount: Number, because: str) -> None:
        """Say that something was paid in (above zero) or taken out (below zero) today: it is no profit and no loss.

        Args:
            amount: in the account's currency.
            because: kept in the journal.

        Raises:
            UnknownAccount: there is none.
            FksExecError: what the account was worth at the start of the day is not known yet, or the amount is no number.
            JournalError: it is not durable, and does not count.
        """
        desk = self._desk(account)
        try:
            await desk.apart(desk.day.transfer(amount, because))
        except ValueError as error:
            raise FksExecError(str(error)) from None
