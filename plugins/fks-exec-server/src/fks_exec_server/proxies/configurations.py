# SPDX-License-Identifier: MIT
"""The two configurations with their blanks filled in."""

from __future__ import annotations

import re
from importlib.resources import files

from attrs import frozen

from fks_exec import InvalidOrder

FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile"}
"""By the proxy's name."""
_WEBHOOK = ("webhook/tradingview",)
_CLIENTS = ("orders", "accounts")
_OPERATORS = ("halt", "resume", "close")
_WORD = re.compile(r"[A-Za-z0-9._:/\[\]@%+~-]{1,255}")


@frozen(kw_only=True)
class Blanks:
    """What is filled in.

    Args:
        domain: the name in the certificate.
        certificate: the file with the chain, PEM.
        key: its private key, PEM.
        upstream: where the host takes alerts.
        listen: the port, or for nginx an address with its port.
        logs: a folder.
        patience: seconds for the header, and between two parts of the body.
        clients: show ``/orders`` and ``/accounts`` outside too.
        operators: show ``/halt``, ``/resume`` and ``/close`` outside too.
    """

    domain: str = "YOUR-DOMAIN"
    certificate: str = "/etc/letsencrypt/live/YOUR-DOMAIN/fullchain.pem"
    key: str = "/etc/letsencrypt/live/YOUR-DOMAIN/privkey.pem"
    upstream: str = "127.0.0.1:8080"
    listen: str = "443"
    logs: str = "/var/log"
    patience: int = 5
    clients: bool = False
    operators: bool = False

    @property
    def paths(self) -> str:
        """What is shown, as the middle of a regular expression."""
        return "|".join((*_WEBHOOK, *_CLIENTS * self.clients, *_OPERATORS * self.operators))


def configuration(proxy: str, blanks: Blanks) -> str:
    """The text of a proxy's configuration.

    Raises:
        InvalidOrder: a blank holds what could not stand in the file as one word.
    """
    text = files(__package__).joinpath(FILES[proxy]).read_text("utf-8")
    for name in ("domain", "certificate", "key", "upstream", "listen", "logs"):
        value = getattr(blanks, name)
        if not _WORD.fullmatch(value):
            raise InvalidOrder(name, f"{value[:60]!a} has characters that cannot stand in the configuration")
        text = text.replace(f"@{name.upper()}@", value)
    return text.replace("@PATIENCE@", str(blanks.patience)).replace("@PATHS@", blanks.paths)
