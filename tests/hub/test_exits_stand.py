# SPDX-License-Identifier: MIT
"""An exit that is proved not to be there is tried for as long as the account says; then a human is told that it is not."""

import time
from pathlib import Path

import pytest

from fks_exec import ClosePosition, Instrument, NotSent, VenueAuthError, VenueClosed, VenueRejected
from fks_exec.testing import FaultyVenue, RefuseLeg
from fks_exec_hub.journal import Key
from fks_exec_simulators.desks import Heard, hub_with, table
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, filled, hub_on, sell, until

CLOCK = VenueRejected("the request's time is off by 12 s", code="CLOCK")
GONE = NotSent("the exchange cannot be reached")
CLOSE = ClosePosition(symbol="BTC/USDT", client_order_id="close")
SHORT = {"attempts_within": 1.0}


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.mark.parametrize("proof", [CLOCK, GONE], ids=["clock", "outage"])
async def test_an_outage_of_half_a_second_costs_no_close(tmp_path: Path, proof: Exception, heard: Heard) -> None:
    stage = Stage(filled, proof, proof, proof)
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        begun = time.monotonic()
        result = await hub.execute_order(ACCOUNT, CLOSE)
        assert (result.status, await hub.positions(ACCOUNT)) == ("filled", [])
        assert time.monotonic() - begun > 0.7, "three pauses, each longer than the one before"
        recorded = await hub.journal.order(Key(ACCOUNT, "close"))
    assert recorded is not None
    assert [each.attempt for each in recorded.attempts] == [1, 2, 3, 4]
    names = [submission.venue_client_order_id for _, submission in stage.requests]
    assert len(set(names)) == len(names) == 5
    assert "CLOSE_INCOMPLETE" not in heard.alarms


async def test_an_exit_is_tried_until_the_end_of_the_accounts_time_and_then_told(tmp_path: Path, heard: Heard) -> None:
    stage = Stage(filled, *[GONE] * 20)
    async with hub_on(stage, configure(tmp_path, account=SHORT), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        begun = time.monotonic()
        result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.code) == ("not_placed", "NOT_SENT")
        assert 0.95 < time.monotonic() - begun < 3
        await until(lambda: "EXIT_FAILED" in heard.alarms)
    assert len(stage.requests) == 1 + 5, "at once, after 0.05, 0.25 and 0.75 s, and at the end"
    assert heard.alarms.count("EXIT_FAILED") == 1


async def test_a_close_that_could_not_be_sent_is_told_as_one(tmp_path: Path, heard: Heard) -> None:
    stage = Stage(filled, *[GONE] * 20)
    async with hub_on(stage, configure(tmp_path, account=SHORT), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        await hub.execute_order(ACCOUNT, CLOSE)
        await until(lambda: "CLOSE_INCOMPLETE" in heard.alarms)
    assert "EXIT_FAILED" not in heard.alarms


async def test_an_exit_that_the_venue_will_not_have_is_told_at_once(tmp_path: Path, heard: Heard) -> None:
    stage = Stage(filled, VenueClosed("the market is closed"))
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        await until(lambda: "EXIT_FAILED" in heard.alarms)
    assert len(stage.requests) == 2


async def test_an_entry_whose_time_is_off_is_sent_once_and_rings_nothing(tmp_path: Path, heard: Heard) -> None:
    stage = Stage(CLOCK)
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        assert (await hub.execute_order(ACCOUNT, buy(client_order_id="entry"))).code == "CLOCK"
    assert (len(stage.requests), heard.alarms) == (1, [])


async def test_a_stop_is_placed_after_an_outage_longer_than_three_quick_attempts(tmp_path: Path, heard: Heard) -> None:
    venue = FaultyVenue(protection="reduce_only_pair")
    venue.follow(*(RefuseLeg("CLOCK") for _ in range(4)))
    async with hub_with(table(tmp_path, deadline=5.0), venue.plugin, heard) as hub:
        result = await hub.execute_order(ACCOUNT, buy("1", client_order_id="one", stop_loss="90"))
        assert result.protected, result
    assert (venue.count("protect"), "STOP_FAILED" in heard.alarms) == (5, False)


async def test_an_entry_that_the_account_cannot_send_any_more_is_proved_not_sent(tmp_path: Path, heard: Heard) -> None:
    """Between its decision and its intent the key is refused, to another order."""
    stage = Stage()
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        account = hub._desks[ACCOUNT].account
        assert account is not None

        def refused_meanwhile(symbol: str) -> Instrument:
            account._heed(VenueAuthError("revoked"))
            return Instrument(symbol=symbol, base="BTC", quote="USDT")

        stage.instrument = refused_meanwhile
        result = await hub.execute_order(ACCOUNT, buy(client_order_id="entry"))
        assert (result.status, result.code) == ("not_placed", "ACCOUNT_NOT_READY")
        assert "revoked" in (result.error or "")
    assert (stage.requests, "HUB_FAULT" in heard.alarms) == ([], False)


async def test_an_exit_whose_account_is_lost_after_its_decision_waits_for_it(tmp_path: Path, heard: Heard) -> None:
    stage = Stage(filled)
    async with hub_on(stage, configure(tmp_path, account={"deadline": 0.3}), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        account = hub._desks[ACCOUNT].account
        assert account is not None
        rules = stage.instrument

        def refused_meanwhile(symbol: str) -> Instrument:
            stage.instrument = rules
            account._heed(VenueAuthError("revoked"))
            return rules(symbol)

        stage.instrument = refused_meanwhile
        account._instruments.clear()
        receipt = await hub.submit(ACCOUNT, CLOSE)
        await until(lambda: "EXIT_WAITS" in heard.alarms)
        account.trust()
        assert (await receipt.result()).status == "filled"
    assert len(stage.requests) == 2
