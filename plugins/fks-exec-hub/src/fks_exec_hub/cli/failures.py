# SPDX-License-Identifier: MIT
"""What goes wrong, as a sentence and an exit code: the one place that turns an exception into both."""

from __future__ import annotations

import traceback
from enum import IntEnum

import click
from attrs import frozen

from fks_exec.errors import (
    AccountNotReady,
    ConfigError,
    FksExecError,
    InvalidOrder,
    NotSupported,
    PluginError,
    UnknownSymbol,
    VenueError,
)
from fks_exec_hub.control import HostRefused, NoHost, NoReply
from fks_exec_hub.errors import UnknownAccount, UnknownOrder
from fks_exec_hub.journal.protocol import JournalError, JournalInUse, JournalUncertain

from .output import printable, to_text


class ExitCode(IntEnum):
    """What the process says when it ends."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    OPEN = 3
    CONFIGURATION = 78
    INTERRUPTED = 130


class Interrupted(FksExecError):
    """Ctrl-C while an order was under way; the text says what may be open."""


class InDoubt(FksExecError):
    """Something failed after the order had become the hub's; the text says how to look."""


@frozen(kw_only=True)
class Failure:
    """What is printed, and what the process ends with.

    Args:
        sentence: with the cause and the remedy.
        code: a word in capitals.
        exit_code: of the process.
    """

    sentence: str
    code: str
    exit_code: ExitCode


_KINDS: tuple[tuple[type[Exception], str, ExitCode], ...] = (
    (ConfigError, "CONFIG", ExitCode.CONFIGURATION),
    (PluginError, "PLUGIN", ExitCode.CONFIGURATION),
    (InvalidOrder, "INVALID", ExitCode.USAGE),
    (UnknownSymbol, "UNKNOWN_SYMBOL", ExitCode.USAGE),
    (UnknownAccount, "UNKNOWN_ACCOUNT", ExitCode.USAGE),
    (UnknownOrder, "UNKNOWN_ORDER", ExitCode.USAGE),
    (AccountNotReady, "ACCOUNT_NOT_READY", ExitCode.FAILED),
    (NotSupported, "NOT_SUPPORTED", ExitCode.FAILED),
    (JournalUncertain, "JOURNAL_UNCERTAIN", ExitCode.OPEN),
    (JournalError, "JOURNAL", ExitCode.FAILED),
    (Interrupted, "INTERRUPTED", ExitCode.INTERRUPTED),
    (InDoubt, "IN_DOUBT", ExitCode.OPEN),
    (NoReply, "IN_DOUBT", ExitCode.OPEN),
    (NoHost, "JOURNAL_IN_USE", ExitCode.FAILED),
    (FksExecError, "FAILED", ExitCode.FAILED),
)
"""The first that fits counts."""

_EXITS = {code: exit_code for _, code, exit_code in _KINDS}


def explain(error: BaseException) -> Failure:
    """The sentence and the exit code of any exception."""
    if isinstance(error, JournalInUse):
        return Failure(sentence=_in_use(error), code="JOURNAL_IN_USE", exit_code=ExitCode.FAILED)
    if isinstance(error, HostRefused):
        return Failure(sentence=str(error), code=error.code, exit_code=_EXITS.get(error.code, ExitCode.FAILED))
    if isinstance(error, VenueError):
        return Failure(sentence=str(error), code=error.code, exit_code=ExitCode.FAILED)
    for kind, code, exit_code in _KINDS:
        if isinstance(error, kind):
            return Failure(sentence=str(error), code=code, exit_code=exit_code)
    if isinstance(error, click.ClickException):
        return Failure(sentence=error.format_message(), code="USAGE", exit_code=ExitCode.USAGE)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Failure(sentence="stopped by hand", code="INTERRUPTED", exit_code=ExitCode.INTERRUPTED)
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return Failure(sentence=f"the system refused: {what}", code="SYSTEM", exit_code=ExitCode.FAILED)
    return Failure(sentence=_unexpected(error), code="UNEXPECTED", exit_code=ExitCode.FAILED)


def report(error: BaseException, *, as_json: bool, verbose: bool = False) -> int:
    """Print an exception: the sentence on stderr, or one JSON document on stdout; returns the exit code."""
    failure = explain(error)
    if verbose:
        traceback.print_exception(error)
    if as_json:
        document = {"error": failure.sentence, "code": failure.code, "exit_code": int(failure.exit_code)}
        click.echo(to_text(document))
    elif isinstance(error, click.ClickException):
        error.show()
    else:
        click.echo(f"fks-exec: {printable(failure.sentence)}", err=True)
    return failure.exit_code


def _in_use(error: JournalInUse) -> str:
    owner = f"process {error.pid}" if error.pid else "another process"
    return (
        f"journal: {error.where} is in use by {owner}: post the order to that host over HTTP, or stop it first and try "
        "again; nothing was sent and nothing was written (orders, positions, halt and resume work beside a host)"
    )


def _unexpected(error: BaseException) -> str:
    """Without the exception's own text: SDKs put signed addresses and keys into it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].name} ({frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno})" if frames else ""
    remedy = "a fault of the program or of a plugin, not of your input: run it again with --verbose and report what it says"
    return f"an unexpected {type(error).__name__}{where}; {remedy}"
