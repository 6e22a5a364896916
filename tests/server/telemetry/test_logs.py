# SPDX-License-Identifier: MIT
"""Log lines: one a record, as JSON or as text, without secrets, joined by the request's id."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fks_exec_server.telemetry.correlation import RecentOrders, Request, current, note, note_order, serving, timed
from fks_exec_server.telemetry.logs import logging_as
from fks_exec_server.telemetry.redaction import Redactor
from fks_exec_simulators.canaries import canary

SECRET = 'canary- "quoted" 0123456789'
OURS = "fks_exec_server.tests"


@contextmanager
def written(form: str, *, secrets: tuple[str, ...] = (SECRET,), verbose: bool = False) -> Iterator[io.StringIO]:
    """What the root's only handler writes meanwhile."""
    root, stream = logging.getLogger(), io.StringIO()
    before, root.handlers = root.handlers, [logging.StreamHandler(stream)]
    try:
        with logging_as(form, Redactor(secrets), verbose=verbose):
            yield stream
    finally:
        root.handlers = before


def logged(form: str, write: Callable[[logging.Logger], object], *, name: str = OURS, verbose: bool = False) -> str:
    """What one call writes."""
    with written(form, verbose=verbose) as stream:
        write(logging.getLogger(name))
    return stream.getvalue()


def test_a_json_line_has_time_level_logger_event_and_what_was_given() -> None:
    """Only fields that are known; a stranger's ``extra`` could hold anything."""
    extra = {"account": "main", "milliseconds": 1.5, "headers": "authorization"}
    line = json.loads(logged("json", lambda log: log.info("order %s", "a", extra=extra)))
    assert line.pop("time").endswith("Z")
    assert line == {"event": "order a", "level": "info", "logger": OURS, "account": "main", "milliseconds": 1.5}


def test_json_begins_at_information_and_text_where_it_did_before() -> None:
    """The root's own level comes back."""
    before = logging.getLogger().level
    assert len(logged("json", lambda log: (log.info("seen"), log.debug("not"))).splitlines()) == 1
    assert logged("text", lambda log: log.info("not")) == ""
    assert logging.getLogger().level == before


@pytest.mark.parametrize("length", [20, 30, 49])
def test_of_a_secret_that_is_cut_off_nothing_stands_in_a_line(length: int) -> None:
    """A sentence repeats the first 40 characters of a long text: less than the secret, and nearly all of it."""
    secret = canary("cut")
    assert Redactor([secret])(f"{secret[:length]!a} is unknown") == "'***' is unknown"
    assert Redactor([secret])(f"{secret[:8]!a} is unknown") == f"{secret[:8]!a} is unknown"
    assert Redactor(["short-secret"])("short-s is a word") == "short-s is a word"


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_secret_stands_in_a_line(form: str, verbose: bool) -> None:
    """Not in the message, its arguments, a field, nor an exception's text, however it is spelt there."""

    def write(log: logging.Logger) -> None:
        try:
            raise ValueError(f"refused {SECRET}")
        except ValueError:
            log.exception("%s and %r in %s", SECRET, SECRET, json.dumps({"key": SECRET}), extra={"path": f"/x/{SECRET}"})

    told = logged(form, write, verbose=verbose)
    assert "canary" not in told
    assert "***" in told
    assert ("Traceback" in told) is verbose


def test_the_secret_of_a_path_is_masked_though_it_is_not_known() -> None:
    """A host may hold its SHA-256 only."""
    told = logged("json", lambda log: log.warning("GET /webhook/tradingview/only-its-digest-is-known/orders/a HTTP/1.1"))
    assert json.loads(told)["event"] == "GET /webhook/tradingview/***/orders/a HTTP/1.1"


@pytest.mark.parametrize("form", ["json", "text"])
@given(text=st.text(st.characters(), max_size=60))
def test_whatever_a_message_quotes_it_is_one_line(form: str, text: str) -> None:
    """Line ends of every alphabet, escapes of a terminal, halves of a character."""
    told = logged(form, lambda log: log.warning("symbol %s", text))
    assert len(told.splitlines()) == 1
    assert all(c.isprintable() for c in told[:-1])
    told.encode()


def test_a_line_of_ours_says_of_which_request_it_is() -> None:
    """The hub's do not: its tasks outlive the request that happened to begin them, and serve others."""

    def write(log: logging.Logger) -> None:
        with serving(Request(id="0123456789abcdef")):
            log.warning("here")

    assert json.loads(logged("json", write))["request_id"] == "0123456789abcdef"
    assert "request_id" not in json.loads(logged("json", write, name="fks_exec_hub.orders.lane"))
    assert "request_id" not in json.loads(logged("json", lambda log: log.warning("outside")))


def test_the_formatters_of_before_come_back() -> None:
    """Whoever embeds the host keeps its log."""
    root, handler = logging.getLogger(), logging.StreamHandler(io.StringIO())
    mine = logging.Formatter("mine %(message)s")
    handler.setFormatter(mine)
    before, root.handlers = root.handlers, [handler]
    try:
        with logging_as("json", Redactor()):
            assert handler.formatter is not mine
        assert handler.formatter is mine
    finally:
        root.handlers = before


def test_a_short_secret_blanks_no_line() -> None:
    """A word of five letters stands in half of them."""
    assert Redactor(["order"])("order sent") == "order sent"
    assert Redactor(["orders"])("orders sent") == "*** sent"


def test_a_key_of_several_lines_is_known_by_each() -> None:
    """As a private key is."""
    redact = Redactor(["-----BEGIN KEY-----\nMC4CAQAwBQYDK2Vw\n-----END KEY-----"])
    assert redact("line MC4CAQAwBQYDK2Vw") == "line ***"


def test_what_is_noted_outside_of_a_request_is_nothing() -> None:
    """The routes may be mounted in an application that counts nothing."""
    note(caller="tv", code="X", address="::1")
    note_order("main", "a")
    with timed("parse"):
        pass
    assert current() is None


def test_a_request_learns_what_is_noted() -> None:
    """Stages add up; an order is joined to the request that brought it."""
    orders, times = RecentOrders(), iter([1.0, 1.5, 2.0, 2.25])
    with serving(Request(orders=orders)) as request:
        note(caller="tv")
        note(code="STALE", address="10.0.0.1")
        note_order("main", "a")
        for _ in range(2):
            with timed("parse", lambda: next(times)):
                pass
    assert (request.caller, request.code, request.address, request.client_order_id) == ("tv", "STALE", "10.0.0.1", "a")
    assert request.stages == {"parse": 0.75}
    assert dict(orders) == {("main", "a"): request.id}


def test_an_order_stays_with_the_request_that_brought_it() -> None:
    """A cancel of it, or the alert sent again, is another request."""
    orders = RecentOrders()
    for name in ("first", "second"):
        with serving(Request(id=name, orders=orders)):
            note_order("main", "a")
    assert orders["main", "a"] == "first"


def test_the_orders_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest stay."""
    monkeypatch.setattr("fks_exec_server.telemetry.correlation.KNOWN", 3)
    orders: Any = RecentOrders()
    for number in range(10):
        orders["main", str(number)] = "r"
    assert [name for _, name in orders] == ["7", "8", "9"]
