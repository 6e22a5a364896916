# SPDX-License-Identifier: MIT
"""One id from the alert to the venue's: in the answer, in the access log, in each line of the order that came of it."""

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from fks_exec_hub import ExecutionHub
from fks_exec_server.telemetry.logs import logging_as
from fks_exec_server.telemetry.redaction import Redactor
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.signed import clients, send
from fks_exec_simulators.venues import MemoryVenue


@contextmanager
def written() -> Iterator[io.StringIO]:
    """The JSON log meanwhile."""
    root, stream = logging.getLogger(), io.StringIO()
    before, root.handlers = root.handlers, [logging.StreamHandler(stream)]
    try:
        with logging_as("json", Redactor()):
            yield stream
    finally:
        root.handlers = before


async def logged(folder: Path, venue: MemoryVenue) -> tuple[list[httpx.Response], list[dict[str, Any]]]:
    """An alert, the same again, a signed order; their answers, and the lines of the log."""
    hub = ExecutionHub.open(host_config(folder, clients=clients(folder)), plugins=[TheVenue(venue)])
    body = {"symbol": "BTC/USDT", "action": "buy", "quantity": "1", "timenow": int(time.time() * 1000), "id": "one"}
    order = {"account": "main", "symbol": "BTC/USDT", "side": "buy", "quantity": "2", "client_order_id": "two"}
    with written() as stream:
        async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host.alerts}") as client:
            answers = [await client.post(host.url, content=json.dumps(body)) for _ in range(2)]
            answers.append(await send(client, "POST", "/orders", order))
            answers.append(await client.get(f"{host.url}/orders/{answers[0].json()['client_order_id']}"))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    return answers, [json.loads(line) for line in stream.getvalue().splitlines()]


def of(lines: list[dict[str, Any]], event: str, name: str) -> dict[str, Any]:
    """The one line that tells this of an order."""
    [line] = [line for line in lines if line["event"] == f"order {event}: {name}"]
    return line


async def test_one_id_leads_from_the_answer_to_the_venues_order(tmp_path: Path) -> None:
    """Accepted, sent under the name that the venue saw, filled, concluded with the id that it gave."""
    venue = MemoryVenue()
    answers, lines = await logged(tmp_path, venue)
    for answer, (_, submission) in zip((answers[0], answers[2]), venue.seen, strict=True):
        told, name = answer.json(), answer.json()["client_order_id"]
        request = answer.headers["x-request-id"]
        steps = {event: of(lines, event, name) for event in ("accepted", "sent", "filled", "concluded")}
        assert {line["request_id"] for line in steps.values()} == {request}
        assert {line["account"] for line in steps.values()} == {"main"}
        assert steps["sent"]["venue_client_order_id"] == submission.venue_client_order_id
        assert steps["concluded"]["order_id"] == told["order_id"]
        assert steps["concluded"]["status"] == "filled"


async def test_each_request_is_one_line_with_what_became_of_it(tmp_path: Path) -> None:
    """Whose it was, how long it took and where, the order; the path without its secret."""
    answers, lines = await logged(tmp_path, MemoryVenue())
    access = {line["request_id"]: line for line in lines if line["logger"] == "fks_exec_server.access"}
    first, again, signed, look = (access[answer.headers["x-request-id"]] for answer in answers)
    assert len(access) == 4
    name = answers[0].json()["client_order_id"]
    assert first["path"] == again["path"] == "/webhook/tradingview/***"
    assert look["path"] == f"/webhook/tradingview/***/orders/{name}"
    assert [line["caller"] for line in (first, again, signed, look)] == ["tv", "tv", "desk", "tv"]
    assert [line["http"] for line in (first, again, signed, look)] == ["200"] * 4
    assert first["client_order_id"] == again["client_order_id"] == name
    assert (signed["client_order_id"], signed["account"], signed["route"]) == ("two", "main", "orders")
    assert 0 < first["stages"]["parse"] < first["milliseconds"] < 60_000
    assert first["address"] == "127.0.0.1"
    assert KEY not in json.dumps(lines)


async def test_an_order_is_told_once_though_it_was_sent_twice(tmp_path: Path) -> None:
    """The repetition has a request of its own, and no line of the order."""
    answers, lines = await logged(tmp_path, MemoryVenue())
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]
    of(lines, "accepted", answers[0].json()["client_order_id"])
