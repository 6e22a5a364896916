"""The suite of fks_exec.testing on Zebra, and on its simulated exchange."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fks_exec import Secret
from fks_exec.testing import FaultyCounterpart, Trial
from fks_exec.testing.suite import VenueSuite

import fks_exec_zebra
from exchange import SECRETS, Exchange
from fks_exec_zebra.config import ZebraConfig


class TestZebra(VenueSuite):
    """Everything that can be said of any venue. Tests of your own stand beside it."""

    written_for = "0.1"  # tests that come with a newer fks-exec only warn

    @pytest_asyncio.fixture
    async def exchange(self) -> AsyncIterator[Exchange]:
        """The simulated exchange, listening."""
        async with Exchange() as exchange:
            yield exchange

    @pytest.fixture
    def counterpart(self, exchange: Exchange) -> FaultyCounterpart:
        """Its truth, its counts, its faults."""
        return FaultyCounterpart(exchange.venue)

    @pytest.fixture
    def venue(self, exchange: Exchange) -> Trial:
        """What is tried, and how."""
        first, second = (
            ZebraConfig(key=key, secret=Secret(secret), url=exchange.url)
            for key, secret in SECRETS.items()
        )
        return Trial(
            venue=fks_exec_zebra.fks_exec_venues()[0],
            config=first,
            second=second,
            one_book=True,  # the simulated exchange knows two keys, and one account
            other_symbol="ETH/USDT",
            sdk=["httpx"],
            secrets=SECRETS.values(),
            level="simulator",
        )
