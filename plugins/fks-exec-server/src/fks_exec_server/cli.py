# SPDX-License-Identifier: MIT
"""``fks-exec serve``."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import click

from fks_exec_hub import ExecutionHub
from fks_exec_hub.cli.output import Console, json_option, pass_console
from fks_exec_hub.cli.steps import check_tables
from fks_exec_hub.config import check_state, find_config

from .access.startup import check_startup
from .config import Address
from .http.app import config_of
from .routes.health import unresolved
from .serve import serve as serve_hub
from .telemetry.logs import logging_as
from .telemetry.redaction import Redactor, secrets_of

logger: logging.Logger = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds: the alerts of accounts that have opened do not wait longer for one that has not."""


_ONE = "one process owns a journal, so that no order is sent twice: leave --workers out, and raise concurrency instead"


def _one_process(context: click.Context, parameter: click.Parameter, value: int) -> None:
    """What other servers have, and this one cannot: raises click.UsageError."""
    if value != 1:
        raise click.UsageError(_ONE, context)


@click.command()
@json_option
@click.option("--workers", type=int, default=1, hidden=True, expose_value=False, callback=_one_process)
@click.option("--log", type=click.Choice(["text", "json"]), help="How the log is written, instead of what the file says.")
@pass_console
def serve(console: Console, log: str | None) -> None:
    """Take alerts over HTTP, and tell health on an address of its own, until SIGTERM, SIGHUP or Ctrl-C.

    Plain HTTP: put a TLS proxy in front of it. Exit 0 when it was stopped, 1 when it cannot start (the journal is in use, an
    address is taken), 78 when the configuration is at fault or the journal cannot be opened.
    """

    def ready(alerts: Address, operations: Address) -> None:
        document = {"status": "ready", "alerts": f"http://{alerts}", "operations": f"http://{operations}"}
        text = f"ready: alerts on {document['alerts']}, operations on {document['operations']}"
        _warn_of_memory(hub)
        _warn_of_unresolved(hub)
        click.echo(json.dumps(document) if console.json else text)

    hub = ExecutionHub.open(console.path, patience=PATIENCE)
    check_state(hub.config)
    check_tables(hub.config)
    check_startup(hub.config, find_config(console.path))
    server = config_of(hub)
    redact = Redactor(secrets_of(hub.config, server))
    with logging_as(log or server.log, redact, verbose=console.verbose), asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve_hub(hub, ready=ready))


def _warn_of_memory(hub: ExecutionHub) -> None:
    """That it forgets is what nobody expects of a host."""
    if hub.config.journal.startswith("memory:"):
        logger.warning(
            "journal %s: nothing outlives this process: neither which orders were sent, nor whose positions they made, nor a "
            'halt; for anything but a trial write journal = "sqlite:fks-exec.db"',
            hub.config.journal,
        )


def _warn_of_unresolved(hub: ExecutionHub) -> None:
    """One line for each account that has orders of unknown fate."""
    for account in hub.status():
        if ids := unresolved(account):
            logger.warning(
                "account %s: orders that may or may not exist at the venue: %s; send no other in their place, look at the "
                "venue; what stays so is settled with: fks-exec orders resolve ID --account %s --as "
                "not-placed|placed|filled|canceled --because TEXT",
                account.name,
                ", ".join(ids),
                account.name,
            )


def _loop_factory() -> Callable[[], Any] | None:
    """uvloop, where there is one."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], Any] = uvloop.new_event_loop
    return factory
