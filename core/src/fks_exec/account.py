# SPDX-License-Identifier: MIT
"""``Account``: one opened venue account. No journal, no lanes, no file; the hub adds those.

``execute_order`` here runs no guards: ``validate_order`` and ``check_risk`` are calls of their own.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from .calls import CallThread, within
from .clock import Clock, SystemClock
from .discretion import Discretion
from .errors import AccountNotReady, FksExecError, InvalidOrder, NotSent, PluginError, VenueAuthError
from .guarding import Listed, ask
from .manager import HookManager
from .model.account import ABILITIES, AccountState, Capabilities, Position, Protection
from .model.events import Event, OrderConcluded, OrderSent, OrderUpdate
from .model.extension import NoConfig, VenueContext, VenueType
from .model.market import Instrument, MarketData
from .model.orders import Order, OrderChange, OrderRef, Submission
from .model.results import Denial, ExecutionResult, Status
from .observers import Observers, check_told
from .outcomes import check_published, create_failed, late_update, outcome_of
from .reading import Reads
from .roles import check_declared, check_narrower
from .support import unsupported

log: logging.Logger = logging.getLogger(__name__)

_exclusive: set[str] = set()
"""Exclusive venue types that are open in this process; the only thing that is global."""


class Account(Reads):
    """One venue account behind one hook manager.

    Args:
        name: the account's, e.g. ``binance-main``; never the broker's.
        venue: an object with ``@hookimpl`` methods, or a VenueType that makes one.
        config: the venue's configuration object.
        plugins: guards, observers and wrappers: objects, or ``Listed`` with a name.
        capabilities: the upper bound for an object; a VenueType has its own.
        state_dir: a folder where the venue may keep files.
        quote: ``await quote(account, symbol)``, for venues that look at other accounts.
        on_update: takes what the venue publishes; called on the event loop.
        on_event: takes the events that the venue tells, beside the observers; called in whichever thread it tells them.
        clock: wall and monotonic time.
        timeout: seconds for one call that is no order.
        open_timeout: seconds for opening.
        grace: seconds for a call to end after its deadline.
        live: real money is at stake; handed to the venue.
        quiet: do not tell observers; the host does.

    Use it as ``async with Account(...) as account``, or ``open`` and ``close`` it.
    """

    def __init__(
        self,
        name: str,
        venue: object,
        config: object = None,
        *,
        plugins: Iterable[object] = (),
        capabilities: Capabilities | None = None,
        state_dir: Path | None = None,
        quote: Callable[[str, str], Awaitable[MarketData]] | None = None,
        on_update: Callable[[OrderUpdate], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
        clock: Clock | None = None,
        timeout: float = 10.0,
        open_timeout: float = 60.0,
        grace: float = 1.0,
        live: bool = False,
        quiet: bool = False,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        super().__init__(name, CallThread(f"account {name}", self.clock), timeout, grace)
        self.observers: Observers = Observers()
        self._type = venue if isinstance(venue, VenueType) else None
        self._venue = venue
        self._config = config
        self._listed = [_listed(plugin) for plugin in plugins]
        self._declared = self._type.capabilities if self._type else capabilities
        self._state_dir = state_dir
        self._quote = quote or _no_quote
        self._on_update = on_update
        self._on_event = on_event
        self._open_timeout = open_timeout
        self._live = live
        self._quiet = quiet
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exclusive = ""

    async def __aenter__(self) -> Account:
        await self.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Make the venue, check that it keeps the contract, connect.

        Raises:
            PluginError: it does not keep the contract.
            VenueError: it cannot connect.
            AccountNotReady: it is exclusive and open elsewhere in this process, or took too long.
        """
        if self._loop is not None:
            raise AccountNotReady(self.name, "an account is opened once; make a new one")
        self._loop = asyncio.get_running_loop()
        self._take_exclusive()
        try:
            await self._open()
        except BaseException as error:
            self._discreet.error(error)
            self._reason = error.reason if isinstance(error, AccountNotReady) else str(error) or type(error).__name__
            await self._let_go()
            raise
        self._reason = ""

    async def _open(self) -> None:
        label = f"account {self.name!r}, venue {self._type.name if self._type else type(self._venue).__name__!r}"
        venue = await self._create(self._type, label) if self._type else self._venue
        manager = HookManager(self.name, venue, label, self._listed, self._thread)
        if self._declared is not None:
            check_declared(label, self._declared, manager.found)
        for name, observe, close in [] if self._quiet else manager.observers:
            self.observers.add(name, observe, close)
        self._manager = manager
        try:
            self._discreet = Discretion(settings := self._settings())
            answer = manager.hook.init(config=settings, context=self._context())
            await within(answer, self._open_timeout, self._grace)
        except TimeoutError:
            text = f"the venue did not answer within {self._open_timeout:g} s while opening"
            raise AccountNotReady(self.name, text) from None
        self._capabilities = self._settle_capabilities(label, manager)

    async def _create(self, kind: VenueType, label: str) -> object:
        """In a worker thread: an SDK's import may take seconds."""
        try:
            return await asyncio.to_thread(kind.create)
        except FksExecError:
            raise
        except Exception as error:
            raise PluginError(f"{label}: {create_failed(error)}") from error

    def _settings(self) -> object:
        if self._config is not None:
            return self._config
        return self._type.config() if self._type else NoConfig()

    def _settle_capabilities(self, label: str, manager: HookManager) -> Capabilities:
        answer = manager.hook.capabilities() if manager.implements("capabilities") else None
        if answer is None:
            return self._declared or Capabilities(abilities=manager.found.keys() & ABILITIES)
        if not isinstance(answer, Capabilities):
            raise PluginError(f"{label}: capabilities() answers a {type(answer).__name__}, not Capabilities")
        if self._declared is None:
            check_declared(label, answer, manager.found)
        else:
            check_narrower(label, self._declared, answer)
        return answer

    def _context(self) -> VenueContext:
        return VenueContext(
            account=self.name,
            state_dir=self._state_dir,
            publish=self._publish,
            quote=self._quote,
            clock=self.clock,
            live=self._live,
            tell=self._tell,
        )

    async def close(self) -> None:
        """Let the venue go; guards and observers too. Never raises."""
        if self._reason != "it was closed":
            self._reason = "it was closed"
            await self._let_go()

    async def _let_go(self) -> None:
        manager, self._manager = self._manager, None
        if manager is not None:
            closers = [manager.hook.close] if manager.implements("close") else []
            every: list[Callable[[], Any]] = [*closers, *manager.guard_closers]
            for close in every:
                try:
                    await within(close(), self._timeout, self._grace)
                except Exception as error:  # closing goes on
                    log.warning("account %s: close raised %s", self.name, type(error).__name__)
        self._thread.close()
        if self.observers:
            await asyncio.to_thread(self.observers.close)
        _exclusive.discard(self._exclusive)
        self._exclusive = ""

    def _take_exclusive(self) -> None:
        if self._type is None or not self._type.exclusive:
            return
        if self._type.name in _exclusive:
            kind = self._type.name
            raise AccountNotReady(self.name, f"a venue of type {kind!r} serves one account per process; close the other")
        self._exclusive = self._type.name
        _exclusive.add(self._exclusive)

    def submission(self, venue_client_order_id: str | None = None, *, seconds: float = 10.0) -> Submission:
        """A submission for a caller that keeps its own books.

        Args:
            venue_client_order_id: the id to give to the venue; a new one if None.
            seconds: from now to the deadline.
        """
        return Submission(
            account=self.name,
            venue_client_order_id=venue_client_order_id or self._new_id(),
            deadline=self.clock.monotonic() + seconds,
            clock=self.clock,
        )

    def _new_id(self) -> str:
        number, letters = uuid.uuid4().int, self._capabilities.id_alphabet
        text = ""
        while number and len(text) < self._capabilities.id_length:
            number, index = divmod(number, len(letters))
            text += letters[index]
        return text

    def unsupported(self, order: Order, instrument: Instrument | None = None) -> list[Denial]:
        """What of an order the account's capabilities, or the instrument's, do not include."""
        known = instrument or self._instruments.get(order.symbol)
        return unsupported(order, self._capabilities, known)

    async def execute_order(self, order: Order, submission: Submission | None = None) -> ExecutionResult:
        """Send one order, once; no guards. Business outcomes are results, never exceptions.

        Args:
            order: with its canonical symbol.
            submission: id and deadline; a new one if None.

        Returns:
            ``denied`` when the capabilities do not include it (nothing was sent); ``unknown`` for whatever proves nothing.

        Raises:
            AccountNotReady: nothing was sent.
        """
        hooks = self._ready_hooks()
        denials = self.unsupported(order)
        if denials:
            return ExecutionResult(
                status=Status.DENIED, denials=denials, code=denials[0].code, client_order_id=order.client_order_id
            )
        submission = submission or self.submission()
        client_order_id = order.client_order_id or submission.venue_client_order_id
        name = submission.venue_client_order_id
        self._heard(OrderSent, client_order_id=client_order_id, venue_client_order_id=name, order=order)
        result = await self._call_order(
            lambda: hooks.hook.execute_order(order=order, submission=submission),
            submission,
            order.client_order_id,
            lambda answer: self._late(answer, order, submission),
        )
        self._heard(OrderConcluded, client_order_id=client_order_id, symbol=order.symbol, result=result, order=order)
        return result

    def _heard(self, kind: Callable[..., Event], **fields: Any) -> None:
        """Tell the observers, if there are any, what happened just now."""
        if self.observers:
            self.emit(kind(account=self.name, time=self.clock.now(), **fields))

    async def _call_order(
        self,
        call: Callable[[], object],
        submission: Submission,
        client_order_id: str | None,
        late: Callable[[object], None] | None = None,
    ) -> ExecutionResult:
        answer: object
        try:
            if submission.remaining() <= 0:
                raise NotSent("the deadline had passed before the venue was called; nothing was sent")
            running = self._keep(call(), submission.venue_client_order_id)
            answer = await within(running, submission.remaining(), self._grace, late)
        except Exception as error:  # what it proves is for outcome_of to say
            answer = self._discreet.error(error)
            self._heed(error)
        return self._discreet.result(outcome_of(answer, client_order_id))

    def _late(self, answer: object, order: Order, submission: Submission) -> None:
        """The venue's answer to an order that was given up: published, if it proves anything."""
        self._heed(self._discreet.error(answer) if isinstance(answer, BaseException) else answer)
        update = late_update(answer, order, submission)
        if update is not None and self._on_update is not None:
            self._on_update(self._discreet.update(update))

    def _heed(self, answer: object) -> None:
        if isinstance(answer, VenueAuthError) and self._manager is not None:  # a closed account stays closed
            self._refuse(f"the venue refused our credentials: {answer}; renew them and restart if it goes on")

    async def cancel_order(self, ref: OrderRef, submission: Submission | None = None) -> ExecutionResult:
        """Cancel a resting order.

        Raises:
            NotSupported, AccountNotReady: nothing was sent.
        """
        hook = self._ability("cancel_order")
        submission = submission or self.submission()
        return await self._call_order(lambda: hook(ref=ref, submission=submission), submission, ref.client_order_id)

    async def amend_order(self, ref: OrderRef, change: OrderChange, submission: Submission | None = None) -> ExecutionResult:
        """Change a resting order in place.

        Raises:
            NotSupported, AccountNotReady: nothing was sent.
        """
        hook = self._ability("amend_order")
        submission = submission or self.submission()
        return await self._call_order(
            lambda: hook(ref=ref, change=change, submission=submission), submission, ref.client_order_id
        )

    async def protect_position(self, protection: Protection, submission: Submission | None = None) -> ExecutionResult:
        """Place one protective leg.

        Raises:
            NotSupported, AccountNotReady: nothing was sent.
        """
        hook = self._ability("protect_position")
        submission = submission or self.submission()
        return await self._call_order(lambda: hook(protection=protection, submission=submission), submission, None)

    async def close_position(self, position: Position, submission: Submission | None = None) -> ExecutionResult:
        """Close one position in one call of the venue's own.

        Raises:
            NotSupported, AccountNotReady: nothing was sent.
        """
        hook = self._ability("close_position")
        submission = submission or self.submission()
        return await self._call_order(lambda: hook(position=position, submission=submission), submission, None)

    def validate_order(self, order: Order, instrument: Instrument | None = None, *, reducing: bool = False) -> list[Denial]:
        """Ask every guard that looks at orders alone.

        Args:
            reducing: the order only reduces; guards for entries are not asked.
        """
        calls = self._hooks.guards["validate_order"]
        return ask(calls, reducing=reducing, order=order, instrument=instrument)

    def check_risk(self, order: Order, account: AccountState, *, reducing: bool = False) -> list[Denial]:
        """Ask every guard that looks at the account."""
        return ask(self._hooks.guards["check_risk"], reducing=reducing, order=order, account=account)

    @property
    def guarded(self) -> bool:
        """Whether any guard is listed."""
        return any(self._hooks.guards.values())

    def emit(self, event: Event) -> None:
        """Tell the account's observers."""
        self.observers.emit(event)

    def _tell(self, event: Event) -> None:
        """From any thread; raises InvalidOrder for what is no event of this account."""
        check_told(event, self.name)
        self.emit(event)
        try:
            if self._on_event is not None:
                self._on_event(event)
        except Exception as error:  # the host's fault is none of the venue's
            log.warning("account %s: on_event raised %s", self.name, type(error).__name__)

    def _publish(self, update: OrderUpdate) -> None:
        """From any thread; raises InvalidOrder for what tells nothing of an order."""
        if not isinstance(update, OrderUpdate):
            raise InvalidOrder("update", f"publish takes an OrderUpdate, not a {type(update).__name__}")
        check_published(update.result)
        try:
            if self._loop is not None and self._on_update is not None:
                self._loop.call_soon_threadsafe(self._on_update, self._discreet.update(update))
        except RuntimeError:
            log.warning("account %s: an update came after the event loop had ended", self.name)


def _listed(plugin: object) -> Listed:
    return plugin if isinstance(plugin, Listed) else Listed(name=type(plugin).__name__, plugin=plugin)


async def _no_quote(account: str, symbol: str) -> MarketData:
    raise AccountNotReady(account, "this host gives no quotes of other accounts")
