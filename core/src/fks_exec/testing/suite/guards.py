# SPDX-License-Identifier: MIT
"""``GuardSuite``: what every guard keeps to, whatever it judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import importlib_metadata
import pytest
from attrs import evolve, fields

from ...codes import GROUP, Code, CodeKind
from ...convert import to_dict
from ...model.account import AccountState, Balance, Position
from ...model.results import Denial
from ..cases import Case, GuardTrial
from .asking import Judge, told
from .base import Conformance, all_floor
from .desk import not_declared
from .oddities import odd_cases
from .typed import has_its_words, takes_no_unknown_key
from .watching import Watch

CALLS = 20_000
"""So many functions may be called for one order; a guard has a quarter of a second, and half a million take as long."""

HELD = 1_000
"""Positions and balances of a large account; each may cost so many calls more."""

MORE_EACH = 200

COSTLY = frozenset({"exposure", "day_start", "margin_free", "identical"})
"""What is worked out only where a guard names it in ``needs``."""


@all_floor
class GuardSuite(Conformance):
    """What every guard keeps to: subclass it and give the fixture ``guard``.

    .. code-block:: python

        class TestWeekend(GuardSuite):
            @pytest.fixture
            def guard(self):
                order = Order(symbol="BTC/USDT", side="buy", quantity="1")
                monday, sunday = (AccountState(account="main", time=time) for time in (MONDAY, SUNDAY))
                return GuardTrial(
                    guard=fks_exec_weekend.fks_exec_guards()[0],
                    allows=[Case(order=order, account=monday)],
                    denies=[Case(order=order, account=sunday, code="WEEKEND")],
                )

    The orders of the trial are judged as its author says. They are also asked about again, in another order, of another guard
    of the type, with figures that are missing or beyond all measure, and under the eyes of the interpreter.
    """

    subject: ClassVar[str] = "guard"

    @pytest.fixture
    def guard(self) -> GuardTrial:
        """The guard on trial; the subclass gives it."""
        pytest.fail(f"{type(self).__name__} needs a fixture `guard` that returns a GuardTrial", pytrace=False)

    @pytest.fixture
    def judge(self, guard: GuardTrial) -> Judge:
        """A fresh guard of the type."""
        return Judge(guard)

    def test_it_is_a_guard_and_its_type_says_what_it_does(self, guard: GuardTrial, judge: Judge) -> None:
        assert "guard" in judge.roles, f"{guard.title} marks neither validate_order nor check_risk with @hookimpl"
        has_its_words(guard.guard)

    def test_its_table_takes_no_unknown_key(self, guard: GuardTrial, tmp_path: Path) -> None:
        takes_no_unknown_key(guard.guard, tmp_path)

    def test_each_account_gets_a_guard_of_its_own(self, guard: GuardTrial) -> None:
        assert guard.make() is not guard.make(), "create() answered the same object twice; two accounts would share it"

    def test_it_allows_what_its_author_says(self, guard: GuardTrial, judge: Judge) -> None:
        assert guard.allows, "the trial has no order that is allowed; a guard that denies all would pass"
        for case in guard.allows:
            denials = judge.ask(case)
            assert not denials, f"{told(case)} should pass, and was denied: {_texts(denials)}"

    def test_it_denies_what_its_author_says(self, guard: GuardTrial, judge: Judge) -> None:
        assert guard.denies, "the trial has no order that is denied; a guard that allows all would pass"
        for case in guard.denies:
            codes = [denial.code for denial in judge.ask(case)]
            assert codes, f"{told(case)} should be denied, and passed"
            assert not case.code or case.code in codes, f"{told(case)} should be denied with {case.code}, not with {codes}"

    def test_it_has_its_own_word_for_figures_that_are_missing_or_odd(self, guard: GuardTrial, judge: Judge) -> None:
        for case in guard.cases[:4]:
            for odd in odd_cases(case):
                try:
                    judge.ask(odd)
                except Exception as error:
                    what = f"{told(odd)} in {odd.state} made the guard raise {type(error).__name__}: {error}"
                    remedy = (
                        "the host would deny with GUARD_FAILED, which tells nobody why; answer a Denial with a code of your own"
                    )
                    raise AssertionError(f"{what}; {remedy}") from error

    def test_the_same_question_has_the_same_answer(self, guard: GuardTrial, judge: Judge) -> None:
        first = [judge.ask(case) for case in guard.cases]
        again = [judge.ask(case) for case in reversed(guard.cases)][::-1]
        assert again == first, "asked once more, in another order, the guard answers otherwise: it remembers something"
        fresh = [Judge(guard).ask(case) for case in guard.cases]
        assert fresh == first, "a fresh guard of the same configuration answers otherwise: the answer is not in the question"

    def test_it_asks_no_clock_no_chance_and_nothing_outside_of_the_process(self, guard: GuardTrial, judge: Judge) -> None:
        for case in guard.cases:
            judge.ask(case)  # what is imported or read once is none of an order's business
            with Watch() as watch:
                judge.ask(case)
            called = ", ".join(watch.outside)
            assert not watch.outside, (
                f"the guard calls {called}; what it needs is in the order and the account, e.g. account.time"
            )

    def test_its_work_for_an_order_is_small(self, guard: GuardTrial, judge: Judge) -> None:
        for case in guard.cases:
            for asked, most in ((case, CALLS), (_large(case), CALLS + HELD * MORE_EACH)):
                with Watch() as watch:
                    judge.ask(asked)
                held = len(asked.state.positions)
                assert watch.calls <= most, (
                    f"with {held} positions the guard makes {watch.calls} calls for one order, and {most} are the most; "
                    "the order waits for it, and a quarter of a second is its end"
                )

    def test_it_changes_neither_the_order_nor_the_account(self, guard: GuardTrial, judge: Judge) -> None:
        for case in guard.cases:
            given = evolve(case.state, rates=dict(case.state.rates))
            before = to_dict(case.order), to_dict(given), to_dict(case.rules)
            judge.ask(case, given)
            after = to_dict(case.order), to_dict(given), to_dict(case.rules)
            assert after == before, "the guard changed what it was given; the guards after it would judge something else"

    def test_it_names_what_it_needs_of_an_account(self, guard: GuardTrial, judge: Judge) -> None:
        needs = frozenset(getattr(judge.plugin, "needs", ()))
        known = {field.name for field in fields(AccountState)}
        assert needs <= known, f"needs names {_list(needs - known)}, and an AccountState has no such field"
        read: set[str] = set()
        for case in guard.cases:
            judge.ask(case, _telling(case.state, read))
        missing = read - needs
        assert not missing, f"the guard reads {_list(missing)}, which is there only where its attribute `needs` names it"

    def test_an_order_that_only_reduces_passes(self, guard: GuardTrial, judge: Judge) -> None:
        for case in guard.denies:
            denials = judge.ask_as_host(_reducing(case), reducing=True)
            assert guard.holds_exits or not denials, (
                f"{told(case)} would close a part of a position, and was denied: {_texts(denials)}; who cannot get out is at "
                "the mercy of the market: say applies_to='entries', or holds_exits=True in the trial if it is meant"
            )

    def test_each_denial_says_why_and_what_to_do(self, guard: GuardTrial, judge: Judge) -> None:
        for denial in _every(guard, judge):
            words = denial.message.split()
            assert len(words) >= 5, f"the message of {denial.code} is {denial.message!r}; write the cause and the remedy"
            assert denial.code not in words, f"the message of {denial.code} repeats the code; write a sentence for a person"

    def test_each_code_is_explained(self, guard: GuardTrial, judge: Judge) -> None:
        """For ``fks-exec explain``: by the guard's own ``codes``, named in an entry point of the group ``fks_exec.codes``."""
        explained = _explained(guard, judge)
        said = sorted({denial.code for denial in _every(guard, judge)})
        for code in (explained[word] for word in said if word in explained):
            word = next(name for name, each in explained.items() if each is code)
            assert CodeKind.DENIAL in code.kinds, f"{word} is explained, but not as the code of a denial"
            assert all(text.strip() for text in (code.meaning, code.remedy)), f"{word} has no meaning, or no remedy"
        if silent := [word for word in said if word not in explained]:
            not_declared(f"the meaning of {', '.join(silent)} (no `codes` in an entry point of {GROUP})")

    test_each_code_is_explained.floor = False  # type: ignore[attr-defined]  # no fault of a judgement: it is told

    def test_it_lets_go_quietly(self, judge: Judge) -> None:
        judge.hook.close()


def _every(guard: GuardTrial, judge: Judge) -> Iterator[Denial]:
    for case in guard.denies:
        yield from judge.ask(case)
    for case in guard.cases[:2]:
        for odd in odd_cases(case):
            yield from judge.ask(odd)


def _reducing(case: Case) -> Case:
    """The order where it closes half of what is held."""
    order = evolve(case.order, stop_loss=None, take_profit=None)
    return Case(order=order, account=evolve(case.state, position=-order.side.sign * order.quantity * 2, instrument=case.rules))


def _large(case: Case) -> Case:
    """The order in an account that holds a thousand things."""
    positions = [Position(symbol=f"S{number}/USDT", quantity=number - HELD // 2) for number in range(HELD)]
    balances = [Balance(currency=f"C{number}", total=number) for number in range(HELD)]
    sent = tuple(case.state.time - number for number in range(HELD))
    return evolve(case, account=evolve(case.state, positions=positions, balances=balances, identical=sent))


def _telling(state: AccountState, read: set[str]) -> AccountState:
    """The same account, which keeps the names of the costly figures that were looked at."""

    class Telling(AccountState):
        def __getattribute__(self, name: str) -> object:
            if name in COSTLY:
                read.add(name)
            return super().__getattribute__(name)

    return Telling(**{field.name: getattr(state, field.name) for field in fields(AccountState)})


def _explained(guard: GuardTrial, judge: Judge) -> Mapping[str, Code]:
    """What the trial says, the guard's class, and every installed distribution."""
    known: dict[str, Code] = {}
    for point in importlib_metadata.entry_points(group=GROUP):
        known.update(point.load())
    return {**known, **getattr(judge.plugin, "codes", {}), **guard.codes}


def _texts(denials: list[Denial]) -> str:
    return "; ".join(f"{denial.code}: {denial.message}" for denial in denials)


def _list(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))
