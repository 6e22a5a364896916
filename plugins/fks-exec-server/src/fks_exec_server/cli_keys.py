# SPDX-License-Identifier: MIT
"""``fks-exec keys``: make the secret of a sender, list who may send, revoke a secret at once."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path

import click

from fks_exec import ConfigError
from fks_exec.model.numbers import plain
from fks_exec_hub.cli.output import Console, json_option, pass_console, table
from fks_exec_hub.config import load_config

from .access.files import keep
from .access.revoked import Revoked, digests_of, place
from .access.scopes import ACTIONS, Scope
from .config import WHERE, ClientConfig, KeyConfig, SenderConfig, ServerConfig, read_config

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SHOWN = 12
"""Hexadecimal digits of a SHA-256 by which ``keys list`` and ``keys revoke`` name a secret."""


@click.group()
def keys() -> None:
    """Make, list and revoke the keys of the HTTP host."""


@keys.command()
@click.argument("name")
@click.option("--path", "kind", flag_value="path", default="path", help="For TradingView: a secret in the path (default).")
@click.option("--client", "kind", flag_value="client", help="For a client of your own, which signs its requests.")
@click.option("--account", "accounts", multiple=True, metavar="ACCOUNT", help="One that it may trade; repeat for more.")
@click.option("--next", "second", is_flag=True, help="A second secret for a key that is there, to take the first one's place.")
@click.option("--file", type=click.Path(path_type=Path), help="Where a client's secret goes; default: NAME.secret.")
@json_option
@pass_console
def new(console: Console, name: str, kind: str, accounts: tuple[str, ...], second: bool, file: Path | None) -> None:
    """Make a secret, show it once, and print what makes the host know it.

    Of a path's secret only the SHA-256 goes into the configuration: keep the secret where the alert is written. A client's
    secret goes into a file that only you can read, since the host needs it too.
    """
    if not _NAME.fullmatch(name):
        raise click.UsageError(f"the name {name[:40]!a} is not 1 to 32 letters, digits, - or _")
    accounts = () if second else accounts or _only_account(console)
    secret = secrets.token_urlsafe(32)
    if kind == "path":
        digest = hashlib.sha256(secret.encode()).hexdigest()
        toml = f'next_sha256 = "{digest}"' if second else _toml("keys", name, f'sha256 = "{digest}"', accounts)
        said = f"the path of the webhook, shown this once:\n  /webhook/tradingview/{secret}"
    else:
        kept = (file or Path(f"{name}.secret")).absolute()
        keep(kept, secret)
        one = f'{{ file = "{kept.as_posix()}" }}'
        toml = f"secrets = [..., {one}]" if second else _toml("clients", name, f"secrets = [{one}]", accounts)
        said = f"the secret, shown this once, and kept in {kept}, which only you can read:\n  {secret}"
    where = f"to the table [{WHERE}.{'keys' if kind == 'path' else 'clients'}.{name}]" if second else "to the configuration"
    document = {"name": name, "kind": kind, "secret": secret, "toml": toml}
    console.show(document, f"{said}\nadd {where}:\n\n{toml}")


@keys.command("list")
@json_option
@pass_console
def list_(console: Console) -> None:
    """Who may send, and what: never a secret, but the first digits of its SHA-256."""
    server, revoked = _server(console)
    rows = []
    for name, sender in server.senders.items():
        known = [(digest.hex()[:_SHOWN], digest in revoked) for digest in digests_of(sender)]
        rows.append((name, _kind(sender), ", ".join(sender.accounts), _said(sender.scope), known))
    document = [
        {"name": name, "kind": kind, "accounts": accounts.split(", "), "scope": scope, "secrets": dict(known)}
        for name, kind, accounts, scope, known in rows
    ]
    shown = [(*row, ", ".join(f"{digest}{' (revoked)' if gone else ''}" for digest, gone in known)) for *row, known in rows]
    headers = ("name", "kind", "accounts", "scope", "sha256 of its secrets")
    console.show(document, table(headers, shown, empty="nobody may send"))


@keys.command()
@click.argument("name")
@click.option("--only", metavar="SHA256", help="One of its secrets, by the first digits that 'keys list' shows.")
@json_option
@pass_console
def revoke(console: Console, name: str, only: str | None) -> None:
    """Let nobody in with the secrets of a key any more; a running host heeds it within two seconds.

    The name stays good: give it a new secret with 'fks-exec keys new NAME'. Orders that rest are not touched.
    """
    server, revoked = _server(console)
    if name not in server.senders:
        raise click.UsageError(f"there is no key {name[:40]!a}; there are: {', '.join(server.senders)}")
    digests = [each for each in digests_of(server.senders[name]) if only is None or each.hex().startswith(only.lower())]
    if only is not None and (len(digests) != 1 or len(only) < 8):
        raise click.UsageError(f"{only[:64]!a} names no single secret of {name}; 'fks-exec keys list' shows them")
    for digest in digests:
        if digest not in revoked:
            revoked.add(digest, name)
    shown = [digest.hex()[:_SHOWN] for digest in digests]
    said = f"revoked: {name}, {len(digests)} of its secrets ({', '.join(shown)}), in {revoked.path}"
    then = "take it out of the configuration too, or make a new one: fks-exec keys new"
    console.show({"name": name, "revoked": shown, "file": str(revoked.path)}, f"{said}\n{then}")


def _server(console: Console) -> tuple[ServerConfig, Revoked]:
    config = load_config(console.path)
    server = read_config(config.plugins.get("server", {}), accounts=config.accounts, base=config.base)
    return server, Revoked(place(config.state))


def _only_account(console: Console) -> tuple[str, ...]:
    """The configuration's, where there is one only: what a key may trade is said, not assumed."""
    try:
        accounts = tuple(load_config(console.path).accounts)
    except ConfigError:
        accounts = ()
    if len(accounts) != 1:
        raise click.UsageError(f"say which accounts it may trade: --account {accounts[0] if accounts else 'NAME'}")
    return accounts


def _toml(kind: str, name: str, secret: str, accounts: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{account}"' for account in accounts)
    return f"[{WHERE}.{kind}.{name}]\n{secret}\naccounts = [{listed}]"


def _kind(sender: SenderConfig) -> str:
    return "path" if isinstance(sender, KeyConfig) else "client" if isinstance(sender, ClientConfig) else "token"


def _said(scope: Scope) -> str:
    """What restricts it, as a person writes it."""
    lists = {"venues": scope.venues, "symbols": scope.symbols, "sides": scope.sides, "order types": scope.order_types}
    said = [", ".join(action for action in ACTIONS if action in scope.actions)]
    said += [f"{name}: {', '.join(words) or 'none'}" for name, words in lists.items() if words is not None]
    said += ["only reduces"] if scope.reduce_only else []
    said += [] if scope.max_notional is None else [f"at most {plain(scope.max_notional)} each"]
    said += [] if scope.orders_a_minute is None else [f"{scope.orders_a_minute} orders a minute"]
    return "; ".join(said)
