# SPDX-License-Identifier: MIT
"""Wrong venues whose configuration takes anything, cannot be written, or is shown with its secret."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from attrs import evolve, frozen

from fks_exec import ExecutionResult, Order, Secret, Submission, VenueContext, VenueRejected, VenueType, hookimpl
from fks_exec.testing import REMOTE, RemoteConfig, RemoteFaultyVenue

from .matrix import KEY, Mutant, Tried, over_http

log = logging.getLogger("an.sdk")


class LeaksItsKeyInAnError(RemoteFaultyVenue):
    """Shows what it had sent when that is refused."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        self._config = config
        await super().init(config, context)

    @hookimpl
    async def execute_order(self, order: Order, submission: Submission) -> ExecutionResult:
        try:
            return await super().execute_order(order, submission)
        except VenueRejected as error:
            error.args = (f"{error} (the request was POST /order?key={self._config.key.reveal()})",)
            raise


class LogsItsKey(RemoteFaultyVenue):
    """In a line for debugging."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        log.debug("logging in with %s", {"port": config.port, "key": config.key.reveal()})
        await super().init(config, context)


class KeepsItsKeyOnDisk(RemoteFaultyVenue):
    """A file beside its session."""

    @hookimpl
    async def init(self, config: RemoteConfig, context: VenueContext) -> None:
        if context.state_dir is not None:
            context.state_dir.mkdir(parents=True, exist_ok=True)
            (context.state_dir / "session").write_text(f"key={config.key.reveal()}\n", "utf-8")
        await super().init(config, context)


@frozen(kw_only=True)
class PlainConfig:
    """A key as a plain text.

    Args:
        port: of the loopback address.
        key: of the signatures.
    """

    port: int
    key: str


class TakesAPlainKey(RemoteFaultyVenue):
    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        await super().init(RemoteConfig(port=config.port, key=Secret(config.key)), context)


class TakesATable(RemoteFaultyVenue):
    """Its configuration is whatever stands there."""

    @hookimpl
    async def init(self, config: Any, context: VenueContext) -> None:
        await super().init(RemoteConfig(port=config["port"], key=config["key"]), context)


@frozen(kw_only=True)
class UnwritableConfig(RemoteConfig):
    """A key that no file can say.

    Args:
        port: of the loopback address.
        key: of the signatures.
        patience: with the venue.
    """

    patience: timedelta = timedelta(seconds=1)


def _configured(create: Callable[[], object], kind: type[Any], make: Callable[[RemoteConfig], object]) -> Any:
    """A trial with a configuration class of its own."""

    @asynccontextmanager
    async def made() -> AsyncIterator[Tried]:
        async with over_http(create)() as (trial, counterpart):
            assert isinstance(trial.venue, VenueType)
            assert isinstance(trial.config, RemoteConfig)
            config, venue = make(trial.config), evolve(REMOTE, create=create, config=kind)
            yield evolve(trial, venue=venue, config=config, second=config), counterpart

    return made


MUTANTS = [
    Mutant(
        "leaks-its-key-in-an-error",
        "shows its key in the sentence of a refusal",
        over_http(LeaksItsKeyInAnError),
        "Configuration",
        alone=True,
    ),
    Mutant("logs-its-key", "writes its key into the log at DEBUG", over_http(LogsItsKey), "Configuration", alone=True),
    Mutant("keeps-its-key-on-disk", "writes its key into a file", over_http(KeepsItsKeyOnDisk), "Configuration", alone=True),
    Mutant(
        "takes-a-plain-key",
        "has a plain text for its key, which the configuration's repr shows",
        _configured(TakesAPlainKey, PlainConfig, lambda config: PlainConfig(port=config.port, key=KEY)),
        "Configuration",
        alone=True,
    ),
    Mutant(
        "takes-any-key",
        "takes any key of a configuration, so that a misspelt one is lost",
        _configured(TakesATable, dict, lambda config: {"port": config.port, "key": config.key}),
        "Configuration",
    ),
    Mutant(
        "cannot-be-configured",
        "has a key in its configuration that no TOML file can say",
        _configured(RemoteFaultyVenue, UnwritableConfig, lambda c: UnwritableConfig(port=c.port, key=c.key)),
        "Configuration",
        alone=True,
    ),
]
