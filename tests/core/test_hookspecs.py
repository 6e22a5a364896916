# SPDX-License-Identifier: MIT
"""The hooks: documented, with examples that run, and with arguments that never change."""

import doctest
import inspect
import re

import pytest

from fks_exec import ABILITIES, hookspecs
from fks_exec.hookspecs import EXECUTION_HOOKS, REGISTRATION_HOOKS, VENUE_FIVE, VENUE_HOOKS, ExecutionSpec, RegistrationSpec
from fks_exec.model import extension

HOOKS = {**{name: RegistrationSpec for name in REGISTRATION_HOOKS}, **{name: ExecutionSpec for name in EXECUTION_HOOKS}}

# For ever. A hook may be added; an argument may not: records grow instead.
ARGUMENTS = {
    "fks_exec_venues": "",
    "fks_exec_guards": "",
    "fks_exec_observers": "",
    "init": "config context",
    "execute_order": "order submission",
    "fetch_data": "symbol",
    "name": "",
    "health_check": "",
    "close": "",
    "capabilities": "",
    "resolve_symbol": "text",
    "cancel_order": "ref submission",
    "amend_order": "ref change submission",
    "fetch_order": "ref",
    "fetch_open_orders": "",
    "fetch_positions": "",
    "fetch_balance": "",
    "fetch_instrument": "symbol",
    "protect_position": "protection submission",
    "close_position": "position submission",
    "validate_order": "order instrument",
    "check_risk": "order account",
    "observe": "event",
}


def doc(hook: str) -> str:
    """A hook's documentation."""
    return inspect.getdoc(getattr(HOOKS[hook], hook)) or ""


def arguments(function: object) -> str:
    """The names of a method's arguments."""
    return " ".join(list(inspect.signature(function).parameters)[1:])  # type: ignore[arg-type]


def test_the_arguments_of_every_hook_are_frozen() -> None:
    """A plugin of today is called by the core of any later year."""
    assert {hook: arguments(getattr(HOOKS[hook], hook)) for hook in ARGUMENTS} == ARGUMENTS
    assert HOOKS.keys() >= ARGUMENTS.keys()


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_a_hook_is_documented_with_an_example(hook: str) -> None:
    """A first sentence, how many implementations there may be, whether it may be async, and an example."""
    text = doc(hook)
    first = text.splitlines()[0]
    assert first.endswith(".")
    assert re.search(r"^Example:\n    >>> ", text, re.MULTILINE)
    if hook in EXECUTION_HOOKS:
        assert re.search(r"Exactly one|At most one|Every (guard|observer)", text)
        assert "may be async" in text or "plain" in text.lower()


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_a_documented_argument_exists(hook: str) -> None:
    """A renamed one leaves no ghost in the text."""
    block = re.search(r"^Args:\n((?:    .*\n?)+)", doc(hook), re.MULTILINE)
    named = re.findall(r"^    (\w+): ", block[1], re.MULTILINE) if block else []
    assert set(named) <= set(arguments(getattr(HOOKS[hook], hook)).split())


def test_the_examples_run() -> None:
    """Every one in the module, as it stands."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for test in finder.find(hookspecs, hookspecs.__name__) if test.examples]
    assert {test.name.rpartition(".")[2] for test in tests} == set(HOOKS)
    runner = doctest.DocTestRunner(verbose=False)
    results = [runner.run(test) for test in tests]
    assert sum(result.failed for result in results) == 0


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_a_hooks_example_shows_the_hook_or_its_record(hook: str) -> None:
    """An example about something else helps nobody."""
    example = doc(hook).partition("Example:")[2]
    records = set(re.findall(r"\b[A-Z]\w+\b", str(inspect.signature(getattr(HOOKS[hook], hook)))))
    assert f"def {hook}(" in example or any(re.search(rf"\b{record}\(", example) for record in records)


def protocols() -> dict[str, set[tuple[str, str]]]:
    """The Protocols of the model with their methods and arguments."""
    return {
        name: {(method, arguments(function)) for method, function in vars(kind).items() if method in EXECUTION_HOOKS}
        for name, kind in vars(extension).items()
        if inspect.isclass(kind) and getattr(kind, "_is_protocol", False) and kind.__module__ == extension.__name__
    }


def test_every_execution_hook_has_a_protocol_with_the_same_arguments() -> None:
    """What a type checker demands is what the hook manager calls."""
    methods = set().union(*protocols().values())
    assert methods == {(hook, arguments(getattr(ExecutionSpec, hook))) for hook in EXECUTION_HOOKS}
    assert {method for method, _ in protocols()["ExecutionPlugin"]} == set(VENUE_FIVE)
    assert all(len(found) == 1 for name, found in protocols().items() if name != "ExecutionPlugin")


def test_the_abilities_are_the_venues_hooks_beyond_the_five() -> None:
    """Those two that say something about the venue itself need no declaration."""
    assert VENUE_HOOKS - set(VENUE_FIVE) - {"close", "capabilities"} == ABILITIES


def test_a_registration_hook_that_nobody_implements_says_so() -> None:
    """The specification itself is no implementation."""
    for hook in REGISTRATION_HOOKS:
        with pytest.raises(NotImplementedError):
            getattr(RegistrationSpec(), hook)()
