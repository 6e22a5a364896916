# SPDX-License-Identifier: MIT
"""What must not be told: the values of all secrets that a host knows, and whatever stands where a path has its secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fks_exec import ConfigError, FksExecError
from fks_exec.discretion import MASK, pattern_of, secrets_within

if TYPE_CHECKING:
    from fks_exec_hub import HubConfig

_IN_PATH = re.compile(r"(/webhook/tradingview/)[^/\s\"'?#]+")


class Redactor:
    """Replaces secrets in texts.

    Args:
        secrets: their values; a key of several lines is known by each of them too. Of a long one its beginning is enough, with
            all that stands close behind it: a sentence that repeats a long text is cut off.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = pattern_of(secrets)

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = _IN_PATH.sub(rf"\1{MASK}", text)
        return text if self._known is None else self._known.sub(MASK, text)

    def tree(self, value: object) -> object:
        """The same for every text in plain data, keys of mappings included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self(str(name)): self.tree(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.tree(each) for each in value]
        return value if value is None or isinstance(value, int | float) else self(str(value))


def secrets_of(config: HubConfig, *further: object) -> list[str]:
    """The values of all secrets of a host: those of its venues, and those in further records.

    An account whose table is at fault has none here; it does not open, and its own message says why.

    Args:
        further: records such as the server's configuration.
    """
    found = list(further)
    plugins = config.load_plugins()
    for name in config.accounts:
        try:
            found.append(config.venue(name, plugins)[1])
        except (ConfigError, FksExecError):
            continue
    return [secret.reveal() for secret in secrets_within(found)]
