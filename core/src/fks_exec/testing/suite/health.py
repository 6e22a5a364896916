# SPDX-License-Identifier: MIT
"""The health check: well while all is well, and a remedy when it is not; it looks and touches nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ...model.account import Check, Health
from .base import Suite, floor
from .desk import Desk

OURS = "account"
"""The name of the check that the account itself adds."""


class HealthChecks(Suite):
    """An operator asks for the health before anything else: the answer is true, and says what to do."""

    @floor
    async def test_an_account_that_trades_is_well(self, desk: Desk) -> None:
        await desk.filled()
        health = await desk.account.health_check()
        assert health, f"the account trades, and its health check says {_told(health)}"

    @floor
    async def test_checks_have_names_of_their_own(self, desk: Desk) -> None:
        names = [check.name for check in _venues(await desk.account.health_check())]
        assert all(name.strip() for name in names), f"a check has no name, among {names}"
        assert len(set(names)) == len(names), f"two checks of one account have the same name, among {names}"

    @floor
    async def test_a_health_check_can_be_asked_again_and_again(self, desk: Desk) -> None:
        first = await desk.account.health_check()
        for _ in range(3):
            again = await desk.account.health_check()
            assert bool(again) == bool(first), f"the health check said {_told(first)}, then {_told(again)}, and nothing changed"

    @floor
    async def test_a_health_check_trades_nothing(self, desk: Desk) -> None:
        """No request for an order arrives, no order rests, no position changes."""
        before = await _holdings(desk)
        await desk.account.health_check()
        after = await _holdings(desk)
        changed = [name for name in before if before[name] != after[name]]
        text = ", ".join(f"{name} from {before[name]} to {after[name]}" for name in changed)
        assert not changed, f"a health check changed {text}; it looks, and sends no order"

    async def test_a_venue_that_is_away_is_not_well(self, desk: Desk) -> None:
        """With a message and a remedy in each check that is not."""
        leaving = desk.tries("away")
        await leaving.away(True)
        try:
            health = await desk.account.health_check()
        finally:
            await leaving.away(False)
        unwell = [check for check in _venues(health) if not check.ok]
        assert unwell, f"the venue is away, and the health check says {_told(health)}; let it ask the venue for something"
        bare = [check.name for check in unwell if not (check.message and check.remedy)]
        text = f"the venue is away, and {', '.join(bare)} has no message or no remedy: {_told(health)}"
        assert not bare, f"{text}; answer Check(name, ok=False, message, remedy), and let no exception out"


def _venues(health: Health) -> list[Check]:
    """The checks of the venue itself; the account's own is the first."""
    return [check for index, check in enumerate(health.checks) if index or check.name != OURS]


def _told(health: Health) -> str:
    checks = [
        f"{check.name} {'well' if check.ok else f'not well ({check.message}; {check.remedy})'}" for check in health.checks
    ]
    return ", ".join(checks) or "nothing"


async def _holdings(desk: Desk) -> dict[str, Any]:
    """What an order would change, as far as it can be seen."""
    can, found = desk.account.capabilities.abilities, dict[str, Any]()
    if desk.counterpart is not None and "requests" in desk.counterpart.can:
        found["the requests for orders"] = await desk.counterpart.requests()
    if desk.counterpart is not None and "placed" in desk.counterpart.can:
        found["the orders in the venue's book"] = len(await desk.counterpart.placed())
    if "fetch_open_orders" in can:
        found["the orders that rest"] = len(await desk.account.fetch_open_orders())
    if "fetch_positions" in can:
        every = await desk.account.fetch_positions()
        found["the position"] = sum((each.quantity for each in every if each.symbol == desk.symbol), Decimal(0))
    if "fetch_balance" in can and desk.spot:
        totals = {each.currency: each.total for each in await desk.account.fetch_balance()}
        found["the balance"] = totals.get(desk.instrument.base or "")
    return found
