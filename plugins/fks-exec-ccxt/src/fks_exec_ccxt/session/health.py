# SPDX-License-Identifier: MIT
"""How an account is: its session, the exchange's clock, the key, the markets' age, the rate budget. Sends no order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from fks_exec.errors import VenueAuthError, VenueError
from fks_exec.model.account import Check, Health

from .opening import FAR_OFF, authenticate

if TYPE_CHECKING:
    from .connection import Connection

_NETWORK = "look at the network and the exchange"


async def health(connection: Connection | None) -> Health:
    """Named checks; None: an account that is not open."""
    if connection is None or connection.closed:
        return Health([Check(name="session", ok=False, message="the account is closed", remedy="open it again")])
    time = await _time(connection)  # first: what it learns signs the other
    key = evolve(time, name="authentication") if time.remedy == _NETWORK else await _authentication(connection)
    return Health([_session(connection, time, key), time, key, _markets(connection), _budget(connection)])


def _session(connection: Connection, *others: Check) -> Check:
    if any(check.ok for check in others):
        return Check(name="session", ok=True, message=f"{connection.exchange.id} answers")
    if connection.heard is None:
        return Check(name="session", ok=False, message="the exchange has not answered yet", remedy="look at the network")
    age = (connection.clock.now() - connection.heard) / 1000
    message = f"{connection.exchange.id} last answered {max(0.0, age):.0f} s ago"
    return Check(name="session", ok=age < 5, message=message, remedy="" if age < 5 else _NETWORK)


async def _time(connection: Connection) -> Check:
    if not connection.exchange.has.get("fetchTime"):
        return Check(name="time", ok=True, message=f"{connection.exchange.id} tells no time")
    try:
        await connection.sync_clock()
    except VenueError as error:
        return Check(name="time", ok=False, message=str(error), remedy=_NETWORK)
    offset = connection.offset or 0
    message = f"the exchange's clock is {offset / 1000:+.1f} s from ours"
    well = abs(offset) <= FAR_OFF
    return Check(name="time", ok=well, message=message, remedy="" if well else "set this machine's clock (NTP)")


async def _authentication(connection: Connection) -> Check:
    name, remedy = "authentication", "check the key and its permissions at the exchange"
    try:
        await authenticate(connection)
    except VenueAuthError as error:
        return Check(name=name, ok=False, message=str(error), remedy=remedy)
    except VenueError as error:
        return Check(name=name, ok=False, message=str(error), remedy=_NETWORK)
    if connection.refused:  # it may look, and not trade
        return Check(name=name, ok=False, message=connection.refused, remedy=remedy)
    return Check(name=name, ok=True, message="the key is taken")


def _markets(connection: Connection) -> Check:
    listing = connection.listing
    count = len(connection.symbols.symbols)
    if listing is None:
        return Check(name="markets", ok=count > 0, message=f"{count} markets, as given")
    age = (connection.clock.now() - listing.loaded) / 1000
    well = age < 3 * listing.refresh
    message = f"{count} markets, loaded {max(0.0, age):.0f} s ago" + (f"; {listing.failed}" if listing.failed else "")
    return Check(name="markets", ok=well, message=message, remedy="" if well else "look at the network; open the account again")


def _budget(connection: Connection) -> Check:
    budget = connection.turns.budget()
    well = budget.waiting < connection.config.max_waiting
    message = f"{budget.used:.0%} used, {budget.waiting} waiting, {budget.seconds:.1f} s until the next"
    return Check(name="rate budget", ok=well, message=message, remedy="" if well else "send less often")
