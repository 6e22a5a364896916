# SPDX-License-Identifier: MIT
"""A host of alerts on the stage, and one who sends to it: Sender, alerting."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen

from fks_exec import hookimpl
from fks_exec.clock import Clock
from fks_exec.model.events import Alarm, Event
from fks_exec_hub import ExecutionHub
from fks_exec_server import create_app

from .hosts import KEY
from .stage import Stage, configure, hub_on

MOMENT = 1_700_000_000_000
"""Where a HandClock stands at first, epoch milliseconds."""


class Alarms:
    """A plugin that keeps the codes of the alarms that it hears."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    @hookimpl
    def observe(self, event: Event) -> None:
        """One event."""
        if isinstance(event, Alarm):
            self.codes.append(event.code)


@frozen
class Sender:
    """Sends alerts as TradingView does.

    Args:
        url: with the secret of the key ``tv``.
    """

    hub: ExecutionHub
    client: httpx.AsyncClient
    url: str = f"/webhook/tradingview/{KEY}"

    async def raw(self, body: bytes) -> httpx.Response:
        """These bytes."""
        return await self.client.post(self.url, content=body, headers={"content-type": "text/plain"})

    async def send(self, **fields: object) -> httpx.Response:
        """A market order to buy 1 BTC, with these fields; None takes one out."""
        return await self.raw(body(**fields))


def body(**fields: object) -> bytes:
    """A market order to buy 1 BTC at :data:`MOMENT`, with these fields; None takes one out."""
    usual = {"symbol": "BTCUSDT", "action": "buy", "quantity": "1", "strategy": "s", "timenow": MOMENT}
    return json.dumps({name: value for name, value in {**usual, **fields}.items() if value is not None}).encode()


@asynccontextmanager
async def alerting(
    folder: Path,
    stage: Stage,
    *plugins: object,
    clock: Clock | None = None,
    key: Mapping[str, Any] | None = None,
    accounts: Iterable[str] = ("main",),
    account: Mapping[str, Any] | None = None,
    **top: Any,
) -> AsyncIterator[Sender]:
    """A host whose key ``tv`` may trade all its accounts; they are on the stage.

    Args:
        key: further fields of the key.
        account: further fields of each account.
        top: further tables of the configuration.
    """
    names = list(accounts)
    each = {"venue": "stage", "guards": [], "currency": "USDT", **(account or {})}
    tv = {"secret": {"file": "secret"}, "accounts": names, **(key or {})}
    secret = folder / "secret"
    secret.touch(0o600)
    secret.write_text(KEY, "utf-8")
    config = configure(folder, accounts=dict.fromkeys(names, each), plugins={"server": {"keys": {"tv": tv}}}, **top)
    async with hub_on(stage, config, *plugins, clock=clock) as hub:
        transport = httpx.ASGITransport(create_app(hub))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield Sender(hub, client)
