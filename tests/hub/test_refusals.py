# SPDX-License-Identifier: MIT
"""What the venue refuses again and again for the same reason is held back; what is another order, or an exit, is not."""

from pathlib import Path
from typing import Any

import pytest

from fks_exec import ExecutionResult, Order
from fks_exec.testing import FaultyVenue, Refuse, Request, Rest
from fks_exec_hub.accounts import refusals
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.accounts.refusals import Refusals
from fks_exec_hub.accounts.settings import BreakerConfig
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.desks import ACCOUNT, hub_with, table
from fks_exec_simulators.stage import buy, sell

MARGIN = ExecutionResult(status="rejected", code="MARGIN", error="not enough margin")
TAKEN = ExecutionResult(status="accepted")


class Book:
    """Orders of one account, one after the other, each with an id of its own.

    Args:
        config: three refusals hold for a minute if None.
    """

    def __init__(self, config: BreakerConfig | None = None) -> None:
        self.clock = HandClock()
        self.refusals = Refusals(config or BreakerConfig(refusals=3, hold=60.0), self.clock)
        self._number = 0

    def order(self, **fields: Any) -> Live:
        """A buy of one at 50, or what the fields say."""
        self._number += 1
        given = {"symbol": "A/USDT", "side": "buy", "quantity": "1", "order_type": "limit", "price": "50", **fields}
        name = f"o{self._number}"
        instruction = Order(client_order_id=name, **given)
        return Live(key=Key(ACCOUNT, name), lane=instruction.symbol, instruction=instruction, digest="", accepted_at=0)

    def told(self, result: ExecutionResult = MARGIN, *, reducing: bool = False, **fields: Any) -> None:
        """What came of the next order; told twice, as a change of its other parts would."""
        live = self.order(**fields)
        live.result, live.reducing = result, reducing
        self.refusals.take(live)
        self.refusals.take(live)

    def held(self, **fields: Any) -> str:
        """For how long the next order is held; empty: it is not."""
        denials = self.refusals.denials(self.order(**fields), reducing=False)
        return denials[0].value if denials else ""


async def test_the_same_order_is_not_sent_for_ever(tmp_path: Path) -> None:
    """Story 13: each repetition has an id of its own, so that no key stops it."""
    venue = FaultyVenue(otherwise=lambda request: Refuse("not enough margin", code="MARGIN") if is_entry(request) else None)
    async with hub_with(table(tmp_path), venue.plugin) as hub:
        results = [await hub.execute_order(ACCOUNT, buy(strategy="s", signal_time=None)) for _ in range(20)]
        assert [result.code for result in results] == ["MARGIN"] * 3 + ["HELD"] * 17
        [denial] = results[-1].denials
        assert ("MARGIN" in denial.message, denial.limit, denial.value) == (True, "3", "60 s")
        assert venue.count() == 3
        assert (await hub.execute_order(ACCOUNT, buy("2", strategy="s"))).code == "MARGIN"
        assert venue.count() == 4


def is_entry(request: Request) -> bool:
    return request.kind == "place"


async def test_an_exit_is_never_held(tmp_path: Path) -> None:
    """However often the venue refuses it; and a refused exit holds no entry."""
    venue = FaultyVenue([Rest(), *[Refuse("the market is moving", code="MOVING")] * 6])
    async with hub_with(table(tmp_path), venue.plugin) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="entry"))
        venue.fill(venue.placed[0])
        codes = [(await hub.execute_order(ACCOUNT, sell(reduce_only=True))).code for _ in range(6)]
        assert codes == ["MOVING"] * 6
    book = Book()
    for _ in range(3):
        book.told()
    assert (book.held(), book.refusals.denials(book.order(), reducing=True)) == ("60 s", [])


async def test_it_is_let_through_once_after_the_hold() -> None:
    """A further refusal holds it at once for as long again."""
    book = Book()
    for _ in range(2):
        book.told()
        assert book.held() == ""
    book.told()
    assert book.held() == "60 s"
    book.clock.move(45)
    assert book.held() == "15 s"
    book.clock.move(15)
    assert book.held() == ""
    book.told()
    assert book.held() == "60 s"


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": "2"},
        {"price": "51"},
        {"side": "sell"},
        {"symbol": "B/USDT"},
        {"strategy": "s"},
        {"post_only": True},
        {"stop_loss": "40"},
        {"options": {"venue.leverage": 2}},
    ],
)
async def test_another_order_is_another_order(other: dict[str, Any]) -> None:
    book = Book()
    for _ in range(3):
        book.told()
    assert book.held(**other) == ""
    assert book.held(quantity="1.00", signal_time=1_700_000_000_000, confidence="0.9")


async def test_another_reason_or_an_answer_that_takes_it_begins_anew() -> None:
    book = Book()
    for result in (MARGIN, MARGIN, ExecutionResult(status="rejected", code="PRICE"), MARGIN, MARGIN):
        book.told(result)
    assert book.held() == ""
    book.told(TAKEN)
    for _ in range(2):
        book.told()
    assert book.held() == ""
    book.told(reducing=True)
    assert book.held() == ""
    book.told()
    assert book.held() == "60 s"


async def test_where_the_code_says_no_more_the_text_counts() -> None:
    book = Book()
    for text in ("no margin", "no price", "no margin"):
        book.told(ExecutionResult(status="rejected", code="REJECTED", error=text))
    assert book.held() == ""
    for _ in range(2):
        book.told(ExecutionResult(status="rejected", code="REJECTED", error="no margin"))
    assert book.held() == "60 s"


async def test_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest refusals give way."""
    monkeypatch.setattr(refusals, "REMEMBERED", 2)
    book = Book(BreakerConfig(refusals=1))
    for price in ("1", "2", "3"):
        book.told(price=price)
    assert [bool(book.held(price=price)) for price in ("1", "2", "3")] == [False, True, True]
