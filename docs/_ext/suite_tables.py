# SPDX-License-Identifier: MIT
"""What each class of the suite demands, made from the names of its tests, which are facts."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fks_exec.testing.suite import CLASSES, GuardSuite, ObserverSuite
from fks_exec.testing.suite.venues import further_classes
from fks_exec_hub.testing.journals import JournalSuite


def facts(*classes: type[Any]) -> str:
    """A paragraph for each class, and its tests as sentences; those of the floor in bold."""
    return "\n\n".join(_section(cls) for cls in classes)


def journal_classes() -> Iterator[type[Any]]:
    """Those of which the suite for journals is made."""
    return (base for base in JournalSuite.__mro__[1:] if any(name.startswith("test_") for name in vars(base)))


TABLES: Mapping[str, Callable[[], str]] = {
    "venues": lambda: facts(*CLASSES, *further_classes()),
    "guards": lambda: facts(GuardSuite),
    "observers": lambda: facts(ObserverSuite),
    "journals": lambda: facts(*journal_classes()),
}
"""What the directive ``suite-table`` takes."""


def _section(cls: type[Any]) -> str:
    first = " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())
    return "\n".join([f"**`{cls.__name__}`** {first}", "", *(f"- {line}" for line in _lines(cls))])


def _lines(cls: type[Any]) -> Iterator[str]:
    for name, test in vars(cls).items():
        if name.startswith("test_"):
            sentence = name.removeprefix("test_").replace("_", " ")
            yield f"**{sentence}**" if getattr(test, "floor", False) else sentence
