# SPDX-License-Identifier: MIT
"""Whose positions the fills of an order change."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import ClosePosition, Fill, Instrument, Order, Position
from fks_exec.observers import Observers
from fks_exec_hub.accounts.desk import Desk
from fks_exec_hub.accounts.live import Live
from fks_exec_hub.accounts.sharing import shares
from fks_exec_hub.config import AccountConfig
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock

SYMBOL = "BTC/USDT"


def desk_with(**held: Any) -> Desk:
    """A desk whose strategies hold so much."""
    nothing: Any = None
    desk = Desk("main", AccountConfig(venue="none", guards=()), nothing, nothing, Observers(), HandClock())
    for strategy, quantity in held.items():
        desk.book.store(Position(symbol=SYMBOL, quantity=quantity, average_price=100, strategy=strategy))
    return desk


def order(desk: Desk, instruction: Any, name: str = "close", role: str = "") -> Live:
    """An order in memory."""
    live = Live(key=Key("main", name), lane=SYMBOL, instruction=instruction, digest="", accepted_at=0)
    live.role = role
    desk.add(live)
    return live


def sold(*quantities: Any) -> list[Fill]:
    """Sales at 110, each a trade of its own."""
    return [Fill(trade_id=str(n), quantity=q, price=110, side="sell") for n, q in enumerate(quantities)]


def booked(desk: Desk, live: Live, moves: Sequence[Fill]) -> dict[str, Decimal]:
    """What each strategy has afterwards."""
    return {now.strategy or "": now.quantity for _, now in shares(desk, live, moves, {}, None)}


CLOSE_ALL = ClosePosition(symbol=SYMBOL, scope="account")


async def test_the_fills_of_an_order_are_its_strategys() -> None:
    """Also those of a close of one strategy, and whatever the others hold."""
    desk = desk_with(a=1, b=3)
    assert booked(desk, order(desk, Order(symbol=SYMBOL, side="sell", quantity=2, strategy="a")), sold(2)) == {"a": -1}
    assert booked(desk, order(desk, ClosePosition(symbol=SYMBOL, strategy="b")), sold(2)) == {"b": 1}


async def test_a_close_of_the_whole_account_takes_each_strategys_part() -> None:
    """One after the other, over several trades; nobody is taken beyond zero, and shorts are none of a sale's."""
    desk = desk_with(a=1, b=2, short=-1)
    assert booked(desk, order(desk, CLOSE_ALL), sold("1.5", "0.5")) == {"a": 0, "b": 1}
    assert booked(desk, order(desk, CLOSE_ALL), sold(3)) == {"a": 0, "b": 0}


async def test_what_is_sold_beyond_all_that_was_held_is_nobodys() -> None:
    """The order's own, without a strategy."""
    desk = desk_with(a=1)
    assert booked(desk, order(desk, CLOSE_ALL), sold("1.25")) == {"a": 0, "": Decimal("-0.25")}


async def test_a_further_exit_of_a_close_of_the_whole_account_is_shared_too() -> None:
    """By the order that it was made for."""
    desk = desk_with(a=1, b=1)
    order(desk, CLOSE_ALL)
    further = Order(symbol=SYMBOL, side="sell", quantity=2)
    assert booked(desk, order(desk, further, "close~ex2", role="exit"), sold(2)) == {"a": 0, "b": 0}
    assert booked(desk, order(desk, further, "other~ex2", role="exit"), sold(2)) == {"": -2}


async def test_the_fees_are_paid_once() -> None:
    """By the first; each has the profit of its own part."""
    desk = desk_with(a=1, b=1)
    spot = Instrument(symbol=SYMBOL, base="BTC", quote="USDT")
    changed = shares(desk, order(desk, CLOSE_ALL), sold(2), {"USDT": Decimal(4)}, spot)
    assert {now.strategy: now.realized_pnl for _, now in changed} == {"a": 6, "b": 10}


def stop_sold(quantity: Any) -> Fill:
    """A sale of a stop that the venue keeps with its entry."""
    return Fill(trade_id=f"s{quantity}", quantity=quantity, price=90, side="sell", leg="stop_loss")


BUY = Order(symbol=SYMBOL, side="buy", quantity=1, strategy="b", stop_loss=90)


async def test_what_a_stop_sells_beyond_its_strategys_own_was_held_by_others() -> None:
    """By the one whose name comes first; the order's own strategy before them all."""
    desk = desk_with(a=1, b="0.4", c=1)
    entry = order(desk, BUY, "entry")
    entry.booked = Decimal(2)
    assert booked(desk, entry, [stop_sold(1)]) == {"b": 0, "a": Decimal("0.4")}
    assert booked(desk, entry, [stop_sold(2)]) == {"b": 0, "a": 0, "c": Decimal("0.4")}
    assert booked(desk, entry, [stop_sold("0.3")]) == {"b": Decimal("0.1")}


async def test_a_stop_that_is_an_order_of_its_own_is_shared_likewise() -> None:
    """An exit is not: whoever sells what is not its own stands against the others."""
    desk = desk_with(a=1, b="0.4")
    leg = Order(symbol=SYMBOL, side="sell", quantity=1, strategy="b", order_type="stop", stop_price=90)
    assert booked(desk, order(desk, leg, "entry~sl1", role="stop_loss"), sold(1)) == {"b": 0, "a": Decimal("0.4")}
    assert booked(desk, order(desk, leg, "sale"), sold(1)) == {"b": Decimal("-0.6")}


async def test_what_nobody_held_is_the_stops_own() -> None:
    """Both legs have filled: that is taken back from the other side. Shorts of others are none of a sale's."""
    desk = desk_with(b="0.4", short=-1)
    assert booked(desk, order(desk, BUY, "entry"), [stop_sold(1)]) == {"b": Decimal("-0.6")}


@pytest.mark.parametrize("turn", [1, -1], ids=["oldest first", "newest first"])
async def test_a_fill_and_its_stop_that_are_told_together_are_booked_one_after_the_other(turn: int) -> None:
    """Nothing of it was held before; the others keep theirs, and the entry's own strategy pays the fees."""
    desk = desk_with(a=1)
    spot = Instrument(symbol=SYMBOL, base="BTC", quote="USDT")
    moves = [Fill(trade_id="1", quantity=1, price=100, side="buy"), stop_sold(1)][::turn]
    changed = shares(desk, order(desk, BUY, "entry"), moves, {"USDT": Decimal(4)}, spot)
    assert {now.strategy: (now.quantity, now.realized_pnl) for _, now in changed} == {"b": (0, -14)}


async def test_what_its_stop_filled_before_the_entry_is_told_to_have_is_the_entrys_own() -> None:
    """The news of the entry are behind, or both of its legs have filled: that is nobody else's."""
    desk = desk_with(a=1)
    entry = order(desk, BUY, "entry")
    assert booked(desk, entry, [stop_sold(1)]) == {"b": -1}
    desk = desk_with(a=1, b="0.4")
    entry = order(desk, BUY, "entry")
    entry.booked = Decimal("0.4")
    assert booked(desk, entry, [stop_sold(1)]) == {"b": Decimal("-0.6")}
    desk.book.store(Position(symbol=SYMBOL, quantity=0, average_price=100, strategy="b"))
    assert booked(desk, entry, [stop_sold("0.1")]) == {"b": 0, "a": Decimal("0.9")}
    entry.fills["s0"] = stop_sold("0.4")
    assert booked(desk, entry, [stop_sold("0.1")]) == {"b": Decimal("-0.1")}
