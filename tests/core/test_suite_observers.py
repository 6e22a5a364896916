# SPDX-License-Identifier: MIT
"""The suite of observers: an honest observer passes; every kind of event is among what it hears."""

from __future__ import annotations

import pytest

from fks_exec import Event, ObserverType
from fks_exec.model import events
from fks_exec.testing.cases import ObserverTrial
from fks_exec.testing.suite.happenings import SAMPLES
from fks_exec.testing.suite.observers import Ear, ObserverSuite
from fks_exec_simulators.wrong import observers


class TestHonest(ObserverSuite):
    """The observer that the wrong ones are made of."""

    @pytest.fixture
    async def observer(self) -> ObserverTrial:
        async with observers.HONEST() as given:
            trial: ObserverTrial = given["observer"]
            return trial


def test_there_is_a_sample_of_every_kind_of_event() -> None:
    """One that is added to the model is added there."""
    kinds = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)} - {Event}
    assert {type(make(account="main", time=1)) for make in SAMPLES.values()} >= kinds


def test_a_sample_is_of_the_kind_that_it_is_called_by() -> None:
    for name, make in SAMPLES.items():
        assert type(make(account="main", time=1)).__name__ == name.partition("-")[0]


def test_what_an_observer_raises_comes_through() -> None:
    kind = ObserverType(name="memory", create=observers.KnowsItsKinds, summary="Keeps what it knows.")
    ear = Ear(ObserverTrial(observer=kind))
    with pytest.raises(KeyError, match="Mismatch"):
        ear.hear(SAMPLES["Mismatch"](account="main", time=1))
    ear.hear(end=True)
