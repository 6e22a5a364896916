# SPDX-License-Identifier: MIT
"""Keys from which nothing is heard any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Message

import fks_exec_server
from fks_exec import ConfigError
from fks_exec_server import create_app
from fks_exec_server.config import AlertConfig
from fks_exec_server.http.app import config_of
from fks_exec_server.tradingview import silence
from fks_exec_server.tradingview.silence import Silence, watching
from fks_exec_simulators.alerts import MOMENT, Alarms, Sender, alerting
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.stage import Stage, until

EVERY = {"expect_every": "15m"}


@pytest.fixture(autouse=True)
def nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself: the tests look, or say how often."""
    monkeypatch.setattr(silence, "LOOK", 3600)


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


async def test_a_mounted_application_has_silences_told_from_its_first_request_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever that is; its host is told once that it should have entered ``watching``."""
    monkeypatch.setattr(silence, "LOOK", 0.001)
    alarms, clock = Alarms(), HandClock()
    async with listening(tmp_path, alarms, clock) as (sender, _):
        clock.move(901)
        assert await told(alarms) == []
        for _ in range(2):
            assert (await sender.client.get("/nothing/here")).status_code == 404
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"])
    assert caplog.text.count("expect_every of tv is watched from this first request on only") == 1


async def test_a_host_that_watches_is_not_watched_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As docs/howto/fastapi.md has it; the configuration is the hub's."""
    monkeypatch.setattr(silence, "LOOK", 0.001)
    alarms, clock = Alarms(), HandClock()
    async with listening(tmp_path, alarms, clock) as (sender, _), fks_exec_server.watching(sender.hub):
        await sender.client.get("/nothing/here")
        clock.move(901)
        await until(lambda: alarms.codes)
        await asyncio.sleep(0.05)
        assert alarms.codes == ["SIGNAL_SILENCE"]
    assert "watched from" not in caplog.text


async def test_an_application_that_is_served_by_itself_watches_from_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server tells it of the start: no request is needed."""
    monkeypatch.setattr(silence, "LOOK", 0.001)
    alarms, clock = Alarms(), HandClock()
    async with listening(tmp_path, alarms, clock) as (sender, _), started(create_app(sender.hub)):
        clock.move(901)
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"])


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[None]:
    """As a server does that knows ASGI's lifespan."""
    said: asyncio.Queue[str] = asyncio.Queue()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def receive() -> Message:
        return {"type": await said.get()}

    async def send(message: Message) -> None:
        await heard.put(message["type"])

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.ensure_future(app(scope, receive, send))
    await said.put("lifespan.startup")
    assert await asyncio.wait_for(heard.get(), 8) == "lifespan.startup.complete"
    try:
        yield
    finally:
        await said.put("lifespan.shutdown")
        await asyncio.wait_for(task, 8)


async def test_a_watch_ends_with_its_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else ends the one that a first request began."""
    monkeypatch.setattr(silence, "LOOK", 0.001)
    async with listening(tmp_path, Alarms(), HandClock()) as (_, silent):
        task = asyncio.create_task(silent.run())
        await asyncio.sleep(0.05)
        assert not task.done()
    await asyncio.wait_for(task, 8)


@pytest.mark.parametrize("heard", [True, False], ids=["heard before", "never heard"])
async def test_when_a_sender_was_heard_is_told_from_the_start_on(tmp_path: Path, heard: bool) -> None:
    """So that a rule which counts from there is not deaf after a restart; what was never heard counts from the start."""
    clock = HandClock()
    async with listening(tmp_path, Alarms(), clock) as (sender, _):
        if heard:
            await sender.send(timenow=MOMENT)
    clock.move(600)
    async with listening(tmp_path, Alarms(), clock) as (_, silent):
        clock.move(30)
        assert await silent.since() == {"tv": MOMENT if heard else MOMENT + 600_000}


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
        AlertConfig(accounts=("main",), **wrong)  # type: ignore[arg-type]
