# SPDX-License-Identifier: MIT
"""``fks-exec proxy``: the configuration of a proxy, to be written into a file."""

from __future__ import annotations

from typing import Any

import click

from fks_exec import ConfigError
from fks_exec_hub.cli.access import configuration as of_host
from fks_exec_hub.cli.output import Console, json_option, pass_console

from ..config import ServerConfig, read_config
from .configurations import FILES, LOGS, Blanks, configuration

_OWN = Blanks()
_ROOM = 0.5
"""Seconds between the host's last moment to answer and the proxy's."""


@click.command()
@click.argument("name", type=click.Choice(list(FILES)), metavar="nginx|caddy")
@click.option("--domain", default=_OWN.domain, show_default=True, help="The name in the certificate.")
@click.option("--certificate", help="Its chain, PEM; default: where certbot puts it.")
@click.option("--certificate-key", "key", help="Its private key, PEM.")
@click.option("--upstream", help="Where the host takes alerts; default: bind of [plugins.server].")
@click.option("--listen", default=_OWN.listen, show_default=True, help="The port, or an address with its port.")
@click.option("--logs", help="The folder of the proxy's logs; default: /var/log, for caddy /var/log/caddy.")
@click.option("--admin", default=_OWN.admin, show_default=True, help="Where caddy takes a new configuration; off: nowhere.")
@click.option("--patience", type=click.IntRange(1, 60), default=_OWN.patience, show_default=True, help="Seconds for a header.")
@click.option(
    "--within",
    type=click.FloatRange(0.5, 90),
    help="Seconds in which an alert is answered; default: 0.5 more than the host's longest wait.",
)
@click.option("--clients", is_flag=True, help="Show /orders and /accounts outside too.")
@click.option("--operators", is_flag=True, help="Show /halt, /resume and /close outside too.")
@json_option
@pass_console
def proxy(console: Console, /, name: str, **options: Any) -> None:
    """Print the configuration of a TLS proxy in front of the host.

    It hides the secret from the logs, closes slow senders, and answers 503 while the host restarts, so that alerts are sent
    again.
    """
    folder = f"/etc/letsencrypt/live/{options['domain']}"
    options["certificate"] = options["certificate"] or f"{folder}/fullchain.pem"
    options["key"] = options["key"] or f"{folder}/privkey.pem"
    configured = _configured(console)
    options["upstream"] = options["upstream"] or _bind(configured)
    options["within"] = options["within"] or _within(configured)
    options["logs"] = options["logs"] or LOGS[name]
    text = configuration(name, Blanks(**options))
    if console.json:
        console.show({"proxy": name, "file": FILES[name], "text": text}, "")
    else:
        click.echo(text, nl=False)  # as it is: the console would show its tabs as two characters


def _configured(console: Console) -> ServerConfig | None:
    """What the host's configuration says; None where there is none."""
    try:
        config = of_host(console)
        return read_config(config.plugins.get("server", {}), accounts=config.accounts, base=config.base)
    except ConfigError:
        return None


def _bind(config: ServerConfig | None) -> str:
    """Where the host listens; the default where that is not known, or the port is any free one."""
    return str(config.address) if config and config.address.port else _OWN.upstream


def _within(config: ServerConfig | None) -> float:
    """Seconds: longer than the host ever waits for an outcome; where that allows it, shorter than TradingView waits."""
    waits = [sender.patience or 0.0 for sender in config.senders.values()] if config else []
    return max([_OWN.within, *(wait + _ROOM for wait in waits)])
