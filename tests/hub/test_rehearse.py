# SPDX-License-Identifier: MIT
"""A rehearsal: judged as an order would be now, with nothing left behind."""

from pathlib import Path

import pytest

from fks_exec import ClosePosition, ExecutionResult, SizedOrder, UnknownSymbol
from fks_exec_simulators.stage import ACCOUNT, Stage, accepted, buy, configure, hub_on, sell


async def test_it_says_what_would_be_sent_and_leaves_nothing_behind(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        sized = SizedOrder(symbol="BTCUSDT", side="buy", size="250", size_type="quote", client_order_id="a")
        result = await hub.rehearse_order(ACCOUNT, sized)
        assert (result.status, result.code, result.client_order_id) == ("not_placed", "TEST", "a")
        assert "a market order to buy 2.5 BTC/USDT would be sent" in (result.error or "")
        desk = hub._desks[ACCOUNT]
        assert (desk.live, desk.book.totals("BTC/USDT").working_buy, await hub.orders()) == ({}, 0, [])
        assert (await hub.execute_order(ACCOUNT, sized)).status == "filled"
    assert len(stage.requests) == 1


async def test_it_is_denied_as_the_order_would_be(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path, guards=["confidence"])) as hub:
        assert (await hub.rehearse_order(ACCOUNT, buy())).code == "CONFIDENCE_MISSING"
        assert (await hub.rehearse_order(ACCOUNT, ClosePosition(symbol="BTC/USDT"))).code == "NOTHING_TO_CLOSE"
        with pytest.raises(UnknownSymbol):
            await hub.rehearse_order(ACCOUNT, buy(symbol="NOPE"))


@pytest.mark.parametrize(("state", "order", "code"), [("halted", sell(), "HALTED"), ("reducing", buy(), "HALTED")])
async def test_a_halt_counts(tmp_path: Path, state: str, order: object, code: str) -> None:
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        await hub.halt(ACCOUNT, state, "a test")
        assert (await hub.rehearse_order(ACCOUNT, order)).code == code  # type: ignore[arg-type]


async def test_an_exit_passes_a_reducing_account(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy())
        await hub.halt(ACCOUNT, "reducing", "a test")
        assert (await hub.rehearse_order(ACCOUNT, sell())).code == "TEST"


async def test_a_close_that_is_rehearsed_cancels_no_entry(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy())
        stage.answers.append(accepted)
        resting = await hub.execute_order(ACCOUNT, buy(order_type="limit", price="90", client_order_id="r"))
        assert (await hub.rehearse_order(ACCOUNT, ClosePosition(symbol="BTC/USDT"))).code == "TEST"
        now = await hub.order(ACCOUNT, "r")
    assert isinstance(now, ExecutionResult)
    assert (resting.status, now.status) == ("accepted", "accepted")
    assert len(stage.requests) == 2


async def test_it_does_not_take_the_place_of_the_order_that_tries_the_venue(tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        breaker = hub._desks[ACCOUNT].breaker
        breaker.rest("a test")
        breaker.answered()
        assert (await hub.rehearse_order(ACCOUNT, buy())).code == "BREAKER_OPEN"
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"


async def test_an_exit_that_a_halt_keeps_back_is_told_the_way_out(tmp_path: Path) -> None:
    """Of a rehearsal and of an order: not to let entries pass again."""
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy())
        await hub.halt(ACCOUNT, "halted", "a test")
        for result in (await hub.rehearse_order(ACCOUNT, sell()), await hub.execute_order(ACCOUNT, sell())):
            assert result.code == "HALTED"
            assert "--reducing" in (result.error or "")
        assert (await hub.execute_order(ACCOUNT, buy("5"))).error == "the account is halted: a test; resume it"
