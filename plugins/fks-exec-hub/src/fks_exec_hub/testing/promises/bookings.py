# SPDX-License-Identifier: MIT
"""Fills, once for each trade of an account, and positions, of which the last counts."""

from __future__ import annotations

import asyncio

import pytest

from fks_exec.testing.suite.base import all_floor

from ...journal import Exists, FillRecord, Journal, PositionRecord, Term
from ..steps import ACCOUNT, NOW, accept, fill, intent, key, position
from .base import Promises


@all_floor
class Bookings(Promises):
    """Fills, once for each trade of an account, and positions, of which the last counts."""

    async def test_fills_come_in_order_with_their_legs(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), fill(), fill(trade_id="t-2", leg="stop", fill="{}"), term=term)
        assert await journal.fills(key()) == [
            FillRecord(key=key(), trade_id="t-1", leg="", fill='{"quantity":"1"}', time=NOW + 3),
            FillRecord(key=key(), trade_id="t-2", leg="stop", fill="{}", time=NOW + 3),
        ]

    async def test_a_trade_id_counts_once_per_account(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), accept("order-2"), fill(), term=term)
        with pytest.raises(Exists) as caught:
            await journal.write(fill("order-2", fill="other"), position(), term=term)
        assert caught.value.recorded == (await journal.fills(key()))[0]
        assert await journal.fills(key("order-2")) == []
        assert await journal.positions(ACCOUNT) == []

    async def test_a_trade_id_of_the_same_tick_counts_once(self, journal: Journal, term: Term) -> None:
        await journal.write(accept())
        first, second = journal.write(fill(), term=term), journal.write(fill(), term=term)
        await first
        with pytest.raises(Exists) as caught:
            await second
        assert caught.value.recorded == (await journal.fills(key()))[0]

    async def test_a_trade_id_counts_once_also_after_a_refusal_of_the_same_tick(self, journal: Journal, term: Term) -> None:
        """A refusal reads what the group has stored so far; what was stored then is still known afterwards."""
        await journal.write(accept())
        first, refused = journal.write(fill(), term=term), journal.write(accept())
        again = journal.write(fill(), term=term)
        await first
        for write in (refused, again):
            with pytest.raises(Exists):
                await write
        assert len(await journal.fills(key())) == 1

    async def test_another_account_may_have_the_same_trade_id(self, journal: Journal, term: Term) -> None:
        other = await journal.claim("other")
        await journal.write(accept(), fill(), term=term)
        await journal.write(accept(account="other"), fill(account="other"), term=other)
        assert len(await journal.fills(key(account="other"))) == 1

    async def test_the_last_position_counts_and_a_flat_one_goes_away(self, journal: Journal, term: Term) -> None:
        await journal.write(position(text="1"), position(strategy="trend", text="2"), term=term)
        await journal.write(position(lane="ETH/USDT", text="3"), position(text="4"), term=term)
        assert await journal.positions(ACCOUNT) == [
            PositionRecord(lane="BTC/USDT", strategy="", position="4"),
            PositionRecord(lane="BTC/USDT", strategy="trend", position="2"),
            PositionRecord(lane="ETH/USDT", strategy="", position="3"),
        ]
        await journal.write(position(text=""), position(lane="ETH/USDT", text=""), term=term)
        assert await journal.positions(ACCOUNT) == [PositionRecord(lane="BTC/USDT", strategy="trend", position="2")]

    async def test_a_position_opened_and_closed_in_one_tick_is_flat(self, journal: Journal, term: Term) -> None:
        writes = [journal.write(position(text=text), term=term) for text in ("1", "")]
        await asyncio.gather(*writes)
        assert await journal.positions(ACCOUNT) == []
