# SPDX-License-Identifier: MIT
"""What the commands are given: a message from a file; from the configuration a key's accounts, and its address here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

import click
from attrs import frozen

from fks_exec import ConfigError
from fks_exec_hub import HubConfig
from fks_exec_hub.cli.access import configuration
from fks_exec_hub.cli.output import Console

from ..config import WHERE, KeyConfig, ServerConfig, read_config
from .client import Target
from .lint import Taker
from .templates import PATH


@frozen(kw_only=True)
class KeySetup:
    """One key of ``[plugins.server.keys]``."""

    name: str
    key: KeyConfig
    server: ServerConfig

    @property
    def taker(self) -> Taker:
        """What a message for it has to be like."""
        key = self.key
        return Taker(
            name=self.name,
            accounts=key.accounts,
            spread=key.spread,
            mode=key.mode,
            windowed=key.dedup_window is not None,
            body_secret=key.body_secret,
            limit=self.server.body_limit,
        )

    def target(self) -> Target:
        """Where the host takes its alerts, without a proxy.

        Raises:
            ConfigError: the secret is only known by its hash, or the host's port is any free one.
        """
        if self.key.secret is None:
            problem = f"the secret of the key {self.name} is not on this machine, only its hash; give the address with --url"
            raise ConfigError(f"{WHERE}.keys.{self.name}", problem)
        if self.server.address.port == 0:
            raise ConfigError(f"{WHERE}.bind", "the port is 0, which is another one at each start; give the address with --url")
        return Target.parse(f"http://{self.server.address}{PATH}{self.key.secret.reveal()}")


def key_setup(console: Console, name: str) -> KeySetup:
    """A key by its name.

    Raises:
        ConfigError: there is none, or the configuration is at fault.
    """
    config: HubConfig = configuration(console)
    server = read_config(config.plugins.get("server", {}), accounts=config.accounts, base=config.base)
    if name not in server.keys:
        problem = f"there is no key {name[:40]!a}; the keys are: {', '.join(server.keys) or 'none'}"
        raise ConfigError(f"{WHERE}.keys", problem)
    return KeySetup(name=name, key=server.keys[name], server=server)


def read_message(file: TextIO) -> str:
    """All of a file. Raises click.BadParameter: it is no text."""
    try:
        return file.read()
    except UnicodeDecodeError:
        raise click.BadParameter("is not UTF-8 text; save the message as UTF-8", param_hint="FILE") from None


def targets(console: Console, urls: Sequence[str], keys: Sequence[str]) -> list[Target]:
    """Where to send: the addresses, then those of the keys.

    Raises:
        ConfigError, InvalidOrder: of one of them.
    """
    return [*(Target.parse(url) for url in urls), *(key_setup(console, name).target() for name in keys)]
