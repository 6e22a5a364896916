# SPDX-License-Identifier: MIT
"""Wrong venues whose health check is always well, never well, of no use, or an order."""

from __future__ import annotations

import uuid

from fks_exec import Check, Health, Order, hookimpl
from fks_exec.testing import Asked, RemoteFaultyVenue

from .matrix import Mutant, over_http


class NeverUnwell(RemoteFaultyVenue):
    @hookimpl
    async def health_check(self) -> Health:
        return Health([Check(name="venue", ok=True, message="connected")])


class LetsItOut(RemoteFaultyVenue):
    """Asks the venue, and lets what that raises out."""

    @hookimpl
    async def health_check(self) -> Health:
        await self._ask(Asked(kind="health", account=self._account))
        return Health([Check(name="venue", ok=True)])


class HasNoRemedy(RemoteFaultyVenue):
    @hookimpl
    async def health_check(self) -> Health:
        health = await super().health_check()
        return Health([Check(name=check.name, ok=check.ok) for check in health.checks])


class TriesAnOrder(RemoteFaultyVenue):
    """The surest test of a connection."""

    @hookimpl
    async def health_check(self) -> Health:
        health = await super().health_check()
        if health:
            order = Order(symbol="BTC/USDT", side="buy", quantity="0.001")
            await self._ask(Asked(kind="place", account=self._account, order=order, venue_client_order_id=uuid.uuid4().hex))
        return health


class CountsItsQuestions(RemoteFaultyVenue):
    """Well when it is asked for the first time."""

    asked = 0

    @hookimpl
    async def health_check(self) -> Health:
        self.asked += 1
        return Health([Check(name="rate", ok=self.asked < 3, message="asked too often", remedy="ask less often")])


MUTANTS = [
    Mutant("never-unwell", "says that it is well, without a look", over_http(NeverUnwell), "HealthChecks", alone=True),
    Mutant("lets-its-health-out", "raises where it is not well", over_http(LetsItOut), "HealthChecks", alone=True),
    Mutant("has-no-remedy", "says that it is not well, and not what to do", over_http(HasNoRemedy), "HealthChecks", alone=True),
    Mutant("tries-an-order", "sends an order to see whether it is well", over_http(TriesAnOrder), "HealthChecks", alone=True),
    Mutant(
        "counts-its-questions",
        "is not well any more when it is asked too often",
        over_http(CountsItsQuestions),
        "HealthChecks",
        alone=True,
    ),
]
