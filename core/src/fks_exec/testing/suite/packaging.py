# SPDX-License-Identifier: MIT
"""The distribution that brings a venue: entry point, an SDK that is imported late, types, version, metadata."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import importlib_metadata
import pytest

from ...errors import PluginError
from ...model.extension import VenueType
from ...plugins import GROUP, Plugins
from ..trial import Trial
from .base import Suite
from .desk import not_tried

CORE, HUB = "fks-exec", "fks-exec-hub"
VERSION = re.compile(r"(\d+!)?\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\+[a-z0-9.]+)?")
"""PEP 440, in its normal form."""

SECONDS = 60.0
"""For one process of Python."""

IMPORT = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"


class Packaging(Suite):
    """The distribution is found, loaded late, typed and described, so that any host can install it and list it.

    It is ``Trial.distribution``, or the one whose entry point brings the type; an object has none.
    """

    async def test_the_entry_point_brings_the_type(self, venue: Trial) -> None:
        """And one of its own name: that is what ``venue = "NAME"`` in a configuration means."""
        point, kind = point_of(venue), _type_of(venue)
        plugins = Plugins(entry_points=[point])
        info = plugins.load_all()[0]
        assert not info.reason, f"{info.label} is {info.status}: {info.reason}"
        for name in (f"{point.name}/{kind.name}", point.name):
            try:
                plugins.venue(name)
            except PluginError as error:
                remedy = "name the entry point as its first type, and let fks_exec_venues() return it"
                pytest.fail(f'with venue = "{name}" in a configuration: {error}; {remedy}', pytrace=False)

    async def test_importing_the_plugin_imports_no_sdk(self, venue: Trial) -> None:
        """Listing and loading a plugin is cheap, also where its SDK is broken; ``create`` imports it."""
        point = point_of(venue)
        sdk = venue.sdk or not_tried("the late import of the SDK (the trial names none)")
        modules: list[str] = json.loads(await _python("-c", IMPORT, point.module))
        early = [name for name in sdk if any(module == name or module.startswith(f"{name}.") for module in modules)]
        text = f"importing {point.module} imports {', '.join(early)}"
        assert not early, f"{text}; import it within create or init, and for type hints under TYPE_CHECKING"

    async def test_the_plugin_is_listed_and_loads(self, venue: Trial) -> None:
        """By ``python -m fks_exec``, in a process of its own."""
        point = point_of(venue)
        listed = {each["name"]: each for each in json.loads(await _python("-m", "fks_exec", "--json", "--load"))}
        assert point.name in listed, f"`python -m fks_exec` does not list {point.name!r} of {_label(point)}"
        info = listed[point.name]
        assert info["status"] == "loaded", (
            f"`python -m fks_exec --load` says of {point.name!r}: {info['status']}, {info['reason']}"
        )

    async def test_the_package_is_typed(self, venue: Trial) -> None:
        """With the file ``py.typed``, so that a host's type checker reads its types."""
        top = point_of(venue).module.partition(".")[0]
        spec = importlib.util.find_spec(top)
        folders = [Path(folder) for folder in (spec.submodule_search_locations if spec else None) or ()]
        remedy = f"add an empty file {top}/py.typed" if folders else f"make {top} a package, a folder with a file py.typed"
        assert any((folder / "py.typed").is_file() for folder in folders), f"{top} is not typed for others; {remedy}"

    async def test_the_version_is_one_that_can_be_compared(self, venue: Trial) -> None:
        point = point_of(venue)
        version = str(_distribution(point).version)
        normal = bool(version) and VERSION.fullmatch(version) is not None
        assert normal, f"the version of {_label(point)} is no version of PEP 440; write one such as 1.2.0"

    async def test_the_name_is_normal(self, venue: Trial) -> None:
        """Lower case, hyphens: as it stands in ``pip install`` and in a host's ``require``."""
        point = point_of(venue)
        name = _distribution(point).metadata["Name"]
        assert name == _normal(name), f"the distribution is named {name!r}; its normal name is {_normal(name)!r}, so write that"

    async def test_the_licence_is_told(self, venue: Trial) -> None:
        point = point_of(venue)
        metadata = _distribution(point).metadata
        told = [metadata.get("License-Expression"), metadata.get("License")]
        told += [each for each in metadata.get_all("Classifier") or [] if each.startswith("License ::")]
        assert any(told), f'{_label(point)} tells no licence; write `license = "MIT"`, or yours, under [project]'

    async def test_it_depends_on_core_and_on_no_host(self, venue: Trial) -> None:
        """Who embeds the hook manager alone installs no hub with it; an extra may bring one."""
        point = point_of(venue)
        needed = _requirements(_distribution(point))
        assert CORE in needed, f"{_label(point)} does not depend on {CORE}; add it to the dependencies"
        assert HUB not in needed, f"{_label(point)} depends on {HUB}; a venue needs {CORE} alone, so leave it out"


def point_of(trial: Trial) -> importlib_metadata.EntryPoint:
    """The entry point that brings the venue of a trial; ends the test where there is none."""
    points = list(importlib_metadata.entry_points(group=GROUP))
    if trial.distribution:
        own = [each for each in points if each.dist and _normal(each.dist.name) == _normal(trial.distribution)]
        text = f"no distribution {trial.distribution!r} with an entry point of the group {GROUP!r} is installed"
        assert own, f"{text}; add [project.entry-points.{GROUP}] and install it: pip install -e ."
    else:
        home = _home(trial)
        own = [each for each in points if each.dist and home and each.module.partition(".")[0] == home]
    name = trial.venue.name if isinstance(trial.venue, VenueType) else ""
    best: list[importlib_metadata.EntryPoint] = [each for each in own if each.name == name] or own
    return best[0] if best else not_tried("packaging (no distribution brings this venue)")


def _home(trial: Trial) -> str:
    """The top-level package of a venue type; an object is nobody's."""
    if not isinstance(trial.venue, VenueType):
        return ""
    return str(getattr(trial.venue.create, "__module__", "")).partition(".")[0]


def _type_of(trial: Trial) -> VenueType:
    if not isinstance(trial.venue, VenueType):
        not_tried("the type of the entry point (the venue is an object)")
    return trial.venue


def _distribution(point: importlib_metadata.EntryPoint) -> Any:
    """Any: what the library calls its type differs between its versions."""
    return point.dist


def _label(point: importlib_metadata.EntryPoint) -> str:
    distribution = _distribution(point)
    return f"{distribution.name} {distribution.version}"


def _normal(name: str) -> str:
    """As PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _requirements(distribution: Any) -> set[str]:
    """The normal names of what it cannot do without; what only an extra brings is left out."""
    every = [text for text in distribution.requires or [] if "extra" not in text.partition(";")[2]]
    return {_normal(match[0]) for text in every if (match := re.match(r"[A-Za-z0-9._-]+", text))}


async def _python(*words: str) -> str:
    """What a process of this Python prints that sees what this one sees."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    pipe = asyncio.subprocess.PIPE
    process: Any = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=pipe, stderr=pipe, env=environment)
    try:
        out, error = await asyncio.wait_for(process.communicate(), SECONDS)
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        last = error.decode("utf-8", "replace").strip().splitlines()[-1:]
        pytest.fail(f"python {' '.join(words)[:60]}... ended with {process.returncode}: {' '.join(last)}", pytrace=False)
    text: str = out.decode("utf-8")
    return text
