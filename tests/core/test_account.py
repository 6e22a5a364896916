# SPDX-License-Identifier: MIT
"""Account: opening, calling, closing one venue account."""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from blockbuster import BlockBuster

from fks_exec import (
    Account,
    AccountNotReady,
    Capabilities,
    Event,
    ExecutionResult,
    Health,
    Instrument,
    InvalidOrder,
    Listed,
    MarketData,
    NoConfig,
    NotSent,
    NotSupported,
    Order,
    OrderChange,
    OrderConcluded,
    OrderRef,
    OrderSent,
    OrderUpdate,
    PluginError,
    Position,
    Protection,
    RateBudget,
    Side,
    Submission,
    UnknownSymbol,
    VenueAuthError,
    VenueContext,
    VenueError,
    VenueRateLimited,
    VenueRejected,
    VenueType,
    hookimpl,
)
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.guards import DenyingGuard, RaisingGuard
from fks_exec_simulators.observers import Recorder, StuckObserver
from fks_exec_simulators.venues import (
    FULL,
    ClosingVenue,
    FullVenue,
    LateVenue,
    MemoryVenue,
    PlainRaisingVenue,
    PlainVenue,
    ScriptedVenue,
    SilentVenue,
    StubbornVenue,
    StuckVenue,
    VenueConfig,
    quote,
)

ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01", client_order_id="c-1")
REF = OrderRef(order_id="7", client_order_id="c-1")


class Failing(ClosingVenue):
    """Does not come up."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        raise self.error


class Hanging(ClosingVenue):
    """Never comes up."""

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        await asyncio.Event().wait()


async def test_an_open_account_is_ready_and_a_closed_one_is_not() -> None:
    """With its reason."""
    venue = ClosingVenue()
    account = Account("mine", venue)
    assert (account.ready, account.reason) == (False, "it was not opened")
    async with account:
        assert (account.ready, account.reason) == (True, "")
        assert account.display_name == "ClosingVenue"
    assert (account.ready, account.reason, venue.closed) == (False, "it was closed", 1)
    await account.close()
    assert venue.closed == 1


@pytest.mark.parametrize("state", ["new", "closed"])
async def test_an_account_that_is_not_open_sends_nothing(state: str) -> None:
    """Neither before nor after."""
    venue = FullVenue()
    account = Account("mine", venue, capabilities=FULL)
    if state == "closed":
        async with account:
            pass
    for call in (
        lambda: account.execute_order(ORDER),
        lambda: account.cancel_order(REF),
        lambda: account.fetch_data("BTC/USDT"),
        lambda: account.fetch_balance(),
    ):
        with pytest.raises(AccountNotReady, match="account 'mine' is not ready: it was"):
            await call()
    with pytest.raises(AccountNotReady):
        account.resolve_symbol("x")
    assert venue.seen == []


async def test_an_account_is_opened_once() -> None:
    """A second try takes a new object: the venue's init is called once."""
    async with Account("mine", MemoryVenue()) as account:
        with pytest.raises(AccountNotReady, match="opened once; make a new one"):
            await account.open()
        assert account.ready


async def test_a_type_is_made_in_a_worker_thread_and_gets_its_config(tmp_path: Path) -> None:
    """And what core promises in the context."""
    made: list[tuple[str, MemoryVenue]] = []

    def create() -> MemoryVenue:
        made.append((threading.current_thread().name, MemoryVenue()))
        return made[-1][1]

    clock = HandClock()
    config = VenueConfig(tag="x")
    kind = VenueType(name="acme", create=create, config=VenueConfig)
    async with Account("mine", kind, config, state_dir=tmp_path, clock=clock, live=True):
        [(name, venue)] = made
        assert name != threading.current_thread().name
        assert venue.config is config
        assert venue.context is not None
        assert (venue.context.account, venue.context.state_dir, venue.context.clock) == ("mine", tmp_path, clock)
        assert venue.context.live is True


async def test_a_venue_without_configuration_gets_an_empty_one() -> None:
    """Never None."""
    venue = MemoryVenue()
    async with Account("mine", venue):
        assert venue.config == NoConfig()
        assert venue.context is not None
        assert venue.context.live is False
        with pytest.raises(AccountNotReady, match="gives no quotes of other accounts"):
            await venue.context.quote("other", "BTC/USDT")


async def test_a_venue_may_ask_for_another_accounts_quote() -> None:
    """Where the host gives them."""
    venue = MemoryVenue()

    async def other(account: str, symbol: str) -> MarketData:
        return quote(f"{account}:{symbol}")

    async with Account("mine", venue, quote=other):
        assert venue.context is not None
        assert (await venue.context.quote("other", "A")).symbol == "other:A"


@pytest.mark.parametrize("error", [VenueAuthError("wrong key"), ConnectionError("refused")], ids=repr)
async def test_an_init_that_fails_closes_what_it_opened(error: Exception) -> None:
    """The reason stays; guards and observers are let go too."""
    venue, guard, recorder = Failing(error), DenyingGuard("A"), Recorder()
    account = Account("mine", venue, plugins=[guard, recorder])
    with pytest.raises(type(error)):
        await account.open()
    assert (account.ready, account.reason) == (False, str(error))
    assert (venue.closed, guard.closed, recorder.closed) == (1, 1, 1)
    with pytest.raises(AccountNotReady, match=str(error)):
        await account.execute_order(ORDER)


async def test_an_init_that_takes_too_long_is_given_up() -> None:
    """An SDK that waits for a login window."""
    venue = Hanging()
    account = Account("mine", venue, open_timeout=0.01)
    with pytest.raises(AccountNotReady, match=r"did not answer within 0\.01 s while opening"):
        await account.open()
    assert (venue.closed, account.reason) == (1, "the venue did not answer within 0.01 s while opening")


async def test_an_opening_that_is_cancelled_lets_go() -> None:
    """As when the host is stopped meanwhile."""
    venue = Hanging()
    account = Account("mine", venue)
    opening = asyncio.create_task(account.open())
    await asyncio.sleep(0.01)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert venue.closed == 1
    assert not account.ready


@pytest.mark.parametrize("venue", [object(), DenyingGuard("A")], ids=lambda value: type(value).__name__)
async def test_an_object_that_is_no_venue_is_refused(venue: object) -> None:
    """With account and type."""
    with pytest.raises(PluginError, match=rf"account 'mine', venue '{type(venue).__name__}'"):
        await Account("mine", venue).open()


async def test_the_order_and_its_submission_reach_the_venue_and_the_result_comes_back() -> None:
    """Under the caller's id."""
    venue = MemoryVenue()
    async with Account("mine", venue) as account:
        submission = account.submission("v-1", seconds=5)
        result = await account.execute_order(ORDER, submission)
    assert venue.seen == [(ORDER, submission)]
    assert (result.status, result.client_order_id, result.order_id) == ("filled", "c-1", "MemoryVenue:BTC/USDT")


async def test_a_submission_is_made_where_the_caller_has_none() -> None:
    """With an id in the venue's alphabet, another one each time."""
    declared = Capabilities(id_alphabet="ab", id_length=10)
    async with Account("mine", MemoryVenue(), capabilities=declared) as account:
        made = [account.submission() for _ in range(5)]
    assert all(set(submission.venue_client_order_id) <= set("ab") for submission in made)
    assert all(len(submission.venue_client_order_id) == 10 for submission in made)
    assert len({submission.venue_client_order_id for submission in made}) > 1
    assert all(9 < submission.remaining() <= 10 for submission in made)


async def test_what_is_not_declared_is_denied_before_anything_is_sent() -> None:
    """By the account's capabilities, and by the instrument's once it is known."""
    venue = FullVenue()
    limit = Order(symbol="BTC/USDT", side="buy", quantity=1, order_type="limit", price=1)
    async with Account("mine", venue, capabilities=FULL) as account:
        assert (await account.execute_order(limit)).status == "filled"
        await account.fetch_instrument("BTC/USDT")
        result = await account.execute_order(limit)
        stop = Order(symbol="ETH/USDT", side="buy", quantity=1, order_type="stop", stop_price=1, client_order_id="s")
        denied = await account.execute_order(stop)
    assert (result.status, result.code) == ("denied", "UNSUPPORTED_ORDER_TYPE")
    assert (denied.status, denied.client_order_id) == ("denied", "s")
    assert len(venue.seen) == 1


async def test_a_silent_venue_leaves_the_order_unknown() -> None:
    """After its deadline and the grace; the account goes on."""
    async with Account("mine", SilentVenue(), grace=0.01) as account:
        result = await account.execute_order(ORDER, account.submission(seconds=0.02))
        assert (result.status, result.code) == ("unknown", "DEADLINE")
        assert account.ready


async def test_an_answer_during_the_grace_counts() -> None:
    """It says what became of the order."""
    async with Account("mine", LateVenue(), grace=5) as account:
        assert (await account.execute_order(ORDER, account.submission(seconds=0.02))).status == "filled"


async def test_a_venue_that_swallows_its_cancellation_is_left_behind() -> None:
    """The order is unknown, and nobody waits for ever."""
    venue = StubbornVenue()
    async with Account("mine", venue, grace=0.01) as account:
        result = await account.execute_order(ORDER, account.submission(seconds=0.02))
        venue.release.set()
        await asyncio.sleep(0)
    assert (result.status, venue.cancelled) == ("unknown", 1)


async def test_a_call_that_was_left_behind_counts_as_running_until_it_ends() -> None:
    """It may still place its order."""
    venue = StubbornVenue()
    async with Account("mine", venue, grace=0.01) as account:
        await account.execute_order(ORDER, account.submission("v-1", seconds=0.02))
        assert account.running == {"v-1"}
        venue.release.set()
        async with asyncio.timeout(5):
            while account.running:  # noqa: ASYNC110  (the call's end sets nothing to await)
                await asyncio.sleep(0)


LATE_REF = OrderRef(client_order_id="c-1", venue_client_order_id="v-1", symbol="BTC/USDT")


class LateAnswer(StubbornVenue):
    """Swallows its cancellation, and ends with what it is told."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> Any:
        await super().execute_order(order, submission)
        return answered(self.answer)


class PlainLateAnswer(StuckVenue):
    """Stuck in the account's thread, and ends with what it is told."""

    def __init__(self, answer: object) -> None:
        super().__init__()
        self.answer = answer

    @hookimpl
    def execute_order(self, order: Order, submission: Submission) -> Any:
        super().execute_order(order, submission)
        return answered(self.answer)


def answered(answer: object) -> object:
    """Returned, or raised."""
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def heard_late(venue: LateAnswer | PlainLateAnswer) -> tuple[list[OrderUpdate], str]:
    """What arrives after an order was given up; and why its account is not ready then."""
    heard: list[OrderUpdate] = []
    async with Account("mine", venue, grace=0.01, on_update=heard.append) as account:
        result = await account.execute_order(ORDER, account.submission("v-1", seconds=0.02))
        assert (result.status, result.code, heard) == ("unknown", "DEADLINE", [])
        venue.release.set()
        async with asyncio.timeout(5):
            while "has not come back" in account.reason:  # noqa: ASYNC110  (the thread sets nothing to await)
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
        return heard, account.reason


@pytest.mark.parametrize("kind", [LateAnswer, PlainLateAnswer])
@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (ExecutionResult(status="filled", order_id="7", filled_quantity="0.01"), "filled", None),
        (ExecutionResult(status="accepted", order_id="7", client_order_id="theirs"), "accepted", None),
        (VenueRejected("insufficient balance"), "rejected", "REJECTED"),
        (NotSent("the session was gone"), "not_placed", "NOT_SENT"),
        (VenueRateLimited("too fast"), "not_placed", "RATE_LIMITED"),
    ],
    ids=repr,
)
async def test_what_a_venue_proves_after_its_call_was_given_up_is_heard(
    kind: type[Any], answer: object, status: str, code: str | None
) -> None:
    """As an update under the order's names; the caller was told ``unknown`` long before."""
    heard, reason = await heard_late(kind(answer))
    [update] = heard
    order_id = getattr(answer, "order_id", None)
    assert update.ref == evolve(LATE_REF, order_id=order_id)
    assert (update.result.status, update.result.code, update.result.client_order_id) == (status, code, "c-1")
    assert reason == ""


@pytest.mark.parametrize("kind", [LateAnswer, PlainLateAnswer])
@pytest.mark.parametrize(
    "answer",
    [
        None,
        ExecutionResult(status="filled"),
        ExecutionResult(status="unknown"),
        RuntimeError(),
        TimeoutError(),
        VenueError("?"),
    ],
    ids=repr,
)
async def test_a_late_answer_that_proves_nothing_is_dropped(kind: type[Any], answer: object) -> None:
    """The order stays unknown, as it was told."""
    assert await heard_late(kind(answer)) == ([], "")


@pytest.mark.parametrize("kind", [LateAnswer, PlainLateAnswer])
async def test_late_wrong_credentials_stop_all_further_orders_too(kind: type[Any]) -> None:
    """A refusal is one whenever it comes."""
    heard, reason = await heard_late(kind(VenueAuthError("key revoked")))
    assert [update.result.code for update in heard] == ["AUTH"]
    assert reason.startswith("the venue refused our credentials: key revoked")


@pytest.mark.parametrize("kind", [MemoryVenue, PlainVenue])
async def test_an_order_after_its_deadline_is_not_sent(kind: type) -> None:
    """Not placed, by proof: the venue was not called."""
    venue, clock = kind(), HandClock()
    async with Account("mine", venue, clock=clock) as account:
        submission = account.submission(seconds=5)
        clock.move(5)
        result = await account.execute_order(ORDER, submission)
    assert (result.status, result.code, venue.seen) == ("not_placed", "NOT_SENT", [])


async def test_a_cancelled_caller_does_not_hear_and_the_venue_is_cancelled() -> None:
    """What it means for the order is the hub's to say."""
    venue = SilentVenue()
    async with Account("mine", venue) as account:
        caller = asyncio.create_task(account.execute_order(ORDER))
        await asyncio.sleep(0.01)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
    assert len(venue.seen) == 1


async def test_wrong_credentials_stop_all_further_orders() -> None:
    """The refusal itself is a result; reads go on."""
    venue = ScriptedVenue(VenueAuthError("key revoked"), ExecutionResult(status="filled", filled_quantity="0.01"))
    async with Account("mine", venue) as account:
        result = await account.execute_order(ORDER)
        assert (result.status, result.code) == ("rejected", "AUTH")
        with pytest.raises(AccountNotReady, match="refused our credentials: key revoked; renew them and restart"):
            await account.execute_order(ORDER)
        assert (await account.fetch_data("BTC/USDT")).ask is not None
        assert not account.ready
    assert len(venue.seen) == 1


async def test_a_key_that_is_taken_again_lets_orders_pass() -> None:
    """Who looks after the account is told of the refusal, and says when it is over."""
    venue = ScriptedVenue(VenueAuthError("key revoked"), ExecutionResult(status="filled", filled_quantity="0.01"))
    async with Account("mine", venue) as account:
        told: list[str] = []
        account.on_refused = told.append
        await account.execute_order(ORDER)
        assert told == [account.reason]
        account.trust()
        assert (await account.execute_order(ORDER)).status == "filled"
    account.trust()
    assert account.reason == "it was closed"


async def test_another_refusal_stops_nothing() -> None:
    """A full account is still an account."""
    venue = ScriptedVenue(VenueRejected("insufficient balance"), ExecutionResult(status="filled", filled_quantity="0.01"))
    async with Account("mine", venue) as account:
        assert (await account.execute_order(ORDER)).status == "rejected"
        assert (await account.execute_order(ORDER)).status == "filled"


async def test_a_plain_venue_runs_in_the_accounts_own_thread(nonblocking: BlockBuster) -> None:
    """Its blocking calls do not stop the loop; name and the like are asked on it."""
    venue = PlainVenue(seconds=0.01)
    async with Account("mine", venue) as account:
        assert (await account.execute_order(ORDER)).status == "filled"
        await account.fetch_data("BTC/USDT")
        assert await account.health_check()
        assert account.display_name == "Plain"
    own = "account mine"
    assert {hook: name for hook, name in venue.threads.items() if hook != "name"} == dict.fromkeys(
        ["init", "execute_order", "fetch_data", "health_check", "close"], own
    )
    assert venue.threads["name"] == threading.current_thread().name


async def test_a_plain_order_behind_a_stuck_one_is_not_placed() -> None:
    """The thread was busy until the deadline, so nothing was sent; the stuck one is unknown."""
    venue = StuckVenue()
    async with Account("mine", venue, timeout=1, grace=0.02) as account:
        first = asyncio.create_task(account.execute_order(ORDER, account.submission(seconds=0.2)))
        await asyncio.to_thread(venue.entered.wait, 5)
        second = await account.execute_order(ORDER, account.submission(seconds=0.02))
        assert (second.status, second.code) == ("not_placed", "NOT_SENT")
        assert (await first).status == "unknown"
        venue.release.set()
    assert len(venue.seen) == 1


@pytest.mark.parametrize("hook", ["execute_order", "fetch_data"])
async def test_a_stuck_thread_makes_the_account_not_ready_until_it_comes_back(hook: str) -> None:
    """Whatever call it was."""
    venue = StuckVenue(hook)
    async with Account("mine", venue, timeout=0.02, grace=0.01) as account:
        if hook == "execute_order":
            assert (await account.execute_order(ORDER, account.submission(seconds=0.02))).status == "unknown"
        else:
            with pytest.raises(AccountNotReady, match=r"fetch_data had no answer within 0\.02 s"):
                await account.fetch_data("BTC/USDT")
        with pytest.raises(AccountNotReady, match="the account's thread is stuck"):
            await account.execute_order(ORDER, account.submission(seconds=0.02))
        assert not await account.health_check()
        venue.release.set()
        async with asyncio.timeout(5):
            while not account.ready:  # noqa: ASYNC110  (the thread sets nothing that could be awaited)
                await asyncio.sleep(0.005)
        venue.hook = ""
        assert (await account.execute_order(ORDER)).status == "filled"


async def test_a_plain_venue_that_finds_nothing_answers_at_once() -> None:
    """``next()`` of an empty list is an answer that proves nothing, and no wait until the deadline."""
    async with Account("mine", PlainRaisingVenue(StopIteration())) as account:
        async with asyncio.timeout(2):
            result = await account.execute_order(ORDER, account.submission(seconds=20))
    assert (result.status, result.code) == ("unknown", "UNKNOWN")


async def test_close_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the venue nor a guard keeps the others from being closed."""

    class Broken(ClosingVenue):
        @hookimpl
        async def close(self) -> None:
            raise RuntimeError("key=hunter2")

    guard, recorder = DenyingGuard("A"), Recorder()
    account = Account("mine", Broken(), plugins=[RaisingGuard(), guard, recorder])
    await account.open()
    await account.close()
    assert (guard.closed, recorder.closed) == (1, 1)
    assert caplog.text.count("account mine: close raised RuntimeError") == 2
    assert "hunter2" not in caplog.text


async def test_a_close_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """After its time."""

    class HangingAtTheEnd(MemoryVenue):
        @hookimpl
        async def close(self) -> None:
            await asyncio.Event().wait()

    account = Account("mine", HangingAtTheEnd(), timeout=0.01, grace=0.01)
    await account.open()
    await account.close()
    assert "close raised TimeoutError" in caplog.text


async def test_an_account_that_was_never_opened_can_be_closed() -> None:
    """As in a finally."""
    venue = ClosingVenue()
    await Account("mine", venue).close()
    assert venue.closed == 0


EXCLUSIVE = VenueType(name="terminal", create=MemoryVenue, exclusive=True)


async def test_an_exclusive_type_serves_one_account_per_process() -> None:
    """The terminal has one login; it is free again when that account is closed."""
    async with Account("first", EXCLUSIVE):
        with pytest.raises(AccountNotReady, match="type 'terminal' serves one account per process; close the other"):
            await Account("second", EXCLUSIVE).open()
    async with Account("third", EXCLUSIVE) as third:
        assert third.ready


async def test_an_exclusive_type_is_free_after_an_opening_that_failed() -> None:
    """It is tried again with a new object."""
    broken = VenueType(name="terminal", create=lambda: Failing(VenueAuthError("no")), exclusive=True)
    with pytest.raises(VenueAuthError):
        await Account("first", broken).open()
    async with Account("second", EXCLUSIVE) as second:
        assert second.ready


@pytest.mark.parametrize("opened", ["refused", "failed", "never"])
async def test_closing_an_account_that_holds_nothing_frees_nothing(opened: str) -> None:
    """Else its ``finally`` would let a second account log the first one out."""
    broken = VenueType(name="terminal", create=lambda: Failing(VenueAuthError("no")), exclusive=True)
    other = Account("other", broken if opened == "failed" else EXCLUSIVE)
    if opened == "failed":
        with pytest.raises(VenueAuthError):
            await other.open()
    async with Account("holder", EXCLUSIVE):
        if opened == "refused":
            with pytest.raises(AccountNotReady):
                await other.open()
        await other.close()
        with pytest.raises(AccountNotReady, match="serves one account per process"):
            await Account("third", EXCLUSIVE).open()


async def test_capabilities_are_those_declared_and_may_only_narrow() -> None:
    """After init; None leaves them as they were."""
    narrow = Capabilities(order_types=["market"], abilities=FULL.abilities)
    async with Account("mine", FullVenue(now=narrow), capabilities=FULL) as account:
        assert account.capabilities == narrow
    async with Account("mine", FullVenue(now=None), capabilities=FULL) as account:
        assert account.capabilities == FULL
    with pytest.raises(PluginError, match=r"capabilities\(\) adds limit to order_types"):
        await Account("mine", FullVenue(), capabilities=narrow).open()
    with pytest.raises(PluginError, match=r"capabilities\(\) answers a dict, not Capabilities"):
        await Account("mine", FullVenue(now={}), capabilities=FULL).open()  # type: ignore[arg-type]


async def test_without_a_declaration_capabilities_are_what_is_implemented() -> None:
    """For an object that the host passes; what it says itself is checked against what it implements."""
    async with Account("mine", FullVenue(now=None)) as account:
        assert account.capabilities.abilities == FULL.abilities
        assert account.capabilities.order_types == {"market"}
    async with Account("mine", MemoryVenue()) as account:
        assert account.capabilities == Capabilities()
    with pytest.raises(PluginError, match="does not declare it"):
        await Account("mine", FullVenue(now=Capabilities(abilities=["cancel_order"]))).open()


async def test_a_type_that_declares_what_its_venue_lacks_is_refused_before_init() -> None:
    """At opening, not at the first cancel."""
    venue = MemoryVenue()
    kind = VenueType(name="acme", create=lambda: venue, capabilities=Capabilities(abilities=["cancel_order"]))
    with pytest.raises(PluginError, match=r"venue 'acme': declares cancel_order .* but does not implement it"):
        await Account("mine", kind).open()
    assert venue.context is None


PROTECTION = Protection(role="stop_loss", symbol="BTC/USDT", side=Side.SELL, quantity=1, trigger_price=1)
ABLE = [
    ("cancel_order", (REF,), "canceled"),
    ("amend_order", (REF, OrderChange(price=1)), "accepted"),
    ("protect_position", (PROTECTION,), "accepted"),
    ("close_position", (Position(symbol="BTC/USDT", quantity=-1),), "filled"),
]


@pytest.mark.parametrize(("ability", "arguments", "status"), ABLE, ids=[row[0] for row in ABLE])
async def test_what_a_venue_can_do_beyond_the_five(ability: str, arguments: tuple[Any, ...], status: str) -> None:
    """With a submission of the caller's or one that is made; results as of an order."""
    venue = FullVenue()
    async with Account("mine", venue, capabilities=FULL) as account:
        result = await getattr(account, ability)(*arguments)
        again = await getattr(account, ability)(*arguments, account.submission("v-1"))
    assert (result.status, again.status, venue.calls) == (status, status, [ability] * 2)
    async with Account("mine", MemoryVenue()) as account:
        with pytest.raises(NotSupported, match=f"account 'mine' does not declare {ability}"):
            await getattr(account, ability)(*arguments)


async def test_reads_answer_records() -> None:
    """Of what the venue knows."""
    venue = FullVenue()
    async with Account("mine", venue, capabilities=FULL) as account:
        assert await account.fetch_data("A") == quote("A")
        assert await account.fetch_order(OrderRef()) is None
        found = await account.fetch_order(REF)
        assert found is not None
        assert found.status == "filled"
        assert [update.ref.order_id for update in await account.fetch_open_orders()] == ["7"]
        assert [position.quantity < 0 for position in await account.fetch_positions()] == [True]
        assert [balance.currency for balance in await account.fetch_balance()] == ["USDT"]


async def test_an_instruments_rules_are_asked_once() -> None:
    """They stand still; where the venue does not tell them there are none."""
    venue = FullVenue()
    async with Account("mine", venue, capabilities=FULL) as account:
        first = await account.fetch_instrument("BTC/USDT")
        assert isinstance(first, Instrument)
        assert await account.fetch_instrument("BTC/USDT") is first
        assert venue.asked == ["BTC/USDT"]
    async with Account("mine", MemoryVenue()) as account:
        assert await account.fetch_instrument("BTC/USDT") is None


async def test_a_symbol_has_one_canonical_spelling() -> None:
    """From the venue's memory; a venue that resolves none takes any."""
    async with Account("mine", FullVenue(), capabilities=FULL) as account:
        assert account.resolve_symbol("btcusdt") == "BTC/USDT"
        with pytest.raises(UnknownSymbol, match="account 'mine' has no such instrument"):
            account.resolve_symbol("ETHUSDT")
        with pytest.raises(UnknownSymbol, match="did you mean BTC/USDT or BTC/EUR"):
            account.resolve_symbol("BTC")
    async with Account("mine", MemoryVenue()) as account:
        assert account.resolve_symbol("anything") == "anything"


async def test_a_resolver_that_breaks_is_the_plugins_fault() -> None:
    """Not the caller's: the sentence names the hook, and leaves the text of the exception out."""

    class Forgetful(FullVenue):
        @hookimpl
        def resolve_symbol(self, text: str) -> str | None:
            raise KeyError("key=hunter2")

    async with Account("mine", Forgetful(), capabilities=FULL) as account:
        with pytest.raises(PluginError, match=r"account 'mine': resolve_symbol raised KeyError$"):
            account.resolve_symbol("A")


class Liar(FullVenue):
    """Answers what nobody expects."""

    @hookimpl
    def resolve_symbol(self, text: str) -> Any:  # type: ignore[override]
        return 5

    @hookimpl
    async def fetch_data(self, symbol: str) -> Any:  # type: ignore[override]
        return {"bid": 1.0}

    @hookimpl
    async def fetch_positions(self) -> Any:  # type: ignore[override]
        return None

    @hookimpl
    async def fetch_balance(self) -> Any:  # type: ignore[override]
        return [{"USDT": 1.0}]

    @hookimpl
    async def fetch_order(self, ref: OrderRef) -> Any:  # type: ignore[override]
        return "filled"

    @hookimpl
    async def health_check(self) -> Any:  # type: ignore[override]
        return True


async def test_an_answer_of_the_wrong_type_names_hook_and_type() -> None:
    """It is not handed on: "no positions" and "no answer" are not the same."""
    async with Account("mine", Liar(), capabilities=FULL) as account:
        for call, text in (
            (lambda: account.fetch_data("A"), "fetch_data answers a dict, not a MarketData"),
            (lambda: account.fetch_positions(), "fetch_positions answers a NoneType, not a list"),
            (lambda: account.fetch_balance(), "fetch_balance answers a dict, not a Balance"),
            (lambda: account.fetch_order(REF), "fetch_order answers a str, not a ExecutionResult"),
        ):
            with pytest.raises(PluginError, match=f"account 'mine': {text}"):
                await call()
        with pytest.raises(PluginError, match="resolve_symbol answers a int, not a text"):
            account.resolve_symbol("A")
        health = await account.health_check()
        assert not health
        assert "health_check answers a bool, not a Health" in health.checks[-1].message


async def test_a_read_that_takes_too_long_is_given_up() -> None:
    """The account stays ready; orders have deadlines of their own."""

    class Slow(MemoryVenue):
        @hookimpl
        async def fetch_data(self, symbol: str) -> MarketData:
            await asyncio.Event().wait()
            return quote(symbol)

    async with Account("mine", Slow(), grace=0.01) as account:
        with pytest.raises(AccountNotReady, match=r"fetch_data had no answer within 0\.02 s"):
            await account.fetch_data("A", seconds=0.02)
        assert account.ready


async def test_health_never_raises_and_names_the_accounts_own_state() -> None:
    """Before opening, while open, after a failure inside the venue."""

    class Ill(MemoryVenue):
        @hookimpl
        async def health_check(self) -> Health:
            raise RuntimeError("key=hunter2")

    account = Account("mine", Ill())
    health = await account.health_check()
    assert (bool(health), health.checks[0].message) == (False, "it was not opened")
    async with account:
        health = await account.health_check()
        assert [(check.name, check.ok) for check in health.checks] == [("account", True), ("venue", False)]
        assert health.checks[1].message == "health_check raised RuntimeError"
    async with Account("mine", MemoryVenue()) as account:
        assert await account.health_check()


async def test_observers_hear_what_is_sent_and_what_became_of_it() -> None:
    """Under one id, with the order; a denied order was never sent."""
    recorder, clock = Recorder(), HandClock()
    limit = Order(symbol="A", side="buy", quantity=1, order_type="limit", price=1)
    async with Account("mine", MemoryVenue(), plugins=[recorder], clock=clock) as account:
        await account.execute_order(ORDER, account.submission("v-1"))
        await account.execute_order(limit)
        plain = Order(symbol="A", side="buy", quantity=1)
        await account.execute_order(plain, account.submission("v-2"))
    sent, concluded, *others = recorder.events
    assert isinstance(sent, OrderSent)
    assert (sent.account, sent.time, sent.client_order_id, sent.venue_client_order_id, sent.order) == (
        "mine",
        clock.now(),
        "c-1",
        "v-1",
        ORDER,
    )
    assert isinstance(concluded, OrderConcluded)
    assert (concluded.client_order_id, concluded.symbol, concluded.result.status) == ("c-1", "BTC/USDT", "filled")
    assert {event.client_order_id for event in others if isinstance(event, OrderSent | OrderConcluded)} == {"v-2"}
    assert recorder.threads == {"observer Recorder"}
    assert recorder.closed == 1


async def test_a_stuck_observer_holds_up_no_order(nonblocking: BlockBuster) -> None:
    """It is not in the path."""
    stuck = StuckObserver()
    account = Account("mine", MemoryVenue(), plugins=[stuck])
    await account.open()
    assert (await account.execute_order(ORDER)).status == "filled"
    assert (await account.execute_order(ORDER)).status == "filled"
    stuck.release.set()
    await account.close()


@pytest.mark.parametrize("names", [("g", "g"), ("mine",)], ids=repr)
async def test_two_plugins_of_an_account_have_two_names(names: tuple[str, ...]) -> None:
    """The account's own name is taken as well."""
    plugins = [Listed(name=name, plugin=DenyingGuard("A")) for name in names]
    with pytest.raises(PluginError, match=f"two plugins of one account are named '{names[0]}'"):
        await Account("mine", MemoryVenue(), plugins=plugins).open()


async def test_what_a_venue_publishes_from_any_thread_arrives_on_the_loop() -> None:
    """And nothing else than an OrderUpdate may be published."""
    venue, heard = MemoryVenue(), []
    arrived = asyncio.Event()

    def on_update(update: OrderUpdate) -> None:
        heard.append((update, threading.current_thread().name))
        arrived.set()

    update = OrderUpdate(ref=REF, result=ExecutionResult(status="filled", filled_quantity="0.01"))
    async with Account("mine", venue, on_update=on_update):
        assert venue.context is not None
        await asyncio.to_thread(venue.context.publish, update)
        await asyncio.wait_for(arrived.wait(), 5)
        with pytest.raises(InvalidOrder, match="publish takes an OrderUpdate, not a dict"):
            venue.context.publish({})  # type: ignore[arg-type]
        with pytest.raises(InvalidOrder, match="does not publish 'filled' without a filled quantity"):
            venue.context.publish(OrderUpdate(ref=REF, result=ExecutionResult(status="filled")))
        await asyncio.sleep(0)
    assert heard == [(update, threading.current_thread().name)]


def budget(account: str = "mine") -> RateBudget:
    """What a venue tells."""
    return RateBudget(account=account, time=1, used=0.75, waiting=2, seconds=0.5)


async def test_what_a_venue_tells_from_any_thread_is_heard_by_the_observers_and_by_the_host() -> None:
    """By a host that tells observers of its own, in the venue's thread."""
    venue, recorder, heard = MemoryVenue(), Recorder(), list[tuple[Event, str]]()
    host = lambda event: heard.append((event, threading.current_thread().name))  # noqa: E731
    async with Account("mine", venue, plugins=[recorder], on_event=host):
        assert venue.context is not None
        thread = threading.Thread(target=venue.context.tell, args=(budget(),), name="sdk")
        thread.start()
        await asyncio.to_thread(thread.join)
    assert recorder.events == [budget()]
    assert recorder.threads == {"observer Recorder"}
    assert heard == [(budget(), "sdk")]


async def test_a_venue_tells_no_more_than_events_of_its_own_account() -> None:
    """Anything else is its author's mistake, and heard by nobody."""
    venue, recorder, heard = MemoryVenue(), Recorder(), list[Event]()
    async with Account("mine", venue, plugins=[recorder], on_event=heard.append):
        assert venue.context is not None
        with pytest.raises(InvalidOrder, match="tell takes a kind of Event, such as RateBudget, not a dict"):
            venue.context.tell({"used": 1})  # type: ignore[arg-type]
        with pytest.raises(InvalidOrder, match="such as RateBudget, not Event itself"):
            venue.context.tell(Event(account="mine", time=1))
        with pytest.raises(InvalidOrder, match="a venue tells of its own account 'mine', not of 'other'"):
            venue.context.tell(budget("other"))
    assert (recorder.events, heard) == ([], [])


async def test_what_a_venue_tells_holds_it_up_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Neither for an observer that is stuck, nor for a host that raises; and after the end nobody hears."""
    venue, stuck = MemoryVenue(), StuckObserver()

    def host(event: Event) -> None:
        raise RuntimeError("key=hunter2")

    async with Account("mine", venue, plugins=[stuck], on_event=host):
        assert venue.context is not None
        for _ in range(3):
            venue.context.tell(budget())
        stuck.release.set()
    venue.context.tell(budget())
    assert "account mine: on_event raised RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_context_without_a_host_tells_nobody() -> None:
    """As an author makes one in a test."""
    nothing: Any = None
    VenueContext(account="mine", publish=nothing, quote=nothing).tell(budget())


def test_an_update_after_the_end_of_the_loop_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A thread of an SDK may live longer than the host."""
    venue = MemoryVenue()

    async def life() -> None:
        async with Account("mine", venue, on_update=lambda update: None):
            pass

    asyncio.run(life())
    caplog.set_level(logging.WARNING)
    assert venue.context is not None
    venue.context.publish(OrderUpdate(ref=REF, result=ExecutionResult(status="filled", filled_quantity="0.01")))
    assert "account mine: an update came after the event loop had ended" in caplog.text


def needs_config(config: object) -> object:
    """A ``create`` as for a guard."""
    return config


def acme_create() -> object:
    """Fails in Python's own code."""
    return int("hunter2")


def acme_without_sdk() -> object:
    """Its SDK is not there."""
    import no_such_sdk

    return no_such_sdk


def acme_mistaken() -> object:
    """A TypeError of its own."""
    return needs_config()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("create", "text"),
    [
        (acme_create, r"create raised ValueError in acme_create \(test_account.py:\d+\)$"),
        (acme_without_sdk, r"cannot import no_such_sdk in acme_without_sdk \(test_account.py:\d+\); install the venue's SDK"),
        (acme_mistaken, r"raised TypeError in acme_mistaken \(test_account.py:\d+\); create takes no argument; init gets the"),
        (needs_config, r"raised TypeError when it was called; create takes no argument; init gets the configuration$"),
    ],
)
async def test_a_create_that_raises_says_where(create: Any, text: str) -> None:
    """The place that the plugin's author can repair; never the exception's text."""
    with pytest.raises(PluginError, match=text) as caught:
        await Account("mine", VenueType(name="acme", create=create)).open()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration()], ids=repr)
async def test_what_a_plain_venue_raises_keeps_its_name(error: Any) -> None:
    """With its place; a future would take none of them."""
    async with Account("mine", PlainRaisingVenue(error)) as account:
        result = await account.execute_order(ORDER)
    assert (result.status, result.code) == ("unknown", "UNKNOWN")
    assert f"raised {type(error).__name__} in execute_order (venues.py:" in (result.error or "")


async def test_one_object_is_passed_once() -> None:
    """Under two names it would be asked twice, and closed twice."""
    guard = DenyingGuard("A")
    with pytest.raises(PluginError, match="one object is passed twice to one account, as 'DenyingGuard' and 'second'"):
        await Account("mine", MemoryVenue(), plugins=[guard, Listed(name="second", plugin=guard)]).open()


async def test_an_account_without_a_listener_publishes_into_nothing() -> None:
    """A host that keeps no books need not hear."""
    venue = MemoryVenue()
    async with Account("mine", venue):
        assert venue.context is not None
        venue.context.publish(OrderUpdate(ref=REF, result=ExecutionResult(status="filled", filled_quantity="0.01")))


async def test_a_submission_belongs_to_its_account() -> None:
    """It carries the account's name and clock."""
    clock = HandClock(monotonic=50)
    async with Account("mine", MemoryVenue(), clock=clock) as account:
        submission = account.submission("v-1", seconds=3)
    assert submission == Submission(account="mine", venue_client_order_id="v-1", deadline=53)
    assert submission.clock is clock
