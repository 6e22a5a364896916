# SPDX-License-Identifier: MIT
"""Guards: each is asked by itself, all are heard."""

from collections.abc import Iterator
from typing import Any

import pytest

from fks_exec import Account, AccountState, Denial, Listed, Order, guarding
from fks_exec_simulators.guards import DenyingGuard, RaisingGuard, SatisfiedGuard, SlowGuard, WrongGuard
from fks_exec_simulators.venues import MemoryVenue

ORDER = Order(symbol="BTC/USDT", side="buy", quantity="0.01")


async def denials(*plugins: object, reducing: bool = False) -> list[tuple[str, str]]:
    """Guard and code of each denial."""
    async with Account("a", MemoryVenue(), plugins=plugins) as account:
        return [(denial.guard, denial.code) for denial in account.validate_order(ORDER, reducing=reducing)]


async def test_all_denials_are_heard_in_the_order_of_the_list() -> None:
    """Each under the name that the configuration gives its guard, whatever the guard says."""
    guards = [
        Listed(name="second", plugin=DenyingGuard("B")),
        Listed(name="none", plugin=SatisfiedGuard()),
        Listed(name="first", plugin=DenyingGuard("A")),
    ]
    assert await denials(*guards) == [("second", "B"), ("first", "A")]


async def test_a_guard_that_raises_denies_in_its_own_name() -> None:
    """The text of the exception stays in the debug log."""
    async with Account("a", MemoryVenue(), plugins=[RaisingGuard(), DenyingGuard("A")]) as account:
        broken, denied = account.validate_order(ORDER)
    assert (broken.guard, broken.code) == ("RaisingGuard", "GUARD_FAILED")
    assert "raised RuntimeError in validate_order" in broken.message
    assert "hunter2" not in broken.message
    assert denied.code == "A"


@pytest.mark.parametrize(
    "answer",
    ["no", b"no", 5, True, False, {"code": "A"}, ["no"], [None], [Denial(code="A", message="a"), "no"], object()],
    ids=range(10),
)
async def test_an_answer_that_is_no_denial_denies(answer: Any) -> None:
    """A guard that says False or "ok" may have meant either."""
    assert await denials(WrongGuard(answer), DenyingGuard("B")) == [("WrongGuard", "GUARD_FAILED"), ("DenyingGuard", "B")]


@pytest.mark.parametrize(
    ("answer", "said"), [(False, "a bool"), (["no"], "a list with a str in it"), ({"code": "A"}, "a dict")], ids=repr
)
async def test_a_wrong_answer_is_told_with_what_is_wanted(answer: Any, said: str) -> None:
    """An author sees it in the denial."""
    async with Account("a", MemoryVenue(), plugins=[WrongGuard(answer)]) as account:
        [denial] = account.validate_order(ORDER)
    assert f"the guard 'WrongGuard' answered {said}; a guard answers a Denial, a list of them, or None; " in denial.message


async def test_a_coroutine_is_no_answer() -> None:
    """It is closed without a warning, and denies."""

    async def later() -> None: ...

    assert await denials(WrongGuard(later())) == [("WrongGuard", "GUARD_FAILED")]


@pytest.mark.parametrize("answer", [None, [], ()], ids=repr)
async def test_no_objection_has_three_spellings(answer: Any) -> None:
    """None, an empty list, an empty tuple."""
    assert await denials(WrongGuard(answer)) == []


async def test_a_generator_of_denials_is_taken() -> None:
    """Also one that fails on the way."""

    def some() -> Iterator[Denial]:
        yield Denial(code="A", message="a")

    def failing() -> Iterator[Denial]:
        yield Denial(code="A", message="a")
        raise RuntimeError

    assert await denials(WrongGuard(some())) == [("WrongGuard", "A")]
    assert await denials(WrongGuard(failing())) == [("WrongGuard", "GUARD_FAILED")]


async def test_a_guard_that_is_too_slow_denies_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it said stands too."""
    monkeypatch.setattr(guarding, "SLOW", 0.001)
    assert await denials(SlowGuard(0.01), DenyingGuard("A")) == [("SlowGuard", "GUARD_SLOW"), ("DenyingGuard", "A")]


@pytest.mark.parametrize(
    ("applies_to", "entry", "exit_"),
    [("entries", True, False), ("exits", False, True), ("all", True, True)],
)
async def test_a_guard_is_asked_about_what_it_applies_to(applies_to: Any, entry: bool, exit_: bool) -> None:
    """An exit must not fail for the reason of an entry."""
    guard = Listed(name="g", plugin=DenyingGuard("A"), applies_to=applies_to)
    assert bool(await denials(guard)) is entry
    guard = Listed(name="g", plugin=DenyingGuard("A"), applies_to=applies_to)
    assert bool(await denials(guard, reducing=True)) is exit_


async def test_a_guard_sees_the_account_that_core_gives_it() -> None:
    """At ``check_risk``; one without that hook is not asked."""
    async with Account("a", MemoryVenue(), plugins=[DenyingGuard("A"), SatisfiedGuard()]) as account:
        assert [denial.message for denial in account.check_risk(ORDER, AccountState(account="a"))] == ["a may not"]
        assert account.check_risk(ORDER, AccountState(account="a"), reducing=True) == []
        assert account.guarded
    async with Account("b", MemoryVenue()) as account:
        assert not account.guarded
        assert account.validate_order(ORDER) == []
