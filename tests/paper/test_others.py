# SPDX-License-Identifier: MIT
"""Prices from another account: asked for before each order, and nothing moves when there is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

import fks_exec_paper
from fks_exec import (
    AccountNotReady,
    ConfigError,
    MarketData,
    NotSent,
    Order,
    OrderRef,
    Submission,
    UnknownSymbol,
    VenueError,
    VenueRejected,
)
from fks_exec.account import Account
from fks_exec_paper import PaperConfig, PaperInstrument, PaperVenue
from fks_exec_simulators.clocks import HandClock

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Open = Callable[..., Awaitable[Any]]


class Elsewhere:
    """Another account: BTC at 99/100 and ETH at 9/10 until it is told otherwise; what it was asked."""

    def __init__(self) -> None:
        self.quotes = {SPOT: MarketData(symbol="btc", bid=99, ask=100), PERP: MarketData(symbol="eth", bid=9, ask=10)}
        self.asked: list[tuple[str, str]] = []
        self.error: BaseException | None = None
        self.answer: object = None
        self.hangs = False
        self.running = 0

    def set(self, symbol: str, bid: Any, ask: Any, **more: Any) -> None:
        """Move its market."""
        self.quotes[symbol] = MarketData(symbol="any", bid=bid, ask=ask, **more)

    async def quote(self, account: str, symbol: str) -> Any:
        """As a host's ``quote``."""
        self.asked.append((account, symbol))
        self.running += 1
        try:
            await asyncio.sleep(3600 if self.hangs else 0)
        finally:
            self.running -= 1
        if self.error is not None:
            raise self.error
        return self.quotes[symbol] if self.answer is None else self.answer


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(8):
        while not condition():  # noqa: ASYNC110  (a test looks from outside)
            await asyncio.sleep(0.005)


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


def instruments() -> list[PaperInstrument]:
    """Spot and a contract without prices of their own."""
    return [
        PaperInstrument(symbol=SPOT, quantity_step="0.001", price_tick="0.5"),
        PaperInstrument(symbol=PERP, kind="linear", quantity_step="0.1", price_tick="0.5"),
    ]


@pytest.fixture
def open_other(open_desk: Open, elsewhere: Elsewhere) -> Open:
    """Opens an account that looks elsewhere, every hour unless more is said."""

    async def open_one(state_dir: Path | None = None, **changes: Any) -> Any:
        words = {"quotes": "binance", "quotes_every": 3600.0, "instruments": instruments(), "quote": elsewhere.quote}
        return await open_desk(state_dir, **{**words, **changes})

    return open_one


async def refused(call: Awaitable[Any]) -> VenueRejected:
    """The refusal."""
    with pytest.raises(VenueRejected) as caught:
        await call
    return caught.value


async def test_each_order_trades_at_the_price_that_it_asked_for(open_other: Open, elsewhere: Elsewhere) -> None:
    """Under its own symbol, whatever the other account calls it."""
    desk = await open_other()
    assert (await desk.send("buy", 1)).average_price == 100
    elsewhere.set(SPOT, 109, 110)
    assert (await desk.send("buy", 1)).average_price == 110
    assert elsewhere.asked == [("binance", SPOT)] * 2
    assert desk.venue.quotes[SPOT].symbol == SPOT
    assert desk.venue.quotes[PERP] == MarketData(symbol=PERP)


async def test_a_look_at_the_market_is_one_at_the_other_account(open_other: Open, elsewhere: Elsewhere) -> None:
    """With its time and sizes; one without a time is of when it came."""
    clock = HandClock()
    desk = await open_other(clock=clock)
    elsewhere.set(SPOT, 98, 99, last=98, volume=7, timestamp=5, bid_size=2, ask_size=3)
    look = await desk.venue.fetch_data(symbol=SPOT)
    assert look == MarketData(symbol=SPOT, bid=98, ask=99, last=98, volume=7, timestamp=5, bid_size=2, ask_size=3)
    elsewhere.set(SPOT, 98, 99)
    then = clock.now()
    assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == then
    clock.move(60)
    assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == then  # the same look: it was not made again
    elsewhere.set(SPOT, 98, 99)
    assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == clock.now()
    with pytest.raises(UnknownSymbol):
        await desk.venue.fetch_data(symbol="DOGE/USDT")


async def test_what_a_look_reaches_trades(open_other: Open, elsewhere: Elsewhere) -> None:
    """Whoever looks; it is published."""
    desk = await open_other()
    await desk.send("buy", 1, order_type="limit", price=90)
    elsewhere.set(SPOT, 89, 90)
    await desk.venue.fetch_data(symbol=SPOT)
    [update] = desk.published
    assert (update.result.status, update.result.average_price) == ("filled", 90)


CAUSES: list[tuple[dict[str, Any], str]] = [
    ({"error": AccountNotReady("binance", "the terminal is down")}, "account 'binance' is not ready: the terminal is down"),
    ({"error": RuntimeError("https://host/?key=hunter2")}, "it raised RuntimeError"),
    ({"error": ConnectionError("hunter2")}, "it raised ConnectionError"),
    ({"error": TimeoutError()}, "it did not answer within 3 s"),
    ({"answer": {"bid": 1}}, "it answered a dict"),
    ({"answer": MarketData(symbol="x", bid=101, ask=100)}, "its bid of 101 is above its ask of 100"),
]


@pytest.mark.parametrize(("words", "cause"), CAUSES, ids=[cause for _, cause in CAUSES])
async def test_without_an_answer_orders_are_refused_with_the_cause(
    open_other: Open, elsewhere: Elsewhere, words: dict[str, Any], cause: str
) -> None:
    """For the moment: nothing has changed, the id is free, and no price of before is taken; a secret is not told."""
    desk = await open_other()
    resting = await desk.send("buy", 1, order_type="limit", price=90)
    filled = await desk.send("buy", 5, PERP)
    vars(elsewhere).update(words)
    before = await desk.venue.fetch_open_orders()
    for call in (
        desk.send("buy", 1, id="again"),
        desk.close(5),
        desk.protect("stop_loss", 5, 5, PERP),
        desk.amend(resting.order_id, price=95),
    ):
        error = await refused(call)
        assert (error.code, error.retryable) == ("NO_QUOTE", True)
        assert cause in str(error)
        assert str(error).endswith("see that it answers, then send the order again")
        assert "hunter2" not in str(error)
    assert await desk.venue.fetch_open_orders() == before
    assert [(p.quantity, p.unrealized_pnl) for p in await desk.venue.fetch_positions()] == [(5, None)]
    assert (await desk.cancel(resting.order_id)).status == "canceled"
    elsewhere.error = elsewhere.answer = None
    assert (await desk.send("buy", 1, id="again")).status == "filled"
    assert (await desk.venue.fetch_positions())[0].unrealized_pnl == -5
    assert filled.status == "filled"


async def test_a_lost_price_is_none_to_the_balance_and_to_a_look(open_other: Open, elsewhere: Elsewhere) -> None:
    """Without holdings the equity is the cash; with them it is not known, and cash alone would look like a loss."""
    desk = await open_other()
    elsewhere.error = AccountNotReady("binance", "down")
    assert (await desk.money()).equity == 10_000
    elsewhere.error = None
    await desk.send("buy", 1)
    elsewhere.error = AccountNotReady("binance", "down")
    with pytest.raises(VenueError, match="gives no quote of BTC/USDT: account 'binance' is not ready: down; see") as caught:
        await desk.venue.fetch_data(symbol=SPOT)
    assert caught.value.code == "NO_QUOTE"
    with pytest.raises(VenueError, match="'binance' gives no quote of BTC/USDT, so that the equity is not known"):
        await desk.money()
    elsewhere.error = None
    assert (await desk.money()).equity == Decimal("9998.9")  # the spread, and the fee


async def test_an_order_waits_for_half_of_its_time_at_most(open_other: Open, elsewhere: Elsewhere) -> None:
    """A venue that hangs leaves time for the refusal; the next order does not ask beside it."""
    desk = await open_other()
    elsewhere.hangs = True
    clock = HandClock()
    for _ in range(2):
        submission = Submission(account="p", venue_client_order_id="x", deadline=clock.monotonic() + 0.1, clock=clock)
        order = Order(symbol=SPOT, side="buy", quantity=1)
        error = await refused(desk.venue.execute_order(order=order, submission=submission))
        assert "it did not answer within 0.05 s" in str(error)
    assert len(elsewhere.asked) == 1


async def test_a_look_is_bounded_too(open_other: Open, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks."""
    monkeypatch.setattr("fks_exec_paper.others.PATIENCE", 0.05)
    desk = await open_other()
    elsewhere.hangs = True
    with pytest.raises(VenueError, match=r"it did not answer within 0\.05 s"):
        await desk.venue.fetch_data(symbol=SPOT)
    assert elsewhere.running == 0


async def test_those_who_ask_at_once_share_one_answer(open_other: Open, elsewhere: Elsewhere) -> None:
    """One request for twenty orders, one of which gives up."""
    desk = await open_other()
    orders = [asyncio.ensure_future(desk.send("buy", "0.1")) for _ in range(20)]
    await asyncio.sleep(0)
    orders[0].cancel()
    results = await asyncio.gather(*orders, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert [result.status for result in results[1:]] == ["filled"] * 19
    assert len(elsewhere.asked) == 1


async def test_an_order_that_asks_is_counted_from_the_answer_on(open_other: Open, elsewhere: Elsewhere) -> None:
    """Cancelled while it waits it is not there."""
    desk = await open_other()
    elsewhere.hangs = True
    waiting = asyncio.ensure_future(desk.send("buy", 1, id="gone"))
    await until(lambda: elsewhere.running)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await desk.venue.fetch_order(ref=OrderRef(venue_client_order_id="gone")) is None


async def test_what_was_taken_comes_back_with_another_look_only(open_other: Open, elsewhere: Elsewhere) -> None:
    """A host may hand the same look out twice: the same object, or one with the same time."""
    desk = await open_other()
    elsewhere.set(SPOT, 99, 100, ask_size=3)
    assert [(await desk.send("buy", 2)).filled_quantity for _ in range(3)] == [2, 1, 0]
    for timestamp, filled in ((7, 2), (7, 1), (8, 2)):
        elsewhere.set(SPOT, 99, 100, ask_size=3, timestamp=timestamp)
        assert (await desk.send("buy", 2)).filled_quantity == filled
    elsewhere.set(SPOT, 99, 100, ask_size=3)
    assert (await desk.send("buy", 2)).filled_quantity == 2


async def test_what_rests_is_looked_after_and_nothing_else(open_other: Open, elsewhere: Elsewhere) -> None:
    """A limit, the stop of what it has bought; a real venue is not asked for more than is needed."""
    desk = await open_other(quotes_every=0.01)
    await asyncio.sleep(0.05)
    assert elsewhere.asked == []
    await desk.send("buy", 1, order_type="limit", price=95, stop_loss=90)
    elsewhere.set(SPOT, 94, 95)
    await until(lambda: desk.published)
    elsewhere.set(SPOT, 89, 90)
    await until(lambda: len(desk.published) == 2)
    assert [(u.leg, str(u.result.legs[0].status)) for u in desk.published] == [("", "accepted"), ("stop_loss", "filled")]
    count = len(elsewhere.asked)
    await asyncio.sleep(0.05)
    assert len(elsewhere.asked) <= count + 1
    assert {symbol for _, symbol in elsewhere.asked} == {SPOT}


async def test_what_rests_waits_while_there_is_no_answer(
    open_other: Open, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on when there is one again; the silence is logged once."""
    desk = await open_other(quotes_every=0.01)
    await desk.send("buy", 1, order_type="limit", price=95)
    elsewhere.error = AccountNotReady("binance", "down")
    elsewhere.set(SPOT, 94, 95)
    asked = len(elsewhere.asked)
    await until(lambda: len(elsewhere.asked) > asked + 3)
    assert desk.published == []
    assert caplog.text.count("gives no quote of BTC/USDT") == 1
    elsewhere.error = None
    await until(lambda: desk.published)
    assert desk.published[0].result.status == "filled"


async def test_one_that_hangs_does_not_hold_the_others_up(open_other: Open, elsewhere: Elsewhere) -> None:
    """Orders of another instrument are served meanwhile."""
    desk = await open_other()
    elsewhere.hangs = True
    hanging = asyncio.ensure_future(desk.send("buy", 1))
    await until(lambda: elsewhere.running)
    elsewhere.hangs = False
    assert (await desk.send("buy", 1, PERP)).status == "filled"
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_nothing_is_left_behind_when_it_closes(open_other: Open, elsewhere: Elsewhere) -> None:
    """Neither who watches nor who asks; and nothing is served any more."""
    tasks = asyncio.all_tasks()
    desk = await open_other(quotes_every=0.01)
    await desk.send("buy", 1)
    elsewhere.hangs = True
    await until(lambda: elsewhere.running)
    await desk.venue.close()
    assert asyncio.all_tasks() == tasks
    assert elsewhere.running == 0
    for call in (partial(desk.venue.fetch_data, symbol=SPOT), desk.venue.fetch_positions, desk.venue.health_check):
        with pytest.raises(NotSent, match="is not open"):
            await call()
    assert asyncio.all_tasks() == tasks


async def test_prices_are_not_set_by_hand_beside_it(open_other: Open) -> None:
    """They would be gone with the next look."""
    desk = await open_other()
    with pytest.raises(ConfigError, match="quotes: the prices come from account 'binance'; leave quotes out"):
        desk.venue.set_quote(SPOT, bid=1, ask=2)


async def test_an_account_that_quotes_itself_is_refused(open_desk: Open) -> None:
    """It would wait for itself."""
    with pytest.raises(ConfigError, match="account 'paper' cannot ask itself for quotes; name another account"):
        await open_desk(quotes="paper", instruments=instruments())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"instruments": [PaperInstrument(symbol=SPOT, ask=1)]}, "BTC/USDT has a bid or ask of its own; leave out one"),
        ({"quotes": ""}, "quotes names no account"),
        ({"quotes_every": 0.0}, "quotes_every is 0, which is not 0.01 to 3600 seconds"),
        ({"quotes_every": float("nan")}, "quotes_every is nan"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(words: dict[str, Any], sentence: str) -> None:
    """With what to do."""
    with pytest.raises(ConfigError, match=sentence):
        PaperConfig(**{"quotes": "binance", "instruments": instruments(), **words})


async def test_a_restart_asks_anew(open_other: Open, open_desk: Open, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """No price of a former run is taken, neither one that was set by hand; orders and holdings are as they were."""
    by_hand = await open_desk(tmp_path)
    by_hand.venue.set_quote(SPOT, bid=50, ask=51)
    await by_hand.venue.close()
    first = await open_other(tmp_path)
    elsewhere.set(SPOT, 99, 100, ask_size=3)
    await first.send("buy", 2, stop_loss=90)
    await first.venue.close()
    second = await open_other(tmp_path)
    assert second.venue.quotes[SPOT] == MarketData(symbol=SPOT)
    elsewhere.set(SPOT, 89, 90)
    assert (await second.money()).equity is not None  # what is held is asked for
    assert [update.leg for update in second.published] == ["stop_loss"]


async def test_a_disk_that_is_full_moves_nothing(
    open_other: Open, elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the background; what watches goes on watching."""
    desk = await open_other(tmp_path, quotes_every=0.01, durable=False)
    await desk.send("buy", 1, order_type="limit", price=95)

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("fks_exec_paper.journal.Journal.append", fail)
    elsewhere.set(SPOT, 94, 95)
    asked = len(elsewhere.asked)
    await until(lambda: len(elsewhere.asked) > asked + 5)
    assert desk.published == []
    with pytest.raises(NotSent, match="the state cannot be written"):
        await desk.send("buy", 1)


async def test_health_tells_whether_the_other_account_answers(open_other: Open, elsewhere: Elsewhere) -> None:
    """It asks for every instrument."""
    desk = await open_other()
    assert await desk.venue.health_check()
    assert {symbol for _, symbol in elsewhere.asked} == {SPOT, PERP}
    elsewhere.set(PERP, 9, None)
    quotes = (await desk.venue.health_check()).checks[0]
    assert (quotes.ok, quotes.message) == (False, f"no bid or no ask of {PERP}")
    elsewhere.error = AccountNotReady("binance", "down")
    quotes = (await desk.venue.health_check()).checks[0]
    assert quotes.message.startswith("account 'binance' gives no quote of BTC/USDT: account 'binance' is not ready: down; ")
    assert "look at the health of account 'binance', or leave quotes out" in quotes.remedy


async def test_nothing_blocks_the_event_loop(open_other: Open, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """Neither an order nor the background."""
    with blockbuster_ctx():
        desk = await open_other(tmp_path, durable=True, quotes_every=0.01)
        await desk.send("buy", 1, stop_loss=90)
        elsewhere.set(SPOT, 89, 90)
        await until(lambda: desk.published)
        await desk.everything()
        await desk.venue.close()


async def test_behind_an_account_the_host_says_who_gives_the_quotes(make_config: Callable[..., Any]) -> None:
    """Here one simulated account trades at the prices of another; without a host that gives them nothing is traded."""
    [kind] = fks_exec_paper.fks_exec_venues()
    market, config = PaperVenue(), make_config(quotes="market", instruments=instruments())
    async with Account("market", market, make_config()) as source:

        async def quote(account: str, symbol: str) -> MarketData:
            assert account == source.name
            return await source.fetch_data(symbol)

        async with Account("p", kind, config, quote=quote) as account:
            market.set_quote(SPOT, bid=49, ask=50)
            bought = await account.execute_order(Order(symbol=SPOT, side="buy", quantity=1))
            assert (bought.status, bought.average_price) == ("filled", 50)
            assert await account.health_check()
    async with Account("p", kind, config) as account:
        refused = await account.execute_order(Order(symbol=SPOT, side="buy", quantity=1))
        assert (refused.status, refused.code, refused.retryable) == ("rejected", "NO_QUOTE", True)
        assert "this host gives no quotes of other accounts" in str(refused.error)
        assert not await account.health_check()
