# SPDX-License-Identifier: MIT
"""What the hub tells, counted and written into the log; in a thread of its own, not in an order's path."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping

from fks_exec.model.events import (
    Alarm,
    Event,
    OrderAccepted,
    OrderChanged,
    OrderConcluded,
    OrderFilled,
    OrderSent,
    ProtectionChanged,
    RateBudget,
)
from fks_exec.model.numbers import plain

from .metrics import Metrics

logger: logging.Logger = logging.getLogger(__name__)

ENTRIES = 10_000
"""Entries whose time without a stop is remembered; the oldest is forgotten first."""


class Watcher:
    """Hears every event of a hub.

    Args:
        requests: by account and client's id of an order, the request that brought it.
    """

    def __init__(self, metrics: Metrics, requests: Mapping[tuple[str, str], str]) -> None:
        self.budgets: dict[str, RateBudget] = {}
        self._metrics = metrics
        self._requests = requests
        self._naked: OrderedDict[tuple[str, str], float] = OrderedDict()

    def observe(self, event: Event) -> None:
        """One event; kinds that are not known here are somebody else's."""
        match event:
            case OrderConcluded():
                self._concluded(event)
            case OrderAccepted():
                self._line("accepted", event, event.client_order_id, symbol=event.instruction.symbol)
            case OrderSent():
                name = event.venue_client_order_id
                self._line("sent", event, event.client_order_id, venue_client_order_id=name, attempt=event.attempt)
            case OrderChanged():
                result = event.result
                fields = {"order_id": result.order_id, "status": result.status.value, "code": result.code}
                self._line("changed", event, event.client_order_id, symbol=event.symbol, **fields)
            case OrderFilled():
                fields = {"filled": plain(event.fill.quantity), "price": plain(event.fill.price)}
                self._line("filled", event, event.client_order_id, symbol=event.symbol, **fields)
            case Alarm():
                self._metrics.alarm(event.account, event.code)
            case ProtectionChanged():
                self._protection(event)
            case RateBudget():
                self.budgets[event.account] = event

    def _concluded(self, event: OrderConcluded) -> None:
        result = event.result
        self._metrics.order(event.account, child="~" in event.client_order_id, status=result.status.value)
        for denial in result.denials:
            self._metrics.denial(event.account, denial.code)
        self._metrics.stage("guard", event.guard_seconds)
        self._metrics.stage("journal", event.journal_seconds)
        self._metrics.stage("venue", event.venue_seconds)
        fields = {"order_id": result.order_id, "status": result.status.value, "code": result.code}
        self._line("concluded", event, event.client_order_id, symbol=event.symbol, **fields)

    def _protection(self, event: ProtectionChanged) -> None:
        """An entry tells all its seconds at once: what was counted before is not counted again."""
        key = event.account, event.client_order_id
        before = self._naked.pop(key, 0.0)
        self._metrics.unprotected(event.account, event.seconds - before)
        self._naked[key] = event.seconds
        while len(self._naked) > ENTRIES:
            self._naked.popitem(last=False)

    def _line(self, what: str, event: Event, client_order_id: str, **fields: object) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        told = {name: value for name, value in fields.items() if value is not None}
        request = self._requests.get((event.account, client_order_id))
        if request is not None:
            told["request_id"] = request
        extra = {"account": event.account, "client_order_id": client_order_id, **told}
        logger.info("order %s: %s", what, client_order_id, extra=extra)
