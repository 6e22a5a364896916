# SPDX-License-Identifier: MIT
"""Alerts over the routes: trying out, a secret in the body, equal alerts, prices that ran away, what is sent again."""

import asyncio
import json
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from fks_exec import MarketData
from fks_exec_hub.journal import Key, NoteRecord
from fks_exec_simulators.alerts import MOMENT, alerting, body
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.disk import DiskJournals, FaultyDisk
from fks_exec_simulators.stage import Stage, until

WORD = "a-word-that-nobody-knows"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain; charset=utf-8"])
async def test_text_and_json_are_the_same_alert(tmp_path: Path, content_type: str) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        await sender.raw(body())
        again = await sender.client.post(sender.url, content=body(), headers={"content-type": content_type})
    assert again.json()["result"]["duplicate"]
    assert len(stage.requests) == 1


async def test_two_alerts_of_one_order_id_and_other_times_are_two_orders(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        for seconds in (0, 1):
            assert (await sender.send(order_id="Long", timenow=MOMENT + seconds * 1000)).status_code == 200
    assert len(stage.requests) == 2


@pytest.mark.parametrize("fields", [{"exchange": "NOWHERE"}, {"symbol": "NOWHERE:BTCUSDT"}])
async def test_another_venues_name_before_the_symbol_is_refused(tmp_path: Path, fields: dict[str, Any]) -> None:
    """By the account, which alone knows its venue's names."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        answer = await sender.send(**fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_SYMBOL")
    assert stage.requests == []


async def test_an_alert_that_was_answered_503_is_one_order_when_it_comes_again(tmp_path: Path) -> None:
    disk, stage = FaultyDisk("arrival"), Stage()
    async with alerting(tmp_path, stage, DiskJournals(disk), clock=HandClock(), journal="disk:j.db") as sender:
        disk.on_write = apsw.FullError("simulated")
        assert (await sender.send()).status_code == 503
        disk.on_write = None
        await until(lambda: sender.hub.status()[0].ready)
        answers = [await sender.send() for _ in range(3)]
    disk.unregister()
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(stage.requests) == 1


async def test_a_sender_that_hangs_up_loses_only_the_answer(tmp_path: Path) -> None:
    """While its order is being written down: the next delivery waits for that, and finds it."""
    disk, stage, clock = FaultyDisk("hangs-up"), Stage(), HandClock()
    plugin, key = DiskJournals(disk), {"dedup_window": 60}
    async with alerting(tmp_path, stage, plugin, clock=clock, journal="disk:j.db", key=key) as sender:
        disk.gate.clear()
        task = asyncio.create_task(sender.send(timenow=None))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait({task})
        clock.move(1)
        again = asyncio.create_task(sender.send(timenow=None))
        await asyncio.sleep(0.05)
        disk.gate.set()
        answer = await again
    disk.unregister()
    assert answer.json()["result"]["duplicate"]
    assert len(stage.requests) == 1


async def test_equal_alerts_of_a_window_are_one_order_and_of_two_windows_two(tmp_path: Path) -> None:
    """Also with a restart between; what was sent again never falls on the other side of a border."""
    stage, clock, key = Stage(), HandClock(), {"dedup_window": 60}
    for seconds, duplicate in ((0, False), (15, True), (44.999, True), (0.001, False), (59, True)):
        clock.move(seconds)
        async with alerting(tmp_path, stage, clock=clock, key=key) as sender:
            answers = await asyncio.gather(*(sender.send(timenow=None) for _ in range(3)))
            assert sum(not answer.json()["result"]["duplicate"] for answer in answers) == (not duplicate), seconds
    assert len(stage.requests) == 2


async def test_without_a_window_an_alert_without_id_and_time_is_refused(tmp_path: Path) -> None:
    async with alerting(tmp_path, Stage(), clock=HandClock()) as sender:
        answer = await sender.send(timenow=None)
    assert (answer.status_code, answer.json()["code"]) == (422, "NO_DEDUP_KEY")


async def body_secret(tmp_path: Path, raw: bytes, stage: Stage) -> tuple[httpx.Response, bytes | None]:
    """The answer, and what the journal keeps of the alert."""
    word = tmp_path / "word"
    word.touch(0o600)
    word.write_text(WORD, "utf-8")
    async with alerting(tmp_path, stage, clock=HandClock(), key={"body_secret": {"file": "word"}}) as sender:
        answer = await sender.raw(raw)
        name = answer.json()["client_order_id"]
        recorded = None if name is None else await sender.hub.journal.order(Key("main", name))
    return answer, None if recorded is None else recorded.raw


@pytest.mark.parametrize("escaped", [False, True])
async def test_a_body_secret_is_asked_for_and_kept_nowhere(tmp_path: Path, escaped: bool) -> None:
    raw = body(secret=WORD)
    if escaped:
        raw = raw.replace(b'"secret"', b'"s\\u0065cret"').replace(WORD.encode(), b"\\u0061" + WORD[1:].encode())
    answer, kept = await body_secret(tmp_path, raw, Stage())
    assert answer.status_code == 200
    assert kept is not None
    assert json.loads(kept) == {**json.loads(body()), "secret": "***"}
    for path in tmp_path.glob("fks-exec.db*"):
        assert WORD.encode() not in path.read_bytes()


@pytest.mark.parametrize("given", [None, "another-word-altogether", "", 7, "\udcff", "***"])
async def test_a_wrong_body_secret_is_a_path_that_does_not_exist(tmp_path: Path, given: object) -> None:
    stage = Stage()
    answer, _ = await body_secret(tmp_path, body(secret=given), stage)
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert stage.requests == []


async def test_a_body_secret_in_another_field_is_refused_without_being_told(tmp_path: Path) -> None:
    answer, _ = await body_secret(tmp_path, body(secret=WORD, strategy=f"x {WORD}"), Stage())
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ALERT")
    assert WORD not in answer.text


async def test_a_test_alert_goes_the_whole_way_and_sends_nothing(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock()) as sender:
        answer = await sender.send(test="true", id="one", unit="quote", quantity="250")
        result = answer.json()
        assert (answer.status_code, result["status"], result["code"]) == (200, "failed", "TEST")
        assert "buy 2.5 BTC/USDT" in result["message"]
        kept = await sender.hub.read_note("main", "test", result["client_order_id"])
        assert isinstance(kept, NoteRecord)
        assert json.loads(json.loads(kept.value)["alert"])["test"] == "true"
        assert await sender.hub.orders() == []
        totals = sender.hub._desks["main"].book.totals("BTC/USDT")
        assert (totals.working_buy, stage.requests) == (0, [])
        assert (await sender.send(id="one", unit="quote", quantity="250")).status_code == 200  # its id is not spent
    assert len(stage.requests) == 1


@pytest.mark.parametrize(
    ("fields", "http", "code"),
    [
        ({}, 422, "CONFIDENCE_MISSING"),
        ({"confidence": "0.9"}, 200, "TEST"),
        ({"confidence": "0.9", "timenow": MOMENT - 61_000}, 422, "OUTSIDE_WINDOW"),
        ({"action": "close", "quantity": None}, 422, "NOTHING_TO_CLOSE"),
        ({"symbol": "NOPE"}, 422, "UNKNOWN_SYMBOL"),
        ({"quantity": "0"}, 400, "INVALID_ALERT"),
    ],
)
async def test_a_test_alert_is_judged_as_a_real_one(tmp_path: Path, fields: dict[str, Any], http: int, code: str) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), account={"guards": ["confidence"]}) as sender:
        answer = await sender.send(test=True, **fields)
        assert await sender.hub.orders() == []
    assert (answer.status_code, answer.json()["code"]) == (http, code)
    assert stage.requests == []


async def test_a_test_alert_of_a_halted_account_is_denied(tmp_path: Path) -> None:
    async with alerting(tmp_path, Stage(), clock=HandClock()) as sender:
        await sender.hub.halt("main", "halted", "a test")
        answer = await sender.send(test=True)
    assert (answer.status_code, answer.json()["code"]) == (422, "HALTED")


async def test_a_test_alert_counts_for_no_chain(tmp_path: Path) -> None:
    async with alerting(tmp_path, Stage(), clock=HandClock()) as sender:
        await sender.send(test=True, timenow=MOMENT + 1000)
        assert (await sender.send()).status_code == 200


@pytest.mark.parametrize(
    ("side", "price", "http"),
    [
        ("buy", "100", 200),
        ("buy", "99.5", 200),
        ("buy", "99", 422),
        ("sell", "99.99", 200),
        ("sell", "101", 422),
        ("buy", "500", 200),
    ],
)
async def test_an_entry_is_not_sent_where_the_market_ran_away_from_its_signal(
    tmp_path: Path, side: str, price: str, http: int
) -> None:
    """Bid 99, ask 100; worse by more than 1 %."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"collar_percent": "1"}) as sender:
        answer = await sender.send(action=side, signal_price=price)
    assert answer.status_code == http
    assert len(stage.requests) == (http == 200)
    if http == 422:
        assert answer.json()["code"] == "SIGNAL_COLLAR"


async def test_an_exit_is_sent_wherever_the_market_is(tmp_path: Path) -> None:
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"collar_percent": "1"}) as sender:
        await sender.send()
        stage.quote = MarketData(symbol="any", bid="1", ask="2")
        answer = await sender.send(action="sell", market_position="flat", signal_price="100", timenow=MOMENT + 1000)
    assert answer.status_code == 200
    assert len(stage.requests) == 2


async def test_another_key_s_scope_holds_for_what_an_alert_becomes(tmp_path: Path) -> None:
    """A close may sell; a key that may only buy has none."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"sides": ["buy"]}) as sender:
        await sender.send()
        answer = await sender.send(action="buy", market_position="flat", timenow=MOMENT + 1000)
    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_SIDE")
    assert len(stage.requests) == 1


async def test_what_is_more_than_the_keys_pace_comes_again(tmp_path: Path) -> None:
    """TradingView gives up at 403; and a test is no order."""
    stage = Stage()
    async with alerting(tmp_path, stage, clock=HandClock(), key={"orders_a_minute": 1}) as sender:
        await sender.send(test=True, timenow=MOMENT - 2000)
        assert (await sender.send(timenow=MOMENT - 1000)).status_code == 200
        more = await sender.send()
        again = await sender.send(timenow=MOMENT - 1000)
    assert (more.status_code, more.json()["code"], again.status_code) == (503, "SCOPE_PACE", 200)
    assert [denial["code"] for denial in more.json()["denials"]] == ["SCOPE_PACE"]
    assert len(stage.requests) == 1
