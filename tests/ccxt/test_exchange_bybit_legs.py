# SPDX-License-Identifier: MIT
"""Exits that the simulated Bybit keeps for a position: attached to orders or set for it, Full and Partial, in pairs."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ccxt.base import errors

from fks_exec_simulators.exchanges import clients
from fks_exec_simulators.exchanges.bybit import BybitExchange
from fks_exec_simulators.exchanges.counterpart import ExchangeCounterpart

BTC = "BTC/USDT:USDT"
STOP, TAKE = {"triggerPrice": "67000"}, {"triggerPrice": "69000"}
PAIR: dict[str, Any] = {"stopLoss": STOP, "takeProfit": TAKE}
PARTIAL: dict[str, Any] = {**PAIR, "tpslMode": "Partial"}


@pytest.fixture
async def exchange() -> AsyncIterator[BybitExchange]:
    async with BybitExchange() as bybit:
        yield bybit


@pytest.fixture
async def client(exchange: BybitExchange) -> AsyncIterator[Any]:
    async with clients.client("bybit", exchange.url) as made:
        yield made


@pytest.fixture
def counterpart(exchange: BybitExchange) -> ExchangeCounterpart:
    return ExchangeCounterpart(exchange.url)


async def buy(client: Any, amount: str = "0.01", price: str | None = None, **params: Any) -> str:
    """An order to buy, at the market without a price; its id."""
    kind = "market" if price is None else "limit"
    return str((await client.create_order(BTC, kind, "buy", amount, price, params))["id"])


async def legs(counterpart: ExchangeCounterpart, *fields: str) -> dict[str, tuple[str, ...]]:
    """Fields of every exit, by what it is; the status is always the first."""
    rows = await counterpart.control("orders")
    chosen = [row for row in rows if row["stopOrderType"] not in ("", "Stop")]
    return {row["stopOrderType"]: tuple(row[field] for field in ("orderStatus", *fields)) for row in chosen}


# Made.


async def test_a_fill_makes_both_exits_and_ties_them_to_the_order(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, clientOrderId="entry", **PARTIAL)
    found = await legs(counterpart, "side", "triggerPrice", "qty", "triggerDirection", "parentOrderLinkId", "createType")
    assert found == {
        "PartialTakeProfit": ("Untriggered", "Sell", "69000.00", "0.010", 1, "entry", "CreateByPartialTakeProfit"),
        "PartialStopLoss": ("Untriggered", "Sell", "67000.00", "0.010", 2, "entry", "CreateByPartialStopLoss"),
    }
    assert [each.role for each in await counterpart.placed()] == ["", "take_profit", "stop_loss"]
    standing = await client.fetch_open_orders(BTC, None, None, {"trigger": True})
    assert [(each["side"], each["reduceOnly"], each["info"]["closeOnTrigger"]) for each in standing] == [
        ("sell", True, True)
    ] * 2


async def test_before_the_fill_there_are_none(client: Any, counterpart: ExchangeCounterpart) -> None:
    order = await buy(client, price="67200", clientOrderId="entry", **PAIR)
    assert len(await counterpart.placed()) == 1
    row = (await client.fetch_open_orders(BTC))[0]["info"]
    assert (row["takeProfit"], row["stopLoss"], row["tpslMode"]) == ("69000.00", "67000.00", "Full")
    await counterpart.fill(order)
    assert set(await legs(counterpart)) == {"TakeProfit", "StopLoss"}


async def test_partial_exits_grow_with_the_fills_of_their_order(client: Any, counterpart: ExchangeCounterpart) -> None:
    """As much as was filled (docs/v5/order/create-order, tpslMode)."""
    order = await buy(client, price="67200", **PARTIAL)
    await counterpart.fill(order, "0.004")
    assert (await legs(counterpart, "qty"))["PartialStopLoss"] == ("Untriggered", "0.004")
    await counterpart.fill(order, "0.006")
    assert (await legs(counterpart, "qty"))["PartialStopLoss"] == ("Untriggered", "0.010")
    assert len(await counterpart.placed()) == 3


async def test_full_exits_belong_to_the_whole_position(client: Any, counterpart: ExchangeCounterpart) -> None:
    """A second order's replace the first's, and what is bought without any is covered too."""
    await buy(client, clientOrderId="first", **PAIR)
    await buy(client, "0.02")
    found = await legs(counterpart, "qty", "triggerPrice", "parentOrderLinkId")
    assert found["StopLoss"] == ("Untriggered", "0.030", "67000.00", "first")
    await buy(client, "0.03", clientOrderId="second", stopLoss={"triggerPrice": "66000"})
    found = await legs(counterpart, "qty", "triggerPrice", "parentOrderLinkId")
    assert found == {
        "TakeProfit": ("Untriggered", "0.060", "69000.00", "first"),
        "StopLoss": ("Untriggered", "0.060", "66000.00", "second"),
    }
    (position,) = await client.fetch_positions([BTC])
    assert (position["stopLossPrice"], position["takeProfitPrice"]) == (66000.0, 69000.0)


async def test_partial_exits_of_several_orders_stand_side_by_side(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, clientOrderId="first", **PARTIAL)
    await buy(client, "0.02", clientOrderId="second", **PARTIAL)
    rows = [row for row in await counterpart.control("orders") if row["stopOrderType"] == "PartialStopLoss"]
    assert [(row["qty"], row["parentOrderLinkId"]) for row in rows] == [("0.010", "first"), ("0.020", "second")]


async def test_a_limit_exit_is_partial_and_rests_once_it_is_set_off(client: Any, counterpart: ExchangeCounterpart) -> None:
    """ccxt sends tpslMode Partial with the price of a limit exit."""
    await buy(client, stopLoss={**STOP, "price": "66990"})
    assert await legs(counterpart, "orderType", "price") == {"PartialStopLoss": ("Untriggered", "Limit", "66990.00")}
    await counterpart.set_price(BTC, "66980", "66980.1")
    assert (await legs(counterpart))["PartialStopLoss"] == ("New",)
    await counterpart.set_price(BTC, "66995", "66995.1")
    assert (await legs(counterpart, "avgPrice"))["PartialStopLoss"] == ("Filled", "66990")


@pytest.mark.parametrize(
    ("side", "params"),
    [
        ("buy", {"stopLoss": {"triggerPrice": "68000"}}),
        ("buy", {"takeProfit": {"triggerPrice": "67000"}}),
        ("sell", {"stopLoss": {"triggerPrice": "67000"}}),
        ("sell", {"takeProfit": {"triggerPrice": "68000"}}),
        ("buy", {"stopLoss": {"triggerPrice": "67000"}, "slOrderType": "Limit", "slLimitPrice": "66990"}),
    ],
)
async def test_exits_on_the_wrong_side_are_refused_with_their_order(
    client: Any, counterpart: ExchangeCounterpart, side: str, params: dict[str, Any]
) -> None:
    """Also a limit exit of a whole position."""
    with pytest.raises(errors.BadRequest, match="10001"):
        await client.create_order(BTC, "market", side, "0.01", None, params)
    assert await counterpart.placed() == []


async def test_an_order_that_only_reduces_carries_no_exits(client: Any) -> None:
    await buy(client)
    with pytest.raises(errors.BadRequest, match="reduceOnly"):
        await client.create_order(BTC, "market", "sell", "0.01", None, {"reduceOnly": True, "stopLoss": "68000"})


# Set off.


@pytest.mark.parametrize(
    ("bid", "filled", "other", "why"),
    [
        ("67000", "StopLoss", "TakeProfit", "CancelByOCOTpCanceledBySlTriggered"),
        ("69000", "TakeProfit", "StopLoss", "CancelByOCOSlCanceledByTpTriggered"),
    ],
)
@pytest.mark.parametrize("mode", ["Full", "Partial"])
async def test_one_of_a_pair_closes_the_position_and_the_other_goes(
    client: Any, counterpart: ExchangeCounterpart, bid: str, filled: str, other: str, why: str, mode: str
) -> None:
    await buy(client, **PAIR, tpslMode=mode)
    await counterpart.set_price(BTC, bid, f"{bid}.1")
    prefix = "Partial" if mode == "Partial" else ""
    found = await legs(counterpart, "cancelType")
    assert found[prefix + filled] == ("Filled", "UNKNOWN")
    assert found[prefix + other] == ("Deactivated", why)
    assert await counterpart.control("positions") == []


async def test_one_pair_takes_its_own_part_of_the_position(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, "0.02", tpslMode="Partial", stopLoss={"triggerPrice": "66000"})
    await buy(client, "0.01", **PARTIAL)
    await counterpart.set_price(BTC, "67000", "67000.1")
    (position,) = await counterpart.control("positions")
    assert position["size"] == "0.02"


async def test_a_position_that_is_closed_takes_its_exits_along(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, **PAIR)
    await buy(client, "0.02", **PARTIAL)
    await client.create_order(BTC, "market", "sell", "0.03", None, {"reduceOnly": True})
    gone = ("Deactivated", "CancelByTpSlTsClear")
    assert set((await legs(counterpart, "cancelType")).values()) == {gone}


async def test_one_that_is_turned_around_loses_the_exits_of_the_old_side(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, **PAIR)
    await client.create_order(BTC, "market", "sell", "0.03", None, {"stopLoss": {"triggerPrice": "69000"}})
    rows = [row for row in await counterpart.control("orders") if row["stopOrderType"] == "StopLoss"]
    assert [(row["orderStatus"], row["side"], row["qty"]) for row in rows] == [
        ("Deactivated", "Sell", "0.010"),
        ("Untriggered", "Buy", "0.020"),
    ]


async def test_exits_follow_a_position_that_shrinks(client: Any, counterpart: ExchangeCounterpart) -> None:
    """docs/v5/position/trading-stop."""
    await buy(client, "0.03", **PARTIAL)
    await client.create_order(BTC, "market", "sell", "0.02")
    assert (await legs(counterpart, "qty"))["PartialStopLoss"] == ("Untriggered", "0.010")


async def test_a_stop_that_the_market_has_passed_by_the_time_of_the_fill_goes_off_at_once(
    client: Any, counterpart: ExchangeCounterpart
) -> None:
    """The market falls through entry and stop in one move: the entry fills, then the stop."""
    await buy(client, price="67200", **PAIR)
    await counterpart.set_price(BTC, "66000", "66000.1")
    assert (await legs(counterpart, "avgPrice"))["StopLoss"] == ("Filled", "66000")
    assert await counterpart.control("positions") == []


# Changed.


async def test_cancelling_one_of_a_bound_pair_cancels_both(client: Any, counterpart: ExchangeCounterpart) -> None:
    """By the note of docs/v5/position/trading-stop: only a pair that has lost its binding goes one by one."""
    await buy(client, **PARTIAL)
    take = next(each for each in await counterpart.placed() if each.role == "take_profit")
    await client.cancel_order(take.order_id, BTC)
    assert set((await legs(counterpart, "cancelType")).values()) == {("Deactivated", "CancelByUser")}
    (position,) = await counterpart.control("positions")
    assert position["size"] == "0.01"


async def test_a_script_lets_the_other_one_stay(client: Any, counterpart: ExchangeCounterpart) -> None:
    await counterpart.control("bound", on=False)
    await buy(client, **PARTIAL)
    take = next(each for each in await counterpart.placed() if each.role == "take_profit")
    await client.cancel_order(take.order_id, BTC)
    assert await legs(counterpart) == {"PartialTakeProfit": ("Deactivated",), "PartialStopLoss": ("Untriggered",)}


async def test_an_exit_is_amended_by_its_own_id(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, **PARTIAL)
    stop = next(each for each in await counterpart.placed() if each.role == "stop_loss")
    await client.edit_order(stop.order_id, BTC, "market", "sell", "0.005", None, {"triggerPrice": "67400"})
    found = await legs(counterpart, "triggerPrice", "qty")
    assert found["PartialStopLoss"] == ("Untriggered", "67400.00", "0.005")
    assert found["PartialTakeProfit"] == ("Untriggered", "69000.00", "0.005")
    with pytest.raises(errors.InvalidOrder, match="110093"):
        await client.edit_order(stop.order_id, BTC, "market", "sell", None, None, {"triggerPrice": "68000"})


async def test_the_quantity_of_a_full_exit_is_the_positions(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, **PAIR)
    stop = next(each for each in await counterpart.placed() if each.role == "stop_loss")
    with pytest.raises(errors.BadRequest, match="110060"):
        await client.edit_order(stop.order_id, BTC, "market", "sell", "0.005", None)


async def test_the_exits_of_an_order_can_be_changed_until_it_fills(client: Any, counterpart: ExchangeCounterpart) -> None:
    """Sent raw: ccxt spoils its own dict in an amendment."""
    order = await buy(client, price="67200", **PAIR)
    change = {"category": "linear", "symbol": "BTCUSDT", "orderId": order}
    await client.privatePostV5OrderAmend({**change, "stopLoss": "66500", "takeProfit": "0"})
    await counterpart.fill(order, "0.004")
    assert await legs(counterpart, "triggerPrice") == {"StopLoss": ("Untriggered", "66500.00")}
    with pytest.raises(errors.InvalidOrder, match="110059"):
        await client.privatePostV5OrderAmend({**change, "stopLoss": "66600"})


# Set for a position.


async def set_stop(client: Any, **fields: str) -> None:
    await client.privatePostV5PositionTradingStop(
        {"category": "linear", "symbol": "BTCUSDT", "tpslMode": "Full", "positionIdx": 0, **fields}
    )


async def test_a_position_gets_changes_and_loses_full_exits(client: Any, counterpart: ExchangeCounterpart) -> None:
    with pytest.raises(errors.BadRequest, match="zero position"):
        await set_stop(client, stopLoss="67000")
    await buy(client)
    await set_stop(client, stopLoss="67000", takeProfit="69000")
    await set_stop(client, stopLoss="67100")
    with pytest.raises(errors.ExchangeError, match="34040"):
        await set_stop(client, stopLoss="67100")
    found = await legs(counterpart, "triggerPrice", "qty")
    assert found["StopLoss"] == ("Untriggered", "67100.00", "0.010")
    await set_stop(client, takeProfit="0")
    assert {name: row[0] for name, row in (await legs(counterpart)).items()} == {
        "StopLoss": "Untriggered",
        "TakeProfit": "Deactivated",
    }


async def test_changing_one_side_of_a_pair_unbinds_it(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client, **PAIR)
    await set_stop(client, stopLoss="67100")
    take = next(each for each in await counterpart.placed() if each.role == "take_profit")
    await client.cancel_order(take.order_id, BTC)
    assert await legs(counterpart) == {"TakeProfit": ("Deactivated",), "StopLoss": ("Untriggered",)}


async def test_partial_exits_are_added_with_a_size_twenty_at_most(client: Any, counterpart: ExchangeCounterpart) -> None:
    await buy(client)
    partial = {"tpslMode": "Partial", "stopLoss": "67000", "slSize": "0.004"}
    for _ in range(20):
        await set_stop(client, **partial)
    with pytest.raises(errors.BadRequest, match="110061"):
        await set_stop(client, **partial)
    with pytest.raises(errors.BadRequest, match="10001"):
        await set_stop(client, **partial, takeProfit="69000", tpSize="0.005")
    assert (await legs(counterpart, "qty"))["PartialStopLoss"] == ("Untriggered", "0.004")


async def test_ccxts_two_triggers_in_one_order_become_a_pair_of_the_position(
    client: Any, counterpart: ExchangeCounterpart
) -> None:
    """stopLossPrice and takeProfitPrice together go to trading-stop, which answers without an id."""
    await buy(client)
    order = await client.create_order(
        BTC, "market", "sell", "0.01", None, {"stopLossPrice": "67000", "takeProfitPrice": "69000"}
    )
    assert order["id"] is None
    assert set(await legs(counterpart)) == {"PartialStopLoss", "PartialTakeProfit"}
    assert await counterpart.requests() == 2
