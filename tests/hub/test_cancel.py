# SPDX-License-Identifier: MIT
"""A cancel says what became of the order: cancelled, filled first, still there, not known; each request is in the journal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from attrs import evolve

from fks_exec import NotSupported, Order
from fks_exec.model.account import Capabilities
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    CancelMeetsFill,
    EmptyLookUp,
    FailLookUp,
    Fill,
    Lost,
    PartialFill,
    RateLimit,
    Refuse,
    Rest,
    Unsent,
)
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub, UnknownAccount
from fks_exec_hub.errors import UnknownOrder
from fks_exec_hub.journal import JournalError, JournalUnavailable, Key
from fks_exec_hub.orders.resolve import Word, resolve_order
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.hosts import JournalOnDisk
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure, journal_of, sell, until

NOT_PUSHED = evolve(CAPABILITIES, publishes=False)


@asynccontextmanager
async def hub_at(venue: Venue, folder: Path, **account: Any) -> AsyncIterator[ExecutionHub]:
    """A hub with one account on this venue."""
    config = configure(folder, account={"venue": "faulty", "deadline": 1, "poll": 0.05, "polls_per_second": 50, **account})
    async with ExecutionHub.open(config, plugins=[venue.plugin]) as hub:
        yield hub


def limit(name: str = "one", quantity: str = "1", **more: Any) -> Order:
    """A buy far below the market."""
    return Order(symbol="BTC/USDT", side="buy", quantity=quantity, order_type="limit", price="50", client_order_id=name, **more)


async def attempts(hub: ExecutionHub, purpose: str = "cancel", name: str = "one") -> int:
    """How often the journal says that the venue was to be asked."""
    recorded = await hub.journal.order(Key(ACCOUNT, name))
    return sum(attempt.purpose == purpose for attempt in recorded.attempts) if recorded else 0


async def counts_agree(hub: ExecutionHub, venue: Venue, number: int, name: str = "one") -> None:
    """As many requests at the venue as attempts in the journal."""
    assert (venue.count("cancel"), await attempts(hub, name=name)) == (number, number)


async def test_an_order_that_rests_is_cancelled(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        assert (await hub.execute_order(ACCOUNT, limit())).status == "accepted"
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code, result.client_order_id) == ("canceled", None, "one")
        assert venue.placed[0].status == "canceled"
        recorded = await hub.journal.order(Key(ACCOUNT, "one"))
        assert recorded is not None
        assert (recorded.status, recorded.terminal) == ("canceled", True)
        await counts_agree(hub, venue, 1)


async def test_what_was_filled_before_is_told_with_the_cancel(tmp_path: Path) -> None:
    venue = Venue([PartialFill(share="0.25")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.success) == ("canceled", True)
        assert str(result.filled_quantity) == "0.25"
        [position] = await hub.positions(ACCOUNT)
        assert str(position.quantity) == "0.25"


@pytest.mark.parametrize("fault", [CancelMeetsFill("rejected"), CancelMeetsFill("filled")], ids=["refused", "answered filled"])
@pytest.mark.parametrize("capabilities", [CAPABILITIES, NOT_PUSHED], ids=["pushes", "is asked"])
async def test_a_cancel_that_meets_a_fill_says_so(tmp_path: Path, fault: CancelMeetsFill, capabilities: Capabilities) -> None:
    venue = Venue([fault], capabilities=capabilities)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code, result.filled_quantity) == ("filled", "FILLED_FIRST", 1)
        assert "before the cancel reached the venue" in (result.error or "")
        [position] = await hub.positions(ACCOUNT)
        assert position.quantity == 1
        await counts_agree(hub, venue, 1)
        assert (await hub.order(ACCOUNT, "one")).code is None  # type: ignore[union-attr]


async def test_an_order_that_waits_in_its_lane_is_never_sent(tmp_path: Path) -> None:
    venue = Venue([AcceptThenHang()])
    async with hub_at(venue, tmp_path, deadline=5) as hub:
        first = await hub.submit(ACCOUNT, limit("first"))
        await venue.arrived()
        second = await hub.submit(ACCOUNT, limit("second"))
        result = await hub.cancel_order(ACCOUNT, "second")
        assert (result.status, result.code) == ("canceled", "WITHDRAWN")
        assert (await second.result(timeout=1)).status == "canceled"
        venue.release()
        await first.result(timeout=2)
        third = await hub.execute_order(ACCOUNT, limit("third"))
        assert third.status == "accepted"
        assert [placed.order.client_order_id for placed in venue.placed] == ["first", "third"]
        assert (await attempts(hub, "order", "second"), venue.count("cancel")) == (0, 0)


async def test_an_order_is_withdrawn_while_its_accept_is_written(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        taking = asyncio.create_task(hub.submit(ACCOUNT, limit()))
        await asyncio.sleep(0)
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("canceled", "WITHDRAWN")
        assert (await (await taking).result(timeout=1)).status == "canceled"
        assert (venue.placed, venue.count("cancel")) == ([], 0)


async def test_an_order_that_could_not_be_accepted_is_not_withdrawn(tmp_path: Path) -> None:
    """Else the journal would be asked for the end of an order that it does not have."""
    disk, venue = FaultyDisk("cancel-full"), Venue()
    config = configure(tmp_path, account={"venue": "faulty"}, journal="disk:fks-exec.db")
    try:
        async with ExecutionHub.open(config, plugins=[venue.plugin, JournalOnDisk("cancel-full")]) as hub:
            disk.on_write = apsw.FullError("simulated")
            taking = asyncio.create_task(hub.submit(ACCOUNT, limit()))
            await asyncio.sleep(0)
            with pytest.raises(JournalError):
                await hub.cancel_order(ACCOUNT, "one")
            with pytest.raises(JournalError):
                await taking
            disk.on_write = None
            await until(lambda: not hub._desks[ACCOUNT].not_ready)
            assert await hub.order(ACCOUNT, "one") is None
            assert (await hub.execute_order(ACCOUNT, limit())).status == "accepted"
    finally:
        disk.unregister()


async def test_a_withdrawal_that_is_not_durable_is_not_told() -> None:
    """After a crash the order would be sent."""
    venue, lives = Venue([AcceptThenHang()]), Lives()
    config = configure(Path("unused"), account={"venue": "faulty", "deadline": 1}, journal="lives:")
    async with ExecutionHub.open(config, plugins=[venue.plugin, lives]) as hub:
        await hub.submit(ACCOUNT, limit("first"))
        await venue.arrived()
        await hub.submit(ACCOUNT, limit("second"))
        lives.failing = 10**6
        with pytest.raises(JournalUnavailable, match="not written down yet; ask again"):
            await hub.cancel_order(ACCOUNT, "second")
        lives.failing = 0
        await until(lambda: not hub._desks[ACCOUNT].unwritable)
        assert (await hub.cancel_order(ACCOUNT, "second")).status == "canceled"
        venue.release()


async def test_a_wish_that_meets_a_journal_fault_is_carried_out_after_the_repair() -> None:
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    lives = Lives()
    config = configure(Path("unused"), account={"venue": "faulty", "deadline": 0.1, "polls_per_second": 50}, journal="lives:")
    async with ExecutionHub.open(config, plugins=[venue.plugin, lives]) as hub:
        await hub.execute_order(ACCOUNT, limit())
        assert (await hub.cancel_order(ACCOUNT, "one")).code == "CANCEL_WAITS"
        lives.failing = 1
        venue.choose(None)
        await until(lambda: not venue.placed[0].open)
        assert venue.count("cancel") == 1


async def test_a_cancel_beside_the_running_call_waits_for_its_answer(tmp_path: Path) -> None:
    venue = Venue([AcceptThenHang()])
    async with hub_at(venue, tmp_path, deadline=5) as hub:
        receipt = await hub.submit(ACCOUNT, limit())
        await venue.arrived()
        cancel = asyncio.create_task(hub.cancel_order(ACCOUNT, "one"))
        await asyncio.wait({cancel}, timeout=0.05)
        assert venue.count("cancel") == 0
        venue.release()
        assert (await cancel).status == "canceled"
        assert (await receipt.result()).status in ("accepted", "canceled")
        await counts_agree(hub, venue, 1)


async def test_no_further_attempt_is_made_for_an_order_that_is_being_cancelled(tmp_path: Path) -> None:
    venue = Venue([Fill(), Unsent(), Unsent()])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("entry"))
        await hub.submit(ACCOUNT, sell(client_order_id="one"))
        await venue.arrived("place", 2)
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("canceled", "WITHDRAWN")
        assert (venue.count("place"), await attempts(hub, "order", "one")) == (2, 1)


async def test_an_order_of_unknown_fate_is_looked_up_and_cancelled(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop(rest=True), FailLookUp()])
    async with hub_at(venue, tmp_path) as hub:
        assert (await hub.execute_order(ACCOUNT, limit())).status == "unknown"
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("canceled", None)
        assert venue.placed[0].status == "canceled"
        first = [request.kind for request in venue.requests if request.kind in ("cancel", "look_up")]
        assert first[0] == "look_up"
        await counts_agree(hub, venue, 1)


async def test_an_order_of_unknown_fate_that_was_filled_says_so(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop()], capabilities=NOT_PUSHED)
    async with hub_at(venue, tmp_path) as hub:
        order = evolve(limit(), order_type="market", price=None)
        assert (await hub.execute_order(ACCOUNT, order)).status == "unknown"
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("filled", "FILLED_FIRST")
        assert venue.count("cancel") == 0


async def test_the_wish_to_cancel_survives_a_restart(tmp_path: Path) -> None:
    """The order stays unknown, the host restarts, the venue shows it at last."""
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        assert (await hub.execute_order(ACCOUNT, limit())).status == "unknown"
        waiting = await hub.cancel_order(ACCOUNT, "one")
        assert (waiting.status, waiting.code) == ("unknown", "CANCEL_WAITS")
        assert venue.count("cancel") == 0
    venue.choose(None)
    async with hub_at(venue, tmp_path) as hub:
        await until(lambda: venue.count("cancel"))
        await until(lambda: not venue.placed[0].open)
        await until(lambda: "one" not in hub._desks[ACCOUNT].live)
        found = await hub.order(ACCOUNT, "one")
        assert found is not None
        assert found.status == "canceled"
        await counts_agree(hub, venue, 1)


async def test_the_wish_is_carried_out_when_the_order_is_found(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, limit())
        assert (await hub.cancel_order(ACCOUNT, "one")).code == "CANCEL_WAITS"
        venue.choose(None)
        await until(lambda: not venue.placed[0].open)
        await counts_agree(hub, venue, 1)


async def test_a_wish_that_the_venue_refused_is_not_asked_for_again_after_a_restart(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.cancel_order(ACCOUNT, "one")
        venue.follow(Refuse("not now", on="cancel"))
        venue.choose(None)
        await until(lambda: venue.count("cancel") and not hub._desks[ACCOUNT].live["one"].act.locked())
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("two"))
        one = await hub.order(ACCOUNT, "one")
        assert one is not None
        assert (one.status, one.code, venue.placed[0].open) == ("accepted", None, True)
        await counts_agree(hub, venue, 1)


async def test_a_wish_that_could_not_be_carried_out_yet_survives_as_well(tmp_path: Path) -> None:
    """The order is known to rest, by an operator's word; the venue is not there when the next host starts."""
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.cancel_order(ACCOUNT, "one")
    async with journal_of(tmp_path) as journal:
        word = Word(as_="placed", because="it is on the screen", order_id=venue.placed[0].order_id)
        await resolve_order(journal, Key(ACCOUNT, "one"), word, 1)
    venue.follow(Lost(on="open"))
    async with hub_at(venue, tmp_path, required=False) as hub:
        await until(lambda: not venue.placed[0].open)
        await counts_agree(hub, venue, 1)


async def test_an_order_that_is_found_is_cancelled_by_the_next_host_where_this_one_could_not(tmp_path: Path) -> None:
    """It was killed between the news that the order rests and the cancel's intent."""
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.cancel_order(ACCOUNT, "one")
        desk = hub._desks[ACCOUNT]
        desk.listeners.remove(hub._staff[ACCOUNT].canceller.take)
        venue.choose(None)
        await until(lambda: desk.live["one"].result.status == "accepted")
        assert desk.live["one"].result.code == "CANCEL_WAITS"
    async with hub_at(venue, tmp_path) as hub:
        await until(lambda: not venue.placed[0].open)
        await counts_agree(hub, venue, 1)


async def test_a_refused_cancel_leaves_the_order_as_it_was(tmp_path: Path) -> None:
    venue = Venue([Refuse("no cancels in the auction", on="cancel")])
    async with hub_at(venue, tmp_path) as hub:
        before = await hub.execute_order(ACCOUNT, limit())
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("accepted", "CANCEL_FAILED")
        assert "no cancels in the auction" in (result.error or "")
        assert await hub.order(ACCOUNT, "one") == before
        assert hub._desks[ACCOUNT].book.totals("BTC/USDT").working_buy == 1
        await counts_agree(hub, venue, 1)
        assert (await hub.cancel_order(ACCOUNT, "one")).status == "canceled"
        await counts_agree(hub, venue, 2)


@pytest.mark.parametrize(
    "fault",
    [Unsent(on="cancel"), RateLimit(0.01, on="cancel"), Lost(on="cancel"), Refuse(on="cancel", retryable=True)],
    ids=["not sent", "rate limit", "lost", "busy"],
)
async def test_a_cancel_without_effect_is_asked_for_again(tmp_path: Path, fault: Any) -> None:
    """A cancel that comes twice cancels once."""
    venue = Venue([fault])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        assert (await hub.cancel_order(ACCOUNT, "one")).status == "canceled"
        await counts_agree(hub, venue, 2)


async def test_a_cancel_whose_answer_is_lost_is_looked_up(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop(on="cancel")], capabilities=NOT_PUSHED)
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("canceled", None)
        await counts_agree(hub, venue, 1)


@pytest.mark.parametrize("state", ["halted", "reducing"])
async def test_a_cancel_passes_whatever_the_account_may_do(tmp_path: Path, state: str) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.halt(ACCOUNT, state, "a test", cancel_entries=False)
        assert (await hub.cancel_order(ACCOUNT, "one")).status == "canceled"
        await counts_agree(hub, venue, 1)


async def test_two_cancels_at_once_ask_once(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        results = await asyncio.gather(*(hub.cancel_order(ACCOUNT, "one") for _ in range(2)))
        assert [(result.status, result.code) for result in results] == [("canceled", None)] * 2
        await counts_agree(hub, venue, 1)


async def test_a_cancel_of_what_has_ended_says_how_it_ended(tmp_path: Path) -> None:
    venue = Venue([Fill(), Refuse("no funds")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit("filled"))
        await hub.execute_order(ACCOUNT, limit("refused"))
        filled = await hub.cancel_order(ACCOUNT, "filled")
        refused = await hub.cancel_order(ACCOUNT, "refused")
        assert (filled.status, filled.code) == ("filled", "FILLED_FIRST")
        assert (refused.status, refused.code) == ("rejected", "ENDED_BEFORE")
        assert "rejected" in (refused.error or "")
        assert venue.count("cancel") == 0


async def test_an_order_that_was_concluded_not_to_exist_is_cancelled_if_it_appears(tmp_path: Path) -> None:
    """The two clean answers were wrong; the wish waited."""
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: EmptyLookUp() if request.kind == "look_up" else None)
    venue.publishing = False
    async with hub_at(venue, tmp_path, deadline=0.1) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await until(lambda: hub._desks[ACCOUNT].live["one"].watched)
        result = await hub.cancel_order(ACCOUNT, "one")
        assert (result.status, result.code) == ("not_placed", "ENDED_BEFORE")
        assert "should it appear" in (result.error or "")
    venue.choose(None)
    async with hub_at(venue, tmp_path) as hub:
        venue.publishing = True
        venue.exchange.floor.tell(venue.placed[0])
        await until(lambda: not venue.placed[0].open)
        await counts_agree(hub, venue, 1)


async def test_an_unknown_order_or_account_is_an_error(tmp_path: Path) -> None:
    venue = Venue()
    async with hub_at(venue, tmp_path) as hub:
        with pytest.raises(UnknownOrder, match="has no order 'nobody'"):
            await hub.cancel_order(ACCOUNT, "nobody")
        with pytest.raises(UnknownAccount):
            await hub.cancel_order("nobody", "one")


async def test_where_the_venue_cannot_cancel_nothing_is_written(tmp_path: Path) -> None:
    venue = Venue([Rest()], capabilities=evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {"cancel_order"}))
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        with pytest.raises(NotSupported):
            await hub.cancel_order(ACCOUNT, "one")
        await counts_agree(hub, venue, 0)


async def test_a_caller_that_goes_away_does_not_stop_a_cancel(tmp_path: Path) -> None:
    venue = Venue([AcceptThenHang(on="cancel")])
    async with hub_at(venue, tmp_path, deadline=5) as hub:
        await hub.execute_order(ACCOUNT, limit())
        caller = asyncio.create_task(hub.cancel_order(ACCOUNT, "one"))
        await venue.arrived("cancel")
        caller.cancel()
        await asyncio.wait({caller})
        venue.release()
        await until(lambda: "one" not in hub._desks[ACCOUNT].live)
        assert (await hub.order(ACCOUNT, "one")).status == "canceled"  # type: ignore[union-attr]


async def test_a_hub_that_closes_ends_a_cancel_with_a_sentence(tmp_path: Path) -> None:
    """And the next one finds what came of it."""
    venue = Venue([AcceptThenHang(on="cancel")], capabilities=NOT_PUSHED)
    async with hub_at(venue, tmp_path, deadline=30) as hub:
        await hub.execute_order(ACCOUNT, limit())
        caller = asyncio.create_task(hub.cancel_order(ACCOUNT, "one"))
        await venue.arrived("cancel")
    with pytest.raises(Exception, match="the hub has closed"):
        await caller
    async with hub_at(venue, tmp_path) as hub:
        await until(lambda: "one" not in hub._desks[ACCOUNT].live)
        assert (await hub.order(ACCOUNT, "one")).status == "canceled"  # type: ignore[union-attr]


async def test_what_became_of_a_cancel_is_recorded_with_its_purpose(tmp_path: Path) -> None:
    venue = Venue([Refuse("no", code="AUCTION", on="cancel")])
    async with hub_at(venue, tmp_path) as hub:
        await hub.execute_order(ACCOUNT, limit())
        await hub.cancel_order(ACCOUNT, "one")
        bodies = [event.body for event in await hub.journal.history(Key(ACCOUNT, "one")) if event.kind == "outcome"]
        assert any('"purpose":"cancel"' in body and "AUCTION" in body for body in bodies)
