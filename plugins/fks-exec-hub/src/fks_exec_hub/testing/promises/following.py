# SPDX-License-Identifier: MIT
"""Orders as they are accepted: those of the past, then those that come, none twice and none missing."""

from __future__ import annotations

import asyncio

from fks_exec.testing.suite.base import all_floor

from ...journal import Journal, Term
from ..steps import ACCOUNT, accept, intent, key, note
from .base import Promises


@all_floor
class Following(Promises):
    """Orders as they are accepted: those of the past, then those that come, none twice and none missing."""

    async def test_accepted_yields_the_past_and_then_what_comes(self, journal: Journal) -> None:
        for name in "ab":
            await journal.write(accept(name))
        await journal.write(accept("x", account="other"))
        following = journal.accepted(ACCOUNT)
        assert [(await anext(following)).key.client_order_id for _ in "ab"] == ["a", "b"]
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await journal.write(accept("c"))
        order = await asyncio.wait_for(waiting, 5)
        assert order == await journal.order(key("c"))
        await following.aclose()  # type: ignore[attr-defined]

    async def test_accepted_starts_after_a_position(self, journal: Journal) -> None:
        written = [await journal.write(accept(name)) for name in "abc"]
        following = journal.accepted(ACCOUNT, written[0].position)
        assert [(await anext(following)).key.client_order_id for _ in "bc"] == ["b", "c"]
        await following.aclose()  # type: ignore[attr-defined]

    async def test_accepted_misses_nothing_under_load_and_ends_at_close(self, journal: Journal) -> None:
        seen: list[str] = []
        all_seen = asyncio.Event()

        async def follow() -> None:
            async for order in journal.accepted(ACCOUNT):
                seen.append(order.key.client_order_id)
                if len(seen) == 2400:
                    all_seen.set()

        tasks = [asyncio.create_task(follow()) for _ in range(2)]
        for number in range(0, 1200, 40):
            await asyncio.gather(*[journal.write(accept(f"o-{number + more}")) for more in range(40)])
        async with asyncio.timeout(10):
            await all_seen.wait()
        await journal.close()
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks)
        assert sorted(seen) == sorted([f"o-{number}" for number in range(1200)] * 2)

    async def test_accepted_yields_what_another_host_wrote_in_a_combined_write(self, journal: Journal, term: Term) -> None:
        following = journal.accepted(ACCOUNT)
        waiting = asyncio.ensure_future(anext(following))
        await asyncio.sleep(0.05)
        await journal.write(note(), accept(), intent(), term=term)
        assert (await asyncio.wait_for(waiting, 5)).key == key()
        await following.aclose()  # type: ignore[attr-defined]
