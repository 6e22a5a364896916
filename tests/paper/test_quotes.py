# SPDX-License-Identifier: MIT
"""How old a quote says that it is, and what one with a missing side still allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fks_exec import VenueRejected
from fks_exec_simulators.clocks import HandClock

SPOT = "BTC/USDT"
PERP = "ETH/USDT:USDT"
Open = Callable[..., Awaitable[Any]]


async def test_a_quote_that_was_set_grows_old_when_that_is_configured(open_desk: Open) -> None:
    """Its time is that at which it was set, until another is."""
    clock = HandClock()
    desk = await open_desk(quotes_age=True, clock=clock)
    desk.venue.set_quote(SPOT, bid=98, ask=99)
    then = clock.now()
    clock.move(60)
    assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == then
    desk.venue.set_quote(SPOT, bid=98, ask=99)
    assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == clock.now() == then + 60_000


async def test_a_configured_quote_is_as_of_now(open_desk: Open) -> None:
    """It is fixed: nobody could say that it changed."""
    clock = HandClock()
    desk = await open_desk(quotes_age=True, clock=clock)
    clock.move(60)
    assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == clock.now()


async def test_a_quote_can_be_set_with_its_own_time(open_desk: Open) -> None:
    """A late one is late from the start; where quotes stand it is as of now."""
    clock = HandClock()
    for ages in (True, False):
        desk = await open_desk(quotes_age=ages, clock=clock)
        desk.venue.set_quote(SPOT, bid=98, ask=99, timestamp=clock.now() - 9_000)
        assert (await desk.venue.fetch_data(symbol=SPOT)).timestamp == clock.now() - (9_000 if ages else 0)


async def test_a_quote_is_as_old_after_a_restart(open_desk: Open, tmp_path: Path) -> None:
    """The time at which it was set stands in the folder."""
    clock = HandClock()
    first = await open_desk(tmp_path, quotes_age=True, clock=clock)
    first.venue.set_quote(SPOT, bid=98, ask=99)
    then = clock.now()
    await first.venue.close()
    clock.move(60)
    second = await open_desk(tmp_path, quotes_age=True, clock=clock)
    assert (await second.venue.fetch_data(symbol=SPOT)).timestamp == then


@pytest.mark.parametrize(("side", "quote"), [("buy", {"bid": 9}), ("sell", {"ask": 10})])
async def test_a_one_sided_quote_is_told_as_it_is_and_serves_its_side(open_desk: Open, side: str, quote: Any) -> None:
    """No price is made up for the other."""
    desk = await open_desk()
    desk.venue.set_quote(PERP, **quote)
    look = await desk.venue.fetch_data(symbol=PERP)
    assert (look.bid, look.ask) == (quote.get("bid"), quote.get("ask"))
    with pytest.raises(VenueRejected) as caught:
        await desk.send(side, 1, PERP)
    assert caught.value.code == "NO_QUOTE"
    assert (await desk.send({"buy": "sell", "sell": "buy"}[side], 1, PERP)).status == "filled"


async def test_a_stop_waits_while_its_side_has_no_quote(open_desk: Open) -> None:
    """It trades when there is a price again."""
    desk = await open_desk(protection="reduce_only_pair")
    await desk.send("buy", 1, PERP)
    await desk.protect("stop_loss", 1, 8, PERP)
    desk.venue.set_quote(PERP, ask=5)
    assert desk.published == []
    desk.venue.set_quote(PERP, bid=4, ask=5)
    [update] = desk.published
    assert (update.result.status, update.result.average_price) == ("filled", 4)
