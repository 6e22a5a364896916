# SPDX-License-Identifier: MIT
"""What the simulated venue holds: netting, hedging, spot; fees in the base asset; quotes that are old, one-sided, missing."""

import random
from decimal import Decimal
from typing import Any

import pytest

from fks_exec import Account, ExecutionResult, OrderChange, OrderRef, Protection, Side, VenueRejected
from fks_exec.testing import FaultyVenue, PlacedOrder, Rest
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import buy, sell

BTC = "BTC/USDT"


async def protect(account: Account, side: Side, price: str, quantity: str = "1", **more: Any) -> ExecutionResult:
    stop = Protection(role="stop_loss", symbol=BTC, side=side, quantity=quantity, trigger_price=price, **more)
    return await account.protect_position(stop)


async def test_with_netting_a_sale_beyond_the_position_turns_it() -> None:
    venue = FaultyVenue()
    async with Account("mine", venue) as account:
        await account.execute_order(buy("1"))
        await account.execute_order(sell("3"))
        assert [(position.quantity, position.position_id) for position in await account.fetch_positions()] == [(-2, None)]


async def test_with_hedging_a_long_and_a_short_stand_side_by_side() -> None:
    venue = FaultyVenue(hedging=True)
    async with Account("mine", venue) as account:
        assert account.capabilities.hedging
        await account.execute_order(buy("1"))
        await account.execute_order(sell("3"))
        held = {position.position_id: position.quantity for position in await account.fetch_positions()}
        assert held == {"BTC/USDT:long": 1, "BTC/USDT:short": -3}
        assert (venue.position(BTC), venue.position(BTC, "long"), venue.position(BTC, "short")) == (-2, 1, -3)


@pytest.mark.parametrize("closing", [{"reduce_only": True}, {"options": {"position_id": "BTC/USDT:short"}}])
async def test_with_hedging_an_order_that_closes_never_turns_or_opens_a_position(closing: dict[str, Any]) -> None:
    venue = FaultyVenue(hedging=True)
    async with Account("mine", venue) as account:
        await account.execute_order(buy("1"))
        assert (await account.execute_order(buy("1", **closing))).code == "REDUCE_ONLY"
        await account.execute_order(sell("2"))
        cut = await account.execute_order(buy("5", **closing))
        assert (cut.status, cut.filled_quantity) == ("canceled", 2)
        assert (venue.position(BTC, "long"), venue.position(BTC, "short")) == (1, 0)


async def test_with_hedging_each_side_has_its_stop() -> None:
    venue = FaultyVenue(hedging=True, protection="reduce_only_pair")
    async with Account("mine", venue) as account:
        await account.execute_order(buy("1"))
        await account.execute_order(sell("2"))
        await protect(account, Side.SELL, "90", position_id="BTC/USDT:long")
        assert venue.protected(BTC) == 1
        await protect(account, Side.BUY, "110", "2")
        assert venue.protected(BTC) == 3
        wrong = await protect(account, Side.SELL, "90", position_id="BTC/USDT:short")
        assert wrong.code == "POSITION"
        venue.trigger(BTC, 111)
        assert (venue.position(BTC, "long"), venue.position(BTC, "short"), venue.protected(BTC)) == (1, 0, 1)


async def test_with_hedging_a_hand_closes_the_other_side_first() -> None:
    venue = FaultyVenue(hedging=True)
    venue.adjust_position(BTC, 2)
    venue.adjust_position(BTC, -3)
    assert (venue.position(BTC, "long"), venue.position(BTC, "short")) == (0, -1)


async def test_on_spot_only_what_is_held_and_free_is_sold() -> None:
    venue = FaultyVenue(kind="spot", protection="stop_only")
    async with Account("mine", venue) as account:
        assert not account.capabilities.reduce_only
        assert (await account.execute_order(sell("1"))).code == "INSUFFICIENT"
        await account.execute_order(buy("2"))
        stop = await protect(account, Side.SELL, "90", "1.5")
        assert (venue.placed[-1].order.reduce_only, venue.protected(BTC)) == (False, Decimal("1.5"))
        assert (await account.execute_order(sell("1"))).code == "INSUFFICIENT"
        assert (await protect(account, Side.SELL, "90", "1")).code == "INSUFFICIENT"
        assert (await account.execute_order(sell("0.5"))).status == "filled"
        ref = OrderRef(order_id=stop.order_id)
        assert (await account.amend_order(ref, OrderChange(quantity="1.6"))).code == "INSUFFICIENT"
        assert (await account.amend_order(ref, OrderChange(quantity="1"))).status == "accepted"
        await account.cancel_order(ref)
        assert (await account.execute_order(sell("1.5"))).status == "filled"


async def test_on_spot_the_balance_lists_the_base_and_what_of_it_is_free() -> None:
    venue = FaultyVenue(kind="spot", protection="stop_only", balance=1000)
    async with Account("mine", venue) as account:
        await account.execute_order(buy("2"))
        await protect(account, Side.SELL, "90")
        venue.set_price(BTC, 110)
        cash, base = await account.fetch_balance()
        assert (cash.currency, cash.total, cash.equity) == ("USDT", 800, 1020)
        assert (base.currency, base.total, base.free) == ("BTC", 2, 1)


async def test_on_spot_linked_orders_bind_the_holding_once() -> None:
    venue = FaultyVenue(kind="spot", protection="oco")
    async with Account("mine", venue) as account:
        await account.execute_order(buy("2"))
        assert (await protect(account, Side.SELL, "90", target_price=Decimal(120))).status == "accepted"
        assert (await account.execute_order(sell("1"))).status == "filled"


async def test_on_spot_a_stop_sells_no_more_than_is_held_when_it_triggers() -> None:
    venue = FaultyVenue(kind="spot", protection="stop_only")
    async with Account("mine", venue) as account:
        await account.execute_order(buy("1"))
        await protect(account, Side.SELL, "90")
        venue.adjust_position(BTC, "-0.4")
        venue.trigger(BTC, 80)
        assert (venue.position(BTC), venue.placed[-1].filled, venue.placed[-1].status) == (0, Decimal("0.6"), "canceled")


async def test_without_holdings_and_reduce_only_a_stop_opens_a_short() -> None:
    venue = FaultyVenue(protection="stop_only", reduce_only=False)
    async with Account("mine", venue) as account:
        await account.execute_order(buy("1"))
        await protect(account, Side.SELL, "90")
        await account.execute_order(sell("1"))
        venue.trigger(BTC, 80)
        assert venue.position(BTC) == -1


async def test_a_buyer_pays_the_fee_in_the_base_asset_and_holds_less_than_was_bought() -> None:
    venue = FaultyVenue(kind="spot", fee_rate="0.01", fee_in_base=True, balance=1000)
    async with Account("mine", venue) as account:
        bought = await account.execute_order(buy("2"))
        [fill] = bought.fills
        assert (fill.quantity, fill.fee, fill.fee_currency) == (2, Decimal("0.02"), "BTC")
        assert venue.position(BTC) == Decimal("1.98")
        cash, base = await account.fetch_balance()
        assert (cash.total, cash.equity, base.total) == (800, 998, Decimal("1.98"))
        assert (await account.execute_order(sell("2"))).code == "INSUFFICIENT"
        [fill] = (await account.execute_order(sell("1"))).fills
        assert (fill.fee, fill.fee_currency) == (1, "USDT")
        [cash, _] = await account.fetch_balance()
        assert cash.total == 899


async def test_attached_legs_stand_for_what_is_left_after_the_fee() -> None:
    venue = FaultyVenue(kind="spot", protection="attached", fee_rate="0.001", fee_in_base=True)
    async with Account("mine", venue) as account:
        entry = await account.execute_order(buy("1", stop_loss="90", take_profit="120"))
        assert [leg.quantity for leg in entry.legs] == [Decimal("0.999")] * 2
        assert venue.protected(BTC) == venue.position(BTC) == Decimal("0.999")
        venue.trigger(BTC, 89)
        assert venue.position(BTC) == 0


async def test_quotes_are_old_as_long_as_it_is_said() -> None:
    venue, clock = FaultyVenue(), HandClock()
    async with Account("mine", venue, clock=clock) as account:
        venue.stale_quotes(BTC, 7.5)
        assert (await account.fetch_data(BTC)).timestamp == clock.now() - 7500
        assert (await account.fetch_data("ETH/USDT")).timestamp == clock.now()
        venue.stale_quotes(BTC, 0)
        assert (await account.fetch_data(BTC)).timestamp == clock.now()


async def test_quotes_have_one_side_or_none() -> None:
    venue = FaultyVenue([Rest()])
    async with Account("mine", venue) as account:
        venue.set_price(BTC, 99, 101)
        venue.one_sided(BTC, "bid")
        quote = await account.fetch_data(BTC)
        assert (quote.bid, quote.ask) == (99, None)
        venue.one_sided(BTC, "ask")
        quote = await account.fetch_data(BTC)
        assert (quote.bid, quote.ask) == (None, 101)
        venue.one_sided(BTC, None)
        assert (await account.fetch_data(BTC)).bid == 99
        venue.no_quotes(BTC)
        with pytest.raises(VenueRejected) as refused:
            await account.fetch_data(BTC)
        assert refused.value.code == "NO_QUOTE"
        venue.no_quotes(BTC, False)
        assert (await account.fetch_data(BTC)).ask == 101


MODES: dict[str, dict[str, Any]] = {
    "netting": {},
    "hedging": {"hedging": True},
    "spot": {"kind": "spot", "fee_rate": "0.001", "fee_in_base": True},
}


async def step(account: Account, venue: FaultyVenue, dice: random.Random, price: int) -> None:
    """One thing that may happen."""
    side, quantity = dice.choice(list(Side)), dice.choice(["0.5", "1", "2"])
    below, above = str(price - 5 * side.sign), str(price + 5 * side.sign)
    still_open = [placed for placed in venue.placed if placed.open]
    match dice.choice(["enter", "protect", "move", "cancel", "fill", "hand"]):
        case "enter":
            legs = {"stop_loss": below, "take_profit": above} if "attached" in account.capabilities.protection else {}
            await account.execute_order(buy(quantity, **legs) if side is Side.BUY else sell(quantity, **legs))
        case "protect" if "attached" not in account.capabilities.protection:
            linked = {"target_price": above} if "oco" in account.capabilities.protection else {}
            await protect(account, side.opposite, below, quantity, **linked)
        case "move":
            venue.trigger(BTC, price)
        case "cancel" if still_open:
            await account.cancel_order(OrderRef(order_id=dice.choice(still_open).order_id))
        case "fill" if still_open:
            venue.fill(dice.choice(still_open), dice.choice([None, "0.5"]))
        case "hand" if not account.capabilities.hedging and venue.position(BTC) > 0:
            venue.adjust_position(BTC, -venue.position(BTC) / 2)


@pytest.mark.parametrize("protection", ["attached", "oco", "reduce_only_pair", "stop_only"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(5))
async def test_whatever_happens_its_own_rules_hold(mode: str, protection: Any, seed: int) -> None:
    venue, dice, price = FaultyVenue(protection=protection, **MODES[mode]), random.Random(seed), 100
    async with Account("mine", venue) as account:
        for _ in range(40):
            price = max(50, price + dice.randint(-4, 4))
            await step(account, venue, dice, price)
            assert venue.position(BTC, "long") >= 0 >= venue.position(BTC, "short")
            assert mode != "spot" or venue.position(BTC) >= 0
            assert all(placed.remaining > 0 for placed in venue.placed if placed.open)
            attached = [placed for placed in venue.placed if placed.attached and placed.open]
            for role in ("stop_loss", "take_profit"):
                assert covered(attached, role) <= sum(abs(position.quantity) for position in await account.fetch_positions())


def covered(attached: list[PlacedOrder], role: str) -> Decimal:
    return sum((placed.remaining for placed in attached if placed.role == role), Decimal(0))
