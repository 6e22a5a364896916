# SPDX-License-Identifier: MIT
"""The collar of what opens by a target or a reversal: its side is told by what is held, not by what the alert says."""

from pathlib import Path
from typing import Any

import pytest

from fks_exec import MarketData
from fks_exec_simulators.alerts import MOMENT, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage

KEY = {"collar_percent": "1"}
REVERSE = {"action": "reverse", "quantity": None}


@pytest.mark.parametrize(
    ("bought", "fields", "price", "code"),
    [
        ("2", {"action": "target", "quantity": "3"}, "90", "SIGNAL_COLLAR"),
        ("2", {"action": "target", "quantity": "3"}, "100", None),
        ("2", {"action": "target", "quantity": "1"}, "90", None),
        ("2", {"action": "target", "quantity": "2"}, "90", "TARGET_REACHED"),
        ("2", {"action": "target", "quantity": "1"}, "110", None),
        ("2", {"action": "target", "quantity": "-1"}, "99", None),
        ("2", REVERSE, "99", None),
        (None, {"action": "target", "quantity": "1"}, "90", "SIGNAL_COLLAR"),
        (None, {"action": "target", "quantity": "-1"}, "110", "SIGNAL_COLLAR"),
    ],
)
async def test_what_opens_by_a_target_or_a_reversal_has_a_collar_and_what_reduces_has_none(
    tmp_path: Path, bought: str | None, fields: dict[str, Any], price: str, code: str | None
) -> None:
    stage = Stage()
    stage.quote = MarketData(symbol="any", bid="99", ask="100")
    async with alerting(tmp_path, stage, clock=HandClock(), key=KEY) as sender:
        if bought is not None:
            await sender.send(quantity=bought, timenow=MOMENT - 1000)
        before = len(stage.requests)
        answer = await sender.send(**fields, signal_price=price)
    assert answer.json()["code"] == code
    assert answer.status_code == (200 if code is None else 422)
    assert (len(stage.requests) > before) == (code is None)


@pytest.mark.parametrize("fields", [{"action": "target", "quantity": "-1"}, REVERSE])
async def test_what_goes_to_the_other_side_beyond_the_collar_closes_and_opens_nothing(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    stage = Stage()
    stage.quote = MarketData(symbol="any", bid="99", ask="100")
    async with alerting(tmp_path, stage, clock=HandClock(), key=KEY) as sender:
        await sender.send(quantity="2", timenow=MOMENT - 1000)
        answer = await sender.send(**fields, signal_price="110")
        assert await sender.hub.positions("main") == []
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (200, "SIGNAL_COLLAR", "success")
    assert [(order.side, order.quantity) for order, _ in stage.requests] == [("buy", 2), ("sell", 2)]


async def test_the_close_half_of_a_reversal_that_is_held_back_has_no_collar(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={**KEY, "on_gap": "block_entries"}) as sender:
        await sender.send(market_position="long", timenow=MOMENT - 1000)
        fields = {"prev_market_position": "long", "market_position": "short", "action": "sell", "quantity": "2"}
        await sender.send(prev_market_position="flat", market_position="long", timenow=MOMENT - 500)
        answer = await sender.send(**fields, signal_price="110")
    assert answer.json()["result"]["status"] == "filled"
    assert [order.side for order, _ in stage.requests] == ["buy", "sell"]
