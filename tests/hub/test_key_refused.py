# SPDX-License-Identifier: MIT
"""An account whose key the venue refused sends nothing, says why, and is ready again as soon as the key is taken again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import fks_exec_hub.accounts.probing as probing
from fks_exec import AccountNotReady, ClosePosition, VenueAuthError
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.desks import Heard
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, filled, hub_on, sell, until

REFUSED = VenueAuthError("the key is not valid")


class Keyed(Stage):
    """A stage whose balance needs the key, as an exchange's does."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(*answers)
        self.takes_key = True
        self.reads = 0

    @property
    def equity(self) -> str:
        """What the account is worth."""
        self.reads += 1
        if not self.takes_key:
            raise REFUSED
        return "100000"

    @equity.setter
    def equity(self, worth: str) -> None:
        """It is not changed here."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "KEY_DELAYS", (0.1, 0.2))


async def shut(hub: ExecutionHub, stage: Keyed) -> None:
    """The key is refused, to an order and to whatever tries it."""
    stage.takes_key = False
    result = await hub.execute_order(ACCOUNT, buy(client_order_id="refused"))
    assert (result.status, result.code) == ("rejected", "AUTH")


async def test_the_account_is_ready_again_when_a_read_with_the_key_is_answered(tmp_path: Path, heard: Heard) -> None:
    stage = Keyed(REFUSED)
    async with hub_on(stage, configure(tmp_path), heard) as hub:
        await shut(hub, stage)
        with pytest.raises(AccountNotReady, match="the key is not valid"):
            await hub.submit(ACCOUNT, buy())
        assert "the key is not valid" in hub.status()[0].reason
        assert not hub.ready
        before = stage.reads
        await until(lambda: stage.reads > before + 1)
        assert not hub.status()[0].ready, "a read that is refused opens nothing"
        stage.takes_key = True
        await until(lambda: hub.ready)
        assert (await hub.execute_order(ACCOUNT, buy())).status == "filled"
    assert heard.alarms == ["KEY_REFUSED"]
    assert stage.opened == 1, "the connection is the one from before"


async def test_one_refusal_by_mistake_costs_no_exit(tmp_path: Path) -> None:
    stage = Keyed(filled, REFUSED)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        result = await hub.execute_order(ACCOUNT, ClosePosition(symbol="BTC/USDT"))
        assert (result.status, await hub.positions(ACCOUNT)) == ("filled", [])
    assert len(stage.requests) == 3


async def test_an_exit_waits_no_longer_than_the_accounts_time_for_its_key(tmp_path: Path, heard: Heard) -> None:
    stage = Keyed(filled)
    async with hub_on(stage, configure(tmp_path, account={"attempts_within": 0.5}), heard) as hub:
        await hub.execute_order(ACCOUNT, buy("2", client_order_id="entry"))
        stage.takes_key = False
        stage.answers.append(REFUSED)
        async with asyncio.timeout(8):
            result = await hub.execute_order(ACCOUNT, sell("2", client_order_id="exit"))
        assert (result.status, result.code) == ("rejected", "AUTH")
        await until(lambda: "EXIT_FAILED" in heard.alarms)
    assert len(stage.requests) == 2


async def test_a_key_that_reads_and_may_not_trade_is_tried_ever_more_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "KEY_DELAYS", (0.01, 600.0))
    stage = Keyed(REFUSED, REFUSED)
    async with hub_on(stage, configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy())
        await until(lambda: hub.ready)
        await hub.execute_order(ACCOUNT, buy())
        with pytest.raises(TimeoutError):
            await until(lambda: hub.ready, seconds=0.3)


async def test_a_refusal_that_comes_while_a_read_tries_the_key_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "KEY_DELAYS", (0.05, 600.0))
    async with hub_on(Keyed(), configure(tmp_path)) as hub:
        account = hub._desks[ACCOUNT].account
        assert account is not None
        read, reached, go = account.fetch_balance, asyncio.Event(), asyncio.Event()

        async def slow() -> object:
            answer = await read()
            reached.set()
            await go.wait()
            return answer

        account.fetch_balance = slow  # type: ignore[method-assign,assignment]
        account._heed(VenueAuthError("one"))
        await reached.wait()
        account._heed(VenueAuthError("two"))
        go.set()
        with pytest.raises(TimeoutError):
            await until(lambda: hub.ready, seconds=0.3)
        assert "two" in account.reason


async def test_a_late_refusal_does_not_change_what_a_closed_account_says(tmp_path: Path) -> None:
    async with hub_on(Keyed(), configure(tmp_path)) as hub:
        account = hub._desks[ACCOUNT].account
    assert account is not None
    account._heed(VenueAuthError("late"))
    assert account.reason == "it was closed"


def test_refusals_with_the_longest_pause_between_them_belong_together() -> None:
    assert 2 * probing.KEY_DELAYS[-1] <= probing.FORGIVEN
