# SPDX-License-Identifier: MIT
"""``ThroughTheHub``: a venue as the hub drives it, from the accepted instruction to the end of the order, over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from attrs import evolve

from fks_exec.model.account import ProtectionKind
from fks_exec.model.numbers import ZERO
from fks_exec.model.results import ExecutionResult, Status
from fks_exec.testing.suite.base import Suite, floor
from fks_exec.testing.trial import Counterpart, Trial

from ..accounts.settings import ProtectionConfig
from ..following import unknown
from ..journal import Key
from .checks import (
    check_book,
    check_position,
    check_stop,
    entry_for,
    known_after_a_kill,
    requested,
    resting_at,
    standing_stops,
    trade_ids,
)
from .host import ACCOUNT, Host, shown, told

KINDS: tuple[ProtectionKind, ...] = ("attached", "oco", "reduce_only_pair", "stop_only")
QUICK = unknown.Schedule(delays=(0.02, 0.05, 0.1, 0.2), slower=(0.5,))
"""When a simulated venue is asked about orders of unknown fate, seconds; a real one is given the hub's own time."""

SHORT = 0.2
"""Seconds that a call which hangs has."""


class ThroughTheHub(Suite):
    """The venue as the hub drives it: it needs ``fks-exec-hub``, and runs wherever that is installed.

    A hub with a journal of its own opens the venue, as in production. Each order is written down before the venue is called
    and after it has answered; what is unknown is looked up until it is known; the hub is ended and killed in the middle, and
    goes on from its journal with a new object of the venue. In the end three counts have to be one: the requests that the
    venue saw, the attempts that the journal has, and the orders in the venue's own book.
    """

    @pytest.fixture(autouse=True)
    def _pace(self, venue: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        if venue.level not in ("sandbox", "live"):
            monkeypatch.setattr(unknown, "SCHEDULE", QUICK)

    @pytest_asyncio.fixture
    async def host(self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path) -> AsyncIterator[Host]:
        """A hub with one account at the venue, started."""
        host = Host(venue, counterpart, tmp_path)
        try:
            yield await host.open()
        finally:
            await host.close()

    @floor
    async def test_an_order_ends_in_the_journal_as_the_venue_has_it(self, host: Host) -> None:
        order, result = await host.done()
        assert result.status is Status.FILLED, f"{told(order)} should fill, and ended {shown(result)}"
        assert result.filled_quantity == order.quantity
        recorded = await host.recorded(order)
        assert (recorded.status, recorded.terminal, len(recorded.attempts)) == ("filled", True, 1)
        await check_position(host, order, result)
        await check_book(host, order, result)

    @floor
    async def test_the_same_key_again_sends_nothing(self, host: Host) -> None:
        order, result = await host.done()
        before = await requested(host)
        again = await host.trade(order)
        assert (again.status, again.duplicate) == (result.status, True)
        other = await host.trade(evolve(order, quantity=order.quantity * 2))
        assert other.code == "ID_REUSED", f"another order under the same key was not denied: {shown(other)}"
        assert (await requested(host), await host.intents()) == (before, 1)

    async def test_there_are_as_many_requests_as_intents(self, host: Host) -> None:
        counterpart = host.tries("requests")
        before = await counterpart.requests()
        orders = [host.named() for _ in range(6)]
        await asyncio.gather(*map(host.trade, orders))
        for order in orders:
            await host.known(order)
        await host.exit()
        requests, intents = await counterpart.requests() - before, await host.intents()
        assert requests == intents, (
            f"the hub called execute_order {intents} times and {requests} requests arrived at the venue; send each once, and "
            "retry nothing: whether a further attempt is safe is for the hub to say"
        )

    @pytest.mark.parametrize("fault", ["drop", "error", "garbage", "late"])
    async def test_an_order_without_an_answer_is_found(self, host: Host, fault: str) -> None:
        host.needs("look_up")
        counterpart = host.tries(fault, "placed", "requests")
        before = await counterpart.requests()
        await counterpart.fault(fault, "place")
        order, result = await host.done()
        assert result.status is Status.FILLED, f"{told(order)} met {fault!r} and filled; the hub ended with {shown(result)}"
        await check_book(host, order, result)
        assert (await counterpart.requests() - before, await host.intents()) == (1, 1), f"{told(order)} was sent more than once"

    async def test_each_fill_is_booked_once(self, host: Host) -> None:
        host.sees()
        counterpart = host.tries("partial", "fill", "placed")
        await counterpart.fault("partial", "place")
        order = host.named()
        await host.trade(order)
        half: ExecutionResult = await host.until(
            lambda: host.now(order), lambda result: result.filled_quantity > ZERO, f"the first half of {told(order)}"
        )
        assert half.filled_quantity < order.quantity, f"half of {told(order)} has filled, and the hub was told {shown(half)}"
        [placed] = await host.booked(order)
        await counterpart.fill(placed.order_id)
        result = await host.known(order)
        await check_position(host, order, result)
        fills = await host.hub.journal.fills(Key(ACCOUNT, order.client_order_id or ""))
        told_of = {fill.trade_id for fill in result.fills}
        assert len(fills) == len(told_of), f"{len(told_of)} trades were told, and {len(fills)} are booked"

    async def test_a_killed_host_does_not_send_again_what_was_under_way(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path
    ) -> None:
        """The intent is written, the venue has the order, and the host is gone before the answer."""
        host = Host(venue, counterpart, tmp_path, deadline=SHORT)
        try:
            await host.open()
            host.needs("look_up")
            result, order = await known_after_a_kill(host)
            assert result.status is Status.FILLED, f"after the restart the hub ended {told(order)} with {shown(result)}"
            await check_book(host, order, result)
            assert (await host.trade(order)).duplicate
            assert len((await host.recorded(order)).attempts) == 1
            assert await host.hub.journal.verify() == []
        finally:
            await host.close()

    @floor
    async def test_after_a_restart_nothing_is_sent_again(self, host: Host) -> None:
        order, result = await host.done()
        held, before = await host.held(), await requested(host)
        await host.restart()
        again = await host.trade(order)
        assert (again.status, again.filled_quantity, again.duplicate) == (result.status, result.filled_quantity, True)
        assert await host.held() == held
        assert (await requested(host), await host.intents()) == (before, 1)

    @floor
    async def test_trades_after_a_restart_are_trades_of_their_own(self, host: Host) -> None:
        """A trade id is unique within the account, not within one object of the venue: a known one is not booked again."""
        _, first = await host.done()
        await host.restart()
        order, second = await host.done()
        assert trade_ids(second) or not trade_ids(first), (
            f"after a restart the trades of {told(order)} have ids that the hub knows already, so that it could not book them; "
            "take the venue's own ids, and no count that begins anew with each object"
        )
        held, filled = await host.held(), first.filled_quantity + second.filled_quantity
        assert filled - held < filled / 4, f"{filled} has filled, before a restart and after it, and the hub holds {held}"

    async def test_an_order_that_rests_is_followed_over_a_restart(self, host: Host) -> None:
        """The new object knows the order by its ids, as the journal has them: it tells of it, and cancels it."""
        host.needs("limit", "cancel_order", "fetch_order")
        order = await resting_at(host)
        await host.restart()
        assert (await host.now(order)).status is Status.ACCEPTED
        result = await host.hub.cancel_order(ACCOUNT, order.client_order_id or "")
        assert result.status is Status.CANCELED, f"after a restart the cancel of {told(order)} ended {shown(result)}"
        await check_book(host, order, result)

    async def test_an_order_is_cancelled_through_the_hub(self, host: Host) -> None:
        host.needs("limit", "cancel_order")
        order = await resting_at(host)
        result = await host.hub.cancel_order(ACCOUNT, order.client_order_id or "")
        assert result.status is Status.CANCELED, f"the cancel of {told(order)} ended {shown(result)}"
        recorded = await host.recorded(order)
        assert (recorded.status, recorded.terminal) == ("canceled", True)
        assert await host.held() == ZERO
        await check_book(host, order, result)

    @floor
    async def test_a_close_ends_flat_and_a_second_one_sends_nothing(self, host: Host) -> None:
        await host.done()
        result = await host.exit()
        await host.flat(result)
        before = await requested(host)
        again = await host.exit()
        assert again.status is Status.DENIED, f"a close of nothing ended {shown(again)}"
        assert await requested(host) == before

    @floor
    async def test_a_halted_account_sends_no_entry(self, host: Host) -> None:
        before = await requested(host)
        await host.hub.halt(ACCOUNT, "halted", "a test")
        denied = await host.trade(host.named())
        assert (denied.status, denied.code) == (Status.DENIED, "HALTED")
        assert (await requested(host), await host.intents()) == (before, 0)
        await host.hub.halt(ACCOUNT, "active", "the test goes on")
        order, result = await host.done()
        assert result.status is Status.FILLED, f"after the halt {told(order)} ended {shown(result)}"

    @pytest.mark.parametrize("kind", KINDS)
    async def test_an_entry_with_a_stop_ends_protected(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, kind: ProtectionKind
    ) -> None:
        """The stop stands in the venue's book for all that is filled; a close takes it away."""
        host = Host(venue, counterpart, tmp_path, protection=ProtectionConfig(kind=kind))
        try:
            await host.open()
            host.needs(kind)
            host.sees()
            before = await requested(host)
            order = host.named(await entry_for(host, kind))
            await host.trade(order)
            what = f"{told(order)} to be protected by its stop at {order.stop_loss} ({kind})"
            result: ExecutionResult = await host.until(lambda: host.now(order), lambda result: result.protected, what)
            await check_stop(host, result.filled_quantity)
            await host.flat(await host.exit())
            await host.until(lambda: standing_stops(host), lambda stops: not stops, "the stop to go after the close")
            after = await requested(host)
            assert before is None or after is None or after - before == await host.intents()
        finally:
            await host.close()
