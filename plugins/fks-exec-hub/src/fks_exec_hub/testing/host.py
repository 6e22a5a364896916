# SPDX-License-Identifier: MIT
"""``Host``: a hub with one account at the venue on trial, which a test starts, ends, kills and starts again."""

from __future__ import annotations

import asyncio
import shutil
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from fks_exec.account import Account
from fks_exec.model.account import ABILITIES, Capabilities
from fks_exec.model.extension import NoConfig, VenueType
from fks_exec.model.fields import OrderType, TimeInForce
from fks_exec.model.market import Instrument
from fks_exec.model.numbers import ZERO
from fks_exec.model.orders import ClosePosition, Order, Submission
from fks_exec.model.results import ExecutionResult, Status
from fks_exec.plugins import Plugins
from fks_exec.roles import implementations
from fks_exec.testing.suite.desk import Desk, Sent
from fks_exec.testing.trial import Counterpart, Placed, Trial

from ..config import AccountConfig, HubConfig
from ..hub import ExecutionHub
from ..journal import Key, Recorded

ACCOUNT = "trial"
PLACES = frozenset({"order", "protect", "close"})
"""The purposes of attempts that are requests to place something."""

_WIDEST = Capabilities(
    order_types=OrderType,
    time_in_force=TimeInForce,
    protection=["attached", "oco", "reduce_only_pair", "stop_only"],
    reduce_only=True,
    post_only=True,
    hedging=True,
    publishes=True,
)


@frozen(kw_only=True)
class TrialConfig(HubConfig):
    """What a file would say, but for the venue: that is the trial's, with the configuration object that the trial has."""

    trial: Trial

    def venue(self, name: str, plugins: Plugins) -> tuple[VenueType, object]:
        """The type on trial."""
        kind = type_of(self.trial)
        return kind, kind.config() if self.trial.config is None else self.trial.config


def type_of(trial: Trial) -> VenueType:
    """The trial's type, or one for what makes its objects; these narrow what they can do by themselves, or never."""
    if isinstance(trial.venue, VenueType):
        return trial.venue
    bound = trial.capabilities
    if bound is None:
        found = implementations(trial.venue(), trial.title)
        abilities = found.keys() & ABILITIES
        bound = evolve(_WIDEST if "capabilities" in found else Capabilities(), abilities=abilities)
    return VenueType(name="trial", create=trial.venue, config=NoConfig, capabilities=bound)


class Host(Desk):
    """A hub on the venue on trial.

    Args:
        trial: the venue.
        counterpart: its own side; None: there is none.
        folder: where the journal and the account's files are.
        account: fields of the account's configuration.
    """

    def __init__(self, trial: Trial, counterpart: Counterpart | None, folder: Path, **account: Any) -> None:
        super().__init__(trial, counterpart, folder, ACCOUNT)
        self._folder = folder
        self._lives = 0
        self._settings = {**_pace(trial), **account}
        self._hub: ExecutionHub | None = None

    @property
    def hub(self) -> ExecutionHub:
        """The one that runs."""
        assert self._hub is not None, "the host does not run"
        return self._hub

    @property
    def place(self) -> Path:
        """The folder of the journal of this life."""
        return self._folder / f"journal-{self._lives}"

    def config(self) -> HubConfig:
        """One account without guards."""
        account = AccountConfig(venue="trial", guards=(), live=self.trial.level == "live", **self._settings)
        self.place.mkdir(parents=True, exist_ok=True)
        journal, state = f"sqlite:{self.place / 'fks-exec.db'}", self._folder / "state"
        return TrialConfig(base=self._folder, accounts={ACCOUNT: account}, journal=journal, state=state, trial=self.trial)

    async def open(self) -> Host:
        """Start the hub; the account is ready."""
        self._hub = hub = ExecutionHub.open(self.config())
        await hub.start()
        [status] = hub.status()
        if not status.ready:
            await self._end()
            pytest.fail(f"the hub's account is not ready: {status.reason}", pytrace=False)
        self.account: Account = self._opened(hub)
        if "fetch_instrument" in self.account.capabilities.abilities:
            self.instrument: Instrument = await self.account.fetch_instrument(self.symbol) or self.instrument
            await self.weigh()
        return self

    @staticmethod
    def _opened(hub: ExecutionHub) -> Account:
        account = hub._desks[ACCOUNT].account
        assert account is not None
        return account

    async def close(self) -> None:
        """End the hub, flat where it would cost something otherwise."""
        try:
            if self._hub is not None and self.trial.level in ("sandbox", "live"):
                await self._flatten()
        finally:
            await self._end()

    async def _flatten(self) -> None:
        await self.hub.halt(ACCOUNT, "halted", "the end of a test")
        await self.hub.halt(ACCOUNT, "active", "the end of a test")
        if await self.held():
            await self.exit()

    async def _end(self) -> None:
        hub, self._hub = self._hub, None
        if hub is not None:
            await hub.close()

    async def restart(self) -> None:
        """End the hub, and start another one on its journal."""
        await self._end()
        await self.open()

    async def kill(self) -> None:
        """Go on from the journal as it is at this moment, as after a kill: what the hub still learns is lost."""
        former = self.place
        self._lives += 1
        await asyncio.to_thread(shutil.copytree, former, self.place)
        await self.restart()

    def sees(self) -> None:
        """End the test unless the hub can learn what becomes of an order after its answer, by look-ups or by pushes."""
        if "fetch_order" not in self.account.capabilities.abilities:
            self.needs("publishes")

    # Trading.

    def named(self, order: Order | None = None) -> Order:
        """An order with a key that was never used."""
        return evolve(order or self.order(), client_order_id=f"kit-{uuid.uuid4().hex[:24]}")

    async def trade(self, order: Order) -> ExecutionResult:
        """Send an order through the hub, to its first outcome."""
        submission = Submission(account=ACCOUNT, venue_client_order_id="", deadline=0.0)  # the hub makes its own
        sent = Sent(order=order, submission=submission, result=ExecutionResult(status=Status.UNKNOWN))
        self.ordered.append(sent)
        sent.result = await self.hub.execute_order(ACCOUNT, order)
        return sent.result

    async def exit(self) -> ExecutionResult:
        """Close what the hub's orders built up."""
        return await self.hub.execute_order(ACCOUNT, ClosePosition(symbol=self.symbol, scope="account"))

    async def now(self, order: Order) -> ExecutionResult:
        """How an order stands."""
        result = await self.hub.order(ACCOUNT, order.client_order_id or "")
        assert result is not None, f"the hub does not know the order {order.client_order_id}"
        return result

    async def known(self, order: Order) -> ExecutionResult:
        """Wait until it is known what became of an order, and it has ended."""
        what = f"the hub to learn the end of {told(order)}"
        result: ExecutionResult = await self.until(lambda: self.now(order), lambda result: result.status.terminal, what)
        return result

    async def done(self, order: Order | None = None) -> tuple[Order, ExecutionResult]:
        """Send an order that the market takes, and wait until it has ended."""
        order = self.named(order)
        await self.trade(order)
        return order, await self.known(order)

    # What is written down, and what is true.

    async def recorded(self, order: Order) -> Recorded:
        """The order as the journal has it."""
        recorded = await self.hub.journal.order(Key(ACCOUNT, order.client_order_id or ""))
        assert recorded is not None, f"the journal does not know the order {order.client_order_id}"
        return recorded

    async def intents(self) -> int:
        """How many attempts to place something the journal has."""
        every = await self.hub.orders(ACCOUNT, limit=1000)
        return sum(attempt.purpose in PLACES for order in every for attempt in order.attempts)

    async def booked(self, order: Order) -> list[Placed]:
        """What the venue's own book has of an order, by any of the ids that the hub knows it by."""
        ids = {attempt.venue_client_order_id for attempt in (await self.recorded(order)).attempts}
        own = (await self.now(order)).order_id
        every = await self.tries("placed").placed()
        return [placed for placed in every if placed.venue_client_order_id in ids or placed.order_id == own]

    async def held(self) -> Decimal:
        """What the hub says that its orders built up in the instrument, signed, base units or contracts."""
        every = await self.hub.positions(ACCOUNT)
        return sum((position.quantity for position in every if position.symbol == self.symbol), ZERO)

    async def flat(self, after: ExecutionResult) -> None:
        """Wait until the hub holds nothing but dust.

        Args:
            after: the close.
        """
        what = f"the hub to hold nothing that can be traded; the close ended {shown(after)}"
        _: Decimal = await self.until(self.held, lambda held: not self.instrument.quantity_down(abs(held)), what)


def _pace(trial: Trial) -> dict[str, Any]:
    """A simulated venue can be asked more often than a real one."""
    if trial.level in ("sandbox", "live"):
        return {"deadline": trial.seconds}
    return {"deadline": trial.seconds, "poll": 0.02, "polls_per_second": 1000.0}


def told(order: Order) -> str:
    """An order, for a failure's sentence."""
    return f"the {order.order_type} order to {order.side} {order.quantity} {order.symbol}"


def shown(result: ExecutionResult) -> str:
    """How an order ended, for a failure's sentence."""
    what = f"{result.status}, filled {result.filled_quantity}"
    return f"{what} ({result.code}: {result.error})" if result.error or result.code else what
