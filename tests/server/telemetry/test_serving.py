# SPDX-License-Identifier: MIT
"""``/metrics`` of a served host: what happened is counted, how it stands is told, and labels stay bounded."""

import asyncio
import json
import re
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from fks_exec.model.events import Alarm, RateBudget
from fks_exec_hub import ExecutionHub
from fks_exec_simulators.hosts import KEY, Host, TheVenue, host_config, served
from fks_exec_simulators.venues import MemoryVenue, ScriptedVenue

Metrics = Mapping[str, float]


def alert(**fields: object) -> bytes:
    """A market order, as of now."""
    told = {"symbol": "BTC/USDT", "action": "buy", "quantity": "0.01", "timenow": int(time.time() * 1000), **fields}
    return json.dumps(told).encode()


async def metrics(host: Host, client: httpx.AsyncClient) -> Metrics:
    """The samples, by name with labels."""
    answer = await client.get(f"http://{host.operations}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


async def until(host: Host, client: httpx.AsyncClient, name: str, value: float) -> Metrics:
    """The metrics once an event, which takes its own way, is counted; a failed assertion after five seconds."""
    async with asyncio.timeout(5):
        while True:
            found = await metrics(host, client)
            if found.get(name) == value:
                return found


async def test_an_alert_is_counted_from_its_request_to_its_outcome(tmp_path: Path) -> None:
    """Request, alert, order, and each stage once, in buckets."""
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with served(hub) as host, httpx.AsyncClient() as client:
        before = time.time()
        assert (await client.post(host.url, content=alert())).status_code == 200
        found = await until(host, client, 'fks_exec_orders_total{account="main",kind="order",status="filled"}', 1)
    assert found['fks_exec_requests_total{route="webhook",status="200"}'] == 1
    assert found['fks_exec_alerts_total{code="taken",key="tv"}'] == 1
    assert before <= found['fks_exec_last_alert_timestamp_seconds{key="tv"}'] <= time.time()
    for stage in ("parse", "guard", "journal", "venue"):
        assert found[f'fks_exec_stage_seconds_count{{stage="{stage}"}}'] == 1, stage
        assert 0 < found[f'fks_exec_stage_seconds_sum{{stage="{stage}"}}'] < 5, stage
    edges = [name for name in found if name.startswith("fks_exec_stage_seconds_bucket") and 'stage="venue"' in name]
    assert ['le="0.0005"' in edges[0], 'le="30.0"' in edges[-2], 'le="+Inf"' in edges[-1]] == [True, True, True]
    assert not [name for name in found if "_created" in name]


async def test_a_key_that_may_not_be_silent_has_its_last_alert_told_before_the_next(tmp_path: Path) -> None:
    """After a restart too: else the rule about silence is deaf until an alert comes."""
    key, journal = {"expect_every": "1h"}, f"sqlite:{tmp_path}/journal.db"
    times = []
    for sent in (1, 0):
        hub = ExecutionHub.open(host_config(tmp_path, journal=journal, key=key), plugins=[TheVenue(MemoryVenue())])
        async with served(hub) as host, httpx.AsyncClient() as client:
            times.append((await metrics(host, client))['fks_exec_last_alert_timestamp_seconds{key="tv"}'])
            for _ in range(sent):
                assert (await client.post(host.url, content=alert())).status_code == 200
                heard = time.time()
    first, restarted = times
    assert first < restarted <= heard
    assert heard - restarted < 5


async def test_what_was_denied_and_what_was_no_alert_is_counted_by_code(tmp_path: Path) -> None:
    """A denial under its account, a refused alert under its key; a stranger is no key."""
    config = host_config(tmp_path, account={"max_order_age": 0.001})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(MemoryVenue())])) as host, httpx.AsyncClient() as client:
        old = alert(timenow=int(time.time() * 1000) - 10_000)
        assert (await client.post(host.url, content=old)).status_code == 422
        assert (await client.post(host.url, content=b"[]")).status_code == 400
        assert (await client.post(host.url.replace(KEY, "wrong" * 8), content=alert())).status_code == 404
        found = await until(host, client, 'fks_exec_denials_total{account="main",code="STALE"}', 1)
    assert found['fks_exec_alerts_total{code="STALE",key="tv"}'] == 1
    assert found['fks_exec_alerts_total{code="INVALID_ALERT",key="tv"}'] == 1
    assert sum(value for name, value in found.items() if name.startswith("fks_exec_alerts_total")) == 2
    assert found['fks_exec_requests_total{route="webhook",status="404"}'] == 1


async def test_an_order_of_unknown_fate_stands_in_the_metrics(tmp_path: Path) -> None:
    """A gauge that alerts can rest on."""
    unknown = ScriptedVenue(TimeoutError("no answer"))
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(unknown)])
    async with served(hub) as host, httpx.AsyncClient() as client:
        assert (await client.post(host.url, content=alert())).status_code == 202
        found = await until(host, client, 'fks_exec_unknown_orders{account="main",venue="fake"}', 1)
    assert found['fks_exec_unknown_orders{account="other",venue="fake"}'] == 0


async def test_every_account_is_told_as_it_stands(tmp_path: Path) -> None:
    """Ready, halted, breaker, journal, protection; a state is 1 and the others of it are 0."""
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with served(hub) as host, httpx.AsyncClient() as client:
        await hub.halt("other", "halted", "a test")
        found = await metrics(host, client)
    for name in ("account_ready", "journal_available"):
        assert found[f'fks_exec_{name}{{account="main",venue="fake"}}'] == 1
    for name in ("unprotected_entries", "unprotected_for_seconds"):
        assert found[f'fks_exec_{name}{{account="main",venue="fake"}}'] == 0
    halts = {state: found[f'fks_exec_halt_state{{account="other",state="{state}",venue="fake"}}'] for state in HALTS}
    assert halts == {"active": 0, "reducing": 0, "halted": 1}
    assert found['fks_exec_halt_state{account="main",state="active",venue="fake"}'] == 1
    assert found['fks_exec_breaker_state{account="main",state="closed",venue="fake"}'] == 1


HALTS = ("active", "reducing", "halted")


async def test_what_a_venue_tells_of_its_limit_stands_there(tmp_path: Path) -> None:
    """The last word of it, with the venue's name; accounts whose venue tells nothing have none."""
    venue = MemoryVenue()
    async with (
        served(ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(venue)])) as host,
        httpx.AsyncClient() as client,
    ):
        assert venue.context is not None
        account = venue.context.account
        for used in (0.25, 0.75):
            venue.context.tell(RateBudget(account=account, time=1, used=used, waiting=3, seconds=1.5))
        found = await until(host, client, f'fks_exec_rate_used_ratio{{account="{account}",venue="fake"}}', 0.75)
    assert found[f'fks_exec_rate_waiting{{account="{account}",venue="fake"}}'] == 3
    assert found[f'fks_exec_rate_wait_seconds{{account="{account}",venue="fake"}}'] == 1.5
    assert len([name for name in found if name.startswith("fks_exec_rate_used_ratio")]) == 1


async def test_labels_do_not_grow_with_what_is_sent(tmp_path: Path) -> None:
    """Paths, codes of a venue's own, alarms: a thousand of them are one more label each."""
    venue = MemoryVenue()
    config = host_config(tmp_path, limits={"strangers": 10_000})
    async with served(ExecutionHub.open(config, plugins=[TheVenue(venue)])) as host, httpx.AsyncClient() as client:
        assert venue.context is not None
        before = len(await metrics(host, client))
        for number in range(100):
            await client.get(f"http://{host.alerts}/somewhere/{number}")
            venue.context.tell(Alarm(account=venue.context.account, time=1, code=f"OWN_{number}", message="x"))
        account = venue.context.account
        found = await until(host, client, f'fks_exec_alarms_total{{account="{account}",code="other"}}', 100)
    assert found['fks_exec_requests_total{route="other",status="404"}'] == 100
    assert len(found) - before < 40


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 405), ("DELETE", 405)])
async def test_metrics_are_only_read(tmp_path: Path, method: str, status: int) -> None:
    """HEAD as GET without a body."""
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with served(hub) as host, httpx.AsyncClient() as client:
        answer = await client.request(method, f"http://{host.operations}/metrics")
    assert (answer.status_code, answer.content) == (status, b"")


async def test_metrics_are_not_where_alerts_are_taken(tmp_path: Path) -> None:
    """They tell names of accounts and keys."""
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with served(hub) as host, httpx.AsyncClient() as client:
        assert (await client.get(f"http://{host.alerts}/metrics")).status_code == 404


async def test_each_answer_but_a_404_says_under_which_id_it_stands_in_the_log(tmp_path: Path) -> None:
    """Made here: a sender cannot choose it. What leads nowhere is the same byte for byte, so it has none."""
    hub = ExecutionHub.open(host_config(tmp_path), plugins=[TheVenue(MemoryVenue())])
    async with served(hub) as host, httpx.AsyncClient() as client:
        mine = {"x-request-id": "chosen"}
        answers = [await client.post(host.url, content=body, headers=mine) for body in (alert(), b"[]", alert())]
        lost = await client.post(f"http://{host.alerts}/nowhere", content=b"")
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
    assert (lost.status_code, "x-request-id" in lost.headers) == (404, False)
