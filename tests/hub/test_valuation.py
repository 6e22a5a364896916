# SPDX-License-Identifier: MIT
"""What is held and ordered is worth, in the account's currency: rates, exposure, profit, quotes with an age."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal, localcontext
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from fks_exec import Account, Balance, Capabilities, Fill, Health, Instrument, MarketData, Order, Position, Side, hookimpl
from fks_exec.convert import from_json, to_json
from fks_exec_hub.accounts.book import Book, Token
from fks_exec_hub.accounts.profit import after, after_fill, open_profit, profit
from fks_exec_hub.accounts.quotes import SKEW, Equity, Quotes
from fks_exec_hub.accounts.valuation import Rates, Valuation
from fks_exec_hub.money import EXACT
from fks_exec_simulators.clocks import HandClock

SPOT = Instrument(symbol="BTC/USDT", base="BTC", quote="USDT")
LINEAR = Instrument(symbol="ETH/USDT", base="ETH", quote="USDT", kind="linear", contract_size="0.1")
INVERSE = Instrument(symbol="BTC/USD", base="BTC", quote="USD", kind="inverse", contract_size="100")
FOREIGN = Instrument(symbol="ADA/EUR", base="ADA", quote="EUR")
RULES = {rule.symbol: rule for rule in (SPOT, LINEAR, INVERSE, FOREIGN)}
RULES |= {name: Instrument(symbol=name, base=name[:3], quote=name[4:]) for name in ("EUR/USD", "USD/USDT", "XRP/EUR")}


class Market:
    """A venue that quotes what it is told, and counts who asks at once."""

    def __init__(self) -> None:
        self.quotes: dict[str, tuple[str | None, str | None]] = {}
        self.asked: list[str] = []
        self.running = self.most = 0
        self.timestamp: int | None = None
        self.balances = [Balance(currency="USDT", total="1000", free="400", equity="1200")]

    @hookimpl
    async def init(self, config: Any, context: Any) -> None:
        """Nothing to connect."""

    @hookimpl
    async def execute_order(self, order: Order, submission: Any) -> None:
        """Takes none."""

    @hookimpl
    async def fetch_data(self, symbol: str) -> MarketData:
        """As told."""
        self.asked.append(symbol)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.001)
        self.running -= 1
        bid, ask = self.quotes[symbol]
        return MarketData(symbol=symbol, bid=bid, ask=ask, timestamp=self.timestamp)

    @hookimpl
    async def fetch_instrument(self, symbol: str) -> Instrument:
        """Its rules."""
        return RULES[symbol]

    @hookimpl
    async def fetch_balance(self) -> list[Balance]:
        """As told."""
        return self.balances

    @hookimpl
    def name(self) -> str:
        """Market."""
        return "Market"

    @hookimpl
    async def health_check(self) -> Health:
        """Well."""
        return Health()


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


class Room:
    """An opened account with its book and all that values it, in USDT."""

    def __init__(self, account: Account, conversions: list[str], currency: str | None = "USDT") -> None:
        self.book = Book()
        self.quotes = Quotes(account, 1)
        self.rates = Rates(account, self.quotes, conversions, currency, 5)
        self.valuation = Valuation(account, self.book, self.quotes, self.rates, currency, 5)

    async def exposure(self) -> Decimal | None:
        """Asked for, then worked out."""
        await self.valuation.ask()
        return self.valuation.exposure()


@pytest.fixture
async def account(market: Market, clock: HandClock) -> AsyncIterator[Account]:
    able = Capabilities(abilities=["fetch_instrument", "fetch_balance"])
    async with Account("main", market, capabilities=able, clock=clock) as account:
        yield account


async def test_one_unit_counts_at_the_dearer_side_of_the_pair_in_either_direction(account: Account, market: Market) -> None:
    market.quotes = {"BTC/USDT": ("99", "100"), "EUR/USD": ("1.25", "1.26")}
    room = Room(account, ["BTC/USDT"])
    await room.rates.ask(["BTC", "XYZ"])
    assert room.rates.known("BTC") == 100
    assert (room.rates.known("XYZ"), room.rates.known(None)) == (None, None)
    room = Room(account, ["EUR/USD"], "EUR")
    await room.rates.ask(["USD"])
    assert room.rates.known("USD") == Decimal("0.8")
    assert room.rates.known("EUR") == 1


async def test_two_steps_are_taken_where_one_does_not_lead_there_and_three_never(account: Account, market: Market) -> None:
    market.quotes = {"EUR/USD": ("1.1", "1.2"), "USD/USDT": ("0.9", "1.1"), "XRP/EUR": ("1", "1")}
    room = Room(account, ["EUR/USD", "USD/USDT", "XRP/EUR"])
    await room.rates.ask(["EUR", "XRP"])
    assert room.rates.known("EUR") == Decimal("1.32")
    assert room.rates.known("XRP") is None
    assert sorted(market.asked) == ["EUR/USD", "USD/USDT"]
    assert market.most == 2


@pytest.mark.parametrize(("bid", "ask"), [("99", None), ("99", "0"), (None, None)])
async def test_a_side_that_is_missing_is_no_rate(account: Account, market: Market, bid: str | None, ask: str | None) -> None:
    market.quotes = {"BTC/USDT": (bid, ask)}
    room = Room(account, ["BTC/USDT"])
    await room.rates.ask(["BTC"])
    assert room.rates.known("BTC") is None


async def test_a_rate_grows_too_old(account: Account, market: Market, clock: HandClock) -> None:
    market.quotes = {"BTC/USDT": ("99", "100")}
    room = Room(account, ["BTC/USDT"])
    await room.rates.ask(["BTC"])
    clock.move(5.1)
    assert room.rates.known("BTC") is None
    await room.rates.ask(["BTC"])
    assert room.rates.known("BTC") == 100


async def test_a_quote_that_is_old_by_the_venue_s_own_time_is_no_quote(
    account: Account, market: Market, clock: HandClock
) -> None:
    market.quotes = {"BTC/USDT": ("99", "100")}
    quotes = Quotes(account, 1)
    market.timestamp = clock.now() - round((5 + SKEW) * 1000)
    assert await quotes.get("BTC/USDT", 5) is not None
    clock.move(0.001)
    assert await quotes.get("BTC/USDT", 5) is None
    assert quotes.known("BTC/USDT", 5) is None
    market.timestamp = clock.now() + 60_000  # the venue's clock is ahead
    assert await quotes.get("BTC/USDT", 5) is not None


async def test_equity_and_what_is_free_come_from_one_answer(account: Account, market: Market, clock: HandClock) -> None:
    equity = Equity(account, "USDT", None)
    assert (await equity.get(30), equity.free(30)) == (1200, 400)
    market.balances = [Balance(currency="USDT", total="-5")]
    assert await equity.get(30) == 1200
    clock.move(31)
    assert (equity.known(30), equity.free(30)) == (None, None)
    assert (await equity.get(30), equity.free(30)) == (-5, None)
    fixed = Equity(account, "USDT", Decimal(7))
    assert (await fixed.get(30), fixed.free(30)) == (7, None)
    await fixed.balance(30)
    assert fixed.known(30) == 7


def held(book: Book, instrument: Instrument, quantity: str) -> None:
    book.store(Position(symbol=instrument.symbol, quantity=quantity, average_price=1))


@pytest.mark.parametrize(
    ("position", "orders", "worth"),
    [
        ("2", [], "198"),  # a long counts at the bid
        ("-2", [], "200"),  # a short at the ask
        ("2", [("buy", "1", "90")], "288"),  # an order at its own price
        ("2", [("buy", "1", None)], "298"),  # at the market: at its side of the quote
        ("2", [("sell", "2", "110")], "198"),  # what only closes adds nothing
        ("2", [("sell", "5", "110")], "330"),  # what leads through zero counts on the other side
        ("-2", [("buy", "5", "110"), ("sell", "1", "150")], "350"),
        ("0", [("buy", "3", "90"), ("sell", "1", "200")], "270"),
        ("0", [], "0"),
    ],
)
async def test_an_exposure_is_the_larger_of_both_sides_with_all_orders_filled(
    account: Account, market: Market, position: str, orders: list[tuple[str, str, str | None]], worth: str
) -> None:
    market.quotes = {"BTC/USDT": ("99", "100")}
    room = Room(account, [])
    held(room.book, SPOT, position)
    for side, quantity, price in orders:
        room.book.reserve("BTC/USDT", Side(side), Decimal(quantity), reducing=False, price=price and Decimal(price))
    assert await room.exposure() == Decimal(worth)


async def test_an_exposure_adds_up_longs_and_shorts_of_all_kinds_in_the_account_s_currency(
    account: Account, market: Market
) -> None:
    market.quotes = {
        "BTC/USDT": ("49999", "50000"),
        "ETH/USDT": ("1999", "2000"),
        "BTC/USD": ("50000", "50000"),
        "ADA/EUR": ("0.5", "0.5"),
    }
    market.quotes |= {"EUR/USD": ("1.1", "1.1"), "USD/USDT": ("1", "1")}
    room = Room(account, ["EUR/USD", "USD/USDT", "BTC/USDT"])
    held(room.book, LINEAR, "-3")  # 3 x 0.1 x 2000 = 600
    held(room.book, INVERSE, "50")  # 50 x 100 / 50000 = 0.1 BTC = 5000
    room.book.reserve("ADA/EUR", Side.BUY, Decimal(1000), reducing=False, price=Decimal("0.4"))  # 400 EUR = 440
    assert await room.exposure() == 6040
    assert market.most > 3
    assert "ADA/EUR" not in market.asked  # an order counts at its own price


async def test_an_exposure_of_which_a_part_cannot_be_valued_is_not_known(account: Account, market: Market) -> None:
    market.quotes = {"BTC/USDT": (None, "100"), "ADA/EUR": ("1", "1")}
    room = Room(account, [])
    held(room.book, SPOT, "1")
    assert await room.exposure() is None
    held(room.book, SPOT, "-1")
    assert await room.exposure() == 100
    held(room.book, FOREIGN, "1")
    assert await room.exposure() is None


async def test_legs_are_no_exposure(account: Account, market: Market) -> None:
    market.quotes = {"BTC/USDT": ("100", "100")}
    room = Room(account, [])
    held(room.book, SPOT, "1")
    for role in ("stop_loss", "take_profit"):
        room.book.reserve("BTC/USDT", Side.SELL, Decimal(9), reducing=True, role=role, price=Decimal(90))
    assert await room.exposure() == 100


@pytest.mark.parametrize(
    ("instrument", "quantity", "entry", "left", "brought"),
    [
        (None, "2", "100", "110", "20"),
        (SPOT, "2", "100", "90", "-20"),
        (LINEAR, "-3", "2000", "1900", "30"),
        (INVERSE, "50", "50000", "40000", "-0.025"),  # 50 x 100 x (1/50000 - 1/40000) BTC
        (INVERSE, "-50", "50000", "40000", "0.025"),
        (SPOT, "1", "0", "100", None),  # the entry's price is not known
        (evolve(LINEAR, settle="BTC"), "1", "1", "2", None),
    ],
)
def test_what_a_quantity_brings(
    instrument: Instrument | None, quantity: str, entry: str, left: str, brought: str | None
) -> None:
    told = profit(instrument, Decimal(quantity), Decimal(entry), Decimal(left))
    assert told == (None if brought is None else Decimal(brought))


def test_open_profit_is_what_closing_at_the_quote_would_bring() -> None:
    quote = MarketData(symbol="X", bid="99", ask="101")
    position = Position(symbol="X", quantity="2", average_price="90")
    assert open_profit(position, quote, SPOT) == 18
    assert open_profit(evolve(position, quantity="-2"), quote, SPOT) == -22
    assert open_profit(evolve(position, quantity="-2"), evolve(quote, ask=None), SPOT) is None
    assert open_profit(evolve(position, quantity="0"), None, SPOT) == 0
    assert open_profit(position, None, SPOT) is None


def test_fees_are_in_the_profit_whatever_they_were_paid_in() -> None:
    flat = Position(symbol="BTC/USDT", quantity=0)
    bought = after(flat, [fill("buy", "1", "100")], {"BTC": Decimal("0.001")}, SPOT)
    assert bought.quantity == Decimal("0.999")
    assert bought.average_price is not None
    assert bought.average_price * bought.quantity == pytest.approx(Decimal(100))
    sold = after(bought, [fill("sell", "0.999", "100")], {"USDT": Decimal("0.0999")}, SPOT)
    assert sold.quantity == 0
    assert sold.realized_pnl == pytest.approx(Decimal("-0.1999"))
    contracts = after(flat, [fill("buy", "1", "100")], {"BTC": Decimal("0.00001")}, INVERSE)
    assert (contracts.quantity, contracts.realized_pnl) == (1, Decimal("-0.00001"))
    third = after(flat, [fill("buy", "1", "100")], {"BNB": Decimal("0.01")}, SPOT)
    assert (third.quantity, third.realized_pnl) == (1, None)


def test_a_fee_that_takes_all_that_was_left_is_a_loss_of_what_it_cost() -> None:
    left = after(Position(symbol="X", quantity="0.001", average_price="100"), [], {"BTC": Decimal("0.001")}, SPOT)
    assert (left.quantity, left.average_price, left.realized_pnl) == (0, None, Decimal("-0.1"))


def fill(side: str, quantity: str, price: str) -> Fill:
    return Fill(trade_id=f"{side}{quantity}{price}", quantity=quantity, price=price, side=side)


TRADES = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.decimals(min_value="0.01", max_value="100", places=2),
        st.decimals(min_value="1", max_value="100000", places=2),
    ),
    min_size=1,
    max_size=8,
)


@given(TRADES, st.sampled_from([SPOT, LINEAR, INVERSE]))
@settings(max_examples=200, deadline=None)
def test_realised_and_open_profit_together_are_what_was_paid_and_got(
    trades: list[tuple[Side, Decimal, Decimal]], instrument: Instrument
) -> None:
    """Whatever is bought and sold through zero and back; and it can be read back from the journal."""
    position, cash = Position(symbol="X", quantity=0), Decimal(0)
    with localcontext(EXACT):
        for side, quantity, price in trades:
            position = after_fill(position, fill(side.value, str(quantity), str(price)), instrument)
            sign = 1 if instrument.kind == "inverse" else -1
            cash += sign * side.sign * instrument.notional(quantity, price)
        last = trades[-1][2]
        quote = MarketData(symbol="X", bid=last, ask=last)
        now = instrument.notional(position.quantity, last)
        worth = cash - now if instrument.kind == "inverse" else cash + now
        total = (position.realized_pnl or 0) + (open_profit(position, quote, instrument) or 0)
        assert abs(total - worth) < Decimal("1e-12")
    assert from_json(Position, to_json(position)) == position


async def test_an_exposure_that_is_kept_up_to_date_is_the_one_that_is_added_up_anew(
    account: Account, market: Market, clock: HandClock
) -> None:
    """Orders that only rest are counted when they change, the others when they or their quote do; nothing is left behind."""
    market.quotes = {"BTC/USDT": ("99", "100"), "ETH/USDT": ("9", "10")}
    room, chance, tokens = Room(account, []), Random(7), list[Token]()
    for _ in range(300):
        clock.move(chance.choice([0, 1, 3]))
        market.quotes = {symbol: (str(price := chance.randint(8, 99)), str(price + 1)) for symbol in market.quotes}
        symbol, side = chance.choice(["BTC/USDT", "ETH/USDT"]), chance.choice(list(Side))
        price = chance.choice([None, Decimal(chance.randint(50, 150))])
        if tokens and chance.random() < 0.5:
            room.book.release(tokens.pop(chance.randrange(len(tokens))))
        elif chance.random() < 0.2:
            held(room.book, RULES[symbol], str(chance.randint(-3, 3)))
        else:
            tokens.append(room.book.reserve(symbol, side, Decimal(chance.randint(1, 9)), reducing=False, price=price))
        kept = await room.exposure()
        assert kept == Valuation(account, room.book, room.quotes, room.rates, "USDT", 5).exposure()


async def test_what_soon_grows_too_old_is_asked_for_with_the_rest(account: Account, market: Market, clock: HandClock) -> None:
    """Else it is too old by the time that the others are at hand, and an exposure that could be known is not."""
    market.quotes = {"BTC/USDT": ("99", "100"), "ETH/USDT": ("9", "10")}
    room = Room(account, [])
    held(room.book, SPOT, "1")
    await room.valuation.ask()
    clock.move(4.9)
    held(room.book, LINEAR, "1")
    await room.valuation.ask()
    clock.move(0.2)  # what an answer takes
    assert room.valuation.exposure() == Decimal("99.9")
