# SPDX-License-Identifier: MIT
"""An account that was renamed while something is open under its old name is named at the start and by ``check``."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve

from fks_exec_hub.accounts.forgotten import forgotten
from fks_exec_hub.cli import run
from fks_exec_hub.journal import MemoryJournal
from fks_exec_hub.testing.steps import accept, intent, outcome
from fks_exec_simulators.stage import ACCOUNT, Stage, accepted, buy, configure, filled, hub_on, sell

CONFIG = """
[accounts.{}]
venue = "paper"
guards = []
[[accounts.{}.config.instruments]]
symbol = "BTC/USDT"
"""


async def held(folder: Path) -> None:
    """A position of a strategy, and an order that rests."""
    stage = Stage()
    stage.answers += [filled, accepted]
    async with hub_on(stage, configure(folder)) as hub:
        await hub.execute_order(ACCOUNT, buy("0.5", strategy="trend"))
        await hub.execute_order(ACCOUNT, buy("1", order_type="limit", price="50", client_order_id="rests"))


def renamed(folder: Path) -> str:
    """A configuration in which the account has another name, as ``check`` reads it."""
    (folder / "fks-exec.toml").write_text(CONFIG.format("other", "other"), "utf-8")
    return str(folder / "fks-exec.toml")


async def test_what_an_account_of_before_holds_is_told_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With its name, what it is, and what to do."""
    await held(tmp_path)
    config = configure(tmp_path)
    caplog.clear()
    async with hub_on(Stage(), config):
        pass
    assert "not in the configuration" not in caplog.text
    async with hub_on(Stage(), evolve(config, accounts={"other": config.accounts[ACCOUNT]})):
        pass
    [said] = [each.getMessage() for each in caplog.records if "not in the configuration" in each.getMessage()]
    assert said.startswith(f"account {ACCOUNT} is not in the configuration any more")
    assert "positions with what protects them: 0.5 BTC/USDT of trend; open orders: rests" in said
    assert f"write [accounts.{ACCOUNT}] back" in said


def test_check_tells_it_too_and_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is no fault: the money may have been moved on purpose."""
    asyncio.run(held(tmp_path))
    assert run(["--config", renamed(tmp_path), "check"]) == 0
    [line] = [line for line in capsys.readouterr().out.splitlines() if "  journal" in line]
    assert f"WARNING: account {ACCOUNT} is not in the configuration any more" in line


async def test_an_account_that_holds_nothing_any_more_is_no_matter(tmp_path: Path) -> None:
    """Its trades stay in the journal."""
    async with hub_on(Stage(), configure(tmp_path)) as hub:
        await hub.execute_order(ACCOUNT, buy("0.5"))
        await hub.execute_order(ACCOUNT, sell("0.5"))
        assert await forgotten(hub.journal, []) == ()


async def test_of_many_orders_the_first_are_named() -> None:
    """By what is known of them."""
    journal = MemoryJournal()
    term = await journal.claim("paper")
    for number in range(7):
        await journal.write(accept(f"q-{number}"), term=term)
    await journal.write(accept("u"), intent("u"), outcome("u", "unknown", False), term=term)
    [said] = await forgotten(journal, ["other"])
    assert "orders of unknown fate: u; orders that were not sent yet: q-0, q-1, q-2, q-3, q-4 and 2 more." in said
    assert await forgotten(journal, ["paper"]) == ()
