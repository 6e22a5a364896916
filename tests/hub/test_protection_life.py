# SPDX-License-Identifier: MIT
"""The life of what is filled: stops, targets, closes and exits against the venue's own book, by Hypothesis.

Whatever fills, fails, is cancelled, closed or restarted: no exit turns a position, nothing is sold that is not ours, what is
told protected has its stop at the venue, and no guard holds back what only reduces. The reference is the venue. Time is
virtual; ``FKS_EXEC_LIVES`` and ``FKS_EXEC_STEPS`` ask for more.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fks_exec import (
    AccountState,
    Alarm,
    Answer,
    ClosePosition,
    Event,
    ExecutionResult,
    Order,
    OrderChange,
    ReversePosition,
    Status,
    TargetPosition,
    hookimpl,
)
from fks_exec.errors import FksExecError
from fks_exec.guarding import Listed
from fks_exec.observers import Observers
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    CancelMeetsFill,
    EmptyLookUp,
    EmptyLookUps,
    FailLookUp,
    Fault,
    FaultyVenue,
    LateAppearance,
    LateCancel,
    LateFill,
    Lost,
    PartialFill,
    PartialThenCancel,
    PlacedOrder,
    RateLimit,
    Refuse,
    RefuseLeg,
    Rest,
    Slow,
    TradeTwice,
    Unsent,
    Vanish,
)
from fks_exec_hub import ExecutionHub
from fks_exec_hub.exits.family import LEGS as LEG_ROLES
from fks_exec_hub.exits.family import parent_of, role_of
from fks_exec_hub.guards import GUARD_TYPES
from fks_exec_hub.journal import Attempt, JournalError, Key, Recorded
from fks_exec_simulators.lives import Lives
from fks_exec_simulators.stage import ACCOUNT, configure
from fks_exec_simulators.truth import Truth
from fks_exec_simulators.virtual import VirtualLoop

SYMBOL = "BTC/USDT"
STEP = Decimal("0.001")
HELD = Decimal(5)
"""What lies in an account on spot that we did not buy."""

PLACING: list[Fault | None] = [
    None,
    None,
    None,
    AcceptThenDrop(),
    AcceptThenHang(),
    EmptyLookUps(looks=2),
    LateAppearance(after=0.8),
    LateFill(after=2.0),
    Lost(),
    PartialFill(),
    PartialThenCancel(),
    RateLimit(retry_after=0.1),
    Refuse("no margin"),
    Refuse("requote", retryable=True),
    Rest(),
    Slow(after=0.2),
    Slow(after=3.0),
    TradeTwice(),
    Unsent(),
]
LEGS: list[Fault] = [
    AcceptThenDrop(on="protect"),
    AcceptThenHang(on="protect"),
    EmptyLookUps(looks=2, on="protect"),
    LateAppearance(after=0.8, on="protect"),
    Lost(on="protect"),
    RateLimit(retry_after=0.1, on="protect"),
    RefuseLeg("MARGIN"),
    RefuseLeg("BUSY", retryable=True),
    Slow(after=0.2, on="protect"),
    Slow(after=3.0, on="protect"),
    TradeTwice(on="protect"),
    Unsent(on="protect"),
    Vanish(),
    Vanish(drop=True),
    RefuseLeg(on="place"),
    Vanish(on="place"),
]
CHANGING: list[Fault] = [
    AcceptThenDrop(on="amend"),
    AcceptThenDrop(on="cancel"),
    CancelMeetsFill(),
    CancelMeetsFill(answer="filled", publish=True),
    LateCancel(after=0.5),
    Lost(on="amend"),
    Lost(on="cancel"),
    Refuse("not now", on="amend"),
    Refuse("not now", on="cancel"),
    Slow(after=3.0, on="amend"),
    Slow(after=3.0, on="cancel"),
]
ASKING: list[Fault] = [FailLookUp(), EmptyLookUp(), FailLookUp(on="scan"), FailLookUp(on="positions")]

OWN = frozenset(
    {
        "NOTHING_TO_CLOSE",
        "DUST",
        "HALTED",
        "STALE",
        "SUPERSEDED",
        "NOT_ITS_OWN",
        "NO_INSTRUMENT",
        "QUANTITY",
        "UNRESOLVED_ORDER",
        "HELD",
        "SCOPE_UNSUPPORTED",
    }
)
"""What the hub itself may say to an order that only reduces; the guards nothing."""

ENDINGS = frozenset(
    {"STOP_FAILED", "NAKED_POSITION", "BELOW_MINIMUM", "LEG_VANISHED", "UNRESOLVED", "CLOSE_INCOMPLETE", "FLATTENED_ELSEWHERE"}
)
"""The alarms that say that something stands without a stop."""


@frozen(repr=False)
class World:
    """A kind of venue, and what is traded there.

    Args:
        venue: further arguments of the simulated venue.
        target: a target is served.
        sides: of the entries.
    """

    name: str
    venue: Mapping[str, Any]
    target: bool = True
    sides: tuple[str, ...] = ("buy", "sell")
    spot: bool = False

    def __repr__(self) -> str:
        return self.name


FEES = {"fee_rate": "0.001", "fee_in_base": True}
WORLDS = [
    World("pair", {"protection": "reduce_only_pair"}),
    World("attached", {"protection": "attached"}),
    World("stops", {"protection": "stop_only"}, target=False),
    World("stops not enforced", {"protection": "stop_only", "reduce_only": False}, target=False),
    World("hedging", {"protection": "reduce_only_pair", "hedging": True}),
    World("hedging attached", {"protection": "attached", "hedging": True}),
    World("spot oco", {"protection": "oco", "kind": "spot"}, sides=("buy",), spot=True),
    World("spot stops", {"protection": "stop_only", "kind": "spot"}, target=False, sides=("buy",), spot=True),
    World(
        "spot fees", {"protection": "oco", "kind": "spot", "fee_rate": "0.001", "fee_in_base": True}, sides=("buy",), spot=True
    ),
]
GUARDS: Mapping[str, list[dict[str, Any]]] = {
    "confidence": [{}, {"minimum": "0.95"}],
    "daily_loss": [{"amount": 1}, {"percent": 50}],
    "exposure": [{"symbol_amount": 250}, {"account_percent": "0.3"}],
    "identical": [{}, {"maximum": 3}],
    "margin": [{}, {"percent": "0.2"}],
    "open_orders": [{"maximum": 1}, {"maximum": 4}],
    "order_notional": [{"maximum": 150}, {"maximum": 350}],
    "position_size": [{"percent": "0.15"}, {"percent": "0.4"}],
    "price_collar": [{"percent": 5}, {"spread_percent": 1}],
    "prices": [{}],
    "quantity": [{}],
    "risk_reward": [{"missing": "allow"}, {"minimum": 1}],
    "sessions": [{"windows": [{"days": ["mon"]}]}, {"windows": [{"start": "00:00", "end": "00:00"}]}],
    "symbols": [{"deny": [SYMBOL]}, {"allow": ["ETH/USDT"]}, {"sides": {SYMBOL: "buy"}}],
}


class Heard(Observers):
    """All events, at once and in the same thread."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def __bool__(self) -> bool:
        return True

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def codes(self, name: str) -> set[str]:
        """The alarms about an order and what was made for it."""
        return {
            event.code
            for event in self.events
            if isinstance(event, Alarm) and event.client_order_id and (f"{event.client_order_id}~").startswith(f"{name}~")
        }


class Witness:
    """A guard without an objection that notes which orders only reduce, by what it is told of the account."""

    def __init__(self) -> None:
        self.reducing: set[str] = set()

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        held = -account.position * order.side.sign
        working = account.working_buy if order.side == "buy" else account.working_sell
        name = order.client_order_id or ""
        if order.stop_loss is None and order.take_profit is None and order.quantity + working <= held:
            self.reducing.add(name)
        else:
            self.reducing.discard(name)
        return None


class ProtectionLife(RuleBasedStateMachine):
    """One account; its host lives several times."""

    worlds = WORLDS

    @initialize(data=st.data(), publishes=st.booleans(), amend=st.booleans())
    def begin(self, data: st.DataObject, publishes: bool, amend: bool) -> None:
        world = data.draw(st.sampled_from(self.worlds), label="world")
        self.loop = VirtualLoop()
        self.world = world
        declared = evolve(CAPABILITIES, publishes=publishes, request_ttl=1.0)
        self.venue = FaultyVenue(capabilities=declared, amend=amend, **world.venue)
        self.truth = Truth(self.venue)
        if world.spot:
            self.truth.by_hand(SYMBOL, HELD)
        self.strategies = data.draw(st.sampled_from([(None,), (None,), (None, "other")]), label="strategies")
        self.sides = world.sides
        self.lives, self.heard, self.witness = Lives(), Heard(), Witness()
        names = data.draw(st.lists(st.sampled_from(sorted(GUARDS)), unique=True, max_size=4), label="guards")
        self.guards = {name: data.draw(st.sampled_from(GUARDS[name]), label=name) for name in names}
        self.policy = {
            "on_failure": data.draw(st.sampled_from(["close", "retry_then_close", "keep_and_alert"]), label="on_failure"),
            "move_with_gap": data.draw(st.booleans(), label="move_with_gap"),
            "retry_seconds": 2.0,
        }
        self.sent: dict[str, Any] = {}
        self.acts: set[asyncio.Task[Any]] = set()
        self.start()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def start(self) -> None:
        self.lives.failing = 0
        account = {
            "venue": "faulty",
            "deadline": 0.5,
            "max_order_age": 20.0,
            "compare_every": 5.0,
            "poll": 0.5,
            "polls_per_second": 50.0,
            "protection": self.policy,
        }
        config = configure(Path("/nonexistent"), account=account, guards=self.guards, journal="lives:")
        config = evolve(config, guards=self.guards)
        witness = Listed(name="witness", plugin=self.witness, applies_to="all")
        self.hub = ExecutionHub.open(config, plugins=[self.venue.plugin, self.lives, witness], clock=self.loop)
        self.hub.observers = self.heard
        self.run(self.hub.start())

    def pass_time(self, seconds: float) -> None:
        self.run(asyncio.sleep(seconds))

    @property
    def desk(self) -> Any:
        return self.hub._desks[ACCOUNT]

    def submit(self, instruction: Any, fault: Fault | None) -> None:
        if fault is not None:
            self.venue.follow(fault)
        self.sent[instruction.client_order_id] = instruction
        with suppress(JournalError, FksExecError):
            self.run(self.hub.submit(ACCOUNT, instruction))
        self.pass_time(0.05)

    @rule(data=st.data(), fault=st.sampled_from(PLACING), quantity=st.sampled_from(["0.4", "1", "2", "0.0015"]))
    def enter(self, data: st.DataObject, fault: Fault | None, quantity: str) -> None:
        side = data.draw(st.sampled_from(self.sides), label="side")
        sign = 1 if side == "buy" else -1
        more: dict[str, Any] = {}
        kind = data.draw(st.sampled_from(["market", "market", "limit"]), label="kind")
        if kind == "limit":
            more |= {"order_type": "limit", "price": 100 - sign * 2}
        legs = data.draw(st.sampled_from(["none", "stop", "stop", "both", "both"]), label="legs")
        if legs != "none":
            more["stop_loss"] = 100 - sign * 10
        if legs == "both" and self.world.target:
            more["take_profit"] = 100 + sign * 10
        self.submit(
            Order(
                symbol=SYMBOL,
                side=side,
                quantity=quantity,
                client_order_id=f"e{len(self.sent)}",
                strategy=data.draw(st.sampled_from(self.strategies), label="strategy"),
                confidence="0.9",
                **more,
            ),
            fault,
        )

    @rule(data=st.data(), fault=st.sampled_from(PLACING), scope=st.sampled_from(["strategy", "account"]), keep=st.booleans())
    def close(self, data: st.DataObject, fault: Fault | None, scope: Any, keep: bool) -> None:
        strategy = data.draw(st.sampled_from(self.strategies), label="strategy")
        name = f"c{len(self.sent)}"
        self.submit(
            ClosePosition(symbol=SYMBOL, client_order_id=name, strategy=strategy, scope=scope, keep_entries=keep), fault
        )

    @rule(
        data=st.data(),
        fault=st.sampled_from(PLACING),
        side=st.sampled_from(["sell", "sell", "buy"]),
        quantity=st.sampled_from(["0.4", "1", "3"]),
    )
    def leave(self, data: st.DataObject, fault: Fault | None, side: Any, quantity: str) -> None:
        """An exit by hand: reduce-only where the venue knows that, else a plain order of a size that is held."""
        strategy = data.draw(st.sampled_from(self.strategies), label="strategy")
        enforced = self.venue.declared.reduce_only
        if not enforced:
            held = self.desk.book.position(SYMBOL, strategy).quantity
            size = min(Decimal(quantity), abs(held)).quantize(STEP, ROUND_DOWN)
            if not size:
                return
            side, quantity = "sell" if held > 0 else "buy", str(size)
        self.submit(
            Order(
                symbol=SYMBOL,
                side=side,
                quantity=quantity,
                reduce_only=enforced,
                client_order_id=f"x{len(self.sent)}",
                strategy=strategy,
                confidence="0.9",
            ),
            fault,
        )

    @precondition(lambda self: len(self.sides) > 1)
    @rule(
        data=st.data(),
        fault=st.sampled_from(PLACING),
        quantity=st.sampled_from([None, -1, 0, 1, 2]),
        stop=st.booleans(),
    )
    def aim(self, data: st.DataObject, fault: Fault | None, quantity: int | None, stop: bool) -> None:
        """A position to be brought about; None: the other side of what is held."""
        held = self.desk.book.position(SYMBOL, None).quantity
        wanted = -held if quantity is None else quantity
        more: dict[str, Any] = {"symbol": SYMBOL, "client_order_id": f"t{len(self.sent)}", "confidence": "0.9"}
        if stop and wanted:
            more["stop_loss"] = 90 if wanted > 0 else 110
        self.submit(ReversePosition(**more) if quantity is None else TargetPosition(quantity=quantity, **more), fault)

    @rule(change=st.sampled_from(["flat", "-0.3", "0.5"]))
    def by_hand(self, change: str) -> None:
        """Somebody else trades in the account."""
        amount = -self.venue.position(SYMBOL) if change == "flat" else Decimal(change)
        if amount and (not self.world.spot or self.venue.position(SYMBOL) + amount >= 0):
            self.truth.by_hand(SYMBOL, amount)
        self.pass_time(0.05)

    @rule(times=st.integers(1, 2))
    def journal_fault(self, times: int) -> None:
        self.lives.failing = times

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), fault=st.sampled_from([None, None, *CHANGING]))
    def cancel(self, data: st.DataObject, fault: Fault | None) -> None:
        if fault is not None:
            self.venue.follow(fault)
        self.act(self.hub.cancel_order(ACCOUNT, data.draw(st.sampled_from(sorted(self.sent)))))

    @precondition(lambda self: any(name.startswith("e") for name in self.sent))
    @rule(data=st.data(), fault=st.sampled_from([None, None, *CHANGING]), away=st.sampled_from([5, 7, 10, 12]))
    def move(self, data: st.DataObject, fault: Fault | None, away: int) -> None:
        if fault is not None:
            self.venue.follow(fault)
        name = data.draw(st.sampled_from(sorted(name for name in self.sent if name.startswith("e"))))
        sign = self.sent[name].side.sign
        self.act(self.hub.amend_order(ACCOUNT, name, OrderChange(stop_loss=100 - sign * away)))

    def act(self, work: Any) -> None:
        self.acts.add(self.loop.create_task(_quiet(work)))
        self.pass_time(0.05)

    @rule(fault=st.sampled_from([*LEGS, *LEGS, *CHANGING, *ASKING]))
    def trouble(self, fault: Fault) -> None:
        self.venue.follow(fault)

    @rule(price=st.sampled_from([86, 92, 97, 100, 103, 108, 114]))
    def market(self, price: int) -> None:
        self.venue.set_price(SYMBOL, price)
        self.pass_time(0.05)

    @precondition(lambda self: any(placed.open for placed in self.venue.placed))
    @rule(data=st.data())
    def venue_acts(self, data: st.DataObject) -> None:
        placed = data.draw(st.sampled_from([placed for placed in self.venue.placed if placed.open]))
        action = data.draw(st.sampled_from(["some", "all", "cancel", "expire"]))
        if action == "some":
            self.venue.fill(placed, quantity="0.3")
        elif action == "all":
            self.venue.fill(placed)
        else:
            (self.venue.cancel_by_venue if action == "cancel" else self.venue.expire)(placed)
        self.pass_time(0.05)

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 3.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.pass_time(seconds)

    @rule(seconds=st.sampled_from([0.0, 0.001, 0.003]))
    def kill(self, seconds: float) -> None:
        """The host is gone, in the middle of whatever it did; what it had not stored is lost."""
        self.run(asyncio.sleep(seconds))
        self.lives.kill()
        self.run(_end_all())
        self.acts.clear()
        self.start()

    @rule()
    def restart(self) -> None:
        self.run(self.hub.close())
        self.pass_time(0)
        self.run(_end_all())
        self.start()

    @rule(state=st.sampled_from(["active", "active", "active", "reducing"]))
    def halt(self, state: str) -> None:
        self.act(self.hub.halt(ACCOUNT, state, "because the test says so"))

    def records(self) -> dict[str, Recorded]:
        found = self.run(self.lives.stored.orders(ACCOUNT, limit=10_000))
        return {recorded.key.client_order_id: recorded for recorded in found}

    def attempts(self) -> dict[str, tuple[str, Attempt]]:
        """What was to be placed, by its name at the venue."""
        return {
            attempt.venue_client_order_id: (name, attempt)
            for name, recorded in self.records().items()
            for attempt in recorded.attempts
            if attempt.purpose in ("order", "close", "protect")
        }

    @invariant()
    def no_exit_turns_a_position(self) -> None:
        if not hasattr(self, "venue"):
            return
        exits = self.exits()
        for trade in self.truth.trades():
            if trade.placed not in exits:
                continue
            if self.venue.declared.reduce_only:
                assert trade.shrinks(trade.before), f"an exit did not reduce what the venue held: {trade}"
            if self.world.spot or not self.truth.hands:
                assert trade.shrinks(trade.ours), f"an exit did not reduce what we had built up: {trade}"

    def exits(self) -> list[PlacedOrder]:
        """What we sent to reduce a position: legs, closes, children, and what was decided to reduce."""
        attempts = self.attempts()
        reducing = {name for name, (_, attempt) in attempts.items() if attempt.reducing}
        return [placed for placed in self.truth.placed if placed.role or placed.venue_client_order_id in reducing]

    @invariant()
    def nothing_is_sold_that_is_not_ours(self) -> None:
        """What was there before us is still there, but for what a caller sold by a plain order beyond what we hold."""
        if not hasattr(self, "venue") or not self.world.spot:
            return
        exits, short = self.exits(), Decimal(0)
        for trade in self.truth.trades():
            after = trade.ours + trade.change
            if trade.placed not in exits:
                short = min(short, after)
            assert after >= short, f"sold what we did not buy: {trade}"

    @invariant()
    def what_is_told_protected_has_its_stop(self) -> None:
        """With pushes, as soon as nothing is on its way; without, see ``quiesce``."""
        if hasattr(self, "venue") and self.venue.declared.publishes and self.quiet():
            self.check_protected()

    def quiet(self) -> bool:
        """No call is under way, no order's fate is open, nothing waits to be written."""
        desk = self.desk
        flying = any(live.result.status in (Status.PENDING, Status.UNKNOWN) for live in desk.live.values())
        asked = any(live.act.locked() for live in desk.live.values())  # a slow venue's answer does not count as hanging
        unkept = any(bracket.unkept for bracket in self.hub._staff[ACCOUNT].protector.everything())
        return not (self.venue.hanging or asked or flying or unkept or desk.commits or desk.unwritable or desk.not_ready)

    def entries(self) -> list[str]:
        """The entries with a stop of which something reached the venue."""
        wanted = {name for name, sent in self.sent.items() if getattr(sent, "stop_loss", None) is not None}
        opening = {name for name, attempt in self.attempts().values() if attempt.purpose == "order" and not attempt.reducing}
        placed = {placed.order.client_order_id for placed in self.truth.placed if not placed.role}
        return sorted(name for name in opening & placed if name in wanted or parent_of(name) in wanted)

    def open_of(self, name: str) -> Decimal:
        """What stands open of an entry: by the venue's trades, less what other orders closed of it."""
        steps = self.run(self.lives.stored.steps(Key(ACCOUNT, name)))
        return max(self.truth.stands(name) - Decimal(steps.get("released", "0")), Decimal(0))

    def held_for(self, name: str) -> Decimal:
        """How much the venue holds for an entry.

        Where somebody else took some of it, the venue cuts the newest of the stops that it attached to what is left: what
        the other ones cover is not there for this one, though all that is held stands under stops.
        """
        held = self.truth.held_for(name)
        if self.venue.declared.protection != {"attached"} or not self.truth.hands:
            return held
        entry = next(placed for placed in self.truth.placed if placed.order.client_order_id == name)
        symbol, side = entry.order.symbol, entry.order.side.opposite
        stops = [leg for leg in self.venue.placed if leg.role and leg.open and leg.order.order_type == "stop"]
        others = [leg for leg in stops if leg.order.side is side and not leg.belongs_to(name)]
        whole = self.venue.exchange.floor.book.holdings.reducible(symbol, side)
        return min(held, max(whole - sum((leg.remaining for leg in others), Decimal(0)), Decimal(0)))

    def leaving(self) -> Decimal:
        """What exits that rest at the venue are about to close."""
        attempts = self.attempts()
        exits = {name for name, (_, attempt) in attempts.items() if attempt.reducing and attempt.purpose != "protect"}
        resting = [placed for placed in self.venue.placed if placed.open and placed.venue_client_order_id in exits]
        return sum((placed.remaining for placed in resting), Decimal(0))

    def result(self, name: str) -> ExecutionResult:
        result = self.run(self.hub.order(ACCOUNT, name))
        assert result is not None
        return result

    def check_protected(self) -> None:
        for name in self.entries():
            told = self.result(name)
            if told.protected:
                stands, stopped = min(self.open_of(name), self.held_for(name)), self.truth.stopped(name)
                assert stopped >= stands - STEP, f"{name} is told protected: {stands} stand open, {stopped} have a stop"

    @invariant()
    def no_guard_denies_what_only_reduces(self) -> None:
        if not hasattr(self, "venue"):
            return
        for name, recorded in self.records().items():
            if recorded.status != "denied" or recorded.result is None:
                continue
            denials = json.loads(recorded.result)["denials"]
            if self.must_pass(name):
                guards = [denial for denial in denials if denial.get("guard")]
                assert not guards, f"{name} only reduces, and is denied: {guards}"
                assert {denial["code"] for denial in denials} <= OWN, f"{name}: {denials}"

    def must_pass(self, name: str) -> bool:
        sent = self.sent.get(name)
        closes = isinstance(sent, ClosePosition) or (isinstance(sent, Order) and sent.reduce_only)
        child = "~" in name and "~en" not in name
        return closes or child or name in self.witness.reducing

    @invariant()
    def each_request_has_an_attempt_of_its_own(self) -> None:
        if not hasattr(self, "venue"):
            return
        records, attempts = self.records(), self.attempts()
        placing = [request for request in self.venue.requests if request.kind in ("place", "protect")]
        counted = Counter(request.venue_client_order_id for request in placing)
        assert not [name for name, count in counted.items() if count > 1], "one attempt reached the venue twice"
        assert counted.keys() <= attempts.keys(), "a request without an attempt in the journal"
        asked: dict[tuple[str, str], int] = defaultdict(int)
        attached = {placed.order_id: placed.parent.order.client_order_id for placed in self.truth.placed if placed.parent}
        for request in self.venue.requests:
            if request.kind in ("cancel", "amend"):
                asked[request.client_order_id or attached[request.order_id] or "", request.kind] += 1
        for (name, kind), count in asked.items():
            written = sum(attempt.purpose == kind for attempt in records[name].attempts)
            assert count <= written, f"{name}: {count} requests to {kind}, {written} attempts in the journal"

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
        """No more faults; time passes; then hub and venue agree, and each entry is protected, closed, or told."""
        self.lives.failing = 0
        self.venue.exchange.script.__init__((), None)  # type: ignore[misc]
        self.venue.release()
        self.venue.happen()
        self.pass_time(200.0)
        self.no_exit_turns_a_position()
        self.nothing_is_sold_that_is_not_ours()
        self.no_guard_denies_what_only_reduces()
        self.each_request_has_an_attempt_of_its_own()
        self.check_protected()
        for name in self.entries():
            naked = min(self.open_of(name), self.held_for(name)) - self.truth.stopped(name) - self.leaving()
            if naked >= STEP:
                codes = self.heard.codes(name)
                assert codes & ENDINGS, f"{name}: {naked} stand open without a stop or an exit, and nobody was told: {codes}"
        self.agree()

    def agree(self) -> None:
        """Positions: by strategy at the hub, by ticket at the venue."""
        built = self.truth.built(SYMBOL)
        held = sum((position.quantity for position in self.run(self.hub.positions(ACCOUNT))), Decimal(0))
        assert held == sum(built.values()), f"the hub holds {held}, its orders built up {dict(built)}"
        assert self.venue.position(SYMBOL) == held + self.truth.by_others(SYMBOL)
        for name in self.records():
            status = self.result(name).status
            ready = status is Status.PENDING and role_of(name) in LEG_ROLES and parent_of(name) in self.desk.live
            assert ready or status not in (Status.PENDING, Status.UNKNOWN), f"{name} is {status} in the end"
        waits = [name for name, live in self.desk.live.items() if not live.concluded.done()]
        assert not waits, f"whoever asked for {waits} is not answered"


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


def test_every_built_in_guard_is_among_those_that_are_drawn() -> None:
    """A new guard has to be given limits here."""
    assert set(GUARDS) == {kind.name for kind in GUARD_TYPES}


TestProtectionLife = ProtectionLife.TestCase
TestProtectionLife.settings = settings(
    max_examples=int(os.environ.get("FKS_EXEC_LIVES", "160")),
    stateful_step_count=int(os.environ.get("FKS_EXEC_STEPS", "25")),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
