# SPDX-License-Identifier: MIT
"""How alerts are taken is said in the sender's own table, however it proves who it is: a path, a signature, a token."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen

from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app
from fks_exec_server.access.signatures import sign_alert
from fks_exec_server.http.app import config_of
from fks_exec_server.tradingview import silence
from fks_exec_server.tradingview.silence import watching
from fks_exec_simulators.alerts import MOMENT, Alarms, body
from fks_exec_simulators.clocks import HandClock
from fks_exec_simulators.hosts import KEY
from fks_exec_simulators.signed import CLIENT_SECRET, KeyPair, bearer, clients, issued, kept, send, tokens
from fks_exec_simulators.stage import Stage, configure, hub_on, until

PAIR = KeyPair()
ACCOUNTS = ["main", "other"]
KINDS = ["keys", "clients", "tokens"]
NAMES = {"keys": "tv", "clients": "desk", "tokens": "ops"}


@frozen
class Sender:
    """Sends alerts, and proves who it is by one of the three ways."""

    hub: ExecutionHub
    client: httpx.AsyncClient
    kind: str
    clock: HandClock

    async def send(self, **fields: object) -> httpx.Response:
        """An alert of the account ``main``, unless the fields say otherwise."""
        content, headers = body(**{"account": "main", **fields}), {}
        if self.kind == "clients":
            headers = sign_alert(content, secret=CLIENT_SECRET)
        elif self.kind == "tokens":
            headers = bearer(issued(PAIR, now=self.clock.now() / 1000))
        url = f"/webhook/tradingview/{KEY}" if self.kind == "keys" else "/webhook/tradingview"
        return await self.client.post(url, content=content, headers=headers)


@asynccontextmanager
async def sending(
    folder: Path,
    kind: str,
    options: Mapping[str, Any],
    *plugins: object,
    stage: Stage | None = None,
    clock: HandClock | None = None,
) -> AsyncIterator[Sender]:
    """A host with a sender of each kind, of which only this one has options."""
    clock = clock or HandClock()
    server: dict[str, Any] = {
        "keys": {"tv": {"secret": kept(folder, "secret", KEY), "accounts": ACCOUNTS}},
        "clients": clients(folder, accounts=ACCOUNTS),
        "tokens": tokens(folder, PAIR, accounts=ACCOUNTS),
    }
    server[kind][NAMES[kind]].update(options)
    each = {"venue": "stage", "guards": [], "currency": "USDT", "max_order_age": 3600}
    config = configure(folder, accounts=dict.fromkeys(ACCOUNTS, each), plugins={"server": server})
    async with hub_on(stage or Stage(), config, *plugins, clock=clock) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield Sender(hub, client, kind, clock)


LONG = {"market_position": "long", "prev_market_position": "flat", "position_size": "3"}
GAP = {**LONG, "prev_market_position": "long", "timenow": MOMENT + 1000}
CASES = {
    "spread": ({"spread": True}, [{"account": None}], (400, "INVALID_ALERT"), (200, None)),
    "mode": ({"mode": "target"}, [{"order_type": "limit", "price": "100", **LONG}], (200, None), (400, "INVALID_ALERT")),
    "max_age": ({"max_age": 120}, [{"timenow": MOMENT - 90_000}], (422, "OUTSIDE_WINDOW"), (200, None)),
    "the default of max_age": ({}, [{"timenow": MOMENT - 60_000}], (200, None), (200, None)),
    "max_ahead": ({"max_ahead": 1}, [{"timenow": MOMENT + 3000}], (200, None), (422, "OUTSIDE_WINDOW")),
    "on_gap": ({"on_gap": "block_entries"}, [{"market_position": "short"}, GAP], (200, None), (422, "SIGNAL_GAP")),
    "dedup_window": ({"dedup_window": 60}, [{"timenow": None}], (422, "NO_DEDUP_KEY"), (200, None)),
    "collar_percent": ({"collar_percent": "1"}, [{"signal_price": "90"}], (200, None), (422, "SIGNAL_COLLAR")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("options", "alerts", "without", "with_them"), CASES.values(), ids=CASES)
async def test_a_senders_options_are_its_own(
    tmp_path: Path, kind: str, options: dict[str, Any], alerts: list[dict[str, Any]], without: object, with_them: object
) -> None:
    """And one that has none is taken as by default, whatever the options of the others are."""
    for holder in (KINDS[KINDS.index(kind) - 1], kind):
        folder = tmp_path / holder
        folder.mkdir()
        async with sending(folder, holder, options) as sender:
            asking = Sender(sender.hub, sender.client, kind, sender.clock)
            answer = [await asking.send(**fields) for fields in alerts][-1]
        expected = with_them if holder == kind else without
        assert (answer.status_code, answer.json()["code"]) == expected, holder


@pytest.mark.parametrize("kind", KINDS)
async def test_an_alert_of_two_senders_is_two_orders_and_of_one_a_single_one(tmp_path: Path, kind: str) -> None:
    """The name is part of the id, and stands for one sender among keys, clients and tokens together."""
    stage = Stage()
    async with sending(tmp_path, kind, {}, stage=stage) as sender:
        ids = []
        for each in (kind, kind, KINDS[KINDS.index(kind) - 1]):
            answer = await Sender(sender.hub, sender.client, each, sender.clock).send(id="of-both")
            ids.append(answer.json()["client_order_id"])
    assert ids[0] == ids[1] != ids[2]
    assert len(stage.requests) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_the_silence_of_any_sender_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """And by a restart it does not begin anew; what comes by /orders is no alert."""
    monkeypatch.setattr(silence, "LOOK", 0.001)
    alarms, clock, every = Alarms(), HandClock(), {"expect_every": "15m"}
    async with sending(tmp_path, kind, every, alarms, clock=clock) as sender:
        assert (await sender.send()).status_code == 200
        clock.move(600)
        order = {"account": "main", "symbol": "BTC/USDT", "side": "buy", "quantity": "1"}
        assert (await send(sender.client, "POST", "/orders", order, now=clock.now())).status_code == 200
    async with sending(tmp_path, kind, every, alarms, clock=clock) as sender, watching(sender.hub, config_of(sender.hub)):
        clock.move(299)
        await asyncio.sleep(0.05)
        assert alarms.codes == []
        clock.move(2)
        await until(lambda: alarms.codes == ["SIGNAL_SILENCE"] * 2)  # one for each of its accounts
