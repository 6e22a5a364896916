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
        ConfigError: it is missing, empty, readable by others, in a keyring that cannot be read, or written into the
            configuration itself.
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
    if not service or not user:  # the text is not repeated: it may be the secret itself
        raise ConfigError(where, 'an entry of a keyring has a service and a user: write { keyring = "service/user" }')
    try:
        value = importlib.import_module("keyring").get_password(service, user)
    except Exception as error:  # each backend raises errors of its own; their texts may hold anything
        raise ConfigError(where, _why_no_keyring(error)) from None
    if value is None:
        raise ConfigError(where, f"the keyring holds no password for {service!a}/{user!a}; run: keyring set {service} {user}")
    return str(value)


def _why_no_keyring(error: Exception) -> str:
    if isinstance(error, ImportError) and error.name == "keyring":
        return "a keyring needs the package keyring: pip install keyring"
    for kind in (each.__name__ for each in type(error).__mro__):
        if kind in _KEYRING_FAULTS:
            return _KEYRING_FAULTS[kind]
    return f"the keyring cannot be read: its backend failed with {type(error).__name__}; run: keyring diagnose"


def _cause(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "it cannot be opened" if isinstance(error, OSError) else "it is not UTF-8 text"


_KEYRING_FAULTS = {  # by name: the package is no dependency of the core
    "NoKeyringError": "this machine has no keyring, as one without a desktop has none; install a backend of the package "
    'keyring, or take the secret from { env = "NAME" } or { file = "/path" }',
    "KeyringLocked": "the keyring is locked; unlock it in the session of the user who runs this, and start again",
    "InitError": "the keyring cannot be opened; it wants a session of the user who runs this, with the keyring unlocked",
}
_READERS = {"env": _from_env, "file": _from_file, "keyring": _from_keyring}
