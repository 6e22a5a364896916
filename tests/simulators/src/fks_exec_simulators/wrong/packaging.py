# SPDX-License-Identifier: MIT
"""Wrong distributions of a venue that is itself right: metadata and a package in a folder of their own, on the path."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from attrs import evolve

from fks_exec.testing import RemoteFaultyVenue

from .matrix import Mutant, Tried, over_http

PACKAGE, SDK = "fks_exec_wrongly_packed", "an_sdk_of_a_broker"
METADATA = """\
Metadata-Version: 2.4
Name: fks-exec-wrongly-packed
Version: 1.0.0
License-Expression: MIT
Requires-Dist: fks-exec>=0.1
Requires-Dist: fks-exec-hub>=0.1; extra == "hub"
"""
MODULE = f"""\
from attrs import evolve

from fks_exec import hookimpl
from fks_exec.testing import REMOTE


def create():
    import {SDK}
    from fks_exec.testing import RemoteFaultyVenue

    return RemoteFaultyVenue()


@hookimpl
def fks_exec_venues():
    return [evolve(REMOTE, name="packed", create=create)]
"""


def packed(*, metadata: str = METADATA, module: str = MODULE, point: str = "packed", typed: bool = True) -> Any:
    """A trial of the venue that a distribution brings.

    Args:
        metadata, module: the text of METADATA and of the package.
        point: the name of the entry point.
        typed: there is a ``py.typed``.
    """

    @asynccontextmanager
    async def made() -> AsyncIterator[Tried]:
        with tempfile.TemporaryDirectory() as folder, _on_path(Path(folder)):
            write(Path(folder), metadata, module, point, typed)
            importlib.invalidate_caches()
            kind = importlib.import_module(PACKAGE).fks_exec_venues()[0]
            async with over_http(RemoteFaultyVenue)() as (trial, counterpart):
                yield evolve(trial, venue=kind, sdk=[SDK]), counterpart

    return made


def write(folder: Path, metadata: str, module: str, point: str, typed: bool) -> None:
    """As an installer would leave it."""
    info, package = folder / f"{PACKAGE}-1.0.0.dist-info", folder / PACKAGE
    info.mkdir()
    package.mkdir()
    (info / "METADATA").write_text(metadata, "utf-8")
    (info / "entry_points.txt").write_text(f"[fks_exec]\n{point} = {PACKAGE}\n", "utf-8")
    (package / "__init__.py").write_text(module, "utf-8")
    (folder / f"{SDK}.py").write_text("", "utf-8")
    if typed:
        (package / "py.typed").write_text("", "utf-8")


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in (PACKAGE, SDK):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()


MUTANTS = [
    Mutant(
        "imports-its-sdk-at-once",
        "imports its SDK where its module begins",
        packed(module=f"import {SDK}\n{MODULE}"),
        "Packaging",
        alone=True,
    ),
    Mutant(
        "depends-on-a-host",
        "brings the hub with it, whoever installs it",
        packed(metadata=METADATA + "Requires-Dist: fks_exec_hub\n"),
        "Packaging",
        alone=True,
    ),
    Mutant("has-no-types", "has types that no type checker reads", packed(typed=False), "Packaging", alone=True),
    Mutant(
        "has-another-name",
        "has an entry point by whose name none of its types is found",
        packed(point="unpacked"),
        "Packaging",
        alone=True,
    ),
    Mutant(
        "tells-no-licence",
        "has neither a licence nor a name that is normal",
        packed(metadata=METADATA.replace("License-Expression: MIT\n", "").replace("fks-exec-wrongly", "fks_exec.wrongly")),
        "Packaging",
        alone=True,
    ),
]
