# SPDX-License-Identifier: MIT
"""What an account's conformance record lets through, where one is required: the kinds of entries that it proves, or none.

``fks_exec.testing`` is imported only where an account requires a record.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from attrs import fields_dict, frozen

from fks_exec.model.account import Capabilities, Check
from fks_exec.model.extension import VenueType
from fks_exec.model.orders import Order
from fks_exec.model.results import Denial
from fks_exec.plugins import Plugins

from ..config import HubConfig
from .settings import Evidence

if TYPE_CHECKING:
    from fks_exec.testing.record import Origin, Record

log: logging.Logger = logging.getLogger(__name__)

LEVELS: tuple[Evidence, ...] = get_args(Evidence)


@frozen(kw_only=True)
class Proof:
    """What was found in an account's record when the account was opened.

    Args:
        required: the evidence that the account requires; None: none, and all passes.
        reason: why the record does not count, so that the account only reduces; empty: it counts.
        remedy: what to do about it.
        proved: the words of what the record proves.
        declared: the words of entries that the account declares; empty: it was not asked.
    """

    required: Evidence | None = None
    reason: str = ""
    remedy: str = ""
    proved: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()

    def denials(self, order: Order, protection: str | None = None, *, reducing: bool, amends: bool = False) -> list[Denial]:
        """Why an order may not be sent; what only reduces always may.

        Args:
            protection: the kind by which it will be protected; None: it has neither stop nor target.
            amends: an order that rests is to become this one.
        """
        if self.required is None or reducing:
            return []
        if self.reason:
            text = f"the account requires a conformance record and only reduces without it: {self.reason}; {self.remedy}"
            return [Denial(code="NO_RECORD", message=text, limit=self.required)]
        missing = ", ".join(sorted(_needed(order, protection, amends=amends) - self.proved))
        if not missing:
            return []
        known = self._proved or "nothing"
        text = f"the account's conformance record does not prove {missing}, only {known}; {self.remedy}"
        return [Denial(code="NOT_PROVED", message=text, limit=known, value=missing)]

    @property
    def _proved(self) -> str:
        return ", ".join(sorted(self.proved & self.declared if self.declared else self.proved))

    @property
    def missing(self) -> str:
        """What the account declares and the record does not prove."""
        return ", ".join(sorted(self.declared - self.proved))

    @property
    def check(self) -> Check | None:
        """For an operator; None where no record is required."""
        if self.required is None:
            return None
        if self.reason:
            text = f"the account requires a conformance record and only reduces without it: {self.reason}"
            return Check(name="record", ok=False, message=text, remedy=self.remedy)
        without = f"; entries are denied: {self.missing}" if self.missing else ""
        return Check(name="record", ok=True, message=f"proved: {self._proved or 'nothing'}{without}")


def _needed(order: Order, protection: str | None, *, amends: bool) -> frozenset[str]:
    from fks_exec.testing.record import words_of

    return words_of(order) | ({protection} if protection else set()) | ({"amend_order"} if amends else set())


@frozen(kw_only=True)
class Demand:
    """What an account requires of its record; read anew each time it is opened.

    Args:
        required: the least evidence.
        file: of the record.
        may_differ: keys of the venue's table that need not be as they were.
        origin: the entry point that brings the venue; None: an object of the host's own, to which nothing can be bound.
        venue_config: the configuration object.
        command: makes the record.
    """

    account: str
    required: Evidence
    file: Path
    may_differ: tuple[str, ...]
    origin: Origin | None
    venue_config: object
    command: str

    @property
    def unread(self) -> Proof:
        """Before the account was opened."""
        return Proof(required=self.required, reason="its record has not been read yet", remedy="wait until the account is open")

    def prove(self, capabilities: Capabilities | None) -> Proof:
        """Read the record and compare it with what stands now; it blocks, and never raises.

        Args:
            capabilities: as the account declares them; None: they are not known, and not compared.
        """
        from fks_exec.testing.record import RecordError, read_record

        declared = frozenset[str]() if capabilities is None else _declared(capabilities)
        proved: tuple[str, ...] = ()
        try:
            record = read_record(self.file)
            faults = "; ".join(self._faults(record, capabilities))
            reason, proved = f"the record {self.file} does not count: {faults}" if faults else "", record.proved
        except RecordError as error:
            reason = str(error)
        except Exception as error:  # the metadata of a stranger's distribution; what cannot be compared does not count
            log.debug("account %s", self.account, exc_info=True)
            reason = f"the record {self.file} cannot be compared with what is installed ({type(error).__name__})"
        return Proof(required=self.required, reason=reason, remedy=self._remedy, proved=frozenset(proved), declared=declared)

    @property
    def _remedy(self) -> str:
        return f"run: {self.command}, and open the account again"

    def _faults(self, record: Record, capabilities: Capabilities | None) -> Iterator[str]:
        from fks_exec.testing.record import Binding

        if LEVELS.index(record.level) < LEVELS.index(self.required):
            yield f"its evidence is {record.level}, and the account requires {self.required}"
        if self.origin is None:
            yield "the venue is an object of the host's own, of no installed distribution, and no record can be bound to that"
            return
        now = Binding.of(self.origin, self.venue_config)
        yield from record.binding.differences(now, self.may_differ)
        if capabilities is not None and capabilities != record.capabilities:
            there, names = record.capabilities, fields_dict(Capabilities)
            others = [name for name in names if getattr(capabilities, name) != getattr(there, name)]
            yield f"the account declares something else than the one that was tried: {', '.join(others)}"


def demand_of(config: HubConfig, name: str, plugins: Plugins, venue: VenueType, venue_config: object) -> Demand | None:
    """What an account requires of its record; None: it requires none.

    Args:
        plugins: as they were loaded; one of them brings the venue.
    """
    account = config.accounts[name]
    if account.require_record is None:
        return None
    from fks_exec.testing.record import origin_of

    return Demand(
        account=name,
        required=account.require_record,
        file=config.record_file(name),
        may_differ=account.record_may_differ,
        origin=origin_of(venue, plugins),
        venue_config=venue_config,
        command=_command(config, name, venue),
    )


def _declared(capabilities: Capabilities) -> frozenset[str]:
    """The words by which entries differ: types, times in force, flags, protection."""
    flags = {name for name in ("post_only", "reduce_only") if getattr(capabilities, name)}
    amend = capabilities.abilities & {"amend_order"}
    types, times = ({str(word) for word in words} for words in (capabilities.order_types, capabilities.time_in_force))
    return frozenset({*types, *times, *capabilities.protection, *flags, *amend})


def _command(config: HubConfig, name: str, venue: VenueType) -> str:
    """What makes the record; of a live account's, on its sandbox where that is enough and is configured."""
    account, tried, live = config.accounts[name], name, ""
    if account.live and account.require_record == "live":
        live = f" --live --account-at-risk {name}"
    elif account.live:
        others = [each for each, other in config.accounts.items() if other.venue == account.venue and not other.live]
        tried = others[0] if others else "SANDBOX-ACCOUNT"
    symbol = "" if venue.simulated else " --symbol SYMBOL"
    return f"fks-exec conformance {tried} --record {config.record_file(name)}{symbol}{live}"
