# SPDX-License-Identifier: MIT
"""What was asked for and did not come about stands in the text log, with id and sentence, whatever the number of HTTP is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from fks_exec import ExecutionResult, VenueRejected
from fks_exec_hub.config import parse_config
from fks_exec_server import create_app
from fks_exec_server.telemetry.host import Telemetry
from fks_exec_simulators.alerts import body
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import KEY
from fks_exec_simulators.signed import clients, kept, send
from fks_exec_simulators.stage import Held, Stage, hub_on, until

PATH = f"/webhook/tradingview/{KEY}"
NO_FUNDS = VenueRejected("the account has 3 USDT", code="INSUFFICIENT_FUNDS")


@asynccontextmanager
async def hosting(
    base: Path, stage: Stage, *, accounts: Iterable[str] = ("main",), guards: Sequence[str] = (), **key: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A host whose key ``tv`` may trade all its accounts, with all that goes around its routes."""
    names = list(accounts)
    each = {"venue": "stage", "currency": "USDT"}
    tables = {name: {**each, "guards": list(guards) if name == names[-1] else []} for name in names}
    tv = {"secret": kept(base, "secret", KEY), "accounts": names, **key}
    answered = {name: key[name] for name in ("respond", "wait") if name in key}
    desk = clients(base, accounts=names, **answered)
    server = {"keys": {"tv": tv}, "clients": desk, "body_limit": 400, "body_timeout": 0.05}
    limits = {guard: {"percent": "0.25"} for guard in guards}
    table = {"journal": "memory:", "accounts": tables, "plugins": {"server": server}, "guards": limits}
    hub = hub_on(stage, parse_config(table, base), clock=HandClock())
    app = Telemetry(hub, callers=["tv", "desk"]).wrap(create_app(hub))
    async with hub, httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host") as client:
        yield client


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the text log has of requests."""
    names = ("fks_exec_server.access", "fks_exec_server.telemetry.late")
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING and each.name in names]


async def test_an_order_that_the_venue_rejects_is_a_line_though_the_answer_is_200(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """TradingView is content with 200, and shows nobody the body."""
    async with hosting(tmp_path, Stage(NO_FUNDS)) as client:
        answer = await client.post(PATH, content=body())
        order = answer.json()["client_order_id"]
        assert (answer.status_code, answer.json()["code"]) == (200, "INSUFFICIENT_FUNDS")
        again = await client.post(PATH, content=body())
        look = await client.get(f"{PATH}/orders/{order}")
        assert (again.json()["code"], look.json()["code"]) == ("INSUFFICIENT_FUNDS",) * 2
    [line] = lines(caplog)
    assert line.startswith("POST /webhook/tradingview/*** 200 INSUFFICIENT_FUNDS, from tv: ")
    assert f"main/{order}: INSUFFICIENT_FUNDS: '{answer.json()['message']}'" in line


async def test_of_several_accounts_each_that_has_no_order_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And no other."""
    async with hosting(tmp_path, Stage(), accounts=("one", "two"), guards=["position_size"]) as client:
        answer = await client.post(PATH, content=body(accounts=["one", "two"], quantity="5"))
    first, second = answer.json()["result"]["children"]
    assert (answer.status_code, first["status"], second["code"]) == (200, "success", "POSITION_SIZE")
    [line] = lines(caplog)
    assert f"two/{second['client_order_id']}: POSITION_SIZE: '{second['message']}'" in line
    assert "one/" not in line


async def test_a_reversal_whose_entry_is_refused_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is a success: what was held is closed."""
    async with hosting(tmp_path, Stage(), guards=["position_size"]) as client:
        assert (await client.post(PATH, content=body(id="a"))).json()["status"] == "success"
        answer = await client.post(PATH, content=body(id="b", action="target", quantity="-3"))
    assert (answer.status_code, answer.json()["code"]) == (200, "ENTRY_REFUSED")
    [line] = lines(caplog)
    assert f"main/{answer.json()['client_order_id']}: ENTRY_REFUSED: " in line


async def test_a_guards_denial_is_told_with_id_and_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The alert's own sender shows neither."""
    async with hosting(tmp_path, Stage(), guards=["position_size"]) as client:
        answer = await client.post(PATH, content=body(quantity="5"))
    told = answer.json()
    [line] = lines(caplog)
    assert line.startswith("POST /webhook/tradingview/*** 422 POSITION_SIZE, from tv: ")
    assert f"main/{told['client_order_id']}: POSITION_SIZE: '{told['message']}'" in line


async def test_an_order_of_an_own_client_is_told_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By its name."""
    order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "mine"}
    async with hosting(tmp_path, Stage(NO_FUNDS)) as client:
        answer = await send(client, "POST", "/orders", order, now=HandClock().now())
    assert answer.status_code == 200
    [line] = lines(caplog)
    assert line.startswith("POST /orders 200 INSUFFICIENT_FUNDS, from desk: main/mine: INSUFFICIENT_FUNDS: ")


@pytest.mark.parametrize("key", [{"respond": "accepted"}, {"wait": 0.05}], ids=["accepted", "too late"])
@pytest.mark.parametrize("way", ["alert", "order"])
async def test_what_becomes_of_an_order_after_its_202_is_told(
    tmp_path: Path, key: dict[str, Any], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is told otherwise; a repetition meanwhile tells it no second time."""
    rejected = ExecutionResult(status="rejected", code="INSUFFICIENT_FUNDS", error="the account has 3 USDT")
    held = Held(lambda order, submission: rejected)
    order = {"symbol": "BTC/USDT", "side": "buy", "quantity": "1", "client_order_id": "mine"}
    async with hosting(tmp_path, Stage(held), **key) as client:
        for _ in range(2):
            if way == "alert":
                answer = await client.post(PATH, content=body())
            else:
                answer = await send(client, "POST", "/orders", order, now=HandClock().now())
            assert answer.status_code == 202
        assert lines(caplog) == []
        held.go.set()
        await until(lambda: lines(caplog))
    [line] = lines(caplog)
    name, who = (answer.json()["client_order_id"], "tv") if way == "alert" else ("mine", "desk")
    assert f"from {who} that was answered 202" in line
    assert f"main/{name}: INSUFFICIENT_FUNDS: 'the account has 3 USDT'" in line


async def test_what_is_done_or_only_tried_is_no_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fill, a repetition of it, a test."""
    async with hosting(tmp_path, Stage()) as client:
        for fields in ({}, {}, {"test": "true", "id": "t"}):
            assert (await client.post(PATH, content=body(**fields))).status_code == 200
    assert lines(caplog) == []


async def slow() -> AsyncIterator[bytes]:
    """A body that does not end."""
    yield b'{"symbol": '
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    ("method", "content", "code"),
    [("POST", b"x" * 401, "413 TOO_LARGE"), ("POST", None, "408 TOO_SLOW"), ("PUT", b"{}", "405 METHOD")],
    ids=["too large", "too slow", "another method"],
)
async def test_what_has_the_right_secret_is_its_keys_before_its_body_is_here(
    tmp_path: Path, method: str, content: bytes | None, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The alert is lost, so it is a line and counts under its key; a wrong secret's is neither."""
    stage = Stage()
    async with hosting(tmp_path, stage) as client:
        app = client._transport.app  # type: ignore[attr-defined]
        answer = await client.request(method, PATH, content=slow() if content is None else content)
        await client.request(method, PATH + "x", content=b"x" * 401)
        counted = [line for line in app._metrics.text().decode().splitlines() if line.startswith("fks_exec_alerts_total{")]
    assert f"{answer.status_code} {answer.json()['code']}" == code
    [line] = lines(caplog)
    assert line.startswith(f"{method} /webhook/tradingview/*** {code}, from tv: '")
    expected = [f'fks_exec_alerts_total{{code="{code[4:]}",key="tv"}} 1.0'] if method == "POST" else []
    assert counted == expected


async def test_an_alert_that_was_cut_off_is_told_and_not_counted_as_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its sender was gone before its body was here."""
    async with hosting(tmp_path, Stage()) as client:
        app = client._transport.app  # type: ignore[attr-defined]

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def never(message: Any) -> None:
            raise AssertionError(message)

        scope = {"type": "http", "method": "POST", "path": PATH, "headers": [], "query_string": b"", "root_path": ""}
        await app({**scope, "client": ("127.0.0.1", 1)}, receive, never)
        assert "fks_exec_alerts_total{" not in app._metrics.text().decode()
    assert lines(caplog) == ["POST /webhook/tradingview/*** gone, from tv"]
