# SPDX-License-Identifier: MIT
"""The orders at work of an account, by instrument: what a close looks at, instead of at all of them."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

from fks_exec import Order
from fks_exec.testing import FaultyVenue, Rest
from fks_exec_hub import ExecutionHub
from fks_exec_hub.accounts.desk import Desk
from fks_exec_simulators.stage import ACCOUNT, configure, until

SYMBOLS = ("BTC/USDT", "ETH/USDT")


def order(symbol: str, quantity: str, **more: Any) -> Order:
    """A buy."""
    return Order(symbol=symbol, side="buy", quantity=quantity, **more)


async def all_rest(desk: Desk) -> None:
    """Waits until four orders are at the venue."""
    await until(lambda: len(desk.live) == 4 and all(live.result.order_id for live in desk.live.values()))


async def none_is_left(desk: Desk) -> None:
    """Waits until all have ended."""
    await until(lambda: not desk.live)


def by_instrument(desk: Desk) -> dict[str, list[str]]:
    """As the desk tells them; nothing of an instrument without any."""
    return {lane: [live.key.client_order_id for live in desk.in_lane(lane)] for lane in desk._in_lane}


async def test_the_orders_of_an_instrument_are_those_of_the_account_in_it_until_they_end(tmp_path: Path) -> None:
    """Also after a restart, which takes them up again; what has ended is kept nowhere."""
    venue = FaultyVenue(otherwise=lambda _: Rest())
    config = configure(tmp_path, account={"venue": "faulty", "poll": 0.05, "compare_every": 3600})
    for life in range(2):
        async with ExecutionHub.open(config, plugins=[venue.plugin]) as hub:
            desk = hub._desks[ACCOUNT]
            for symbol in SYMBOLS if life == 0 else ():
                for number in range(2):
                    name = f"{symbol[:3]}-{number}"
                    await hub.submit(ACCOUNT, order(symbol, "1", order_type="limit", price="90", client_order_id=name))
            await all_rest(desk)
            assert by_instrument(desk) == {"BTC/USDT": ["BTC-0", "BTC-1"], "ETH/USDT": ["ETH-0", "ETH-1"]}
            if life == 1:
                await hub.cancel_order(ACCOUNT, "BTC-0")
                assert by_instrument(desk)["BTC/USDT"] == ["BTC-1"]
                await asyncio.gather(*(hub.cancel_order(ACCOUNT, name) for name in ("BTC-1", "ETH-0", "ETH-1")))
                await none_is_left(desk)
                assert by_instrument(desk) == {}


async def test_one_position_is_that_of_its_strategy_and_instrument(tmp_path: Path) -> None:
    """As the list of all has it; a quantity of 0 where there is none."""
    async with ExecutionHub.open(configure(tmp_path, account={"venue": "faulty"}), plugins=[FaultyVenue().plugin]) as hub:
        for symbol, strategy, quantity in (("BTC/USDT", "s", "1"), ("BTC/USDT", None, "2"), ("ETH/USDT", "s", "3")):
            await hub.execute_order(ACCOUNT, order(symbol, quantity, strategy=strategy))
        found = [await hub.position(ACCOUNT, each.symbol, each.strategy) for each in await hub.positions(ACCOUNT)]
        assert found == await hub.positions(ACCOUNT)
        assert {each.quantity for each in found} == {1, 2, 3}
        none = await hub.position(ACCOUNT, "ETH/USDT")
        assert (none.quantity, none.strategy) == (Decimal(0), None)
