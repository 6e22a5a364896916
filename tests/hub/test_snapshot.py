# SPDX-License-Identifier: MIT
"""What the guards see: asked for at once, only what a listed guard needs, and kept with the decision."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from fks_exec import AccountState, Answer, ClosePosition, Instrument, MarketData, Order, hookimpl
from fks_exec_hub.accounts.sent import HOUR, MOST, Sent
from fks_exec_hub.journal import Key
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, journal_of, sell


class Seer:
    """A guard that keeps what it saw, and passes all.

    Args:
        needs: what it says that it looks at.
    """

    def __init__(self, *needs: str) -> None:
        self.needs = frozenset(needs)
        self.seen: list[AccountState] = []

    @hookimpl
    def check_risk(self, order: Order, account: AccountState) -> Answer:
        """Look."""
        self.seen.append(account)
        return None


async def decisions(folder: Path, name: str) -> dict[str, Any]:
    """What was kept of an order's decision."""
    async with journal_of(folder) as journal:
        recorded = await journal.order(Key(ACCOUNT, name))
    assert recorded is not None
    document: dict[str, Any] = json.loads(recorded.attempts[0].decision)
    return document


async def test_what_costs_something_is_there_only_where_a_guard_needs_it(tmp_path: Path) -> None:
    seer = Seer()
    async with hub_on(Stage(), configure(tmp_path), seer) as hub:
        await hub.execute_order(ACCOUNT, buy(client_order_id="one"))
    [state] = seer.seen
    assert (state.exposure, state.day_start, state.margin_free, state.identical) == (None, None, None, ())
    assert not {"exposure", "day_start", "rates", "margin_free", "identical"} & set(await decisions(tmp_path, "one"))


async def test_a_guard_sees_exposure_and_the_day_s_start_and_both_are_kept(tmp_path: Path) -> None:
    seer = Seer("exposure", "day_start", "identical")
    async with hub_on(Stage(), configure(tmp_path), seer) as hub:
        for number in range(2):
            await hub.execute_order(ACCOUNT, buy(client_order_id=f"o{number}"))
    first, second = seer.seen
    assert (first.exposure, first.day_start, first.identical) == (0, 100_000, ())
    assert (second.exposure, second.day_start) == (99, 100_000)  # one held, at the bid
    assert len(second.identical) == 1
    kept = await decisions(tmp_path, "o1")
    assert (kept["exposure"], kept["day_start"], kept["identical"]) == ("99", "100000", 1)


async def test_the_rate_of_the_order_s_currency_is_asked_for_and_kept(tmp_path: Path) -> None:
    stage, seer = Stage(), Seer()
    stage.instrument = lambda symbol: Instrument(symbol=symbol, base=symbol[:3], quote=symbol[4:], quantity_step="0.01")
    config = configure(tmp_path, account={"conversions": ["EUR/USDT"]})
    async with hub_on(stage, config, seer) as hub:
        await hub.execute_order(ACCOUNT, buy(symbol="ADA/EUR", client_order_id="one"))
        await hub.execute_order(ACCOUNT, buy(symbol="BTC/USDT", client_order_id="two"))
    assert [dict(state.rates) for state in seer.seen] == [{"EUR": 100}, {}]
    assert (await decisions(tmp_path, "one"))["rates"] == {"EUR": "100"}


async def test_quote_equity_and_rate_are_asked_for_at_once(tmp_path: Path) -> None:
    stage, seer = Stage(), Seer()
    stage.instrument = lambda symbol: Instrument(symbol=symbol, base=symbol[:3], quote=symbol[4:], quantity_step="0.01")
    async with hub_on(stage, configure(tmp_path, account={"conversions": ["EUR/USDT"]}), seer) as hub:
        desk = hub._desks[ACCOUNT]
        account, together = desk.account, asyncio.Barrier(3)
        assert account is not None
        quoted, balances = account.fetch_data, account.fetch_balance

        async def fetch_data(symbol: str, *, seconds: float | None = None) -> MarketData:
            await together.wait()
            return await quoted(symbol, seconds=seconds)

        async def fetch_balance() -> Any:
            await together.wait()
            return await balances()

        account.fetch_data = fetch_data  # type: ignore[method-assign]
        account.fetch_balance = fetch_balance  # type: ignore[method-assign]
        async with asyncio.timeout(5):
            await hub.execute_order(ACCOUNT, buy(symbol="ADA/EUR"))
    assert seer.seen[0].equity == 100_000


async def test_nothing_keeps_a_close_waiting_for_a_quote(tmp_path: Path) -> None:
    stage, seer = Stage(), Seer("exposure")
    async with hub_on(stage, configure(tmp_path, account={"max_quote_age": 0.001}), seer) as hub:
        await hub.execute_order(ACCOUNT, buy(strategy="s"))
        asked = stage.quotes_asked
        assert (await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT", strategy="s"))).status == "filled"
        assert stage.quotes_asked == asked


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def test_the_same_order_is_known_by_what_it_does_whatever_its_id_and_signal(clock: HandClock) -> None:
    sent = Sent(clock)
    sent.add(buy("1.0", signal_time=1, confidence="0.9"), "one")
    clock.move(1)
    sent.add(buy("1", signal_time=2), "two")
    times = sent.times(buy("1.00"), "three")
    assert times == (clock.now(), clock.now() - 1000)
    assert sent.times(buy("1"), "two") == (clock.now() - 1000,)
    for other in (sell("1"), buy("2"), buy("1", stop_loss=9), buy("1", symbol="ETH/USDT"), evolve(buy("1"), take_profit=200)):
        assert sent.times(other, "x") == ()


def test_what_was_sent_is_forgotten_after_an_hour(clock: HandClock) -> None:
    sent = Sent(clock)
    sent.add(buy(), "one")
    clock.move(HOUR / 1000 - 1)
    assert len(sent.times(buy(), "x")) == 1
    clock.move(1)
    assert sent.times(buy(), "x") == ()


def test_a_further_attempt_counts_once_and_memory_is_bounded(clock: HandClock) -> None:
    sent = Sent(clock)
    for number in range(MOST + 10):
        for _ in range(2):
            sent.add(buy(), str(number))
    assert len(sent.times(buy(), "x")) == MOST
