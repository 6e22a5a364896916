# SPDX-License-Identifier: MIT
"""Results, prices, instruments, accounts: the records that a venue fills in."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import (
    AccountState,
    Balance,
    Capabilities,
    Check,
    Denial,
    ExecutionResult,
    Fee,
    Fill,
    Health,
    Instrument,
    InvalidOrder,
    Kind,
    Leg,
    MarketData,
    OrderType,
    Position,
    Side,
    Status,
    from_dict,
    to_dict,
)

QUANTITIES = st.decimals(min_value="0.0001", max_value="1000000", places=4)
STEPS = st.sampled_from([Decimal(text) for text in ("0.001", "0.01", "0.25", "1", "5", "100")])

TERMINAL = {"denied", "rejected", "not_placed", "filled", "canceled", "expired"}


@pytest.mark.parametrize("status", Status)
def test_only_a_known_end_is_terminal(status: Status) -> None:
    """`unknown` least of all."""
    assert status.terminal is (status.value in TERMINAL)


@pytest.mark.parametrize(
    ("status", "filled", "success"),
    [
        ("pending", 0, False),
        ("denied", 0, False),
        ("rejected", 0, False),
        ("not_placed", 0, False),
        ("accepted", 0, True),
        ("partially_filled", 1, True),
        ("filled", 1, True),
        ("canceled", 0, False),
        ("canceled", 1, True),
        ("expired", 0, False),
        ("expired", 1, True),
        ("unknown", 1, False),
    ],
)
def test_success_is_that_the_venue_took_it(status: str, filled: int, success: bool) -> None:
    """A cancelled order counts by what was filled before."""
    assert ExecutionResult(status=status, filled_quantity=filled).success is success


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        (Fill, {"trade_id": "1", "quantity": "0", "price": "1"}, "quantity: a fill's quantity is greater than 0"),
        (Fill, {"trade_id": "1", "quantity": "-1", "price": "1"}, "quantity: a fill's quantity is greater than 0"),
        (Fill, {"trade_id": "1", "quantity": "1", "price": "-0.1"}, "price: a fill's price is not negative"),
        (ExecutionResult, {"status": "filled", "filled_quantity": "-1"}, "filled_quantity: it is not negative"),
        (ExecutionResult, {"status": "filled", "filled_quantity": 1.5}, "filled_quantity: a float is not taken"),
        (ExecutionResult, {"status": "filled", "average_price": "-1"}, "average_price: it is not negative"),
        (Denial, {"code": "A", "message": " "}, "message: a denial says why in a sentence"),
        (Denial, {"code": "A", "message": None}, "message: a denial says why in a sentence"),
        (Denial, {"code": "", "message": "m"}, "code: '' is not a word in capitals"),
        (Denial, {"code": "too low", "message": "m"}, "code: 'too low' is not a word in capitals"),
        (Denial, {"code": "1A", "message": "m"}, "code: '1A' is not a word in capitals"),
        (Denial, {"code": None, "message": "m"}, "code: None is not a word in capitals"),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_refused_with_its_field(kind: type[Any], fields: dict[str, Any], text: str) -> None:
    """A negative quantity would turn a position around."""
    with pytest.raises(InvalidOrder) as caught:
        kind(**fields)
    assert str(caught.value).startswith(text)
    assert caught.value.field == text.partition(":")[0]


def test_what_is_at_the_edge_is_taken() -> None:
    """A fill for nothing, an order of which nothing was filled, a code with a digit."""
    assert Fill(trade_id="1", quantity="0.1", price=0).price == 0
    assert ExecutionResult(status="accepted", filled_quantity=0).filled_quantity == 0
    assert Denial(code="R2_D2", message="m").code == "R2_D2"


@pytest.mark.parametrize(
    "make",
    [
        lambda text: Fill(trade_id=text, quantity=1, price=1),
        lambda text: Leg(role="stop_loss", status="accepted", order_id=text),
        lambda text: ExecutionResult(status="accepted", order_id=text),
    ],
    ids=["fill", "leg", "result"],
)
def test_an_id_that_no_file_can_hold_is_refused(make: Any) -> None:
    """In the journal it would leave the order unknown for ever."""
    with pytest.raises(InvalidOrder, match="no text that can be stored"):
        make("7\ud800")
    make("7é")


def test_a_result_holds_tuples_and_decimals_whatever_it_was_given() -> None:
    """A plugin may hand over lists and texts."""
    result = ExecutionResult(
        status="filled",
        filled_quantity="1",
        average_price="2.5",
        fills=[Fill(trade_id="1", quantity="1", price="2.5", fee="0.1", side="sell")],
        legs=[Leg(role="stop_loss", status="accepted", trigger_price=2, quantity="1")],
        fees=[Fee(currency="USDT", amount="0.1")],
        denials=[Denial(code="A", message="b")],
    )
    assert result.average_price == Decimal("2.5")
    assert (result.fills[0].side, result.fills[0].fee) == (Side.SELL, Decimal("0.1"))
    assert all(isinstance(value, tuple) for value in (result.fills, result.legs, result.fees, result.denials))
    assert hash(result)


@pytest.mark.parametrize("values", [{"status": "done"}, {"filled_quantity": 0.5}, {"average_price": float("nan")}])
def test_a_result_with_a_float_or_an_unknown_status_is_refused(values: dict[str, Any]) -> None:
    """A venue that returns one is not believed."""
    with pytest.raises(ValueError, match=r"\w"):
        ExecutionResult(**({"status": "filled"} | values))


def test_one_buys_at_the_ask_and_sells_at_the_bid() -> None:
    """The last price is never taken in their place."""
    data = MarketData(symbol="A", bid="9", ask="11", last="10")
    assert (data.price_for(Side.BUY), data.price_for(Side.SELL)) == (11, 9)
    assert MarketData(symbol="A", last="10").price_for(Side.BUY) is None
    assert MarketData(symbol="A", bid="0").price_for(Side.SELL) is None


def test_what_is_shown_is_told_by_side_and_not_told_is_not_nothing() -> None:
    """One buys what is asked and sells what is bid; sizes are decimals; what an earlier version wrote has none."""
    data = MarketData(symbol="A", bid="9", ask="11", bid_size="0", ask_size="2.50")
    assert (data.size_for(Side.BUY), data.size_for(Side.SELL)) == (Decimal("2.5"), 0)
    assert MarketData(symbol="A", bid="9", ask="11").size_for(Side.BUY) is None
    assert from_dict(MarketData, to_dict(data)) == data
    assert from_dict(MarketData, {"symbol": "A", "bid": "9"}) == MarketData(symbol="A", bid=9)
    with pytest.raises(InvalidOrder):
        MarketData(symbol="A", ask="11", ask_size=2.5)


@pytest.mark.parametrize(
    ("values", "notional", "currency"),
    [
        ({"kind": "spot"}, "-1000", "USDT"),
        ({"kind": "linear", "contract_size": "0.1"}, "-100", "USDT"),
        ({"kind": "inverse", "contract_size": "100"}, "-2", "BTC"),
        ({"kind": Kind.LINEAR, "settle": "USDC"}, "-1000", "USDC"),
    ],
)
def test_the_notional_is_counted_in_the_settle_currency(values: dict[str, Any], notional: str, currency: str) -> None:
    """Two short at 500; the sign is kept."""
    instrument = Instrument(symbol="BTC/USDT", base="BTC", quote="USDT", **values)
    expected = Decimal("-0.4") if values["kind"] == "inverse" else Decimal(notional)
    assert instrument.notional("-2", 500) == expected
    assert instrument.settle_currency == currency


@given(QUANTITIES, STEPS)
def test_a_quantity_goes_down_and_up_to_the_nearest_step(quantity: Decimal, step: Decimal) -> None:
    """Down never grows it, up never shrinks it, both are on the grid and less than a step away."""
    instrument = Instrument(symbol="A", quantity_step=step)
    down, up = instrument.quantity_down(quantity), instrument.quantity_up(quantity)
    assert quantity - step < down <= quantity <= up < quantity + step
    assert down % step == 0
    assert up % step == 0
    assert instrument.quantity_down(down) == down
    assert instrument.quantity_up(up) == up


def test_below_the_minimum_is_zero_down_and_the_minimum_up() -> None:
    """Never silently something else."""
    instrument = Instrument(symbol="A", quantity_step="0.1", min_quantity="0.5", max_quantity="10")
    assert instrument.quantity_down(Decimal("0.49")) == 0
    assert instrument.quantity_up(Decimal("0.49")) == Decimal("0.5")
    assert instrument.quantity_down(Decimal("10.05")) == 10


def test_a_minimum_off_the_grid_starts_a_grid_of_its_own() -> None:
    """0.15, 0.25, 0.35, ... where the step is 0.1."""
    instrument = Instrument(symbol="A", quantity_step="0.1", min_quantity="0.15")
    assert instrument.quantity_down(Decimal("0.34")) == Decimal("0.25")
    assert instrument.quantity_up(Decimal("0.26")) == Decimal("0.35")


def test_an_instrument_without_rules_lets_everything_pass() -> None:
    """None means that the venue has no such rule."""
    instrument = Instrument(symbol="A")
    assert instrument.quantity_down(Decimal("0.123")) == instrument.quantity_up(Decimal("0.123")) == Decimal("0.123")
    assert instrument.price_on_tick(Decimal("0.123"))


@pytest.mark.parametrize("field", ["contract_size", "quantity_step", "price_tick"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_rule_that_is_not_positive_is_refused(field: str, value: str) -> None:
    """A venue that means "no rule" leaves it out; zero would divide."""
    with pytest.raises(InvalidOrder, match=f"{field}: .* of A is not greater than zero; leave it out"):
        Instrument(symbol="A", **{field: value})


def test_a_price_is_on_the_tick_or_not() -> None:
    """Exactly: there is no float to forgive."""
    instrument = Instrument(symbol="A", price_tick="0.05")
    assert instrument.price_on_tick(Decimal("1.15"))
    assert not instrument.price_on_tick(Decimal("1.16"))


def test_health_is_true_when_every_check_is_well() -> None:
    """No checks, no complaint."""
    assert Health()
    assert Health([Check(name="a", ok=True)])
    assert not Health([Check(name="a", ok=True), Check(name="b", ok=False)])


def test_capabilities_turn_words_into_members() -> None:
    """An author writes lists of texts."""
    declared = Capabilities(order_types=["market", "LIMIT"], protection=["oco"], abilities=["close_position"])
    assert declared.order_types == {OrderType.MARKET, OrderType.LIMIT}
    with pytest.raises(ValueError, match="oco"):
        Capabilities(order_types=["oco"])


def test_the_snapshot_of_a_guard_is_frozen_all_the_way() -> None:
    """Lists become tuples; it can be a key."""
    state = AccountState(
        account="a",
        equity="100000",
        positions=[Position(symbol="A", quantity="-1", average_price=2)],
        balances=[Balance(currency="USDT", total=1, free="0.5", equity="1")],
    )
    assert hash(state)
    assert (state.position, state.working_buy, state.open_orders) == (0, 0, 0)
    with pytest.raises(InvalidOrder):
        AccountState(account="a", equity=0.5)  # type: ignore[arg-type]
