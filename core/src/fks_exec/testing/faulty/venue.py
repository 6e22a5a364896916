# SPDX-License-Identifier: MIT
"""``FaultyVenue``: the simulated venue as an object, with its script, its counts and its controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ...hookspecs import hookimpl
from ...model.account import Capabilities, ProtectionKind
from ...model.extension import VenueType
from ...model.market import Instrument, Kind
from ...model.numbers import Number, decimal
from .book import Book
from .call import Fault
from .controls import Controls
from .declared import CAPABILITIES, declare, instruments
from .exchange import Exchange
from .holdings import Holdings
from .hooks import AsyncConnection, BlockingConnection, Connection
from .market import Market
from .script import Chooser, Script


class FaultyVenue(Controls):
    """A simulated venue that follows a script of faults, and counts what reached it.

    It is a venue plugin: ``Account("mine", FaultyVenue(...))``, or, in a hub's configuration, the venue ``faulty`` of
    ``ExecutionHub.open(config, plugins=[venue.plugin])``. It outlives the accounts and hubs that open it. It never
    recognises an id that it has seen: an order that is sent twice is placed twice.

    Args:
        script: faults in turn, for each kind of request its own.
        otherwise: a function of the request that chooses when the script is used up, e.g. ``ByChance``; without it
            nothing goes wrong.
        capabilities: what it can do and declares.
        price: of every instrument until it is set, quote currency.
        balance: cash at the start, in ``currency``.
        currency: of cash, fees, profit.
        fee_rate: of a trade's value.
        instrument: the rules of each symbol; those of ``kind`` if None.
        enforce_reduce_only: whether it does what it declares.
        protection: how it serves stops and targets, one or several of ``attached``, ``oco``, ``reduce_only_pair``,
            ``stop_only``; None: as ``capabilities`` say.
        amend: orders can be changed.
        reduce_only: it knows reduce-only; None: as ``capabilities`` say, on spot not.
        hedging: a long and a short of one instrument stand side by side, and an order closes if it is reduce-only, protective
            or has the option ``position_id``; None: as ``capabilities`` say.
        kind: of its instruments; on ``spot`` the balance lists each base.
        holdings: only what is held, and is not bound by resting sales, can be sold; None: on spot.
        fee_in_base: a buyer pays the fee in what was bought.
        blocking: its methods are plain; what hangs blocks the account's thread.
        record: a file with one line of JSON per request, read by ``read_requests``.
        prefix: of the ids that it gives to orders and trades.
    """

    def __init__(
        self,
        script: Iterable[Fault] = (),
        *,
        otherwise: Chooser | None = None,
        capabilities: Capabilities = CAPABILITIES,
        price: Number = 100,
        balance: Number = 100_000,
        currency: str = "USDT",
        fee_rate: Number = 0,
        instrument: Callable[[str], Instrument] | None = None,
        enforce_reduce_only: bool = True,
        protection: ProtectionKind | Iterable[ProtectionKind] | None = None,
        amend: bool = True,
        reduce_only: bool | None = None,
        hedging: bool | None = None,
        kind: Kind | str = Kind.LINEAR,
        holdings: bool | None = None,
        fee_in_base: bool = False,
        blocking: bool = False,
        record: Path | None = None,
        prefix: str = "",
    ) -> None:
        spot = Kind(kind) is Kind.SPOT
        known = False if spot and reduce_only is None else reduce_only
        declared = declare(capabilities, protection=protection, amend=amend, reduce_only=known, hedging=hedging)
        self.declared: Capabilities = declared
        book = Book(
            market=Market(price=decimal(price, "price")),
            cash=decimal(balance, "balance"),
            currency=currency,
            fee_rate=decimal(fee_rate, "fee_rate"),
            fee_in_base=fee_in_base,
            enforce_reduce_only=enforce_reduce_only and declared.reduce_only,
            spot=spot,
            owned=spot if holdings is None else holdings,
            holdings=Holdings(hedging=declared.hedging),
            prefix=prefix,
        )
        exchange = Exchange(
            book,
            Script(script, otherwise),
            instrument or instruments(Kind(kind)),
            publishing=declared.publishes,
            record=record,
            kinds=declared.protection,
        )
        super().__init__(exchange, book)
        self._kind: type[Connection] = BlockingConnection if blocking else AsyncConnection
        vars(self).update(self._connect().hooks())

    def _connect(self) -> Connection:
        return self._kind(self.exchange, self.declared)

    @property
    def plugin(self) -> FaultyPlugin:
        """What a host passes to ``ExecutionHub.open(plugins=[...])``; each opening is a connection of its own."""
        return FaultyPlugin(self)


class _Face:
    """What a hub opens: one connection's hooks."""

    def __init__(self, hooks: dict[str, Callable[..., Any]]) -> None:
        vars(self).update(hooks)


class FaultyPlugin:
    """Brings the venue type ``faulty``.

    Args:
        venue: the one that every opening connects to.
    """

    def __init__(self, venue: FaultyVenue) -> None:
        self._venue = venue

    @hookimpl
    def fks_exec_venues(self) -> list[VenueType]:
        """One type."""
        kind = VenueType(
            name="faulty",
            create=lambda: _Face(self._venue._connect().hooks()),
            capabilities=self._venue.declared,
            summary="A simulated venue that follows a script of faults",
            simulated=True,
        )
        return [kind]
