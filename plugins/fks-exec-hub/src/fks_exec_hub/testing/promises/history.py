# SPDX-License-Identifier: MIT
"""What is told of an order afterwards, and of the newest orders, each account by itself."""

from __future__ import annotations

import json

from fks_exec.testing.suite.base import all_floor

from ...journal import Journal, NamedStep, Term
from ..steps import NOW, accept, fill, intent, key, names, note, outcome, position
from .base import Promises


@all_floor
class History(Promises):
    """What is told of an order afterwards, and of the newest orders, each account by itself."""

    async def test_the_reads_of_one_account_show_nothing_of_another(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), position(), note(), term=term)
        assert [
            await journal.pending("other"),
            await journal.unresolved("other"),
            await journal.open("other"),
            await journal.positions("other"),
            await journal.orders("other"),
        ] == [[], [], [], [], []]
        assert await journal.note("other", "nonce", "n") is None

    async def test_history_has_every_step_of_the_order_as_json(self, journal: Journal, term: Term) -> None:
        named = NamedStep(key=key(), name="n", data="d", time=NOW)
        await journal.write(accept(), intent(), outcome(), fill(), named, term=term)
        await journal.write(accept("another"))
        events = await journal.history(key())
        assert [event.kind for event in events] == ["accept", "intent", "outcome", "fill", "step"]
        assert [event.position for event in events] == sorted(event.position for event in events)
        assert json.loads(events[1].body)["venue_client_order_id"] == "v-order-1"
        assert {(event.account, event.client_order_id) for event in events} == {key()}
        assert [event.time for event in events] == [NOW, NOW + 1, NOW + 2, NOW + 3, NOW]

    async def test_orders_lists_the_newest_first(self, journal: Journal) -> None:
        for number in range(5):
            await journal.write(accept(f"o-{number}", account=("paper", "other")[number % 2]))
        assert names(await journal.orders()) == ["o-4", "o-3", "o-2", "o-1", "o-0"]
        assert names(await journal.orders(limit=2)) == ["o-4", "o-3"]
        assert names(await journal.orders("other")) == ["o-3", "o-1"]
        assert names(await journal.orders("other", limit=1)) == ["o-3"]
        assert names(await journal.orders("never")) == []

    async def test_accounts_are_those_that_have_orders(self, journal: Journal, term: Term) -> None:
        assert await journal.accounts() == []
        await journal.claim("claimed")
        await journal.write(note(), term=term)
        for account in ("paper", "other", "paper", "\N{GREEK SMALL LETTER ALPHA}"):
            await journal.write(accept(f"o-{account}-{len(await journal.orders())}", account=account))
        assert await journal.accounts() == ["other", "paper", "\N{GREEK SMALL LETTER ALPHA}"]
