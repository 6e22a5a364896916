# SPDX-License-Identifier: MIT
"""The guard ``quantity``."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec import AccountState, Answer, Denial, Instrument, MarketData, Order
from fks_exec_hub.guards.quantity import Quantity, nearest

BTC = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    quantity_step="0.001",
    min_quantity="0.002",
    max_quantity="5",
    min_notional="100",
)
QUOTE = MarketData(symbol="BTC/USDT", bid="40000", ask="50000")


def buy(quantity: str | Decimal, **fields: object) -> Order:
    """A market buy of BTC/USDT."""
    return Order(**{"symbol": "BTC/USDT", "side": "buy", "quantity": quantity} | fields)


def state(instrument: Instrument | None = BTC, quote: MarketData | None = QUOTE) -> AccountState:
    """An account that trades the instrument."""
    return AccountState(account="paper", instrument=instrument, quote=quote)


def denial(answer: Answer) -> Denial:
    """The only denial of an answer."""
    assert isinstance(answer, Denial)
    return answer


@pytest.mark.parametrize("quantity", ["0.002", "0.0020", "2E-3", "0.003", "4.999", "5", "5.000"])
def test_a_quantity_on_the_step_within_the_limits_passes(quantity: str) -> None:
    """The limits themselves pass; how many zeros a number has does not matter."""
    assert Quantity().validate_order(buy(quantity), BTC) is None


@pytest.mark.parametrize(
    ("quantity", "code", "limit"),
    [
        ("0.0019", "QUANTITY_MIN", "0.002 BTC"),
        ("0.000000001", "QUANTITY_MIN", "0.002 BTC"),
        ("0.0021", "QUANTITY_STEP", "0.002 or 0.003 BTC"),
        ("4.9999999", "QUANTITY_STEP", "4.999 or 5 BTC"),
        ("5.001", "QUANTITY_MAX", "5 BTC"),
        ("1e29", "QUANTITY_MAX", "5 BTC"),
    ],
)
def test_a_denial_names_the_nearest_valid_quantities(quantity: str, code: str, limit: str) -> None:
    """Story 15: never silently truncated, never a message that sends the caller into the next refusal."""
    no = denial(Quantity().validate_order(buy(quantity), BTC))
    assert (no.code, no.limit) == (code, limit)
    assert f"send {limit.removesuffix(' BTC')}" in no.message


def test_a_minimum_off_the_step_is_where_the_grid_starts() -> None:
    """Some venues count steps from the minimum."""
    odd = attrs.evolve(BTC, min_quantity="0.0005")
    assert Quantity().validate_order(buy("0.0025"), odd) is None
    assert denial(Quantity().validate_order(buy("0.002"), odd)).limit == "0.0015 or 0.0025 BTC"


def test_rules_that_leave_no_quantity_are_told_as_such() -> None:
    """A remedy that would be denied again is none."""
    broken = attrs.evolve(BTC, min_quantity="6")
    no = denial(Quantity().validate_order(buy("1"), broken))
    assert (no.code, no.limit) == ("QUANTITY_MIN", None)
    assert "no valid quantity" in no.message


@pytest.mark.parametrize("instrument", [None, Instrument(symbol="BTC/USDT")])
def test_rules_that_are_not_known_are_not_checked(instrument: Instrument | None) -> None:
    """The venue has the last word on them."""
    assert Quantity().validate_order(buy("0.123456789"), instrument) is None
    assert Quantity().check_risk(buy("0.123456789"), state(instrument, None)) is None


@pytest.mark.parametrize(
    ("side", "quantity", "passes"),
    [("buy", "0.002", True), ("buy", "0.0019", False), ("sell", "0.0025", True), ("sell", "0.002", False)],
)
def test_the_notional_of_a_market_order_is_on_its_side_of_the_quote(side: str, quantity: str, passes: bool) -> None:
    """100 USDT are 0.002 at the ask of 50,000 and 0.0025 at the bid of 40,000; exactly 100 passes."""
    answer = Quantity().check_risk(buy(quantity, side=side), state())
    assert (answer is None) is passes


@pytest.mark.parametrize(
    "prices",
    [
        {"order_type": "limit", "price": "10000"},
        {"order_type": "stop", "stop_price": "10000"},
        {"order_type": "stop_limit", "price": "10000", "stop_price": "90000"},
    ],
)
@pytest.mark.parametrize("quote", [QUOTE, None])
def test_the_notional_of_another_order_is_at_its_own_price(prices: dict[str, str], quote: MarketData | None) -> None:
    """The limit, else the trigger; the quote is neither needed nor looked at."""
    assert Quantity().check_risk(buy("0.01", **prices), state(quote=quote)) is None
    assert denial(Quantity().check_risk(buy("0.009", **prices), state(quote=quote))).value == "90 USDT"


def test_a_small_order_is_told_the_quantity_that_is_worth_enough() -> None:
    """On the step, rounded up."""
    odd = MarketData(symbol="BTC/USDT", ask="39999")
    no = denial(Quantity().check_risk(buy("0.002"), state(quote=odd)))
    assert (no.code, no.limit, no.value) == ("MIN_NOTIONAL", "100 USDT", "79.998 USDT")
    assert "send at least 0.003 BTC" in no.message


def test_a_minimum_notional_above_the_maximum_quantity_is_told_as_such() -> None:
    """A remedy that would be denied again is none."""
    no = denial(Quantity().check_risk(buy("0.002"), state(attrs.evolve(BTC, min_notional="1000000"))))
    assert "no valid quantity" in no.message


@pytest.mark.parametrize("quote", [None, MarketData(symbol="BTC/USDT", bid="40000"), MarketData(symbol="BTC/USDT", ask=0)])
def test_a_market_order_without_its_side_of_the_quote_cannot_be_valued(quote: MarketData | None) -> None:
    """The bid is no price for a buy, and zero is no price."""
    assert denial(Quantity().check_risk(buy("0.002"), state(quote=quote))).code == "NO_QUOTE"


def test_the_minimum_notional_of_an_inverse_contract_is_in_quote_currency() -> None:
    """A contract of 100 USD is worth 100 USD at any price, and needs no quote."""
    inverse = Instrument(symbol="BTC/USD", kind="inverse", base="BTC", quote="USD", contract_size=100, min_notional=300)
    assert Quantity().check_risk(buy("3"), state(inverse, None)) is None
    no = denial(Quantity().check_risk(buy("2"), state(inverse, None)))
    assert (no.value, no.limit) == ("200 USD", "300 USD")
    assert "send at least 3 contracts" in no.message


def units(value: int) -> Decimal:
    """A whole number of hundred-millionths, with its zeros cut in every other case."""
    number = Decimal(value).scaleb(-8)
    return number if value % 2 else number.normalize()


@st.composite
def rules(draw: st.DrawFn) -> tuple[int | None, int | None, int | None]:
    """Step, minimum and maximum in hundred-millionths, any of them absent."""
    step = draw(st.none() | st.integers(1, 10**9))
    least = draw(st.none() | st.integers(1, 10**10))
    return step, least, draw(st.none() | st.integers(least or 1, 10**12))


def reference(quantity: int, step: int | None, least: int | None, most: int | None) -> bool:
    """Whether a quantity is valid, in whole numbers."""
    start = least if least and step and least % step else 0
    on_step = not step or (quantity - start) % step == 0
    return on_step and quantity > 0 and quantity >= (least or 0) and (most is None or quantity <= most)


@given(rules(), st.integers(1, 2 * 10**12) | st.integers(1, 10**10))
def test_the_guard_takes_what_whole_numbers_take(limits: tuple[int | None, int | None, int | None], quantity: int) -> None:
    """Step, minimum and maximum, against a reference that has no Decimals."""
    instrument = rule(limits)
    answer = Quantity().validate_order(buy(units(quantity)), instrument)
    assert (answer is None) is reference(quantity, *limits)


@given(rules(), st.integers(1, 2 * 10**12) | st.integers(1, 10**10))
def test_the_nearest_quantities_are_taken_and_nothing_between_them_is(
    limits: tuple[int | None, int | None, int | None], quantity: int
) -> None:
    """What a denial proposes passes, and is the closest that does."""
    instrument, step = rule(limits), limits[0] or 1
    near = nearest(instrument, units(quantity))
    for each in near:
        assert Quantity().validate_order(buy(each), instrument) is None
    valid = [int(each.scaleb(8)) for each in near]
    window = range(max(1, quantity - step), quantity + step + 1) if step < 50 else ()
    for between in window:
        if reference(between, *limits):
            assert min(abs(each - quantity) for each in valid) <= abs(between - quantity)


def rule(limits: tuple[int | None, int | None, int | None]) -> Instrument:
    """An instrument with these limits."""
    step, least, most = (None if each is None else units(each) for each in limits)
    return Instrument(symbol="BTC/USDT", quantity_step=step, min_quantity=least, max_quantity=most)


@given(
    quantity=st.integers(1, 10**9),
    step=st.none() | st.integers(1, 10**6),
    price=st.integers(1, 10**12),
    least=st.integers(1, 10**15),
    size=st.integers(1, 1000),
    kind=st.sampled_from(["spot", "linear", "inverse"]),
)
def test_the_quantity_that_is_worth_enough_is_taken(
    quantity: int, step: int | None, price: int, least: int, size: int, kind: str
) -> None:
    """The remedy of MIN_NOTIONAL passes both checks."""
    instrument = Instrument(
        symbol="BTC/USDT",
        kind=kind,
        contract_size=size,
        quantity_step=None if step is None else units(step),
        min_notional=units(least),
    )
    account = state(instrument, MarketData(symbol="BTC/USDT", ask=units(price)))
    answer = Quantity().check_risk(buy(units(quantity)), account)
    if answer is not None:
        enough = buy(denial(answer).message.rpartition("send at least ")[2].removesuffix(" contracts"))
        assert Quantity().check_risk(enough, account) is None
        assert Quantity().validate_order(enough, instrument) is None
