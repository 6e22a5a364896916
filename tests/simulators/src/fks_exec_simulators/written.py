# SPDX-License-Identifier: MIT
"""Accounts of fks-exec-ccxt at exchanges whose answers are written down: :class:`Written`. Nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from attrs import define, field, frozen

from fks_exec import Submission
from fks_exec.clock import SystemClock
from fks_exec_ccxt.config import CCXTConfig
from fks_exec_ccxt.knowledge.traits import traits
from fks_exec_ccxt.reading.lookups import Lookups
from fks_exec_ccxt.requests.probing import Probes
from fks_exec_ccxt.session.connection import Connection
from fks_exec_ccxt.trading.placing import Trader
from fks_exec_ccxt.wire.calls import current, noted

from .offline import Captured, NothingSent, offline


class Unanswered(BaseException):
    """Raised where no answer is written down; no Exception, so that nobody makes anything of it."""


@frozen
class Answer:
    """What an exchange answers with.

    Args:
        body: JSON.
        status: of HTTP.
    """

    body: str
    status: int = 200


@define(eq=False)
class Written:
    """An account at an exchange whose answers are written down.

    Args:
        exchange, market_type: ccxt's id, and spot or swap.
        answer: the answer to a request; None: there is none, and :class:`Unanswered` ends the call.
        asked: the requests, as they would have left.
        connection: of the opened account.
    """

    exchange: str
    market_type: str
    answer: Callable[[Captured], Answer | None]
    asked: list[Captured] = field(factory=list, init=False)
    connection: Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        instance, known = offline(self.exchange, self.market_type), traits(self.exchange, self.market_type)
        instance.options = instance.deep_extend(instance.options, {"fetchOpenOrders": {"warnWithoutSymbol": False}})
        stopped = instance.fetch

        async def answered(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            try:
                await stopped(url, method, headers, body)
            except NothingSent:
                self.asked.append(instance.sent.pop())
            return self._answered(instance, url, method, headers, body)

        async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            return await noted(answered, url, method, headers, body)

        instance.fetch = fetch
        swap = self.market_type == "swap"
        more: Mapping[str, Any] = {"margin_mode": "cross", "leverage": Decimal(1)} if swap else {}
        config = CCXTConfig(exchange=self.exchange, market_type=cast(Any, self.market_type), **more)
        context = SimpleNamespace(account="mine", clock=SystemClock(), live=False, tell=print)
        self.connection = Connection(instance, config, known, cast(Any, context), injected=True)
        self.connection.probes = Probes(instance, known, config)

    def _answered(self, instance: Any, url: str, method: str, headers: Any, body: Any) -> Any:
        """As ccxt reads it: errors by the exchange's code first, then by the status."""
        answer, call = self.answer(self.asked[-1]), current()
        if answer is None:
            raise Unanswered
        if call is not None and call.last is not None:
            call.last.heard(answer.status, {}, answer.body)
        told = json.loads(answer.body)
        instance.handle_errors(answer.status, "", url, method, {}, answer.body, told, headers, body)
        instance.handle_http_status_code(answer.status, "", url, method, answer.body)
        return told

    @property
    def lookups(self) -> Lookups:
        """What looks its orders up."""
        return Lookups(connection=self.connection)

    @property
    def trader(self) -> Trader:
        """What places and cancels its orders."""
        return Trader(self.connection)

    def submission(self, name: str = "1", seconds: float = 1.0) -> Submission:
        """One whose order has this name."""
        deadline = self.connection.clock.monotonic() + seconds
        return Submission(account="mine", venue_client_order_id=name, deadline=deadline)
