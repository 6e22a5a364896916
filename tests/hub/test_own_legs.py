# SPDX-License-Identifier: MIT
"""Orders that may be the legs of an entry of ours are nobody's yet; and what ended answers as what it is."""

import time
from pathlib import Path

import pytest

from fks_exec import ExecutionResult, Order, OrderChange
from fks_exec.testing import FaultyVenue, RefuseLeg
from fks_exec_hub.cli.results import exit_code, result_text
from fks_exec_hub.journal import Key
from fks_exec_simulators.desks import Heard, hub_with, table
from fks_exec_simulators.stage import ACCOUNT, Stage, buy, configure, hub_on, until

BTC = "BTC/USDT"


async def test_what_rests_beside_an_entry_without_visible_legs_is_not_called_foreign_at_once(tmp_path: Path) -> None:
    """It may be just those legs; once the entry is told to stand bare, it is told too."""
    heard = Heard()
    venue = FaultyVenue(protection="attached")
    venue.follow(RefuseLeg(on="place"))
    config = table(tmp_path, deadline=1.0, compare_every=0.1, poll=0.05, protection={"on_failure": "keep_and_alert"})
    async with hub_with(config, venue.plugin, heard) as hub:
        begun = time.monotonic()
        await hub.execute_order(ACCOUNT, buy("1", client_order_id="one", stop_loss="90"))
        venue.place_foreign(Order(symbol=BTC, side="sell", quantity="1", order_type="limit", price="999"))
        await until(lambda: "FOREIGN_ORDER" in heard.alarms)
        assert time.monotonic() - begun >= 1.0


@pytest.mark.parametrize("what", ["cancel", "amend"])
async def test_a_denied_order_is_not_judged_again_by_a_cancel_or_a_change(what: str, tmp_path: Path) -> None:
    async with hub_on(Stage(), configure(tmp_path, guards=["quantity"])) as hub:
        denied = await hub.execute_order(ACCOUNT, buy("0.001", client_order_id="one"))
        assert (denied.status, denied.code) == ("denied", "QUANTITY")
        if what == "cancel":
            result = await hub.cancel_order(ACCOUNT, "one")
        else:
            result = await hub.amend_order(ACCOUNT, "one", OrderChange(price="90"))
    assert (result.status, result.code, result.denials) == ("denied", "ENDED_BEFORE" if what == "cancel" else "NOT_OPEN", ())
    text = result_text(Key(ACCOUNT, "one"), result)
    assert "QUANTITY" not in text
    assert result.error
    assert result.error in text


def test_a_close_that_leaves_what_no_order_could_close_is_done() -> None:
    """A script that sent it again would be denied for ever; the dust is told."""
    dust = "0.0000005 BTC are less than the venue takes in one order"
    result = ExecutionResult(status="filled", filled_quantity="0.005", code="DUST", error=dust)
    assert exit_code(result) == 0
    assert dust in result_text(Key(ACCOUNT, "close"), result)
    incomplete = ExecutionResult(status="filled", filled_quantity="0.005", code="CLOSE_INCOMPLETE", error="the venue refused")
    assert exit_code(incomplete) == 1
