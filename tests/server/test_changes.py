# SPDX-License-Identifier: MIT
"""Orders are cancelled and changed over HTTP, with the real hub: which answer when, and who may."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from attrs import evolve

from fks_exec import ExecutionResult, Order, Status
from fks_exec.testing import (
    CAPABILITIES,
    AcceptThenDrop,
    AcceptThenHang,
    BadCredentials,
    CancelMeetsFill,
    FailLookUp,
    Fault,
    Fill,
    PartialFill,
    Refuse,
)
from fks_exec.testing import FaultyVenue as Venue
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app, create_operations_app
from fks_exec_server.http import answers
from fks_exec_simulators.disk import FaultyDisk
from fks_exec_simulators.hosts import KEY, JournalOnDisk, TheVenue, host_config
from fks_exec_simulators.stage import until

PATH = f"/webhook/tradingview/{KEY}"
WITHOUT = evolve(CAPABILITIES, abilities=CAPABILITIES.abilities - {"cancel_order", "amend_order"})


@asynccontextmanager
async def host_at(
    base: Path, venue: Venue, *plugins: object, **config: Any
) -> AsyncIterator[tuple[ExecutionHub, httpx.AsyncClient]]:
    """A started hub on this venue, and a client of its alerts."""
    settings = host_config(base, **{"account": {"deadline": 1, "poll": 0.05, "polls_per_second": 50}, **config})
    hub = ExecutionHub.open(settings, plugins=[TheVenue(venue, venue.declared), *plugins])
    async with hub, httpx.AsyncClient(transport=httpx.ASGITransport(create_app(hub)), base_url="http://host") as client:
        yield hub, client


async def resting(client: httpx.AsyncClient) -> str:
    """A limit buy far below the market by an alert; the path of the order."""
    alert = {"symbol": "BTC/USDT", "action": "buy", "quantity": "1", "limit_price": "50", "id": "one"}
    answer = await client.post(PATH, json=alert)
    return f"{PATH}/orders/{answer.json()['client_order_id']}"


async def placed(hub: ExecutionHub, name: str, account: str = "main") -> str:
    """The same by the hub, under an id of ours."""
    order = Order(symbol="BTC/USDT", side="buy", quantity="1", order_type="limit", price="50", client_order_id=name)
    await hub.execute_order(account, order)
    return f"{PATH}/orders/{name}"


def said(answer: httpx.Response) -> tuple[int, str, str | None]:
    """The code, the word, the reason."""
    body = answer.json()
    return answer.status_code, body["status"], body["code"]


async def test_an_order_is_cancelled(tmp_path: Path) -> None:
    venue = Venue()
    async with host_at(tmp_path, venue) as (_, client):
        path = await resting(client)
        answer = await client.delete(path)
        found = await client.get(path)
    assert said(answer) == (200, "success", None)
    assert answer.json()["result"]["status"] == found.json()["result"]["status"] == "canceled"
    assert [each.status for each in venue.placed] == ["canceled"]


@pytest.mark.parametrize(
    ("fault", "http", "status", "code", "fine"),
    [
        (CancelMeetsFill(), 200, "failed", "FILLED_FIRST", "filled"),
        (Refuse("not in the auction", on="cancel"), 409, "failed", "CANCEL_FAILED", "accepted"),
        (AcceptThenDrop(on="cancel"), 200, "success", None, "canceled"),
    ],
    ids=["met a fill", "refused", "answer lost"],
)
async def test_what_became_of_a_cancel_decides_the_answer(
    tmp_path: Path, fault: Fault, http: int, status: str, code: str | None, fine: str
) -> None:
    async with host_at(tmp_path, Venue([fault])) as (_, client):
        answer = await client.delete(await resting(client))
    assert said(answer) == (http, status, code)
    assert answer.json()["result"]["status"] == fine
    if code:
        assert "filled before the cancel" in answer.json()["message"] or "not in the auction" in answer.json()["message"]


async def test_a_second_cancel_is_answered_with_how_it_ended(tmp_path: Path) -> None:
    venue = Venue()
    async with host_at(tmp_path, venue) as (_, client):
        path = await resting(client)
        await client.delete(path)
        assert said(await client.delete(path)) == (200, "success", "ENDED_BEFORE")
    assert venue.count("cancel") == 1


async def test_an_order_of_unknown_fate_is_cancelled_when_it_is_found(tmp_path: Path) -> None:
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with host_at(tmp_path, venue, account={"deadline": 0.1}) as (_, client):
        answer = await client.delete(await resting(client))
        assert said(answer) == (202, "pending", "CANCEL_WAITS")
        assert "cancelled as soon as it is known to rest" in answer.json()["message"]
        venue.choose(None)
        await until(lambda: not venue.placed[0].open)


async def test_a_cancel_that_takes_longer_goes_on(tmp_path: Path) -> None:
    """202, and no second request for it at the venue when it is asked for again."""
    venue = Venue([AcceptThenHang(on="cancel")])
    async with host_at(tmp_path, venue, key={"wait": 0.05}, account={"deadline": 5}) as (_, client):
        path = await resting(client)
        first = await client.delete(path)
        assert said(first) == (202, "pending", None)
        assert "goes on" in first.json()["message"]
        venue.release()
        await until(lambda: not venue.placed[0].open)
        second = await client.delete(path)
        assert (second.status_code, second.json()["result"]["status"]) == (200, "canceled")
    assert venue.count("cancel") == 1


async def test_a_sender_that_goes_away_does_not_stop_a_cancel(tmp_path: Path) -> None:
    venue = Venue([AcceptThenHang(on="cancel")])
    async with host_at(tmp_path, venue, account={"deadline": 5}) as (hub, client):
        path = await resting(client)
        sender = asyncio.create_task(client.delete(path))
        await venue.arrived("cancel")
        sender.cancel()
        await asyncio.wait({sender})
        venue.release()
        name = path.rpartition("/")[2]
        await until(lambda: name not in hub._desks["main"].live)
        assert (await client.get(path)).json()["result"]["status"] == "canceled"


async def test_a_key_that_wants_the_receipt_only_is_told_how_a_cancel_ended(tmp_path: Path) -> None:
    async with host_at(tmp_path, Venue(), key={"respond": "accepted"}) as (hub, client):
        assert said(await client.delete(await placed(hub, "one"))) == (200, "success", None)


async def test_an_order_is_changed(tmp_path: Path) -> None:
    """Digit by digit, whether a number or a text."""
    venue = Venue()
    async with host_at(tmp_path, venue) as (_, client):
        path = await resting(client)
        answer = await client.patch(path, content=b'{"price": 60.10, "quantity": "1.5", "stop_loss": null}')
    assert said(answer) == (200, "success", None)
    [order] = [each.order for each in venue.placed]
    assert (str(order.price), str(order.quantity)) == ("60.10", "1.5")


@pytest.mark.parametrize(
    ("faults", "change", "http", "status", "code"),
    [
        ([Refuse("too late", on="amend")], {"price": "60"}, 409, "failed", "AMEND_REFUSED"),
        ([AcceptThenDrop(on="amend")], {"price": "60"}, 202, "pending", "AMEND_UNKNOWN"),
        ([], {"quantity": "1.00005"}, 422, "failed", "QUANTITY"),
        ([Fill()], {"price": "60"}, 409, "failed", "NOT_OPEN"),
        ([PartialFill(share="0.5")], {"quantity": "0.5"}, 400, "failed", "INVALID_CHANGE"),
    ],
    ids=["refused", "answer lost", "off the grid", "filled", "filled so far"],
)
async def test_what_became_of_a_change_decides_the_answer(
    tmp_path: Path, faults: list[Fault], change: dict[str, str], http: int, status: str, code: str
) -> None:
    async with host_at(tmp_path, Venue(faults)) as (_, client):
        answer = await client.patch(await resting(client), json=change)
    assert said(answer) == (http, status, code)
    assert answer.json()["message"]


async def test_a_change_of_an_unknown_order_is_a_conflict(tmp_path: Path) -> None:
    """Nothing was asked for, and nothing will be: it is not pending."""
    venue = Venue([AcceptThenDrop(rest=True)], otherwise=lambda request: FailLookUp() if request.kind == "look_up" else None)
    async with host_at(tmp_path, venue) as (_, client):
        answer = await client.patch(await resting(client), json={"price": "60"})
    assert said(answer) == (409, "failed", "UNRESOLVED_ORDER")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"{}", "changes nothing"),
        (b'{"price": "50"}', "changes nothing"),
        (b'{"prize": "60"}', "prize"),
        (b'{"price": "60", "price": "61"}', "price"),
        (b'{"price": NaN}', ""),
        (b'{"price": 0}', "price"),
        (b'{"price": true}', "price"),
        (b'{"price": {"a": 1}}', "price"),
        (b'{"quantity": "-1"}', "quantity"),
        ('{"quantity": "１"}'.encode(), "quantity"),
        (b'{"side": "sell"}', "side"),
    ],
)
async def test_a_change_that_cannot_be_meant_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    venue = Venue()
    async with host_at(tmp_path, venue) as (_, client):
        answer = await client.patch(await resting(client), content=content)
    assert said(answer) == (400, "failed", "INVALID_CHANGE")
    assert problem in answer.json()["message"]
    assert venue.count("amend") == 0


async def test_a_change_has_the_limits_of_an_alert(tmp_path: Path) -> None:
    async with host_at(tmp_path, Venue()) as (_, client):
        answer = await client.patch(await resting(client), content=b"x" * 8193)
    assert said(answer) == (413, "failed", "TOO_LARGE")


async def test_a_halted_account_cancels_and_changes_nothing(tmp_path: Path) -> None:
    async with host_at(tmp_path, Venue()) as (hub, client):
        path = await resting(client)
        await hub.halt("main", "halted", "the terminal is being moved", cancel_entries=False)
        changed = await client.patch(path, json={"price": "60"})
        assert said(changed) == (422, "failed", "HALTED")
        assert said(await client.delete(path)) == (200, "success", None)


async def test_the_operations_tell_what_an_account_may_do(tmp_path: Path) -> None:
    async with host_at(tmp_path, Venue()) as (hub, _):
        await hub.halt("main", "reducing", "the terminal is being moved")
        transport = httpx.ASGITransport(create_operations_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            ready = (await client.get("/health/ready")).json()
        found = [(each["name"], each["halt"], each["halt_reason"]) for each in ready["accounts"]]
    assert found == [("main", "reducing", "the terminal is being moved"), ("other", "active", "")]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
async def test_an_order_that_is_not_the_keys_is_as_unknown_as_none(tmp_path: Path, method: str) -> None:
    """Byte for byte, headers and all."""
    venue = Venue()
    async with host_at(tmp_path, venue) as (hub, client):
        other = await placed(hub, "theirs", "other")
        body = {"json": {"price": "60"}} if method == "PATCH" else {}
        answers = [
            await client.request(method, path, **body)  # type: ignore[arg-type]
            for path in (other, f"{PATH}/orders/nobody", f"{PATH}x/orders/theirs", "/nowhere")
        ]
    assert {(each.status_code, each.content, tuple(each.headers.items())) for each in answers} == {
        (404, answers[0].content, tuple(answers[0].headers.items()))
    }
    assert (venue.count("cancel"), venue.count("amend")) == (0, 0)


async def test_an_id_of_two_accounts_is_a_conflict(tmp_path: Path) -> None:
    venue = Venue()
    async with host_at(tmp_path, venue, key={"accounts": ["main", "other"]}) as (hub, client):
        path = await placed(hub, "same")
        await placed(hub, "same", "other")
        answer = await client.delete(path)
    assert said(answer) == (409, "failed", "AMBIGUOUS")
    assert "main and other" in answer.json()["message"]
    assert venue.count("cancel") == 0


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
async def test_where_the_venue_cannot_nothing_is_asked(tmp_path: Path, method: str) -> None:
    venue = Venue(capabilities=WITHOUT)
    async with host_at(tmp_path, venue) as (_, client):
        answer = await client.request(method, await resting(client), content=b'{"price": "60"}')
    assert said(answer) == (422, "failed", "NOT_SUPPORTED")


async def test_an_account_that_is_not_ready_is_503(tmp_path: Path) -> None:
    venue = Venue()
    async with host_at(tmp_path, venue) as (hub, client):
        path = await placed(hub, "one")
        venue.follow(BadCredentials())
        await placed(hub, "two")
        answer = await client.delete(path)
    assert said(answer) == (503, "failed", "ACCOUNT_NOT_READY")
    assert "ask for it again" in answer.json()["message"]
    assert venue.count("cancel") == 0


async def test_a_journal_that_cannot_write_is_503_and_nothing_is_asked(tmp_path: Path) -> None:
    disk, venue = FaultyDisk("changes-full"), Venue()
    try:
        async with host_at(tmp_path, venue, JournalOnDisk("changes-full"), journal="disk:fks-exec.db") as (_, client):
            path = await resting(client)
            disk.on_write = apsw.FullError("simulated")
            refused = await client.delete(path)
            assert said(refused)[0] == 503
            assert (venue.count("cancel"), str(tmp_path) in refused.text) == (0, False)
            disk.on_write = None
            await until(lambda: venue.placed[0].open)
    finally:
        disk.unregister()


async def test_a_hub_that_has_closed_is_503(tmp_path: Path) -> None:
    async with host_at(tmp_path, Venue()) as (hub, client):
        path = await placed(hub, "one")
        await hub.close()
        answer = await client.delete(path)
    assert said(answer) == (503, "failed", "CLOSING")


@pytest.mark.parametrize("status", Status)
def test_every_status_has_an_answer_to_a_cancel_and_to_a_change(status: Status) -> None:
    for make in (answers.after_cancel, answers.after_amend):
        for code in (None, "NOT_RECORDED"):
            answer = make(ExecutionResult(status=status, code=code))
            assert answer.http in (200, 202, 422)
            assert json.loads(answer.body)["message"]
            assert (answer.http == 202) == (json.loads(answer.body)["status"] == "pending")
