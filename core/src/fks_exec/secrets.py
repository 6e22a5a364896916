# SPDX-License-Identifier: MIT
"""A secret that cannot be printed by mistake, and where it may come from: the environment, a file, a keyring."""

from __future__ import annotations

import hmac
import importlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from .errors import ConfigError

_FORMS = '{ env = "NAME" }, { file = "/path" } or { keyring = "service/user" }'


class Secret:
    """A text whose ``repr`` and ``str`` are ``***``; :meth:`reveal` gives it to the one who needs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Never log it, never put it into an error."""
        return self._value

    def matches(self, other: str) -> bool:
        """Compare bytes in constant time; any text is allowed."""
        return hmac.compare_digest(self._value.encode(), other.encode("utf-8", "surrogatepass"))

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled; pass where it comes from instead")


def read_secret(spec: object, where: str, base: Path) -> Secret:
    """Read a secret from where the configuration says.

    Args:
        spec: ``{"env": NAME}``, ``{"file": PATH}`` or ``{"keyring": "service/user"}``.
        where: table and field, for errors.
        base: the folder at which relative paths start.

    Raises:
        ConfigError: it is missing, empty, readable by others, or written into the configuration itself.
    """
    if isinstance(spec, Secret):
        return spec
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise ConfigError(where, f"a secret does not stand in the configuration itself; write {_FORMS}")
    [(kind, name)] = spec.items()
    if kind not in _READERS or not isinstance(name, str) or not name:
        raise ConfigError(where, f"a secret comes from {_FORMS}, not from {kind!a}")
    value = _READERS[kind](name, where, base)
    if not value:
        raise ConfigError(where, f"the secret from {kind} {name!a} is empty")
    return Secret(value)


def _from_env(name: str, where: str, base: Path) -> str:
    if name not in os.environ:
        raise ConfigError(where, f"the environment variable {name} is not set; set it, or use another of {_FORMS}")
    return os.environ[name]


def _from_file(name: str, where: str, base: Path) -> str:
    path = base / name
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(where, f"{path} can be read by others (mode {mode & 0o777:o}); run: chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(where, f"the secret file {path} cannot be read: {_cause(error)}") from None


def _from_keyring(name: str, where: str, base: Path) -> str:
    service, _, user = name.partition("/")
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise ConfigError(where, "a keyring needs the package keyring: pip install keyring") from None
    value = keyring.get_password(service, user)
    if value is None:
        raise ConfigError(where, f"the keyring holds no password for {service!a}/{user!a}; run: keyring set {service} {user}")
    return str(value)


def _cause(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "it cannot be opened" if isinstance(error, OSError) else "it is not UTF-8 text"


_READERS = {"env": _from_env, "file": _from_file, "keyring": _from_keyring}
