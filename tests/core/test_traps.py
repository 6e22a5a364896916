# SPDX-License-Identifier: MIT
"""The traps of a plugin system that sends orders, each a test. What type checkers catch stands in tests/types."""

import asyncio
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from blockbuster import BlockBuster

from fks_exec import (
    Account,
    ExecutionResult,
    Order,
    PluginError,
    Plugins,
    PluginStatus,
    VenueRejected,
    VenueType,
    hookimpl,
)
from fks_exec_simulators.distributions import found_in, install
from fks_exec_simulators.guards import Auditor, DenyingGuard, RaisingGuard
from fks_exec_simulators.observers import RaisingObserver, Recorder
from fks_exec_simulators.venues import (
    ClosingVenue,
    MemoryVenue,
    PlainRaisingVenue,
    PlainVenue,
    ScriptedVenue,
    SilentVenue,
    VenueConfig,
)

ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01", client_order_id="c-1")
FROZEN = Path(__file__).with_name("frozen") / "acme_v1.py"
FROZEN_DIGEST = "91116b6dd988fbd7fb427992de788f3486d0952ef7a1a41333dcc241d152ca9c"

VENUES = """
from fks_exec import VenueType, hookimpl

@hookimpl
def fks_exec_venues():
    return [VenueType(name="{name}", create=object)]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, for distributions; what is imported from it gets names that no other test uses."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


async def test_two_accounts_of_one_venue_type_never_misroute() -> None:
    """Three orders at once to each: every one arrives at its account, once, and every result comes back to its order."""
    kind = VenueType(name="acme", create=MemoryVenue, config=VenueConfig)
    async with Account("one", kind, VenueConfig(tag="one")) as one, Account("two", kind, VenueConfig(tag="two")) as two:
        sent = [(account, Order(symbol=symbol, side="buy", quantity=1)) for symbol in "ABC" for account in (one, two)]
        results = await asyncio.gather(*(account.execute_order(order) for account, order in sent))
    assert [result.order_id for result in results] == [f"{account.name}:{order.symbol}" for account, order in sent]


async def test_two_accounts_have_their_own_guards_observers_and_end() -> None:
    """Closing one says nothing to the other."""
    guard, recorder, first, second = DenyingGuard("A"), Recorder(), ClosingVenue(), ClosingVenue()
    one = Account("one", first, plugins=[guard, recorder])
    two = Account("two", second)
    await one.open()
    await two.open()
    assert two.validate_order(ORDER) == []
    await two.execute_order(ORDER)
    assert [len(one.validate_order(ORDER)), len(first.seen), len(second.seen)] == [1, 0, 1]
    await one.close()
    assert (first.closed, second.closed, recorder.events) == (1, 0, [])
    assert (await two.execute_order(ORDER)).status == "filled"
    await two.close()


async def test_a_misspelt_hook_stops_the_opening() -> None:
    """Else the order that should be cancelled rests for ever."""

    class Misspelt(MemoryVenue):
        @hookimpl
        async def cancel_ordr(self, ref: Any, submission: Any) -> None: ...

    venue = Misspelt()
    with pytest.raises(PluginError, match=r"cancel_ordr is marked .* no such hook; did you mean cancel_order\?"):
        await Account("mine", venue).open()
    assert venue.context is None


async def test_a_missing_hook_stops_the_opening() -> None:
    """Else pluggy answers None: an order that went nowhere, without a word."""

    class Lacking:
        init, fetch_data = MemoryVenue.init, MemoryVenue.fetch_data
        name, health_check = MemoryVenue.name, MemoryVenue.health_check

    with pytest.raises(PluginError, match="a venue implements execute_order, and this one does not"):
        await Account("mine", Lacking()).open()


async def test_an_unmarked_method_with_a_hooks_name_stops_the_opening() -> None:
    """Else it looks implemented to its author, and is never called."""

    class Unmarked(MemoryVenue):
        async def close(self) -> None: ...

    with pytest.raises(PluginError, match="close has a hook's name but is not marked; write @hookimpl above it"):
        await Account("mine", Unmarked()).open()


async def test_an_unmarked_guard_stops_the_opening() -> None:
    """Else every order passes it."""

    class Careless:
        @hookimpl
        def validate_order(self, order: Any, instrument: Any) -> None: ...

        def check_risk(self, order: Any, account: Any) -> None: ...

    with pytest.raises(PluginError, match="check_risk has a hook's name but is not marked"):
        await Account("mine", MemoryVenue(), plugins=[Careless()]).open()


async def test_async_where_the_hook_is_plain_stops_the_opening() -> None:
    """Else a coroutine is the answer: truthy, and no symbol."""

    class Eager(MemoryVenue):
        @hookimpl
        async def resolve_symbol(self, text: str) -> str:
            return text

    with pytest.raises(PluginError, match="resolve_symbol is async, but the hook is plain"):
        await Account("mine", Eager()).open()


async def test_an_async_guard_stops_the_opening() -> None:
    """Else its coroutine is a denial, or none, that nobody awaits."""

    class Eager:
        @hookimpl
        async def check_risk(self, order: Any, account: Any) -> None: ...

    with pytest.raises(PluginError, match="check_risk is async, but the hook is plain"):
        await Account("mine", MemoryVenue(), plugins=[Eager()]).open()


def test_a_broken_plugin_stands_beside_good_ones(folder: Path) -> None:
    """With pluggy's own loader one bad import takes the host down."""
    for name in ("trap_a", "trap_z"):
        install(folder, f"acme-{name}", "1.0", {name: name}, {f"{name}.py": VENUES.format(name=name)})
    install(folder, "acme-bad", "3.1", {"trap_b": "trap_b"}, {"trap_b.py": "raise OSError('libacme.so is missing')\n"})
    plugins = Plugins(entry_points=found_in(folder))
    loaded, failed, also = plugins.load_all()
    assert (loaded.status, failed.status, also.status) == ("loaded", "failed", "loaded")
    assert (failed.distribution, failed.version) == ("acme-bad", "3.1")
    assert "OSError: libacme.so is missing" in failed.reason
    assert plugins.venue("trap_z").name == "trap_z"


def test_two_distributions_with_one_name_are_both_named(folder: Path) -> None:
    """With pluggy's own loader the second is dropped without a word: which of the two gets the orders?"""
    install(folder, "acme-one", "1.0", {"trap_same": "trap_one"}, {"trap_one.py": VENUES.format(name="trap_same")})
    install(folder, "acme-two", "2.0", {"trap_same": "trap_two"}, {"trap_two.py": VENUES.format(name="trap_same")})
    plugins = Plugins(entry_points=found_in(folder))
    with pytest.raises(PluginError, match=r"acme-one 1\.0 \(trap_one\) and acme-two 2\.0 \(trap_two\)"):
        plugins.venue("trap_same")
    assert [info.status for info in plugins.infos()] == [PluginStatus.CONFLICT]


async def test_a_guard_that_raises_hides_no_other_denial() -> None:
    """In one call of pluggy it would hide all."""
    async with Account(
        "mine",
        MemoryVenue(),
        plugins=[
            DenyingGuard("FIRST"),
            RaisingGuard(),
        ],
    ) as account:
        assert [denial.code for denial in account.validate_order(ORDER)] == ["FIRST", "GUARD_FAILED"]
    async with Account("mine", MemoryVenue(), plugins=[RaisingGuard(), DenyingGuard("LAST")]) as account:
        assert [denial.code for denial in account.validate_order(ORDER)] == ["GUARD_FAILED", "LAST"]


async def test_an_observer_that_raises_silences_no_other() -> None:
    """Nor itself at the next event."""
    broken, recorder = RaisingObserver(), Recorder()
    async with Account("mine", MemoryVenue(), plugins=[broken, recorder]) as account:
        await account.execute_order(ORDER)
        await account.execute_order(ORDER)
    assert (broken.heard, len(recorder.events), recorder.closed) == (4, 4, 1)


async def test_none_from_execute_order_is_unknown() -> None:
    """To pluggy None means that nobody answered; the order may be at the venue all the same."""
    for venue in (ScriptedVenue(None), PlainRaisingVenue(StopIteration())):
        async with Account("mine", venue) as account:
            result = await account.execute_order(ORDER)
        assert (result.status, result.status.terminal, len(venue.seen)) == ("unknown", False, 1)


@pytest.mark.parametrize("kind", [MemoryVenue, PlainVenue])
async def test_a_wrapper_sees_the_result(kind: type) -> None:
    """An awaitable, also over a plain implementation, and nothing of it is changed."""
    auditor = Auditor()
    async with Account("mine", kind(), plugins=[auditor]) as account:
        result = await account.execute_order(ORDER)
    assert (result.status, result.client_order_id, auditor.seen) == ("filled", "c-1", ["filled"])


@pytest.mark.parametrize("plain", [False, True])
async def test_a_wrapper_sees_the_error(plain: bool) -> None:
    """And what the error proves stays proved."""
    auditor, error = Auditor(), VenueRejected("no")
    venue = PlainRaisingVenue(error) if plain else ScriptedVenue(error)
    async with Account("mine", venue, plugins=[auditor]) as account:
        result = await account.execute_order(ORDER)
    assert (result.status, auditor.seen) == ("rejected", ["VenueRejected"])


async def test_a_wrapper_sees_the_deadline() -> None:
    """As a cancellation."""
    auditor = Auditor()
    async with Account("mine", SilentVenue(), plugins=[auditor]) as account:
        result = await account.execute_order(ORDER, account.submission(seconds=0.01))
    assert (result.status, auditor.seen) == ("unknown", ["CancelledError"])


async def test_a_wrapper_that_does_not_yield_stops_the_opening() -> None:
    """Else it would answer in the venue's place."""

    class Wrong:
        @hookimpl(wrapper=True)
        def execute_order(self, order: Any, submission: Any) -> Any:
            return ExecutionResult(status="filled")

    with pytest.raises(PluginError, match="execute_order"):
        await Account("mine", MemoryVenue(), plugins=[Wrong()]).open()


async def test_an_observer_with_close_does_not_become_a_venue() -> None:
    """Its ``close`` is called once, at its own end, and never in the venue's place."""
    venue, recorder = ClosingVenue(), Recorder()
    async with Account("mine", venue, plugins=[recorder]) as account:
        await account.execute_order(ORDER)
        assert (venue.closed, recorder.closed) == (0, 0)
    assert (venue.closed, recorder.closed, len(recorder.events)) == (1, 1, 2)


async def test_a_venue_without_close_does_not_borrow_an_observers() -> None:
    """Its plain ``close`` would run on the loop, as if it were the venue's."""
    recorder = Recorder()
    async with Account("mine", MemoryVenue(), plugins=[recorder]):
        pass
    assert recorder.closed == 1


async def test_a_slow_sdk_import_in_create_does_not_stall_the_loop(folder: Path, nonblocking: BlockBuster) -> None:
    """Blockbuster raises where a blocking call runs on the loop; no stopwatch."""
    (folder / "trap_sdk.py").write_text("import time\ntime.sleep(0.05)\n", "utf-8")

    def create() -> MemoryVenue:
        importlib.import_module("trap_sdk")
        return MemoryVenue()

    async with Account("mine", VenueType(name="acme", create=create)) as account:
        assert (await account.execute_order(ORDER)).status == "filled"
    assert "trap_sdk" in sys.modules


def frozen() -> ModuleType:
    """The first acme, as it was released."""
    spec = importlib.util.spec_from_file_location("acme_v1", FROZEN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_first_acme_opens_and_trades_with_this_core() -> None:
    """A plugin that was written once goes on working: nothing public is removed or renamed."""
    plugins = Plugins(entry_points=[])
    plugins.register(frozen(), "acme")
    kind = plugins.venue("acme")
    async with Account("mine", kind, kind.config(symbols=("BTC/USDT",))) as account:
        submission = account.submission("v-1")
        result = await account.execute_order(ORDER, submission)
        assert await account.execute_order(ORDER, submission) == result
        unknown = await account.execute_order(Order(symbol="DOGE", side="sell", quantity=1))
        assert (await account.fetch_data("BTC/USDT")).ask == 67500
        assert await account.health_check()
        assert account.display_name == "Acme"
    expected = ExecutionResult(
        status="filled",
        client_order_id="c-1",
        order_id="acme-v-1",
        filled_quantity="0.01",
        average_price="67500",
        fills=result.fills,
    )
    assert result == expected
    assert (unknown.status, unknown.code) == ("rejected", "UNKNOWN_SYMBOL")


def test_the_first_acme_was_not_edited() -> None:
    """A change there would hide a broken promise."""
    text = FROZEN.read_text("utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN_DIGEST
