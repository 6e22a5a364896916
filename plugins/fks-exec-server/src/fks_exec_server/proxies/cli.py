# SPDX-License-Identifier: MIT
"""``fks-exec proxy``: the configuration of a proxy, to be written into a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from fks_exec_hub.cli.output import Console, json_option, pass_console
from fks_exec_hub.config import DEFAULT, find_config, load_config

from ..access.known import with_stand_ins
from ..config import SenderConfig, ServerConfig, read_config
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
    help="Seconds in which an alert to a key's path is answered; default: 0.5 more than the longest wait of the keys.",
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
    options.update(_times(configured, options["within"]))
    options["body"] = configured.body_limit if configured else _OWN.body
    options["logs"] = options["logs"] or LOGS[name]
    text = configuration(name, Blanks(**options))
    if console.json:
        console.show({"proxy": name, "file": FILES[name], "text": text}, "")
    else:
        click.echo(text, nl=False)  # as it is: the console would show its tabs as two characters


def _configured(console: Console) -> ServerConfig | None:
    """What the host's configuration says, secrets apart, which need not be readable here; None where there is none.

    Raises:
        ConfigError: it is at fault; or the file that was named is not there.
    """
    place = find_config(console.path)
    if place == Path(DEFAULT) and not place.exists():
        return None
    config = load_config(place)
    table = with_stand_ins(config.plugins.get("server", {}), config.base)
    return read_config(table, accounts=config.accounts, base=config.base)


def _bind(config: ServerConfig | None) -> str:
    """Where the host listens; the default where that is not known, or the port is any free one."""
    return str(config.address) if config and config.address.port else _OWN.upstream


def _times(config: ServerConfig | None, within: float | None) -> dict[str, float]:
    """Seconds, by the blanks: longer than the host ever waits for an outcome there.

    An alert to a key's path waits for the keys alone: what a client has time for would cost TradingView's alert.

    Args:
        within: of an alert to a key's path, where it was said; where it is longer, what is signed has it too.
    """
    keys = config.keys.values() if config else ()
    signing = (*config.clients.values(), *config.tokens.values()) if config else ()
    signed = max(_longest(signing, _OWN.signed), within or 0.0)
    return {"within": within or _longest(keys, _OWN.within), "signed": signed, "orders": max(_OWN.orders, signed)}


def _longest(senders: Iterable[SenderConfig], least: float) -> float:
    """Seconds for all of them."""
    return max([least, *((sender.patience or 0.0) + _ROOM for sender in senders)])
