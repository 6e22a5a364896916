# SPDX-License-Identifier: MIT
"""``ExecutionHub``: accounts, lanes and the journal, wired."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from fks_exec.clock import Clock, SystemClock
from fks_exec.convert import canonical, digest_of
from fks_exec.errors import AccountNotReady
from fks_exec.model.account import Balance, Check, Health, Position
from fks_exec.model.copying import changed
from fks_exec.model.events import OrderAccepted
from fks_exec.model.market import MarketData
from fks_exec.model.results import ExecutionResult, Status
from fks_exec.observers import Observers
from fks_exec.roles import implementations

from .config import HubConfig, load_config
from .desk import Desk
from .engines import open_journal
from .errors import HubClosed, UnknownAccount
from .follow import Follower
from .ids import ClientIds
from .instructions import Instruction
from .journal.protocol import Accept, Exists, Journal, JournalError, Key, Note, Recorded, Written
from .lane import Lane, work
from .live import Live
from .opening import Opener
from .receipt import Receipt, receipt_for
from .recipes import Made, make, sort
from .record import tell_recorded
from .repair import repair
from .restore import restore, revive
from .status import AccountStatus, status_of

log: logging.Logger = logging.getLogger(__name__)

MANY = 4096
"""Lanes beyond which the idle ones are let go."""

PATIENCE = 5.0
"""Seconds that the start waits for accounts that are not required."""

STOP = 10.0
"""Seconds that a running call to a venue has when the hub closes."""


class ExecutionHub:
    """Every order once, or provably not at all.

    Make it with :meth:`open`, and use it as ``async with``.
    """

    def __init__(self, config: HubConfig, plugins: Iterable[object] = (), clock: Clock | None = None) -> None:
        self.config = config
        self.clock: Clock = clock or SystemClock()
        self.observers: Observers = Observers()
        self._given = tuple(plugins)
        self._desks: dict[str, Desk] = {}
        self._openers: dict[str, Opener] = {}
        self._followers: dict[str, Follower] = {}
        self._lanes: dict[tuple[str, str], Lane[Live]] = {}
        self._journal: Journal | None = None
        self._ids = ClientIds()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = True

    @classmethod
    def open(
        cls, source: str | Path | HubConfig | None = None, *, plugins: Iterable[object] = (), clock: Clock | None = None
    ) -> ExecutionHub:
        """A hub that starts with ``async with`` (or :meth:`start`).

        Args:
            source: a configuration, or the file's path; None: ``FKS_EXEC_CONFIG``, then ``./fks-exec.toml``.
            plugins: the host's own objects: with registration hooks (more types), or guards, observers and wrappers of
                every account.

        Raises:
            ConfigError: the file cannot be used.
        """
        return cls(source if isinstance(source, HubConfig) else load_config(source), plugins, clock)

    async def __aenter__(self) -> ExecutionHub:
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @property
    def accounts(self) -> tuple[str, ...]:
        """The names of the configured accounts."""
        return tuple(self.config.accounts)

    @property
    def ready(self) -> bool:
        """The journal is read, every required account is ready, and at least one account is."""
        states = self.status()
        return not self._closed and any(s.ready for s in states) and all(s.ready for s in states if s.required)

    @property
    def journal(self) -> Journal:
        """The journal, for reading.

        Raises:
            HubClosed: the hub has not started.
        """
        if self._journal is None:
            raise HubClosed("the hub has not started; use it as: async with ExecutionHub.open(...) as hub")
        return self._journal

    def status(self) -> list[AccountStatus]:
        """Every account, ready or not and why."""
        return [status_of(name, config, self._desks.get(name)) for name, config in self.config.accounts.items()]

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
        await self._open_accounts()
        self._closed = False
        for live in pending:
            self._lane(live.key.account, live.lane).put(live)
        for desk in self._desks.values():
            if desk.unresolved:
                names = ", ".join(desk.unresolved[:20])
                log.warning("account %s: it is not known whether these orders exist at the venue: %s", desk.name, names)

    async def _open_accounts(self) -> None:
        """Wait for the required accounts; for the others a while, then they open in the background."""
        required: set[asyncio.Task[None]] = set()
        others: set[asyncio.Task[None]] = set()
        for name, opener in self._openers.items():
            opening = asyncio.create_task(opener.first())
            (required if self.config.accounts[name].required else others).add(opening)
            self._desks[name].spawn(opening)
        await asyncio.gather(*required)
        if others:
            await asyncio.wait(others, timeout=PATIENCE)

    async def _desk_for(self, name: str, made: Made) -> Desk:
        term = await self.journal.claim(name)
        desk = Desk(name, made.recipe.config, self.journal, term, self.observers, self.clock, made.digest)
        note = Note(account=name, namespace="limits", name=made.digest, value=made.limits, time=self.clock.now())
        await self.journal.write(note, term=term)
        follower = Follower(desk)
        desk.adopt = partial(self._adopt, desk)
        desk.recorded = partial(tell_recorded, desk)
        self._desks[name] = desk
        self._followers[name] = follower
        self._openers[name] = Opener(made.recipe, desk, follower.take)
        return desk

    async def close(self) -> None:
        """Refuse new orders; running calls get until their deadline, at most 10 s; then accounts, observers, journal."""
        self._closed = True
        await asyncio.gather(*(lane.stop(STOP) for lane in self._lanes.values()))
        for follower in self._followers.values():
            await follower.settle()
        for desk in self._desks.values():
            await desk.stop()
        for opener in self._openers.values():
            await opener.close()
        for follower in self._followers.values():  # what a venue told while it closed
            await follower.settle()
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
                        HubClosed("the hub has closed; the order is durable, the next start takes it up")
                    )
                    live.concluded.exception()

    async def execute_order(self, account: str, instruction: Instruction) -> ExecutionResult:
        """Take an instruction and wait for its first outcome; raises as :meth:`submit`."""
        return await (await self.submit(account, instruction)).result()

    async def submit(self, account: str, instruction: Instruction, *, raw: bytes | None = None) -> Receipt:
        """Take an instruction; when this returns it is durable.

        Args:
            account: the configured name.
            instruction: an Order, or a ClosePosition.
            raw: what arrived, for the journal, with secrets blanked.

        Raises:
            UnknownAccount, UnknownSymbol: there is none; the id is unspent.
            AccountNotReady: nothing was sent; the id is unspent.
            HubClosed: the hub is closing.
            JournalUnavailable, JournalUncertain: it is not known to be durable; nothing was sent.
        """
        desk = self._desk(account)
        symbol = desk.ready_account().resolve_symbol(instruction.symbol)
        name = instruction.client_order_id or self._ids.new()
        if (instruction.symbol, instruction.client_order_id) != (symbol, name):
            instruction = changed(instruction, symbol=symbol, client_order_id=name)
        document = canonical(instruction)
        content = digest_of(document)
        known = desk.live.get(name)
        if known is None:
            known = self._enter(desk, instruction, document, content, raw)
            duplicate = False
        else:
            duplicate = True
        error = await _failure(known)
        if isinstance(error, Exists) and isinstance(error.recorded, Recorded):
            known, duplicate = await self._recorded(desk, error.recorded), True
        elif error is not None:
            raise error
        return receipt_for(known, content, duplicate=duplicate)

    def _enter(self, desk: Desk, instruction: Instruction, document: str, content: str, raw: bytes | None) -> Live:
        """In one tick: the journal write, the place in the lane. From here on the order is the hub's."""
        key = Key(desk.name, instruction.client_order_id or "")
        now = self.clock.now()
        step = Accept(
            key=key,
            lane=instruction.symbol,
            digest=content,
            instruction=document,
            raw=raw,
            time=now,
        )
        live = Live(key=key, lane=instruction.symbol, instruction=instruction, digest=content, accepted_at=now)
        live.result = ExecutionResult(status=Status.PENDING, client_order_id=key.client_order_id)
        live.write = asyncio.ensure_future(self.journal.write(step))
        live.write.add_done_callback(lambda write: self._written(desk, live, write))
        desk.add(live)
        self._lane(desk.name, live.lane).put(live)
        return live

    def _written(self, desk: Desk, live: Live, write: asyncio.Future[Written]) -> None:
        """First of all who wait for the write: what was not accepted is forgotten before a caller can try again."""
        if write.cancelled() or write.exception() is not None:
            desk.drop(live)
            if not write.cancelled() and not isinstance(write.exception(), Exists):
                repair(desk, str(write.exception()))
        elif self.observers:
            self.observers.emit(
                OrderAccepted(
                    account=desk.name,
                    time=live.accepted_at,
                    client_order_id=live.key.client_order_id,
                    instruction=live.instruction,
                )
            )

    async def _recorded(self, desk: Desk, recorded: Recorded) -> Live:
        """An order that the journal knew; one that was accepted and never begun is begun now."""
        refused = desk.live.get(recorded.key.client_order_id)
        if refused is not None and refused.write is not None and refused.write.done() and refused.write.exception():
            desk.drop(refused)  # an engine may answer before the callback of the write has run
        await self._adopt(desk, recorded)
        return desk.live.get(recorded.key.client_order_id) or await revive(desk, recorded)

    async def _adopt(self, desk: Desk, recorded: Recorded) -> None:
        """Take up an order that only the journal knows: accepted, and not begun."""
        name = recorded.key.client_order_id
        if recorded.attempts or recorded.result is not None or name in desk.live:
            return
        live = await revive(desk, recorded)
        if name not in desk.live and not self._closed:
            desk.add(live)
            self._lane(desk.name, live.lane).put(live)

    def _lane(self, account: str, symbol: str) -> Lane[Live]:
        lane = self._lanes.get((account, symbol))
        if lane is None:
            if len(self._lanes) >= MANY:
                self._lanes = {key: other for key, other in self._lanes.items() if not other.idle}
            desk = self._desks[account]
            lane = self._lanes[account, symbol] = Lane(lambda live: work(desk, live))
        return lane

    def _desk(self, account: str) -> Desk:
        if account not in self.config.accounts:
            known = ", ".join(self.config.accounts)
            raise UnknownAccount(f"there is no account {str(account)[:64]!a}; configured are: {known}")
        if self._closed or account not in self._desks:
            raise HubClosed("the hub takes no orders; it has not started, or it is closing")
        if asyncio.get_running_loop() is not self._loop:
            raise HubClosed("the hub belongs to another event loop; use fks_exec_hub.sync, or run_coroutine_threadsafe")
        return self._desks[account]

    async def order(self, account: str, client_order_id: str) -> ExecutionResult | None:
        """What is known of an order; None for an unknown id."""
        desk = self._desk(account)
        live = desk.live.get(client_order_id)
        if live is not None and live.concluded.done():
            return live.result
        recorded = await self.journal.order(Key(account, client_order_id))
        if recorded is None:
            return None
        return (await revive(desk, recorded)).result

    async def orders(self, account: str | None = None, *, limit: int = 100) -> list[Recorded]:
        """The newest orders as the journal has them, newest first."""
        return await self.journal.orders(account, limit=limit)

    async def quote(self, account: str, symbol: str) -> MarketData:
        """One look at the market, in any spelling of the symbol; asked anew when the last look is too old.

        Raises:
            AccountNotReady: there is no quote.
        """
        desk = self._desk(account)
        opened = desk.ready_account()
        quote = await desk.quotes.get(opened.resolve_symbol(symbol), desk.config.max_quote_age)
        if quote is None:
            raise AccountNotReady(account, f"it gives no quote of {symbol}")
        return quote

    async def positions(self, account: str) -> list[Position]:
        """What our own orders built up, by instrument and strategy."""
        return self._desk(account).book.positions()

    async def balances(self, account: str) -> list[Balance]:
        """What the venue says is there.

        Raises:
            NotSupported: the venue does not tell.
        """
        return await self._desk(account).ready_account().fetch_balance()

    async def health(self) -> dict[str, Health]:
        """Every account's checks."""
        return {name: await self._health(desk) for name, desk in self._desks.items()}

    async def _health(self, desk: Desk) -> Health:
        if desk.account is None:
            return Health([Check(name="account", ok=False, message=desk.reason)])
        return await desk.account.health_check()


async def _failure(live: Live) -> BaseException | None:
    """Why an order could not be made durable; None when it is. Cancelling the caller leaves the write alone."""
    if live.write is None:
        return None
    try:
        await asyncio.shield(live.write)
    except JournalError as error:
        return error
    return None
