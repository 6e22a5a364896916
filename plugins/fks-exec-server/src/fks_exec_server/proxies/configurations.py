# SPDX-License-Identifier: MIT
"""The two configurations with their blanks filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from math import ceil

from attrs import frozen

from fks_exec import InvalidOrder

FILES = {"nginx": "nginx.conf", "caddy": "Caddyfile"}
"""By the proxy's name."""
LOGS = {"nginx": "/var/log", "caddy": "/var/log/caddy"}
"""The folder where each may write, by its name."""
_WEBHOOK = ("webhook/tradingview",)
_CLIENTS = ("orders", "accounts")
_OPERATORS = ("halt", "resume", "close")
_MASKED = "^(?:(/webhook/tradingview/)[^/?]+(/orders/[^/?]+)?.*|(/orders/|/accounts/)?.{32,})$"
"""For Caddy: a URI that may show a secret, with the parts of it that do not."""
_EVERY = "0.0.0.0"  # noqa: S104 (the proxy is what the world is to reach)
_BUFFER = 16 * 1024
"""Bytes that nginx keeps of a body at least, before it would write a file."""
_DIAL = 2
"""Seconds in which the host takes a connection, as both files say."""
_SPARE = 3
"""Seconds that an answer may need until it is written."""
_WORD = re.compile(r"[A-Za-z0-9._:/\[\]@%+~-]{1,255}")


@frozen(kw_only=True)
class Blanks:
    """What is filled in.

    Args:
        domain: the name in the certificate.
        certificate: the file with the chain, PEM.
        key: its private key, PEM.
        upstream: where the host takes alerts.
        listen: the port, on every IPv4 address; or an address with its port.
        logs: a folder.
        admin: for Caddy: where it takes a new configuration; ``off``: nowhere.
        within: seconds after which an alert to a key's path that the host has not answered is answered 503.
        signed: the same of an alert that its sender signs, to the path without a key.
        orders: the same of all else.
        body: bytes that a request may have.
        patience: seconds for the header; for the body: nginx between two parts of it, Caddy for all.
        clients: show ``/orders`` and ``/accounts`` outside too.
        operators: show ``/halt``, ``/resume`` and ``/close`` outside too.
    """

    domain: str = "YOUR-DOMAIN"
    certificate: str = "/etc/letsencrypt/live/YOUR-DOMAIN/fullchain.pem"
    key: str = "/etc/letsencrypt/live/YOUR-DOMAIN/privkey.pem"
    upstream: str = "127.0.0.1:8080"
    listen: str = "443"
    logs: str = "/var/log"
    admin: str = "unix//var/lib/caddy/fks-exec.sock"
    within: float = 2.5
    signed: float = 2.5
    orders: float = 35.0
    body: int = 8192
    patience: int = 5
    clients: bool = False
    operators: bool = False

    @property
    def paths(self) -> str:
        """What is shown, as the middle of a regular expression."""
        return "|".join((*_WEBHOOK, *_CLIENTS * self.clients, *_OPERATORS * self.operators))

    @property
    def write(self) -> int:
        """Seconds from the end of a header, for Caddy: in which a body, and the answer to it, are there in any case."""
        return self.patience + _DIAL + ceil(max(self.within, self.signed, self.orders)) + _SPARE


def configuration(proxy: str, blanks: Blanks) -> str:
    """The text of a proxy's configuration.

    Raises:
        InvalidOrder: a blank holds what could not stand in the file as one word.
    """
    text = files(__package__).joinpath(FILES[proxy]).read_text("utf-8")
    for name in ("domain", "certificate", "key", "upstream", "listen", "logs", "admin"):
        value = getattr(blanks, name)
        if not _WORD.fullmatch(value):
            raise InvalidOrder(name, f"{value[:60]!a} has characters that cannot stand in the configuration")
        text = text.replace(f"@{name.upper()}@", value)
    for name, value in _numbers(blanks):
        text = text.replace(f"@{name}@", str(value))
    address, _, port = blanks.listen.rpartition(":")
    text = text.replace("@ADDRESS@", address or _EVERY).replace("@PORT@", port)
    return text.replace("@PATHS@", blanks.paths).replace("@MASKED@", _MASKED)


def _numbers(blanks: Blanks) -> Iterator[tuple[str, int]]:
    """Times in seconds, but for those of answers, which are milliseconds; sizes in bytes."""
    yield "PATIENCE", blanks.patience
    yield "WRITE", blanks.write
    for name in ("within", "signed", "orders"):
        yield name.upper(), round(getattr(blanks, name) * 1000)
    yield "BODY", blanks.body
    yield "BUFFER", max(blanks.body, _BUFFER)
