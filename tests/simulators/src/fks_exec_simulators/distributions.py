# SPDX-License-Identifier: MIT
"""Distributions on disk, as pip would leave them: a module and its metadata, in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import importlib_metadata

GROUP = "fks_exec"


def install(folder: Path, name: str, version: str, entry_points: Mapping[str, str], modules: Mapping[str, str]) -> None:
    """Write a distribution.

    Args:
        folder: to be put on the path.
        entry_points: of the group ``fks_exec``: name and target.
        modules: file name and source.
    """
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    lines = [f"[{GROUP}]", *(f"{key} = {target}" for key, target in entry_points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    for file, source in modules.items():
        (folder / file).write_text(source, "utf-8")


def found_in(folder: Path) -> list[importlib_metadata.EntryPoint]:
    """The entry points of all distributions in a folder, read by importlib_metadata."""
    points = [
        point
        for distribution in importlib_metadata.distributions(path=[str(folder)])
        for point in distribution.entry_points
        if point.group == GROUP
    ]
    return sorted(points, key=lambda point: (point.name, point.value))
