# SPDX-License-Identifier: MIT
"""Orders found by the ids that their venue was given."""

from __future__ import annotations

from fks_exec.testing.suite.base import all_floor

from ...journal import Journal, Term
from ..steps import ACCOUNT, accept, intent, key, outcome
from .base import Promises


@all_floor
class Names(Promises):
    """Orders found by the ids that their venue was given."""

    async def test_an_order_is_found_by_every_id_that_the_venue_was_given(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("other"), intent("other"), accept(), intent(), term=term)
        await journal.write(intent(attempt=2, venue_client_order_id="second"), term=term)
        await journal.write(intent(purpose="cancel", venue_client_order_id="cancel"), term=term)
        await journal.write(intent(leg="stop", purpose="protect", venue_client_order_id="stop"), outcome(), term=term)
        for venue_id in ("v-order-1", "second", "cancel", "stop"):
            assert await journal.by_venue_id(ACCOUNT, venue_id) == await journal.order(key())
        assert await journal.by_venue_id(ACCOUNT, "v-other") == await journal.order(key("other"))

    async def test_an_id_that_the_venue_was_not_given_is_nobodys(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        assert await journal.by_venue_id(ACCOUNT, "V-ORDER-1") is None
        assert await journal.by_venue_id("other", "v-order-1") is None

    async def test_a_venue_that_is_given_no_id_names_nobody(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(venue_client_order_id=""), term=term)
        assert await journal.by_venue_id(ACCOUNT, "") is None

    async def test_an_id_given_again_within_an_order_is_that_orders(self, journal: Journal, term: Term) -> None:
        await journal.write(accept(), intent(), term=term)
        await journal.write(intent(purpose="cancel"), intent(purpose="amend"), term=term)
        assert await journal.by_venue_id(ACCOUNT, "v-order-1") == await journal.order(key())

    async def test_an_id_of_two_orders_is_that_of_the_one_accepted_last(self, journal: Journal, term: Term) -> None:
        await journal.write(accept("a"), accept("b"))
        for name, attempt in (("a", 1), ("b", 1), ("a", 2)):
            await journal.write(intent(name, attempt=attempt, venue_client_order_id="same"), term=term)
        found = await journal.by_venue_id(ACCOUNT, "same")
        assert found is not None
        assert found.key == key("b")
