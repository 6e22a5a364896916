# SPDX-License-Identifier: MIT
"""The guard ``position_size``."""

from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fks_exec import AccountState, Answer, ConfigError, Denial, Instrument, MarketData, Order
from fks_exec_hub.guards.position_size import PositionSize, PositionSizeConfig
from fks_exec_hub.guards.worth import WorstCase

ACME = Instrument(symbol="ACME", base="ACME", quote="USD", quantity_step=1)
LINEAR = Instrument(symbol="BTC/USD", kind="linear", base="BTC", quote="USD", contract_size="0.01")
INVERSE = Instrument(symbol="BTC/USD", kind="inverse", base="BTC", quote="USD", contract_size=100)
QUOTE = MarketData(symbol="ACME", bid="8", ask="10")
STATE = AccountState(account="paper", currency="USD", equity=100_000, instrument=ACME, quote=QUOTE)
"""One percent are 1,000 USD: 100 at the ask, 125 at the bid."""


def order(side: str, quantity: object, **fields: object) -> Order:
    """A market order."""
    return Order(symbol="ACME", side=side, quantity=quantity, **fields)


def state(**fields: object) -> AccountState:
    """The account, with other fields."""
    return attrs.evolve(STATE, **fields)


def code(order: Order, account: AccountState = STATE, **config: object) -> str | None:
    """The code with which the guard denies the order."""
    answer = PositionSize(PositionSizeConfig(**config)).check_risk(order, account)
    return denial(answer).code if answer is not None else None


def denial(answer: Answer) -> Denial:
    """The only denial of an answer."""
    assert isinstance(answer, Denial)
    return answer


@pytest.mark.parametrize(("side", "most"), [("buy", 100), ("sell", 125)])
def test_a_market_order_counts_at_its_own_side_of_the_quote(side: str, most: int) -> None:
    """A buy pays the ask, a sell gets the bid. Exactly one percent passes."""
    assert code(order(side, most)) is None
    assert code(order(side, f"{most}.000")) is None
    assert code(order(side, most + 1)) == "POSITION_SIZE"
    assert code(order(side, f"{most}.00000001")) == "POSITION_SIZE"


@pytest.mark.parametrize(
    ("side", "prices", "most"),
    [
        ("buy", {"order_type": "limit", "price": "4"}, 250),  # a buy never pays more than its limit
        ("buy", {"order_type": "limit", "price": "20"}, 50),
        ("sell", {"order_type": "limit", "price": "20"}, 50),
        ("sell", {"order_type": "limit", "price": "4"}, 125),  # a sell below the bid gets the bid
        ("buy", {"order_type": "stop", "stop_price": "20"}, 50),
        ("buy", {"order_type": "stop", "stop_price": "4"}, 100),  # already triggered: it pays the ask
        ("sell", {"order_type": "stop", "stop_price": "4"}, 125),
        ("sell", {"order_type": "stop", "stop_price": "20"}, 50),
        ("buy", {"order_type": "stop_limit", "stop_price": "4", "price": "5"}, 200),
        ("sell", {"order_type": "stop_limit", "stop_price": "5", "price": "4"}, 125),
        ("sell", {"order_type": "stop_limit", "stop_price": "20", "price": "4"}, 50),
    ],
)
def test_another_order_counts_where_its_fill_is_worth_most(side: str, prices: dict[str, str], most: int) -> None:
    """Of its limit, its trigger and the quote, where the fill can be at each of them."""
    assert code(order(side, most, **prices)) is None
    assert code(order(side, most + 1, **prices)) == "POSITION_SIZE"


@pytest.mark.parametrize(
    ("side", "prices", "most"),
    [
        ("buy", {}, 100),  # 100 contracts of 100 USD at 10 USD are 1,000 BTC
        ("sell", {}, 80),
        ("sell", {"order_type": "limit", "price": "20"}, 200),  # never sold below its limit
        ("buy", {"order_type": "limit", "price": "20"}, 100),  # a buy above the ask pays the ask
        ("buy", {"order_type": "limit", "price": "5"}, 50),
        ("buy", {"order_type": "stop", "stop_price": "20"}, 100),
        ("sell", {"order_type": "stop", "stop_price": "4"}, 40),
    ],
)
def test_an_inverse_contract_is_worth_more_at_a_lower_price(side: str, prices: dict[str, str], most: int) -> None:
    """So what bounds a buy of a linear one bounds a sell here, and its worth is counted in base."""
    account = state(instrument=INVERSE, currency="BTC")
    assert code(order(side, most, **prices), account) is None
    assert code(order(side, most + 1, **prices), account) == "POSITION_SIZE"


def test_an_inverse_contract_at_exactly_one_percent_passes() -> None:
    """300 USD at 30,000 are 0.01 BTC, though a third of it is no finite decimal."""
    account = state(instrument=INVERSE, currency="BTC", equity=1, quote=MarketData(symbol="ACME", ask=30000))
    assert code(order("buy", 3), account) is None
    assert code(order("buy", "3.0001"), account) == "POSITION_SIZE"


def test_a_contract_counts_with_its_size() -> None:
    """10,000 contracts of a hundredth each are 100 at the ask."""
    account = state(instrument=LINEAR)
    assert code(order("buy", 10_000), account) is None
    assert code(order("buy", 10_001), account) == "POSITION_SIZE"


@pytest.mark.parametrize(
    ("side", "account", "most"),
    [
        ("buy", {"position": 60}, 40),
        ("buy", {"working_buy": 60}, 40),
        ("buy", {"position": 30, "working_buy": 30}, 40),
        ("buy", {"position": 60, "working_sell": 60}, 40),  # the sells may never fill
        ("buy", {"position": -60}, 160),  # 60 cover, 100 are new
        ("buy", {"position": -60, "working_buy": 20}, 140),  # 20 of the cover are ordered already
        ("buy", {"position": -60, "working_buy": 80}, 80),
        ("sell", {"position": -25}, 100),
        ("sell", {"working_sell": 25}, 100),
        ("sell", {"position": 25, "working_sell": 50}, 100),
        ("sell", {"position": -25, "working_buy": 999}, 100),
    ],
)
def test_the_worst_case_counts_the_position_and_working_orders_of_the_side(
    side: str, account: dict[str, int], most: int
) -> None:
    """All that may fill in the order's direction, nothing that may fill against it."""
    assert code(order(side, most), state(**account)) is None
    assert code(order(side, most + 1), state(**account)) == "POSITION_SIZE"


def test_a_bid_far_below_the_market_does_not_make_the_position_small() -> None:
    """What is held counts at the quote; only what the order adds counts at its limit."""
    low = {"order_type": "limit", "price": "1"}
    assert code(order("buy", 400, **low), state(position=60)) is None
    assert code(order("buy", 401, **low), state(position=60)) == "POSITION_SIZE"
    assert code(order("buy", 1, **low), state(position=101)) == "POSITION_SIZE"
    assert code(order("buy", 1000, **low)) is None


def test_what_is_held_counts_at_the_limit_where_that_is_dearer() -> None:
    """A buy above the ask says what its owner thinks that the position is worth."""
    high = {"order_type": "limit", "price": "20"}
    assert code(order("buy", 20, **high), state(position=30)) is None
    assert code(order("buy", 21, **high), state(position=30)) == "POSITION_SIZE"


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize(
    "quote",
    [
        None,
        MarketData(symbol="ACME", last=10),
        MarketData(symbol="ACME", bid=0, ask=0),
        MarketData(symbol="ACME", bid=-1, ask=-1),
    ],
)
def test_without_its_side_of_the_quote_a_market_order_has_no_worth(side: str, quote: MarketData | None) -> None:
    """A quote of zero would let an order of any size pass."""
    assert code(order(side, 1), state(quote=quote)) == "NO_QUOTE"


def test_the_other_side_of_the_quote_does_not_stand_in() -> None:
    """Nor for the sell."""
    assert code(order("buy", 1), state(quote=MarketData(symbol="ACME", bid=8))) == "NO_QUOTE"
    assert code(order("sell", 1), state(quote=MarketData(symbol="ACME", ask=10))) == "NO_QUOTE"


def test_only_an_order_that_its_limit_bounds_needs_no_quote() -> None:
    """And only where nothing is held that would have to be valued."""
    blind = state(quote=None)
    assert code(order("buy", 1, order_type="limit", price=10), blind) is None
    assert code(order("buy", 1, order_type="stop_limit", price=10, stop_price=9), blind) is None
    assert code(order("sell", 1, order_type="limit", price=10), blind) == "NO_QUOTE"
    assert code(order("buy", 1, order_type="stop", stop_price=10), blind) == "NO_QUOTE"
    assert code(order("buy", 1, order_type="limit", price=10), state(quote=None, position=1)) == "NO_QUOTE"
    assert code(order("buy", 1, order_type="limit", price=10), state(quote=None, working_buy=1)) == "NO_QUOTE"
    inverse = state(quote=None, instrument=INVERSE, currency="BTC")
    assert code(order("sell", 1, order_type="limit", price=10), inverse) is None
    assert code(order("buy", 1, order_type="limit", price=10), inverse) == "NO_QUOTE"


@pytest.mark.parametrize("equity", [None, 0, "-0.01"])
def test_without_equity_nothing_is_small(equity: object) -> None:
    """Not known, nothing, or debts."""
    assert code(order("buy", 1), state(equity=equity)) == "NO_EQUITY"


@pytest.mark.parametrize(
    ("instrument", "currency", "passes"),
    [
        (ACME, "USD", True),
        (ACME, None, True),
        (ACME, "EUR", False),
        (ACME, "usd", False),
        (attrs.evolve(ACME, quote=None), "USD", False),
        (attrs.evolve(ACME, quote=None), None, True),
        (attrs.evolve(ACME, quote=None, settle="USD"), "USD", True),
        (attrs.evolve(ACME, settle="USD"), "USD", True),
        (attrs.evolve(ACME, settle="BTC"), "BTC", False),  # a quanto: quantity x price is no BTC
        (attrs.evolve(ACME, settle="BTC"), "USD", False),
        (attrs.evolve(ACME, settle="BTC"), None, False),
        (INVERSE, "BTC", True),
        (INVERSE, "USD", False),
        (attrs.evolve(INVERSE, settle="USD"), "USD", False),
    ],
)
def test_worth_and_equity_are_in_one_currency(instrument: Instrument, currency: str | None, passes: bool) -> None:
    """Without a rate a guess would be a limit that nobody set."""
    assert code(order("buy", 1), state(instrument=instrument, currency=currency)) == (None if passes else "NO_CONVERSION")


def test_without_an_instrument_nothing_has_a_worth() -> None:
    """Nobody knows how large a contract is."""
    assert code(order("buy", 1), state(instrument=None)) == "NO_INSTRUMENT"


def test_percent_is_configured() -> None:
    """Also above a hundred, where there is leverage."""
    assert code(order("buy", 25), percent="0.25") is None
    assert code(order("buy", 26), percent="0.25") == "POSITION_SIZE"
    assert code(order("buy", 30_000), percent=300) is None


def test_a_denial_says_how_much_would_do() -> None:
    """With limit and value in the account's currency."""
    no = denial(PositionSize().check_risk(order("buy", 101), STATE))
    assert (no.limit, no.value) == ("1000 USD", "1010 USD")
    assert "more than 1 % of the equity, 1000 USD; send at most 100 ACME" in no.message
    no = denial(PositionSize().check_risk(order("buy", 1), state(position=100)))
    assert no.message.endswith("reduce the position first")


@pytest.mark.parametrize(
    ("account", "most"),
    [
        ({}, "100"),
        ({"position": 30}, "70"),
        ({"position": -30}, "130"),
        ({"position": -30, "working_buy": 10}, "120"),
        ({"quote": MarketData(symbol="ACME", ask=3)}, "333"),  # down to the step
        (
            {"quote": MarketData(symbol="ACME", ask=3), "instrument": attrs.evolve(ACME, quantity_step=None)},
            "333.3333333333333",
        ),
        ({"instrument": LINEAR}, "10000"),
        ({"instrument": INVERSE, "currency": "BTC"}, "100"),
        ({"position": 100}, "0"),
        ({"position": 200}, "0"),
    ],
)
def test_what_a_denial_names_is_all_that_would_pass(account: dict[str, object], most: str) -> None:
    """Also where the order first covers a position, and never rounded up."""
    assert named(PositionSize().check_risk(order("buy", 99999), state(**account))) == Decimal(most)


def named(answer: Answer) -> Decimal:
    """The quantity that a denial says would pass; zero where it says that none would."""
    return Decimal(denial(answer).message.partition("send at most ")[2].partition(" ")[0] or 0)


@pytest.mark.parametrize("percent", ["0", "-1"])
def test_percent_is_greater_than_zero(percent: str) -> None:
    """To stop entries there is the halt."""
    with pytest.raises(ConfigError, match=r"^percent: .* not greater than zero"):
        PositionSizeConfig(percent=percent)


@pytest.mark.parametrize("basis", ["Notional", "equity", ""])
def test_another_basis_is_refused_with_a_sentence(basis: str) -> None:
    """Rather than taken and not kept."""
    with pytest.raises(ConfigError, match=f"^basis: '{basis}' is not known here; write basis = \"notional\" or basis = "):
        PositionSizeConfig(basis=basis)


def test_the_worth_is_converted_into_the_currency_of_the_equity() -> None:
    """At 0.8 EUR a dollar 125 are 1,000 EUR; a rate of nothing is none."""
    euro = state(currency="EUR", rates={"USD": Decimal("0.8"), "GBP": Decimal(9)})
    assert code(order("buy", 125), euro) is None
    assert code(order("buy", 126), euro) == "POSITION_SIZE"
    no = denial(PositionSize().check_risk(order("buy", 126), euro))
    assert (no.limit, no.value) == ("1000 EUR", "1008 EUR")
    assert no.message.endswith("send at most 125 ACME")
    for rate in (0, -1):
        assert code(order("buy", 1), state(currency="EUR", rates={"USD": Decimal(rate)})) == "NO_CONVERSION"


def test_a_denial_for_want_of_a_rate_says_what_to_configure() -> None:
    """Both currencies, and the account's key."""
    no = denial(PositionSize().check_risk(order("buy", 1), state(currency="EUR")))
    assert (no.limit, no.value) == ("EUR", "USD")
    assert "list an instrument that quotes USD in EUR, or the reverse, under the account's conversions" in no.message
    quanto = attrs.evolve(ACME, settle="BTC")
    no = denial(PositionSize().check_risk(order("buy", 1), state(instrument=quanto, rates={"USD": Decimal(1)})))
    assert "is worth an unknown currency" in no.message


def test_by_margin_the_leverage_divides_the_worth() -> None:
    """Five times as much as by its worth, at a leverage of five; held and ordered alike. The venue's word goes before ours."""
    account = {"leverage": 5}
    assert code(order("buy", 500), state(**account), basis="margin") is None
    assert code(order("buy", 501), state(**account), basis="margin", leverage=10) == "POSITION_SIZE"
    assert code(order("buy", 501), state(**account), basis="margin") == "POSITION_SIZE"
    assert code(order("buy", 200), state(**account, position=100, working_buy=200), basis="margin") is None
    assert code(order("buy", 201), state(**account, position=100, working_buy=200), basis="margin") == "POSITION_SIZE"
    no = denial(PositionSize(PositionSizeConfig(basis="margin")).check_risk(order("buy", 600), state(**account)))
    assert no.message == (
        "after this order the position in ACME could bind 1200 USD, more than 1 % of the equity, 1000 USD; "
        "send at most 500 ACME"
    )


@pytest.mark.parametrize("leverage", [None, 0, -5])
def test_by_margin_an_unknown_leverage_is_denied(leverage: object) -> None:
    """With what to configure: the leverage, or its worth."""
    no = denial(PositionSize(PositionSizeConfig(basis="margin")).check_risk(order("buy", 1), state(leverage=leverage)))
    assert no.code == "NO_LEVERAGE"
    assert 'configure leverage, or basis = "notional"' in no.message
    assert code(order("buy", 200), state(leverage=leverage), basis="margin", leverage=2) is None
    assert code(order("buy", 201), state(leverage=leverage), basis="margin", leverage=2) == "POSITION_SIZE"
    assert code(order("buy", 1), state(leverage=leverage)) is None


@pytest.mark.parametrize(
    ("side", "fields", "most"),
    [
        ("buy", {"stop_loss": 6}, 250),  # 4 from the ask to the stop
        ("sell", {"stop_loss": 12}, 250),  # 4 from the bid
        ("buy", {"stop_loss": 4, "order_type": "limit", "price": 9}, 200),
        ("sell", {"stop_loss": 12, "order_type": "limit", "price": 10}, 500),  # never sold below its limit
        ("buy", {"stop_loss": 7, "order_type": "stop", "stop_price": 12}, 200),
        ("buy", {"stop_loss": 5, "order_type": "stop", "stop_price": 9}, 200),  # already triggered: it pays the ask
        ("sell", {"stop_loss": 12, "order_type": "stop", "stop_price": 7}, 200),
        ("buy", {"stop_loss": 8, "order_type": "stop_limit", "stop_price": 12, "price": 13}, 200),
    ],
)
def test_by_risk_the_way_to_the_stop_counts(side: str, fields: dict[str, object], most: int) -> None:
    """From the price at which one would like least to enter."""
    assert code(order(side, most, **fields), basis="risk") is None
    assert code(order(side, most + 1, **fields), basis="risk") == "POSITION_SIZE"


def test_by_risk_what_is_held_already_is_lost_from_the_quote_to_the_same_stop() -> None:
    """100 held lose 400 at the stop; 150 more fill up the 1,000. From a bid of 8 they lose 2 each."""
    assert code(order("buy", 150, stop_loss=6), state(position=100), basis="risk") is None
    assert code(order("buy", 151, stop_loss=6), state(position=100), basis="risk") == "POSITION_SIZE"
    bid = {"order_type": "limit", "price": 8, "stop_loss": 6}
    assert code(order("buy", 300, **bid), state(position=100), basis="risk") is None
    assert code(order("buy", 301, **bid), state(position=100), basis="risk") == "POSITION_SIZE"
    assert code(order("buy", 1, **bid), state(position=100, quote=None), basis="risk") == "NO_QUOTE"


def test_by_risk_an_inverse_contract_loses_its_base() -> None:
    """100 USD at 10 are 10 BTC, at the stop of 5 are 20: 10 lost for a contract."""
    account = state(instrument=INVERSE, currency="BTC")
    assert code(order("buy", 100, stop_loss=5), account, basis="risk") is None
    assert code(order("buy", 101, stop_loss=5), account, basis="risk") == "POSITION_SIZE"


def test_by_risk_a_stop_is_needed_on_its_side() -> None:
    """An order that has none, or one that would trigger at once, has no measure: at no distance any size would pass."""
    assert code(order("buy", 1), basis="risk") == "STOP_LOSS_MISSING"
    for side, stop in (("buy", 10), ("buy", 11), ("sell", 8), ("sell", 7)):
        assert code(order(side, 1, stop_loss=stop), basis="risk") == "STOP_LOSS_SIDE"
    no = denial(PositionSize(PositionSizeConfig(basis="risk")).check_risk(order("buy", 1, stop_loss=11), STATE))
    assert (no.limit, no.value) == ("below 10", "11")
    assert code(order("buy", 60), state(position=-60), basis="risk") is None  # it adds nothing


amounts = st.integers(0, 10**6).map(lambda cents: Decimal(cents) / 100)
some = st.integers(1, 10**6).map(lambda cents: Decimal(cents) / 100)
prices = st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 1000)
sides = st.sampled_from(["buy", "sell"])
instruments = st.sampled_from([ACME, LINEAR, INVERSE])
SHAPES = {"market": (), "limit": ("price",), "stop": ("stop_price",), "stop_limit": ("price", "stop_price")}


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """An order of any type."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    return order(draw(sides), draw(some), order_type=kind, **{name: draw(prices) for name in SHAPES[kind]})


@st.composite
def states(draw: st.DrawFn) -> AccountState:
    """An account for which everything is known."""
    return AccountState(
        account="paper",
        equity=draw(some) * 1000,
        instrument=draw(instruments),
        quote=MarketData(symbol="ACME", bid=draw(prices), ask=draw(prices)),
        position=draw(st.sampled_from([1, -1])) * draw(amounts),
        working_buy=draw(amounts),
        working_sell=draw(amounts),
    )


@given(orders(), states(), some)
def test_a_larger_quantity_is_never_allowed_where_a_smaller_is_denied(
    order: Order, account: AccountState, more: Decimal
) -> None:
    """Whatever is held, and on whichever side."""
    larger = attrs.evolve(order, quantity=order.quantity + more)
    if code(order, account) == "POSITION_SIZE":
        assert code(larger, account) == "POSITION_SIZE"


@given(orders(), states())
def test_a_mirrored_account_judges_the_sell_as_the_buy(order: Order, account: AccountState) -> None:
    """Where bid and ask are one and no limit bounds one of the two sides only."""
    assume(order.price is None)
    quote = attrs.evolve(account.quote, bid=account.quote.ask)
    one = attrs.evolve(account, quote=quote)
    other = attrs.evolve(one, position=-account.position, working_buy=account.working_sell, working_sell=account.working_buy)
    assert code(order, one) == code(attrs.evolve(order, side=order.side.opposite), other)


@given(sides, some, states())
def test_an_allowed_order_never_makes_the_worst_case_too_large(side: str, quantity: Decimal, account: AccountState) -> None:
    """Over everything that may fill or not, in both directions; what is too large already may stay, but not grow."""
    asked = order(side, quantity)
    assume(code(asked, account) is None)
    low, high = account.position - account.working_sell, account.position + account.working_buy
    before = max(abs(low), abs(high))
    after = max(abs(low - quantity), abs(high)) if side == "sell" else max(abs(low), abs(high + quantity))
    price = Fraction(account.quote.price_for(asked.side))
    size = Fraction(account.instrument.contract_size)
    worth = Fraction(after) * size * (1 / price if account.instrument is INVERSE else price)
    assert after <= before or worth <= Fraction(account.equity) / 100


@given(sides, some, states())
def test_what_is_denied_is_worth_more_than_one_percent(side: str, quantity: Decimal, account: AccountState) -> None:
    """Exactly that and nothing else, in fractions."""
    asked = order(side, quantity)
    ahead = asked.side.sign * account.position + (account.working_buy if side == "buy" else account.working_sell) + quantity
    price = Fraction(account.quote.price_for(asked.side))
    worth = Fraction(ahead * account.instrument.contract_size) * (1 / price if account.instrument is INVERSE else price)
    assert code(asked, account) == ("POSITION_SIZE" if worth > Fraction(account.equity) / 100 else None)


@given(orders(), states())
def test_the_quantity_that_a_denial_names_passes_and_more_does_not(order: Order, account: AccountState) -> None:
    """A remedy that would be denied again is none, and a timid one costs money."""
    answer = PositionSize().check_risk(order, account)
    if answer is None:
        return
    most = named(answer)
    more = most + 1 if account.instrument is ACME else most * Decimal("1.000000001") + Decimal("0.000001")
    assert most <= order.quantity
    assert not most or code(attrs.evolve(order, quantity=most), account) is None
    assert code(attrs.evolve(order, quantity=more), account) == "POSITION_SIZE"


@given(orders(), states())
def test_an_order_that_cannot_lead_beyond_zero_passes_whatever_is_not_known(order: Order, account: AccountState) -> None:
    """Of itself, whether or not the hub asks this guard about reducing orders."""
    working = account.working_buy if order.side == "buy" else account.working_sell
    blind = attrs.evolve(
        account, position=-order.side.sign * (order.quantity + working), equity=None, quote=None, instrument=None
    )
    assert WorstCase.of(order, blind) == WorstCase(held=Decimal(0), added=Decimal(0))
    assert code(order, blind) is None


@given(sides, some, some, st.integers(1, 125), st.sampled_from(["notional", "margin", "risk"]), states())
def test_what_each_basis_denies_is_what_it_says(
    side: str, quantity: Decimal, rate: Decimal, leverage: int, basis: str, account: AccountState
) -> None:
    """Exactly that and nothing else, in fractions: linear, at one price, converted."""
    own = attrs.evolve(account, instrument=LINEAR, currency="EUR", rates={"USD": rate}, leverage=leverage)
    price = own.quote.price_for(order(side, 1).side)
    sign = 1 if side == "buy" else -1
    stop = price * (Decimal(1) - sign * Decimal("0.25"))
    asked = order(side, quantity, stop_loss=stop)
    ahead = sign * own.position + (own.working_buy if side == "buy" else own.working_sell) + quantity
    one = {
        "notional": Fraction(price),
        "margin": Fraction(price) / leverage,
        "risk": abs(Fraction(price) - Fraction(stop)),
    }[basis]
    counts = Fraction(ahead) * Fraction("0.01") * Fraction(rate) * one
    assert code(asked, own, basis=basis) == ("POSITION_SIZE" if counts > Fraction(own.equity) / 100 else None)
