# SPDX-License-Identifier: MIT
"""The secrets of senders as far as they can be read here: a key must be revocable from a shell that has no other one's secret.

It looks at the table ``[plugins.server]`` as it is written, before :func:`~fks_exec_server.config.read_config` asks for all.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from fks_exec import ConfigError, Secret
from fks_exec.secrets import read_secret

from ..config import WHERE

_PROVES = {"keys": ("secret", "next_secret"), "clients": ("secrets",), "tokens": ("key",)}
"""By the kind of a sender, what it is known by."""
_READ = {**_PROVES, "keys": (*_PROVES["keys"], "body_secret")}
"""And all secrets that its table may hold."""
_HASHES = ("sha256", "next_sha256")
_SHA256 = re.compile("[0-9a-fA-F]{64}")


@frozen(kw_only=True)
class Known:
    """What can be known here of one sender's secrets.

    Args:
        digests: SHA-256 of each that can be read.
        unread: of each other one a sentence with the cause.
    """

    digests: tuple[bytes, ...]
    unread: tuple[str, ...]


def names_of(table: Mapping[str, Any]) -> list[str]:
    """All senders, by the order of their kinds."""
    return [name for kind in _PROVES for name in _tables(table, kind)]


def known(table: Mapping[str, Any], name: str, base: Path) -> Known:
    """What can be known here of a sender; nobody else's secret is asked for.

    Args:
        table: ``[plugins.server]``, as it is written.
        base: the folder at which relative paths start.
    """
    digests, unread = [], []
    for kind in _PROVES:
        sender = _tables(table, kind).get(name, {})
        digests += [bytes.fromhex(sender[each]) for each in _HASHES if kind == "keys" and _is_sha256(sender.get(each))]
        for field, spec in _specs(sender, _PROVES[kind]):
            try:
                digests.append(hashlib.sha256(_read(spec, kind, name, field, base).reveal().encode()).digest())
            except ConfigError as error:
                unread.append(str(error))
    return Known(digests=tuple(dict.fromkeys(digests)), unread=tuple(unread))


def with_stand_ins(table: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """The same table with a made-up secret in place of each that cannot be read here: the rest of it can be read then."""
    changed = dict(table)
    for kind, fields in _READ.items():
        if isinstance(table.get(kind), Mapping):
            senders = {name: _stood_in(kind, name, sender, fields, base) for name, sender in _tables(table, kind).items()}
            changed[kind] = {**table[kind], **senders}
    return changed


def _stood_in(kind: str, name: str, sender: Mapping[str, Any], fields: Sequence[str], base: Path) -> dict[str, Any]:
    def readable(field: str, spec: object) -> object:
        try:
            return _read(spec, kind, name, field, base)
        except ConfigError:
            return Secret(secrets.token_urlsafe(32))

    changed = dict(sender)
    for field in fields:
        spec = sender.get(field)
        if isinstance(spec, Mapping):
            changed[field] = readable(field, spec)
        elif isinstance(spec, list):
            changed[field] = [readable(field, each) for each in spec]
    return changed


def _tables(table: Mapping[str, Any], kind: str) -> Mapping[str, Mapping[str, Any]]:
    senders = table.get(kind)
    found = senders if isinstance(senders, Mapping) else {}
    return {name: sender for name, sender in found.items() if isinstance(sender, Mapping)}


def _specs(sender: Mapping[str, Any], fields: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Where each secret comes from."""
    for field in fields:
        spec = sender.get(field)
        for each in spec if isinstance(spec, list) else [spec]:
            if each is not None:
                yield field, each


def _read(spec: object, kind: str, name: str, field: str, base: Path) -> Secret:
    return read_secret(spec, f"{WHERE}.{kind}.{name}.{field}", base)


def _is_sha256(text: object) -> bool:
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None
