# SPDX-License-Identifier: MIT
"""What an object is, and whether it keeps the contract."""

from typing import Any

import pytest

from fks_exec import Capabilities, PluginError, hookimpl
from fks_exec.hookspecs import VENUE_FIVE
from fks_exec.roles import check_declared, check_narrower, check_venue, implementations, roles
from fks_exec_simulators.guards import Auditor, DenyingGuard
from fks_exec_simulators.observers import Recorder
from fks_exec_simulators.venues import FULL, FullVenue, MemoryVenue, PlainVenue

LABEL = "plugin 'acme' (fks-acme 1.0)"


class Both(DenyingGuard, Recorder):
    """A guard that also listens."""


class Misspelt(MemoryVenue):
    @hookimpl
    async def cancel_ordr(self, ref: Any, submission: Any) -> None: ...


class Unmarked(MemoryVenue):
    async def cancel_order(self, ref: Any, submission: Any) -> None: ...


class AsyncName(MemoryVenue):
    @hookimpl
    async def name(self) -> str:  # type: ignore[override]
        return "x"


class AsyncResolve(MemoryVenue):
    @hookimpl
    async def resolve_symbol(self, text: str) -> str:
        return text


class Guarding(MemoryVenue):
    @hookimpl
    def check_risk(self, order: Any, account: Any) -> None: ...


class Wrapping(MemoryVenue):
    @hookimpl(wrapper=True)
    def execute_order(self, order: Any, submission: Any) -> Any:  # type: ignore[override]
        return (yield)


class ExtraArgument(MemoryVenue):
    @hookimpl
    async def fetch_data(self, symbol: str, depth: int) -> Any: ...  # type: ignore[override]


class NamedOnly(MemoryVenue):
    @hookimpl
    async def execute_order(self, *, order: Any, submission: Any) -> Any: ...


class WithDefault(MemoryVenue):
    @hookimpl
    async def execute_order(self, order: Any, submission: Any = None) -> Any: ...


class Twice(MemoryVenue):
    @hookimpl(specname="fetch_data")
    async def quote(self, symbol: str) -> Any: ...


BROKEN_VENUES = [
    (Misspelt, "cancel_ordr is marked with @hookimpl, but there is no such hook; did you mean cancel_order?"),
    (Unmarked, "cancel_order has a hook's name but is not marked; write @hookimpl above it, or rename it"),
    (AsyncName, "name is async, but the hook is plain; write def instead of async def"),
    (AsyncResolve, "resolve_symbol is async, but the hook is plain"),
    (Guarding, "a venue does not implement check_risk; put it into a guard or an observer"),
    (Wrapping, "execute_order is a wrapper; only objects that the host passes in code wrap"),
    (ExtraArgument, "fetch_data takes 'depth', but the hook has the arguments symbol"),
    (NamedOnly, "execute_order would not get 'order'; write it without a default and without"),
    (WithDefault, "execute_order would not get 'submission'"),
    (Twice, "marks two implementations of fetch_data; keep one"),
    (object, "a venue implements init, and this one does not"),
]


@pytest.mark.parametrize(("kind", "text"), BROKEN_VENUES, ids=lambda value: getattr(value, "__name__", None))
def test_a_venue_that_breaks_the_contract_is_refused(kind: type, text: str) -> None:
    """Before it is used; the sentence names plugin, distribution, hook and near miss."""
    with pytest.raises(PluginError) as caught:
        check_venue(kind(), LABEL)
    assert str(caught.value).startswith(f"{LABEL}: ")
    assert text in str(caught.value)


@pytest.mark.parametrize("hook", VENUE_FIVE)
def test_each_of_the_five_must_be_there(hook: str) -> None:
    """A near miss is named."""
    methods = {name: method for name, method in vars(MemoryVenue).items() if name not in (hook, "__dict__", "__weakref__")}
    venue = type("Lacking", (), {**methods, f"{hook}s": lambda self: None})()
    with pytest.raises(PluginError, match=rf"a venue implements {hook}, and this one does not; did you mean your {hook}s\?"):
        check_venue(venue, LABEL)


def test_one_of_the_five_that_is_not_marked_is_said_to_be_there() -> None:
    """The most frequent mistake of all."""
    kind = type("Plainly", (MemoryVenue,), {"fetch_data": lambda self, symbol: None})
    with pytest.raises(PluginError, match="fetch_data, and this one does not; the method is there but not marked"):
        check_venue(kind(), LABEL)


def test_a_venue_may_be_plain_async_or_full() -> None:
    """The five are enough; a property that fails before init is not touched."""
    assert set(check_venue(MemoryVenue(), LABEL)) == set(VENUE_FIVE)
    assert set(check_venue(PlainVenue(), LABEL)) == {*VENUE_FIVE, "close"}
    assert set(check_venue(FullVenue(), LABEL)) > FULL.abilities


def test_a_hook_may_be_implemented_under_another_name() -> None:
    """Through pluggy's ``specname``."""

    class Renamed(MemoryVenue):
        @hookimpl(specname="cancel_order")
        async def kill(self, ref: Any, submission: Any) -> Any: ...

    assert "cancel_order" in check_venue(Renamed(), LABEL)


@pytest.mark.parametrize(
    ("plugin", "played"),
    [
        (DenyingGuard("A"), {"guard"}),
        (Recorder(), {"observer"}),
        (Auditor(), {"wrapper"}),
        (Both("A"), {"guard", "observer"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_is_what_it_marks(plugin: object, played: set[str]) -> None:
    """One object may play several parts."""
    assert roles(plugin, LABEL) == played


class AsyncGuard:
    @hookimpl
    async def check_risk(self, order: Any, account: Any) -> None: ...


class AsyncObserver:
    @hookimpl
    async def observe(self, event: Any) -> None: ...


class AsyncCloser(DenyingGuard):
    @hookimpl
    async def close(self) -> None: ...  # type: ignore[override]


class HalfMarked:
    @hookimpl
    def check_risk(self, order: Any, account: Any) -> None: ...

    def validate_order(self, order: Any, instrument: Any) -> None: ...


class NothingMarked:
    def check_risk(self, order: Any, account: Any) -> None: ...


class SendingGuard(DenyingGuard):
    @hookimpl
    async def execute_order(self, order: Any, submission: Any) -> None: ...


class SendingObserver(Recorder):
    @hookimpl
    async def cancel_order(self, ref: Any, submission: Any) -> None: ...


class MisspeltGuard(DenyingGuard):
    @hookimpl
    def check_risks(self, order: Any, account: Any) -> None: ...


class UnmarkedWrapper:
    def execute_order(self, order: Any, submission: Any) -> Any:
        return (yield)


class HalfWrapper(DenyingGuard):
    def execute_order(self, order: Any, submission: Any) -> Any:
        return (yield)


BROKEN_GUARDS = [
    (AsyncGuard(), "check_risk is async, but the hook is plain"),
    (AsyncObserver(), "observe is async, but the hook is plain"),
    (AsyncCloser("A"), "close is async, but the hook is plain"),
    (HalfMarked(), "validate_order has a hook's name but is not marked"),
    (NothingMarked(), "marks no hook of a guard, an observer or a wrapper with @hookimpl; check_risk has a hook's name"),
    (SendingGuard("A"), "a guard or observer does not implement execute_order; only a venue does"),
    (SendingObserver(), "a guard or observer does not implement cancel_order"),
    (MisspeltGuard("A"), "there is no such hook; did you mean check_risk?"),
    (MemoryVenue(), "only a venue does; to wrap the venue's, write @hookimpl(wrapper=True) above it"),
    (UnmarkedWrapper(), "marks no hook of a guard, an observer or a wrapper with @hookimpl; execute_order is not marked; to"),
    (HalfWrapper("A"), "execute_order is not marked; to wrap the venue's, write @hookimpl(wrapper=True) above it"),
    (Recorder, "Recorder is a class; pass an instance, not the class"),
    (object(), "marks no hook of a guard, an observer or a wrapper with @hookimpl"),
]


@pytest.mark.parametrize(
    ("plugin", "text"), BROKEN_GUARDS, ids=lambda value: None if isinstance(value, str) else type(value).__name__
)
def test_a_guard_or_observer_that_breaks_the_contract_is_refused(plugin: object, text: str) -> None:
    """An object that would silently do nothing, or too much."""
    with pytest.raises(PluginError) as caught:
        roles(plugin, LABEL)
    assert text in str(caught.value)


def test_what_is_declared_is_implemented_and_the_reverse() -> None:
    """Each direction with its hook; a misspelt ability with its near miss."""
    full, plain = check_venue(FullVenue(), LABEL), check_venue(MemoryVenue(), LABEL)
    check_declared(LABEL, FULL, full)
    check_declared(LABEL, Capabilities(), plain)
    with pytest.raises(PluginError, match=r"declares cancel_order in .* but does not implement it"):
        check_declared(LABEL, Capabilities(abilities=["cancel_order"]), plain)
    with pytest.raises(PluginError, match=r"implements amend_order, .* but does not declare it"):
        check_declared(LABEL, Capabilities(abilities=["cancel_order"]), full)
    with pytest.raises(PluginError, match=r"declares cancel_orders, but there is no such ability; did you mean cancel_order\?"):
        check_declared(LABEL, Capabilities(abilities=["cancel_orders"]), full)


@pytest.mark.parametrize(
    "wider",
    [
        {"order_types": ["market", "limit"]},
        {"time_in_force": ["gtc", "ioc"]},
        {"abilities": ["cancel_order"]},
        {"protection": ["oco"]},
        {"reduce_only": True},
        {"post_only": True},
        {"hedging": True},
        {"publishes": True},
    ],
    ids=lambda values: next(iter(values)),
)
def test_after_init_capabilities_may_only_become_fewer(wider: dict[str, Any]) -> None:
    """Else a guard or the documentation would have promised less than what happens."""
    less, more = Capabilities(), Capabilities(**wider)
    check_narrower(LABEL, more, less)
    check_narrower(LABEL, more, more)
    with pytest.raises(PluginError, match=f"capabilities\\(\\) (adds .* to|turns) {next(iter(wider))}"):
        check_narrower(LABEL, less, more)


def test_an_implementation_is_known_with_its_function() -> None:
    """Bound, so that the object's own state is there."""
    guard = DenyingGuard("A")
    found = implementations(guard, LABEL)
    assert found["close"].function == guard.close
    assert not found["close"].wrapper
    assert implementations(Auditor(), LABEL)["execute_order"].wrapper
