# SPDX-License-Identifier: MIT
"""The life of orders against the venue's own book, by Hypothesis: any mix of faults, kills, restarts, cancels and fills.

The reference model is the venue: what was placed there, what was filled there, what was asked of it. Time is virtual.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fks_exec import ClosePosition, ExecutionResult, Order, OrderChange, Status
from fks_exec.errors import FksExecError
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    AnswerTwice,
    CancelMeetsFill,
    EmptyLookUp,
    EmptyLookUps,
    FailLookUp,
    Fault,
    FaultyVenue,
    LateAppearance,
    LateFill,
    Lost,
    PartialFill,
    PartialThenCancel,
    RateLimit,
    Refuse,
    Reorder,
    Rest,
    Slow,
    SwallowCancellation,
    TradeTwice,
    Unsent,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.instructions import Instruction
from fks_exec_hub.journal import JournalError, Key, Recorded
from fks_exec_hub.orders.receipt import Receipt
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure
from fks_exec_simulators.virtual import VirtualLoop

TTL = 1.0
DEADLINE = 0.5
PLACING: list[Fault | None] = [
    None,
    None,
    AcceptThenDrop(),
    AcceptThenHang(),
    AnswerTwice(),
    EmptyLookUps(looks=2),
    LateAppearance(after=0.8),
    LateAppearance(after=0.8, hang=True),
    LateFill(after=2.0),
    Lost(),
    Lost(hang=True),
    PartialFill(),
    PartialThenCancel(),
    RateLimit(retry_after=0.1),
    Refuse("no margin"),
    Refuse("requote", retryable=True),
    Reorder(),
    Rest(),
    Slow(after=0.2),
    Slow(after=3.0),
    SwallowCancellation(),
    SwallowCancellation(late=True),
    TradeTwice(),
    Unsent(),
]
ASKING: list[Fault] = [CancelMeetsFill(), FailLookUp(), EmptyLookUp(), FailLookUp(on="scan"), FailLookUp(on="positions")]
SYMBOLS = st.sampled_from(["BTC/USDT", "ETH/USDT"])


class OrderLife(RuleBasedStateMachine):
    """One account; its host lives several times."""

    @initialize(publishes=st.booleans(), reduce_only=st.booleans(), lists=st.booleans())
    def begin(self, publishes: bool, reduce_only: bool, lists: bool) -> None:
        self.loop = VirtualLoop()
        abilities = CAPABILITIES.abilities - (set() if lists else {"fetch_open_orders"})
        declared = attrs.evolve(
            CAPABILITIES, publishes=publishes, reduce_only=reduce_only, request_ttl=TTL, abilities=abilities
        )
        self.venue = FaultyVenue(capabilities=declared)
        self.lives = Lives()
        self.sent: dict[str, Instruction] = {}
        self.acknowledged: set[str] = set()
        self.told: dict[str, ExecutionResult] = {}
        self.filled: dict[str, Decimal] = defaultdict(Decimal)
        self.waiting: dict[str, Receipt] = {}
        self.acts: set[asyncio.Task[Any]] = set()
        self.start()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def start(self) -> None:
        self.lives.failing = 0
        account = {
            "venue": "faulty",
            "deadline": DEADLINE,
            "max_order_age": 20.0,
            "compare_every": 5.0,
            "polls_per_second": 50.0,
        }
        config = configure(Path("/nonexistent"), account=account, journal="lives:")
        self.hub = ExecutionHub.open(config, plugins=[self.venue.plugin, self.lives], clock=self.loop)
        self.run(self.hub.start())

    def pass_time(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))
        for name, receipt in list(self.waiting.items()):
            if receipt.concluded.done():
                del self.waiting[name]
                if receipt.concluded.exception() is None:
                    self.heard(name, receipt.concluded.result())

    def heard(self, name: str, result: ExecutionResult) -> None:
        if result.code in ("ID_REUSED", "NOT_RECORDED"):  # the latter says that it may be forgotten
            return
        assert result.filled_quantity >= self.filled[name], "a cumulative quantity went back"
        self.filled[name] = result.filled_quantity
        self.told[name] = result

    def submit(self, instruction: Instruction) -> None:
        name = instruction.client_order_id or ""
        try:
            receipt = self.run(self.hub.submit(ACCOUNT, instruction))
        except (JournalError, FksExecError):
            return
        self.acknowledged.add(name)
        self.waiting[name] = receipt

    @rule(
        symbol=SYMBOLS,
        side=st.sampled_from(["buy", "sell"]),
        quantity=st.integers(1, 3),
        limit=st.booleans(),
        fault=st.sampled_from(PLACING),
        burst=st.integers(1, 3),
    )
    def order(self, symbol: str, side: str, quantity: int, limit: bool, fault: Fault | None, burst: int) -> None:
        for _ in range(burst):
            name = f"o{len(self.sent)}"
            price = {"order_type": "limit", "price": 90 if side == "buy" else 110} if limit else {}
            order = Order(symbol=symbol, side=side, quantity=quantity, client_order_id=name, **price)  # type: ignore[arg-type]
            self.sent[name] = order
            if fault is not None:
                self.venue.follow(fault)
            self.submit(order)
        self.pass_time(0.05)

    @rule(symbol=SYMBOLS, fault=st.sampled_from(PLACING))
    def close(self, symbol: str, fault: Fault | None) -> None:
        name = f"c{len(self.sent)}"
        self.sent[name] = ClosePosition(symbol=symbol, client_order_id=name)
        if fault is not None:
            self.venue.follow(fault)
        self.submit(self.sent[name])
        self.pass_time(0.05)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.sent)))
        self.submit(self.sent[name])

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data())
    def reuse_an_id(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.acknowledged)))
        other = Order(symbol="BTC/USDT", side="buy", quantity="7.5", client_order_id=name)
        try:
            receipt = self.run(self.hub.submit(ACCOUNT, other))
        except FksExecError:
            return
        assert self.run(receipt.result()).code == "ID_REUSED"

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data(), fault=st.sampled_from([None, *ASKING]), amend=st.booleans())
    def cancel_or_amend(self, data: st.DataObject, fault: Fault | None, amend: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.acknowledged)))
        if fault is not None:
            self.venue.follow(fault)
        change = OrderChange(quantity=data.draw(st.integers(1, 4)))
        work = self.hub.amend_order(ACCOUNT, name, change) if amend else self.hub.cancel_order(ACCOUNT, name)
        task = self.loop.create_task(_quiet(work))
        self.acts.add(task)
        self.pass_time(0.05)

    @rule(fault=st.sampled_from(ASKING))
    def trouble(self, fault: Fault) -> None:
        self.venue.follow(fault)

    @rule(symbol=SYMBOLS, price=st.sampled_from([80, 95, 100, 105, 120]))
    def market(self, symbol: str, price: int) -> None:
        self.venue.set_price(symbol, price)
        self.pass_time(0.01)

    @precondition(lambda self: any(placed.open for placed in self.venue.placed))
    @rule(data=st.data())
    def venue_acts(self, data: st.DataObject) -> None:
        placed = data.draw(st.sampled_from([placed for placed in self.venue.placed if placed.open]))
        action = data.draw(st.sampled_from(["some", "all", "cancel", "expire"]))
        if action == "some":
            self.venue.fill(placed, quantity="0.5")
        elif action == "all":
            self.venue.fill(placed)
        else:
            (self.venue.cancel_by_venue if action == "cancel" else self.venue.expire)(placed)
        self.pass_time(0.01)

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 3.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.003]))
    def kill(self, seconds: float) -> None:
        """The host is gone, in the middle of whatever it did; what it had not stored is lost."""
        self.run(asyncio.sleep(seconds))
        self.lives.kill()
        self.waiting.clear()
        self.run(_end_all())
        self.acts.clear()
        self.start()

    @rule()
    def restart(self) -> None:
        self.run(self.hub.close())
        self.pass_time(0)
        self.run(_end_all())
        self.start()

    @rule(times=st.integers(1, 3))
    def journal_fault(self, times: int) -> None:
        self.lives.failing = times

    @rule()
    def resume(self) -> None:
        try:
            self.run(self.hub.halt(ACCOUNT, "active", "looked at it"))
        except FksExecError:
            self.pass_time(1.0)

    def records(self) -> dict[str, Recorded]:
        found = self.run(self.lives.stored.orders(ACCOUNT, limit=10_000))
        return {recorded.key.client_order_id: recorded for recorded in found}

    @invariant()
    def each_order_was_asked_for_at_most_once_without_proof(self) -> None:
        if not hasattr(self, "venue"):
            return
        records = self.records()
        asked = [request for request in self.venue.requests if request.kind == "place"]
        names = Counter(request.venue_client_order_id for request in asked)
        assert not [name for name, count in names.items() if count > 1], "one attempt reached the venue twice"
        undisproved = Counter(request.client_order_id for request in asked if request.fate not in ("refused",))
        assert not [name for name, count in undisproved.items() if count > 1], "two attempts whose effect is not disproved"
        for request in asked:
            recorded = records[request.client_order_id]
            own = {attempt.venue_client_order_id for attempt in recorded.attempts if attempt.purpose == "order"}
            assert request.venue_client_order_id in own, "a request without an attempt in the journal"

    @invariant()
    def no_order_overtakes_in_its_lane(self) -> None:
        if not hasattr(self, "venue"):
            return
        records, first = self.records(), {}
        for request in self.venue.requests:
            if request.kind == "place":
                first.setdefault(request.client_order_id, request.arrival)
        lanes: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for name, arrival in first.items():
            lanes[records[name].lane].append((records[name].position, arrival))
        for lane in lanes.values():
            assert [arrival for _, arrival in sorted(lane)] == sorted(arrival for _, arrival in lane)

    @invariant()
    def what_was_acknowledged_is_in_the_journal(self) -> None:
        if hasattr(self, "venue"):
            assert self.acknowledged <= self.records().keys()

    def teardown(self) -> None:
        if not hasattr(self, "hub"):  # given up while it began
            if hasattr(self, "loop"):
                self.loop.close()
            return
        try:
            self.quiesce()
        finally:
            self.run(self.hub.close())
            self.run(_end_all())
            self.loop.close()

    def quiesce(self) -> None:
        """No more faults; time passes; then hub and venue agree on everything."""
        self.lives.failing = 0
        self.venue.exchange.script.__init__((), None)  # type: ignore[misc]
        self.venue.release()  # while a call of ours still runs, nothing is concluded
        self.pass_time(200.0)
        truth: dict[str, Decimal] = defaultdict(Decimal)
        status: dict[str, Status] = {}
        for placed in self.venue.placed:
            truth[placed.order.client_order_id or ""] += placed.filled
            status[placed.order.client_order_id or ""] = placed.status
        for name, recorded in self.records().items():
            result = self.run(self.hub.order(ACCOUNT, name))
            assert result is not None
            assert result.status not in (Status.PENDING, Status.UNKNOWN), f"{name} is {result.status} in the end"
            assert result.filled_quantity == truth[name], f"{name}: {result.filled_quantity}, the venue filled {truth[name]}"
            if name in status:
                assert result.status.terminal == status[name].terminal, (
                    f"{name} is {result.status}, at the venue {status[name]}"
                )
            else:
                assert result.status in (Status.DENIED, Status.REJECTED, Status.NOT_PLACED, Status.CANCELED)
            assert result.filled_quantity >= self.filled[name]
            stored = self.run(self.lives.stored.fills(Key(ACCOUNT, name)))
            assert len({fill.trade_id for fill in stored}) == len(stored)
            del recorded
        held: dict[str, Decimal] = defaultdict(Decimal)
        for position in self.run(self.hub.positions(ACCOUNT)):
            held[position.symbol] += position.quantity
        for symbol in ("BTC/USDT", "ETH/USDT"):
            assert held[symbol] == self.venue.position(symbol), f"{symbol}: {held[symbol]}, {self.venue.position(symbol)}"
        totals = self.hub._desks[ACCOUNT].book.totals("BTC/USDT")
        open_here = [live for live in self.hub._desks[ACCOUNT].live.values() if not live.result.status.terminal]
        assert totals.open_orders == len(open_here)


async def _quiet(work: Any) -> None:
    try:
        await work
    except (FksExecError, asyncio.CancelledError):
        return


async def _end_all() -> None:
    """Cancel everybody until nobody is left; what swallows a cancellation meets the next one."""
    own = asyncio.current_task()
    while others := [task for task in asyncio.all_tasks() if task is not own]:
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=1.0)


TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize="CI" in os.environ,  # elsewhere each run looks at other lives
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
