# SPDX-License-Identifier: MIT
"""The suite of guards: an honest guard passes; what it asks, and what it sees of a guard's calls."""

from __future__ import annotations

import datetime
import gc
import io
import os
import random
import secrets
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from fks_exec import AccountState
from fks_exec.model.fields import OrderType, TimeInForce
from fks_exec.testing.cases import Case, GuardTrial
from fks_exec.testing.suite.guards import COSTLY, GuardSuite
from fks_exec.testing.suite.oddities import odd_cases
from fks_exec.testing.suite.watching import Watch
from fks_exec_simulators.wrong import guards


class TestHonest(GuardSuite):
    """The guard that the wrong ones are made of."""

    @pytest.fixture
    async def guard(self) -> GuardTrial:
        async with guards.HONEST() as given:
            trial: GuardTrial = given["guard"]
            return trial


OUTSIDE: dict[str, Callable[[], Any]] = {
    "time.time": time.time,
    "time.monotonic_ns": time.monotonic_ns,
    "time.sleep": lambda: time.sleep(0),
    "datetime.datetime.now": datetime.datetime.now,
    "datetime.date.today": datetime.date.today,
    "random.Random.random": lambda: random.random(),
    "random.Random.getrandbits": lambda: random.randint(1, 6),
    "posix.urandom": uuid.uuid4,
    "urandom-of-secrets": lambda: secrets.token_hex(),
    "open": lambda: open(os.devnull).close(),
    "open-of-a-path": lambda: Path(os.devnull).read_bytes(),
    "listdir": lambda: os.listdir("."),
    "print": lambda: print(),
    "write": lambda: sys.stderr.write(""),
    "socket": lambda: socket.socketpair()[0].close(),
    "thread": lambda: threading.Thread(target=int).start(),
}

INSIDE: dict[str, Callable[[], Any]] = {
    "arithmetic": lambda: Decimal("0.1").quantize(Decimal("0.01")),
    "a time that was given": lambda: datetime.datetime.fromtimestamp(1_750_000_000, datetime.UTC),
    "text in memory": lambda: io.StringIO().write("x"),
    "a path": lambda: os.fspath(Path("a")),
    "a lock": lambda: threading.Lock().acquire(),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", OUTSIDE)
def test_a_call_to_what_lies_outside_is_seen(name: str) -> None:
    with Watch() as watch:
        OUTSIDE[name]()
    assert watch.outside, f"{name} was not seen"


@pytest.mark.parametrize("name", INSIDE)
def test_what_only_computes_is_not_blamed(name: str) -> None:
    with Watch() as watch:
        INSIDE[name]()
    assert watch.outside == []
    assert watch.calls > 0


def test_a_round_of_the_collector_is_not_the_codes() -> None:
    """Others have callbacks there, which ask for the time: Hypothesis, what measures a program."""
    rounds: list[float] = []
    gc.callbacks.append(lambda phase, about: rounds.append(time.perf_counter()))
    often = gc.get_threshold()
    gc.set_threshold(1)
    try:
        with Watch() as watch:
            made = [[each] for each in range(100)]
    finally:
        gc.set_threshold(*often)
        gc.callbacks.pop()
    assert watch.outside == []
    assert len(made) == 100
    assert rounds, "the collector has its rounds before and after"


def test_the_watch_ends_with_its_block() -> None:
    with Watch() as watch:
        pass
    time.time()
    assert watch.outside == []
    assert sys.getprofile() is None
    assert gc.isenabled()


def test_the_odd_accounts_lack_each_figure_once() -> None:
    """All that may be None, by itself and together, and every kind of order."""
    odd = list(odd_cases(guards.SMALL))
    states = [each.state for each in odd]
    for field in fields(AccountState):
        if field.default is None:
            assert any(getattr(state, field.name) is None for state in states), field.name
    assert {each.order.order_type for each in odd} == set(OrderType)
    assert {each.order.time_in_force for each in odd} == set(TimeInForce)
    assert len(odd) > 100


def test_what_costs_something_is_a_field_of_the_account() -> None:
    assert {field.name for field in fields(AccountState)} >= COSTLY


def test_the_rates_of_a_case_cannot_be_written() -> None:
    """Else one guard's fault would be in the account of the next test."""
    case = Case(order=guards.SMALL.order, account=AccountState(account="main", rates={"EUR": Decimal(1)}))
    with pytest.raises(TypeError):
        case.state.rates["EUR"] = Decimal(2)  # type: ignore[index]
