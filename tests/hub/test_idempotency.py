# SPDX-License-Identifier: MIT
"""One key, one order: duplicates, reused ids, ids that are not spent."""

import asyncio
from pathlib import Path

import pytest

from fks_exec import AccountNotReady, Order, UnknownSymbol, VenueRejected
from fks_exec_hub import HubClosed, UnknownAccount
from fks_exec_simulators.stage import ACCOUNT, Held, Stage, buy, configure, hub_on, sell


async def test_the_same_key_and_content_is_one_request_and_the_second_answer_says_duplicate(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        first = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        second = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
    assert (first.status, first.duplicate) == ("filled", False)
    assert (second.status, second.duplicate, second.order_id) == ("filled", True, first.order_id)
    assert stage.ids == ["a"]


async def test_ten_concurrent_identical_orders_are_one_request_and_one_id(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        receipts = await asyncio.gather(*(hub.submit(ACCOUNT, buy(client_order_id="a")) for _ in range(10)))
        results = [await receipt.result() for receipt in receipts]
    assert {result.client_order_id for result in results} == {"a"}
    assert [receipt.duplicate for receipt in receipts].count(False) == 1
    assert len(stage.requests) == 1


async def test_ten_spellings_of_one_instruction_are_one_order(tmp_path: Path) -> None:
    stage = Stage()
    spellings = [
        Order(symbol=symbol, side=side, quantity=quantity, order_type=kind, client_order_id="a")
        for symbol, side, quantity, kind in [
            ("BTC/USDT", "buy", "1", "market"),
            ("BTCUSDT", "buy", "1", "market"),
            ("BTC/USDT", "BUY", "1", "market"),
            ("BTC/USDT", "Buy", "1.0", "MARKET"),
            ("BTCUSDT", "buy", "1.00", "Market"),
            ("BTC/USDT", "buy", 1, "market"),
            ("BTCUSDT", "BUY", "01", "market"),
            ("BTC/USDT", "buy", "+1", "market"),
            ("BTC/USDT", "buy", "1e0", "market"),
            ("BTC/USDT", "buy", "0.1e1", "market"),
        ]
    ]
    async with hub_on(stage, configure(tmp_path)) as hub:
        results = [await hub.execute_order(ACCOUNT, order) for order in spellings]
    assert [result.duplicate for result in results] == [False] + [True] * 9
    assert len(stage.requests) == 1


async def test_an_engine_that_answers_at_once_knows_duplicates_and_reused_ids_too(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, journal="memory:")) as hub:
        assert (await hub.execute_order(ACCOUNT, buy("1", client_order_id="a"))).status == "filled"
        for _ in range(2):
            again = await (await hub.submit(ACCOUNT, buy("1", client_order_id="a"))).result(timeout=1)
            other = await (await hub.submit(ACCOUNT, buy("2", client_order_id="a"))).result(timeout=1)
            assert (again.status, again.duplicate, other.code) == ("filled", True, "ID_REUSED")
    assert len(stage.requests) == 1


async def test_after_a_restart_the_journal_answers(tmp_path: Path) -> None:
    stage = Stage()
    for _ in range(3):
        async with hub_on(stage, configure(tmp_path)) as hub:
            result = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
            assert result.status == "filled"
    assert result.duplicate
    assert len(stage.requests) == 1


async def test_the_same_key_with_other_content_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="a"))
        for other in (buy("2", client_order_id="a"), sell("1", client_order_id="a"), buy("1", "ETH/USDT", client_order_id="a")):
            result = await hub.execute_order(ACCOUNT, other)
            assert (result.status, result.code, result.duplicate) == ("denied", "ID_REUSED", False)
        known = await hub.order(ACCOUNT, "a")
    assert known is not None
    assert (known.status, known.filled_quantity) == ("filled", 1)
    assert len(stage.requests) == 1


async def test_a_reused_id_is_refused_while_the_first_is_still_working(tmp_path: Path) -> None:
    held = Held()
    stage = Stage(held)
    async with hub_on(stage, configure(tmp_path)) as hub:
        first = await hub.submit(ACCOUNT, buy("1", client_order_id="a"))
        await held.reached.wait()
        other = await hub.execute_order(ACCOUNT, buy("2", client_order_id="a"))
        same = await hub.submit(ACCOUNT, buy("1", client_order_id="a"))
        held.go.set()
        assert (other.code, (await first.result()).status, (await same.result()).status) == ("ID_REUSED", "filled", "filled")
    assert len(stage.requests) == 1


async def test_a_denied_id_is_spent(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path, guards=["confidence"])) as hub:
        first = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        again = await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
    assert (first.status, first.code) == ("denied", "CONFIDENCE_MISSING")
    assert (again.status, again.duplicate) == ("denied", True)
    assert stage.requests == []


async def test_a_rejected_order_is_not_sent_again_under_its_id(tmp_path: Path) -> None:
    stage = Stage(VenueRejected("no funds", code="FUNDS"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "rejected"
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "rejected"
    assert len(stage.requests) == 1


async def test_an_unknown_symbol_or_account_spends_no_id(tmp_path: Path) -> None:
    stage = Stage()
    async with hub_on(stage, configure(tmp_path)) as hub:
        with pytest.raises(UnknownSymbol, match="NOPE"):
            await hub.execute_order(ACCOUNT, buy(symbol="NOPE", client_order_id="a"))
        with pytest.raises(UnknownAccount, match="configured are: main"):
            await hub.execute_order("other", buy(client_order_id="a"))
        assert await hub.order(ACCOUNT, "a") is None
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="a"))).status == "filled"


async def test_an_account_that_is_not_ready_spends_no_id(tmp_path: Path) -> None:
    stage = Stage()
    stage.open_errors.append(VenueRejected("maintenance"))
    async with hub_on(stage, configure(tmp_path)) as hub:
        with pytest.raises(AccountNotReady, match="maintenance"):
            await hub.execute_order(ACCOUNT, buy(client_order_id="a"))
        assert await hub.journal.order((ACCOUNT, "a")) is None  # type: ignore[arg-type]


async def test_a_closed_hub_takes_nothing(tmp_path: Path) -> None:
    stage = Stage()
    hub = hub_on(stage, configure(tmp_path))
    with pytest.raises(HubClosed):
        await hub.submit(ACCOUNT, buy())
    async with hub:
        pass
    with pytest.raises(HubClosed):
        await hub.submit(ACCOUNT, buy())
    assert stage.requests == []


async def test_two_accounts_may_use_the_same_id(tmp_path: Path) -> None:
    stage = Stage()
    config = configure(tmp_path, accounts={name: {"venue": "stage", "guards": []} for name in ("one", "two")})
    async with hub_on(stage, config) as hub:
        results = [await hub.execute_order(name, buy(client_order_id="a")) for name in ("one", "two")]
    assert [result.duplicate for result in results] == [False, False]
    assert len({submission.venue_client_order_id for _, submission in stage.requests}) == 2
