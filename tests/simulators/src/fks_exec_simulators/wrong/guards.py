# SPDX-License-Identifier: MIT
"""Wrong guards: each is the guard ``limit``, which denies what is larger than its maximum, but for one fault."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any, ClassVar, cast

from attrs import evolve, frozen

from fks_exec import AccountState, Answer, Denial, GuardType, Order, hookimpl
from fks_exec.codes import Code, denial
from fks_exec.testing.cases import Case, GuardTrial
from fks_exec.testing.suite.guards import GuardSuite

from .matrix import Mutant

CODES = {"TOO_LARGE": denial("The order is larger than the limit.", "Send less, or raise the limit.")}
STATE = AccountState(account="main", equity="1000", exposure="10", position="0")
SMALL = Case(order=Order(symbol="BTC/USDT", side="buy", quantity="1", stop_loss="90"), account=STATE)
LARGE = Case(order=evolve(SMALL.order, quantity=Decimal(100)), account=STATE, code="TOO_LARGE")


@frozen(kw_only=True)
class LimitConfig:
    """Its table: base units or contracts of one order."""

    maximum: Decimal = Decimal(10)


class Limit:
    """The guard without a fault."""

    codes: ClassVar[Mapping[str, Code]] = CODES

    def __init__(self, config: LimitConfig) -> None:
        self.config = config

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """One denial, or none."""
        return self.judge(order, account)

    def judge(self, order: Order, account: AccountState) -> Answer:
        """What the faulty ones do otherwise."""
        if order.quantity <= self.config.maximum:
            return None
        return Denial(code="TOO_LARGE", message=f"{order.quantity} is more than {self.config.maximum}; send less than that")


class ReadsTheClock(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        return None if datetime.datetime.now(datetime.UTC).year < 2000 else super().judge(order, account)


class LooksIntoAFile(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        with open(__file__, encoding="utf-8") as file:
            file.readline()
        return super().judge(order, account)


class Remembers(Limit):
    def __init__(self, config: LimitConfig) -> None:
        super().__init__(config)
        self.sent = Decimal(0)

    def judge(self, order: Order, account: AccountState) -> Answer:
        self.sent += order.quantity
        return super().judge(evolve(order, quantity=self.sent), account)


class NeedsEquity(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        largest = cast(Decimal, account.equity) / 100
        return super().judge(order, account) if order.quantity > largest else None


class ChangesRates(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        cast("dict[str, Decimal]", account.rates)["USDT"] = Decimal(1)
        return super().judge(order, account)


class ReadsWhatItDoesNotName(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        exposed = account.exposure or Decimal(0)
        return super().judge(evolve(order, quantity=order.quantity + exposed / 100), account)


class ComparesAllWithAll(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        held = account.positions
        twice = sum(one.symbol.casefold() == other.symbol.casefold() for one in held for other in held)
        return super().judge(order, account) if twice >= 0 else None


class SaysNothing(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        return [evolve(each, message="no") for each in _listed(super().judge(order, account))]


class NoRemedy(Limit):
    codes: ClassVar[Mapping[str, Code]] = {code: denial("It is too much.", " ") for code in Limit.codes}


class AnswersATruth(Limit):
    def judge(self, order: Order, account: AccountState) -> Answer:
        return cast(Answer, True) if _listed(super().judge(order, account)) else None


def _listed(answer: Answer) -> list[Denial]:
    return [answer] if isinstance(answer, Denial) else list(answer or ())


class _Shared:
    """One guard for whoever asks for one."""

    def __init__(self) -> None:
        self._guard = Limit(LimitConfig())

    def __call__(self, config: LimitConfig) -> Limit:
        return self._guard


class TakesAnything(dict[str, Any]):
    """A table that is read by nobody; it always says the same."""

    maximum = Decimal(10)


def _tried(guard: Callable[[Any], object], **fields: Any) -> Callable[[], AbstractAsyncContextManager[dict[str, Any]]]:
    kind = {"name": "limit", "config": LimitConfig, "summary": "No order is larger than a limit.", **fields}

    @asynccontextmanager
    async def make() -> AsyncIterator[dict[str, Any]]:
        yield {"guard": GuardTrial(guard=GuardType(create=guard, **kind), allows=[SMALL], denies=[LARGE])}

    return make


def _mutants() -> Iterator[Mutant]:
    for name, wrong, guard, fields in (
        ("guard-reads-the-clock", "asks what time it is", ReadsTheClock, {}),
        ("guard-reads-a-file", "opens a file for every order", LooksIntoAFile, {}),
        ("guard-remembers", "adds up what it was asked about", Remembers, {}),
        ("guard-raises-without-equity", "raises where the equity is not known", NeedsEquity, {}),
        ("guard-holds-exits", "denies orders that only reduce a position", Limit, {"applies_to": "all"}),
        ("guard-changes-the-account", "writes into the account that it is given", ChangesRates, {}),
        ("guard-does-not-name-its-needs", "reads a figure that it does not name in needs", ReadsWhatItDoesNotName, {}),
        ("guard-compares-all-with-all", "takes as long as the square of the positions", ComparesAllWithAll, {}),
        ("guard-says-nothing", "denies without a sentence", SaysNothing, {}),
        ("guard-has-codes-of-no-remedy", "explains its codes without a word on what to do", NoRemedy, {}),
        ("guard-answers-a-truth", "answers True instead of a denial", AnswersATruth, {}),
        ("guard-is-shared", "is one object for all accounts", _Shared(), {}),
        ("guard-takes-any-key", "takes a key that does not exist", Limit, {"config": TakesAnything}),
    ):
        yield Mutant(name, wrong, _tried(guard, **fields), "GuardSuite", alone=True, classes=(GuardSuite,), fixtures=("guard",))


HONEST = _tried(Limit)
"""The guard without a fault."""

MUTANTS = list(_mutants())
