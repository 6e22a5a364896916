# SPDX-License-Identifier: MIT
"""What the commands share for printing: the console, tables, JSON, times, quiet logging."""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import attrs
import click

from fks_exec.convert import to_dict
from fks_exec.model.numbers import plain

P = ParamSpec("P")
R = TypeVar("R")
AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


@attrs.define
class Console:
    """How this run prints, and where its configuration is.

    Args:
        json: one JSON document on stdout instead of text.
        path: what ``--config`` says.
        verbose: log to stderr.
    """

    json: bool = False
    path: Path | None = None
    verbose: bool = False

    def show(self, document: object, text: str) -> None:
        """Print a document with ``--json``, else its text."""
        click.echo(to_text(document) if self.json else printable(text))

    def say(self, text: str) -> None:
        """A line for a human; nothing with ``--json``."""
        if not self.json:
            click.echo(printable(text))


def pass_console(function: Callable[Concatenate[Console, P], R]) -> Callable[P, R]:
    """The console as a command's first argument."""
    return click.make_pass_decorator(Console, ensure=True)(function)


def json_option(function: AnyFunction) -> AnyFunction:
    """``--json`` for a command."""
    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=_remember_json,
        help="Print one JSON document; errors too.",
    )(function)


def _remember_json(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Console).json = True


def to_text(document: object) -> str:
    """JSON of records, Decimals, paths and plain data."""
    return json.dumps(document, indent=2, default=_plain_data)


def _plain_data(value: object) -> object:
    if attrs.has(type(value)):
        return to_dict(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)


def printable(text: str) -> str:
    """The text without control characters: a venue's message or an alert must not steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n" else c.encode("unicode_escape").decode("ascii") for c in text)


def one_line(raw: bytes) -> str:
    """Bytes from outside as one line; what is not printable, line ends included, is escaped."""
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> str:
    """Aligned columns.

    Args:
        empty: the sentence that stands for a table without rows.
    """
    lines = [[cell(value) for value in row] for row in rows]
    if not lines:
        return empty
    widths = [max(len(line[column]) for line in [list(headers), *lines]) for column in range(len(headers))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [list(headers), *lines]
    )


def cell(value: object) -> str:
    """One value of a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, Decimal) else str(value)


def when(milliseconds: int | None) -> str:
    """A time for humans: UTC."""
    if not milliseconds:
        return "-"
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{milliseconds % 1000:03}Z"


class _Line(logging.Formatter):
    """One line per record; traces only when asked for."""

    def __init__(self, *, traces: bool) -> None:
        super().__init__("fks-exec: %(levelname)s: %(name)s: %(message)s")
        self._traces = traces

    def format(self, record: logging.LogRecord) -> str:
        if self._traces:
            return super().format(record)
        return printable(f"fks-exec: {record.levelname.lower()}: {record.getMessage()}")


@contextlib.contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """Warnings as lines on stderr; with ``verbose`` everything, traces included."""
    root, handler = logging.getLogger(), logging.StreamHandler()
    handler.setFormatter(_Line(traces=verbose))
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
