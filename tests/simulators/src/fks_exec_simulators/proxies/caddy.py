# SPDX-License-Identifier: MIT
"""Caddy: what it would put into its user's home lies in the folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .running import Kind


def _files(folder: Path) -> None:
    """None: all that it needs stands in our file."""


def _homes(folder: Path) -> Mapping[str, str]:
    return {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")}


CADDY = Kind(
    name="caddy",
    package="caddy",
    line=re.compile(
        r'^\{.*"msg":"handled request".*"method":"(?P<method>[A-Z]+)".*"uri":"(?P<path>[^"]*)".*"status":(?P<status>\d+)\}$',
        re.MULTILINE,
    ),
    files=_files,
    words=lambda folder: ("run", "--config", "Caddyfile"),
    variables=_homes,
)
"""The one of Debian."""
