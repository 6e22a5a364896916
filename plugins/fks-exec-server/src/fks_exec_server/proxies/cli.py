# SPDX-License-Identifier: MIT
"""``fks-exec proxy``: the configuration of a proxy, to be written into a file."""

from __future__ import annotations

from typing import Any

import click

from fks_exec import ConfigError
from fks_exec_hub.cli.access import configuration as of_host
from fks_exec_hub.cli.output import Console, json_option, pass_console

from ..config import read_config
from .configurations import FILES, Blanks, configuration

_OWN = Blanks()


@click.command()
@click.argument("name", type=click.Choice(list(FILES)), metavar="nginx|caddy")
@click.option("--domain", default=_OWN.domain, show_default=True, help="The name in the certificate.")
@click.option("--certificate", help="Its chain, PEM; default: where certbot puts it.")
@click.option("--certificate-key", "key", help="Its private key, PEM.")
@click.option("--upstream", help="Where the host takes alerts; default: bind of [plugins.server].")
@click.option("--listen", default=_OWN.listen, show_default=True, help="The port.")
@click.option("--logs", default=_OWN.logs, show_default=True, help="The folder of the proxy's logs.")
@click.option("--patience", type=click.IntRange(1, 60), default=_OWN.patience, show_default=True, help="Seconds for a header.")
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
    options["upstream"] = options["upstream"] or _bind(console)
    text = configuration(name, Blanks(**options))
    if console.json:
        console.show({"proxy": name, "file": FILES[name], "text": text}, "")
    else:
        click.echo(text, nl=False)  # as it is: the console would show its tabs as two characters


def _bind(console: Console) -> str:
    """Where the host of the configuration listens; the default where there is no configuration, or the port is any free one."""
    try:
        config = of_host(console)
        address = read_config(config.plugins.get("server", {}), accounts=config.accounts, base=config.base).address
    except ConfigError:
        return _OWN.upstream
    return str(address) if address.port else _OWN.upstream
