# SPDX-License-Identifier: MIT
"""Which attached leg is too large, and what it is to become; what of an entry stands open without a stop."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import ExecutionResult, Instrument, Leg, Order
from fks_exec_hub.accounts.live import Live, Plan
from fks_exec_hub.exits.bracket import Bracket
from fks_exec_hub.exits.shrinking import too_large
from fks_exec_hub.exits.telling import ATTACHED, exposed
from fks_exec_hub.journal import Key

BTC = "BTC/USDT"
STEPS = Instrument(symbol=BTC, base="BTC", quote="USDT", quantity_step="0.1", min_quantity="0.3")


def entry(*legs: Leg, filled: Any = 2) -> Bracket:
    """What protects a long that has filled so much, with these legs at the venue."""
    order = Order(symbol=BTC, side="buy", quantity=2, stop_loss=90, take_profit=120)
    live = Live(key=Key("main", "one"), lane=BTC, instruction=order, digest="", accepted_at=0, order=order)
    live.booked, live.plan, live.instrument = Decimal(filled), Plan("attached", Decimal(90), Decimal(120)), STEPS
    live.result = ExecutionResult(status="filled", filled_quantity=filled, legs=legs)
    return Bracket(entry=live)


def leg(name: str, quantity: Any, status: str = "accepted", filled: Any = 0, role: str = "stop_loss") -> Leg:
    """One leg as the venue tells of it."""
    return Leg(role=role, status=status, order_id=name, quantity=quantity, filled_quantity=filled, trigger_price=90)


def less(bracket: Bracket, remaining: Any) -> tuple[str | None, Decimal] | None:
    """The leg that is too large and what it is to have in all."""
    found = too_large(bracket, Decimal(remaining))
    return None if found is None else (found.leg.order_id, found.quantity)


@pytest.mark.parametrize(
    ("legs", "remaining", "found"),
    [
        ([leg("a", 2)], "2", None),
        ([leg("a", 2)], "0.84", ("a", Decimal("0.8"))),
        ([leg("a", "0.8")], "0.84", None),
        ([leg("a", 2, "partially_filled", "0.5")], "0.8", ("a", Decimal("1.3"))),
        ([leg("a", 2, "pending")], "0.8", None),
        ([leg("a", 2, "canceled")], "0.8", None),
        ([leg("a", None)], "0.8", None),
        ([leg("a", 2)], "0.2", ("a", Decimal(0))),
        ([leg("a", 1), leg("b", 1)], "1.5", ("a", Decimal("0.5"))),
        ([leg("a", 1), leg("b", 1)], "0.8", ("b", Decimal(0))),
        ([leg("a", "0.8"), leg("t", 2, role="take_profit")], "0.8", ("t", Decimal("0.8"))),
        ([leg("t", 2, role="take_profit"), leg("a", 2)], "0.8", ("a", Decimal("0.8"))),
        ([leg("a", 2)], "0", None),
    ],
    ids=str,
)
async def test_a_leg_is_too_large_by_what_was_closed_beside_it(legs: list[Leg], remaining: str, found: Any) -> None:
    """The stop first; less than the venue takes in one order goes; what is left of nothing is not shrunk but dropped."""
    assert less(entry(*legs), remaining) == found


async def test_legs_are_no_smaller_for_a_fee_alone() -> None:
    """Of an entry of which nothing was closed the venue's legs are as it made them."""
    assert less(entry(leg("a", 2), filled="1.99"), "1.99") is None


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    left=st.integers(1, 149),
)
async def test_step_by_step_the_legs_come_to_cover_what_is_left_and_no_more(sizes: list[int], left: int) -> None:
    """But for less than one order; each step leaves less, so that they end."""
    legs = [leg(str(number), Decimal(size) / 10) for number, size in enumerate(sizes)]
    filled = Decimal(sum(sizes)) / 10
    remaining = min(Decimal(left) / 10, filled)
    bracket = entry(*legs, filled=filled)
    for _ in range(len(sizes) + 2):
        found = too_large(bracket, remaining)
        if found is None:
            break
        new = evolve(found.leg, quantity=found.quantity) if found.quantity else evolve(found.leg, status="canceled")
        legs = [new if each is found.leg else each for each in legs]
        bracket.entry.result = evolve(bracket.entry.result, legs=legs)
    stands = sum((each.quantity or Decimal(0) for each in legs if not each.status.terminal), Decimal(0))
    assert remaining - Decimal("0.3") < stands <= remaining


@pytest.mark.parametrize(("covered", "expected"), [("2", False), ("1.8", False), ("1.7", True), ("0", True)])
async def test_less_than_a_leg_beside_a_stop_for_the_rest_is_not_exposed(covered: str, expected: bool) -> None:
    """As a fee leaves it: no stop could be so small."""
    bracket = entry(leg("a", covered))
    bracket.evidence[ATTACHED] = Decimal(covered)
    assert exposed(bracket) is expected
