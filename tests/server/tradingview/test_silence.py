# SPDX-License-Identifier: MIT
"""Keys from which nothing is heard any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fks_exec import ConfigError
from fks_exec_server.config import AlertConfig
from fks_exec_server.http.app import config_of
from fks_exec_server.tradingview import silence
from fks_exec_server.tradingview.silence import Silence, watching
from fks_exec_simulators.alerts import MOMENT, Alarms, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage, until

EVERY = {"expect_every": "15m"}


@asynccontextmanager
async def listening(folder: Path, alarms: Alarms, clock: HandClock) -> AsyncIterator[tuple[Sender, Silence]]:
    async with alerting(folder, Stage(), alarms, clock=clock, key=EVERY) as sender:
        yield sender, Silence(sender.hub, config_of(sender.hub).keys)


async def told(alarms: Alarms) -> list[str]:
    await asyncio.to_thread(lambda: None)
    await asyncio.sleep(0.02)  # observers hear in a thread of their own
    return alarms.codes


async def test_a_silence_is_told_once_until_the_key_is_heard_again(tmp_path: Path) -> None:
    alarms, clock = Alarms(), HandClock()
    async with listening(tmp_path, alarms, clock) as (sender, silent):
        clock.move(899)
        await silent.look()
        assert await told(alarms) == []
        clock.move(1)
        for _ in range(3):
            await silent.look()
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"])
        await sender.send(timenow=clock.now())
        clock.move(899)
        await silent.look()
        clock.move(2)
        await silent.look()
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"] * 2)


async def test_a_restart_does_not_begin_the_silence_anew(tmp_path: Path) -> None:
    alarms, clock = Alarms(), HandClock()
    async with listening(tmp_path, alarms, clock) as (sender, _):
        await sender.send(timenow=MOMENT)
    clock.move(600)
    async with listening(tmp_path, alarms, clock) as (_, silent):
        clock.move(301)
        await silent.look()
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"])


async def test_the_host_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "LOOK", 0.001)
    alarms, clock = Alarms(), HandClock()
    async with listening(tmp_path, alarms, clock) as (sender, _), watching(sender.hub, config_of(sender.hub)):
        clock.move(901)
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"])


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("90s", 90), ("1h", 3600), ("2d", 172800)])
def test_a_time_is_a_number_and_its_unit(text: str, seconds: float) -> None:
    assert AlertConfig(accounts=("main",), expect_every=text).silence == seconds


@pytest.mark.parametrize(
    "wrong",
    [
        {"expect_every": "15"},
        {"expect_every": "0m"},
        {"mode": "both"},
        {"on_gap": "ignore"},
        {"max_age": 0},
        {"max_ahead": 86401},
        {"dedup_window": 29},
        {"dedup_window": 86401},
        {"collar_percent": "0"},
    ],
)
def test_what_cannot_be_meant_is_no_configuration(wrong: dict[str, object]) -> None:
    [name] = wrong
    with pytest.raises(ConfigError, match=name):
        AlertConfig(accounts=("main",), **wrong).check_alerts()  # type: ignore[arg-type]
