# SPDX-License-Identifier: MIT
"""Line 19: control characters in what a sender writes do not break a log line, nor begin one, nor reach a terminal."""

import io
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from fks_exec_hub import ExecutionHub
from fks_exec_server.telemetry.logs import logging_as
from fks_exec_server.telemetry.redaction import Redactor
from fks_exec_simulators.hosts import KEY, TheVenue, host_config, served
from fks_exec_simulators.signed import clients, send
from fks_exec_simulators.venues import MemoryVenue

FORGED = '{"event": "order sent: forged", "level": "info"}'
NASTY = [
    f"BTC\n{FORGED}",
    f"BTC\r\n{FORGED}",
    "BTC\x1b[2J\x1b]0;owned\x07",
    "BTC\x00\x08\x7f",
    f"BTC\u2028{FORGED}\u2029\x85",
    "BTC\u202egnp.exe",
    "BTC\ud800",
    "%s%n{0}{request}%(name)s",
]


@contextmanager
def written(form: str, *, verbose: bool) -> Iterator[io.StringIO]:
    """All that is logged meanwhile."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level, root.handlers = root.handlers, root.level, [logging.StreamHandler(stream)]
    root.setLevel(logging.INFO)
    try:
        with logging_as(form, Redactor([KEY]), verbose=verbose):
            yield stream
    finally:
        root.handlers = before
        root.setLevel(level)


async def asked(folder: Path) -> int:
    """Every nasty text at every place where a sender may write one; how many requests that were."""
    config = host_config(folder, clients=clients(folder), limits={"strangers": 10_000, "orders_per_address": 10_000})
    hub, count = ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())]), 0
    async with served(hub) as host, httpx.AsyncClient(base_url=f"http://{host.alerts}") as client:
        for text in NASTY:
            usual = {"symbol": "BTC/USDT", "action": "buy", "quantity": "1", "timenow": int(time.time() * 1000)}
            places = ("symbol", "action", "quantity", "strategy", "id", "account", "timenow", "order_type", text)
            bodies = [json.dumps({**usual, place: text}) for place in places]
            answers = [await client.post(host.url, content=body) for body in bodies]
            answers.append(await send(client, "POST", "/orders", {"symbol": text, "side": text, "quantity": "1"}))
            path = quote(text.encode("utf-8", "surrogatepass"), safe="")
            answers += [await client.get(f"{prefix}/{path}") for prefix in ("", "/orders", f"{host.url}/orders")]
            answers.append(
                await client.get("/accounts", headers={"x-request-id": "a", "user-agent": text.encode("utf-8", "replace")[:3]})
            )
            assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
            count += len(answers)
    return count


@pytest.mark.parametrize("verbose", [False, True])
async def test_each_line_of_the_json_log_is_one_record(tmp_path: Path, verbose: bool) -> None:
    """Whatever stands in it; and one line of the access log for each request."""
    with written("json", verbose=verbose) as stream:
        count = await asked(tmp_path)
    lines = stream.getvalue().split("\n")[:-1]
    assert all(line.isascii() and line.isprintable() for line in lines)
    records = [json.loads(line) for line in lines]
    assert not [record for record in records if str(record["event"]).startswith("order sent: forged")]
    assert len([record for record in records if record["logger"] == "fks_exec_server.access"]) == count


@pytest.mark.parametrize("verbose", [False, True])
async def test_each_line_of_the_text_log_is_one_record(tmp_path: Path, verbose: bool) -> None:
    """No line begins with what a sender wrote, and nothing steers a terminal."""
    with written("text", verbose=verbose) as stream:
        count = await asked(tmp_path)
    lines = stream.getvalue().split("\n")[:-1]
    assert len(lines) >= count
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith((FORGED[:10], "BTC"))]
    stream.getvalue().encode()
