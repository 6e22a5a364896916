# SPDX-License-Identifier: MIT
"""What is probably a mistake in a key that is about to be added to the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..config import WHERE

if TYPE_CHECKING:
    from fks_exec_hub import HubConfig

_KINDS = ("keys", "clients", "tokens")


def doubts_of_new(config: HubConfig, kind: str, name: str, accounts: tuple[str, ...], *, second: bool) -> Iterator[str]:
    """One sentence each; nothing of it is refused, since what is missing may be about to be written.

    Args:
        kind: ``keys`` or ``clients``.
        second: it is a further secret of a key that is there.
    """
    table = config.plugins.get("server", {})
    there = [each for each in _KINDS if name in _senders(table, each)]
    if second and kind not in there:
        yield _no_first(kind, name, there)
    elif second and _has_two(_senders(table, kind)[name]):
        yield f"{name} has two secrets already; take the first one out before you add a third"
    elif there and not second:
        two = "a name stands for one sender, and TOML takes no table twice"
        yield f"[{WHERE}.{there[0]}.{name}] is there already: {two}; take another name, or make a second secret with --next"
    for account in accounts:
        if account not in config.accounts:
            known = ", ".join(sorted(config.accounts))
            yield f"there is no account {account[:40]!a} yet, and the host does not start without it; there are: {known}"


def _no_first(kind: str, name: str, there: list[str]) -> str:
    if there:
        option = "without --client" if there[0] == "keys" else "with --client" if there[0] == "clients" else "with 'token key'"
        return f"there is no [{WHERE}.{kind}.{name}] to have a second secret, but [{WHERE}.{there[0]}.{name}]: make it {option}"
    return f"there is no [{WHERE}.{kind}.{name}] to have a second secret; for a new key leave --next out"


def _senders(table: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    found = table.get(kind, {})
    return found if isinstance(found, Mapping) else {}


def _has_two(sender: object) -> bool:
    if not isinstance(sender, Mapping):
        return False
    listed = sender.get("secrets")
    return "next_sha256" in sender or "next_secret" in sender or (isinstance(listed, list) and len(listed) > 1)
