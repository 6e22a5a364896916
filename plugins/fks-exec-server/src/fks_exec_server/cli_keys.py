# SPDX-License-Identifier: MIT
"""``fks-exec keys``: make the secret of a sender, list who may send, revoke a secret at once."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from fks_exec import ConfigError
from fks_exec.model.numbers import plain
from fks_exec_hub import HubConfig
from fks_exec_hub.cli.failures import ExitCode
from fks_exec_hub.cli.output import Console, json_option, pass_console, table
from fks_exec_hub.config import load_config

from .access.files import keep
from .access.known import known, names_of, with_stand_ins
from .access.listed import place
from .access.revoked import Revoked
from .access.scopes import ACTIONS, Scope
from .access.table import doubts_of_new
from .config import WHERE, ClientConfig, KeyConfig, SenderConfig, read_config

_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN = 12
"""Hexadecimal digits of a SHA-256 by which ``keys list`` and ``keys revoke`` name a secret."""
_BY_DIGEST = (
    "run it where that can be read, or give the digest in full: --only \"$(printf %s 'THE SECRET' | sha256sum | cut -c-64)\""
)


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
    config = _configuration(console)
    accounts = () if second else accounts or _only_account(config)
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
    where = f"to the table [{WHERE}.{_TABLES[kind]}.{name}]" if second else "to the configuration"
    document = {"name": name, "kind": kind, "secret": secret, "toml": toml}
    console.show(document, f"{said}\nadd {where}:\n\n{toml}")
    for doubt in () if config is None else doubts_of_new(config, _TABLES[kind], name, accounts, second=second):
        click.echo(f"warning: {doubt}", err=True)


@keys.command("list")
@json_option
@pass_console
def list_(console: Console) -> None:
    """Who may send, and what: never a secret, but the first digits of its SHA-256.

    A secret that this shell cannot read is told on stderr.
    """
    config = load_config(console.path)
    server = read_config(with_stand_ins(_server(config), config.base), accounts=config.accounts, base=config.base)
    revoked, rows = Revoked(place(config.state)), []
    unread: list[str] = []
    for name, sender in server.senders.items():
        found = known(_server(config), name, config.base)
        shown = [(digest.hex()[:_SHOWN], digest in revoked) for digest in found.digests]
        rows.append((name, _kind(sender), ", ".join(sender.accounts), _said(sender.scope), shown, len(found.unread)))
        unread += found.unread
    document = [
        {"name": name, "kind": kind, "accounts": accounts.split(", "), "scope": scope, "secrets": dict(shown), "unread": lost}
        for name, kind, accounts, scope, shown, lost in rows
    ]
    lines = [(*row, _digests(shown, lost)) for *row, shown, lost in rows]
    headers = ("name", "kind", "accounts", "scope", "sha256 of its secrets")
    console.show(document, table(headers, lines, empty="nobody may send"))
    for sentence in unread:
        click.echo(f"not read here: {sentence}", err=True)


@keys.command()
@click.argument("name")
@click.option("--only", metavar="SHA256", help="One of its secrets, by the first digits that 'keys list' shows, or by all 64.")
@json_option
@pass_console
def revoke(console: Console, name: str, only: str | None) -> int:
    """Let nobody in with the secrets of a key any more; a running host heeds it within two seconds.

    The name stays good: give it a new secret with 'fks-exec keys new NAME'. Orders that rest are not touched. No secret but
    the key's own is read, and none for a digest in full.
    """
    config = load_config(console.path)
    names = names_of(_server(config))
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}? there are" if near else "there are"
        raise click.UsageError(f"there is no key {name[:40]!a}; {hint}: {', '.join(names) or 'none'}")
    digests, unread = _chosen(config, name, only)
    revoked = Revoked(place(config.state))
    for digest in digests:
        if digest not in revoked:
            revoked.add(digest, name)
    shown = [digest.hex()[:_SHOWN] for digest in digests]
    said = f"revoked: {name}, {len(digests)} of its secrets ({', '.join(shown)}), in {revoked.path}"
    then = "take it out of the configuration too, or make a new one: fks-exec keys new"
    console.show({"name": name, "revoked": shown, "unread": list(unread), "file": str(revoked.path)}, f"{said}\n{then}")
    for sentence in unread:
        click.echo(f"NOT revoked, since it cannot be read here: {sentence}\n{_BY_DIGEST}", err=True)
    return ExitCode.CONFIGURATION if unread else ExitCode.DONE


def _chosen(config: HubConfig, name: str, only: str | None) -> tuple[list[bytes], tuple[str, ...]]:
    """What is to be revoked of a key, and for what else was asked that cannot be read here.

    Raises:
        click.UsageError: no single secret is named.
        ConfigError: none of them can be read.
    """
    found = known(_server(config), name, config.base)
    if only is None:
        if not found.digests:
            raise ConfigError("", "; ".join([*found.unread, _BY_DIGEST]))
        return list(found.digests), found.unread
    digests = [each for each in found.digests if each.hex().startswith(only.lower())]
    if not digests and found.unread and _SHA256.fullmatch(only.lower()):
        return [bytes.fromhex(only)], ()
    if len(digests) != 1 or len(only) < 8:
        also = f" (not read here: {'; '.join(found.unread)}; give all 64 digits of such a one)" if found.unread else ""
        raise click.UsageError(f"{only[:64]!a} names no single secret of {name}; 'fks-exec keys list' shows them{also}")
    return digests, ()


def _server(config: HubConfig) -> Mapping[str, Any]:
    return config.plugins.get("server", {})


def _configuration(console: Console) -> HubConfig | None:
    """None: there is none yet, or it cannot be read; then what is printed is as good as without."""
    try:
        return load_config(console.path)
    except ConfigError:
        return None


def _only_account(config: HubConfig | None) -> tuple[str, ...]:
    """The configuration's, where there is one only: what a key may trade is said, not assumed."""
    accounts = () if config is None else tuple(config.accounts)
    if len(accounts) != 1:
        raise click.UsageError(f"say which accounts it may trade: --account {accounts[0] if accounts else 'NAME'}")
    return accounts


_TABLES = {"path": "keys", "client": "clients"}


def _toml(kind: str, name: str, secret: str, accounts: tuple[str, ...]) -> str:
    listed = ", ".join(f'"{account}"' for account in accounts)
    return f"[{WHERE}.{kind}.{name}]\n{secret}\naccounts = [{listed}]"


def _kind(sender: SenderConfig) -> str:
    return "path" if isinstance(sender, KeyConfig) else "client" if isinstance(sender, ClientConfig) else "token"


def _digests(shown: list[tuple[str, bool]], lost: int) -> str:
    """Those that are known here, and how many are not."""
    said = [f"{digest}{' (revoked)' if gone else ''}" for digest, gone in shown]
    return ", ".join([*said, *["not read here"] * lost])


def _said(scope: Scope) -> str:
    """What restricts it, as a person writes it."""
    lists = {"venues": scope.venues, "symbols": scope.symbols, "sides": scope.sides, "order types": scope.order_types}
    said = [", ".join(action for action in ACTIONS if action in scope.actions)]
    said += [f"{name}: {', '.join(words) or 'none'}" for name, words in lists.items() if words is not None]
    said += ["only reduces"] if scope.reduce_only else []
    said += [] if scope.max_notional is None else [f"at most {plain(scope.max_notional)} each"]
    said += [] if scope.orders_a_minute is None else [f"{scope.orders_a_minute} orders a minute"]
    return "; ".join(said)
