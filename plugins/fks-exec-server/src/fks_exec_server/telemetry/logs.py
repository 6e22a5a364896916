# SPDX-License-Identifier: MIT
"""How a host writes its log: text for people or JSON for machines, one line for each record, without secrets."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog

from .correlation import current
from .redaction import Redactor

Told = MutableMapping[str, Any]

OURS = "fks_exec_server"
"""Loggers whose lines belong to the request that is being served; the hub's tasks outlive the request that began them."""

FIELDS = (
    "request_id",
    "account",
    "client_order_id",
    "venue_client_order_id",
    "order_id",
    "symbol",
    "status",
    "code",
    "caller",
    "address",
    "method",
    "route",
    "path",
    "http",
    "milliseconds",
    "stages",
    "attempt",
    "filled",
    "price",
)
"""What a line may have beside its message."""


@contextlib.contextmanager
def logging_as(form: str, redact: Redactor, *, verbose: bool = False) -> Iterator[None]:
    """What the root's handlers write is redacted and is one line a record; with ``json`` from INFO on, as JSON.

    Args:
        form: ``text`` leaves level and shape as they are; ``json``.
        verbose: with the traces of exceptions, redacted.
    """
    root = logging.getLogger()
    level, before = root.level, [(handler, handler.formatter) for handler in root.handlers]
    for handler, formatter in before:
        handler.setFormatter(_json(redact, verbose=verbose) if form == "json" else Plain(formatter, redact, traces=verbose))
    if form == "json":
        root.setLevel(logging.DEBUG if verbose else logging.INFO)
    try:
        yield
    finally:
        for handler, formatter in before:
            handler.setFormatter(formatter)
        root.setLevel(level)


class Plain(logging.Formatter):
    """Another formatter's lines, redacted; what a message quotes cannot begin a line of its own.

    Args:
        inner: writes the line; None: the plain one.
        traces: the traces of exceptions stand below the line.
    """

    def __init__(self, inner: logging.Formatter | None, redact: Redactor, *, traces: bool = False) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()
        self._redact = redact
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        told = copy.copy(record)
        told.msg, told.args = one_line(record.getMessage()), ()
        if not self._traces:
            told.exc_info = told.exc_text = told.stack_info = None
        return self._redact(self._inner.format(told))


def one_line(text: str) -> str:
    """A text whose control characters, line ends included, are written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _json(redact: Redactor, *, verbose: bool) -> logging.Formatter:
    """Keys in a fixed order of meaning: when, how bad, who, what, of which request, the rest."""

    def redacted(logger: Any, name: str, event: Told) -> Told:
        return {field: redact.tree(value) for field, value in event.items()}

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(allow=FIELDS),
            _of_request,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info if verbose else _exception_named,
            redacted,
            structlog.processors.JSONRenderer(),
        ],
    )


def _of_request(logger: Any, name: str, event: Told) -> Told:
    request = current()
    if request is not None and str(event.get("logger", "")).startswith(OURS):
        event.setdefault("request_id", request.id)
    return event


def _exception_named(logger: Any, name: str, event: Told) -> Told:
    """The kind of an exception; its text and trace may hold what nobody should see, and are for ``--verbose``."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    kind = info[0] if isinstance(info, tuple) else type(info) if isinstance(info, BaseException) else None
    return event if kind is None else {**event, "exception": kind.__name__}
