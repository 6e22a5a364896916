# SPDX-License-Identifier: MIT
"""The record of a conformance run: what was proved, of which versions, by which evidence; written and read strictly."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import importlib_metadata
from attrs import field, frozen

from ..convert import from_dict, parse_json, to_dict
from ..errors import FksExecError, InvalidOrder, PluginError
from ..model.account import Capabilities
from ..model.extension import VenueType
from ..model.orders import Order, OrderType, TimeInForce
from ..plugins import FIRST_PARTY, Plugins, PluginStatus
from .trial import Level

FORMAT = 1
"""Of the file."""

CORE = "fks-exec"

_OURS = frozenset({CORE, *FIRST_PARTY.values()})

_FLAGS = ("post_only", "reduce_only")

ORDER_WORDS = frozenset({*(str(kind) for kind in OrderType), *(str(time) for time in TimeInForce), *_FLAGS})
"""The words of an order itself; they are proved by orders that the venue took."""


class RecordError(FksExecError):
    """A record that is missing, or is none."""


def words_of(order: Order) -> frozenset[str]:
    """What has to be proved before an order of this kind may be trusted: its type, its time in force, its flags.

    A market order does not rest, so that ``gtc`` says nothing about it.
    """
    words = {str(order.order_type), *(name for name in _FLAGS if getattr(order, name))}
    if order.order_type is not OrderType.MARKET or order.time_in_force is not TimeInForce.GTC:
        words.add(str(order.time_in_force))
    return frozenset(words)


@frozen(kw_only=True)
class Origin:
    """Where a venue type comes from.

    Args:
        venue: entry point and type, ``x/y``.
        distribution, version: that bring it.
    """

    venue: str
    distribution: str
    version: str


def origin_of(kind: VenueType, plugins: Plugins | None = None) -> Origin | None:
    """The entry point that brings a venue type; None for an object of the host's own.

    Args:
        plugins: as the host has loaded them; None: whatever is installed.
    """
    if plugins is None:
        plugins = Plugins()
        plugins.load_all()
    for info in plugins.infos():
        if info.status is not PluginStatus.LOADED or not info.distribution:
            continue
        venue = f"{info.name}/{kind.name}"
        try:
            found = plugins.venue(venue)
        except PluginError:
            continue
        if found is kind or _maker(found) == _maker(kind):
            return Origin(venue=venue, distribution=info.distribution, version=info.version)
    return None


def _maker(kind: VenueType) -> tuple[object, ...]:
    """By what two records of one type are told to be the same: a plugin makes them anew for each host."""
    create = kind.create
    return kind.config, getattr(create, "__module__", ""), getattr(create, "__qualname__", type(create).__qualname__)


@frozen(kw_only=True)
class Binding:
    """What a record is of; for anything else it proves nothing.

    Args:
        venue: entry point and type, ``x/y``.
        plugin, version: the distribution that brings it.
        sdk: the versions of what that distribution depends on, but for what is ours.
        core: the version of fks-exec.
        config: a digest of each key of the account's ``config`` table; which secret it has does not count.
    """

    venue: str
    plugin: str
    version: str
    sdk: Mapping[str, str] = field(factory=dict)
    core: str
    config: Mapping[str, str] = field(factory=dict)

    @classmethod
    def of(cls, origin: Origin, config: object) -> Binding:
        """What stands now.

        Args:
            config: the venue's configuration object.
        """
        return cls(
            venue=origin.venue,
            plugin=origin.distribution,
            version=origin.version,
            sdk=dependencies(origin.distribution),
            core=importlib_metadata.version(CORE),
            config=digests(config),
        )

    def differences(self, now: Binding, may_differ: Iterable[str] = ()) -> Iterator[str]:
        """What has become different since the record, each as the part of a sentence.

        Args:
            now: what stands now.
            may_differ: keys of the configuration that do not count.
        """
        if (self.venue, self.plugin) != (now.venue, now.plugin):
            yield f"it is of the venue {self.venue} of {self.plugin}, not of {now.venue} of {now.plugin}"
            return
        if self.version != now.version:
            yield f"it is of {self.plugin} {self.version}, and {now.version} is installed"
        if self.core != now.core:
            yield f"it is of {CORE} {self.core}, and {now.core} is installed"
        for name in sorted({*self.sdk, *now.sdk}):
            if self.sdk.get(name) != now.sdk.get(name):
                yield f"it is of {_of(name, self.sdk)}, and {_of(name, now.sdk)} is installed"
        keys = sorted(key for key in {*self.config, *now.config} if self.config.get(key) != now.config.get(key))
        if others := [key for key in keys if key not in set(may_differ)]:
            yield f"the account that was tried differs in config.{', config.'.join(others)}"


def _of(name: str, versions: Mapping[str, str]) -> str:
    return f"{name} {versions[name]}" if name in versions else f"no {name}"


def dependencies(distribution: str) -> dict[str, str]:
    """The installed versions of what a distribution declares to need, extras and what is ours left out."""
    found = {}
    for requirement in importlib_metadata.requires(distribution) or ():
        name, _, marker = requirement.partition(";")
        match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", name)
        if match is None or re.search(r"\bextra\b", marker):
            continue
        known = re.sub(r"[-_.]+", "-", match[1]).lower()
        if known in _OURS:
            continue
        try:
            found[known] = importlib_metadata.version(known)
        except importlib_metadata.PackageNotFoundError:
            continue  # its marker is of another platform
    return found


def digests(config: object) -> dict[str, str]:
    """A digest of each key of a configuration object; secrets are ``***`` in it, whatever they are."""
    if config is None or not attrs.has(type(config)):
        return {}
    plain = {key: json.dumps(value, sort_keys=True, default=str) for key, value in to_dict(config).items()}
    return {key: hashlib.sha256(text.encode()).hexdigest()[:16] for key, text in plain.items()}


@frozen(kw_only=True)
class ClassResults:
    """What became of the tests of one class.

    Args:
        left_out: tests by the reason for which they did not run.
    """

    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(factory=dict)


@frozen(kw_only=True)
class Record:
    """What a run of the suite has proved, and of what.

    Args:
        level: the evidence.
        account: that was tried; empty where there was none.
        symbols: canonical, of what was traded.
        capabilities: as the account declared them after ``init``.
        proved: the words of order kinds and abilities of which a test passed and none failed.
        tests: by class of the suite.
        python, platform: on which it ran.
        time: of its end, epoch milliseconds.
        at: the same for people, ISO 8601, UTC.
    """

    level: Level
    binding: Binding
    account: str = ""
    symbols: tuple[str, ...]
    capabilities: Capabilities
    proved: tuple[str, ...]
    tests: Mapping[str, ClassResults]
    python: str = field(factory=platform.python_version)
    platform: str = field(factory=platform.platform)
    time: int
    at: str
    format: Literal[1] = 1


def moment(time: int) -> str:
    """A time as ISO 8601, UTC.

    Args:
        time: epoch milliseconds.
    """
    return datetime.datetime.fromtimestamp(time / 1000, datetime.UTC).isoformat(timespec="milliseconds")


def write_record(record: Record, file: Path) -> None:
    """Write it, whole or not at all; an older one is replaced.

    Raises:
        RecordError: the file cannot be written.
    """
    text = json.dumps(to_dict(record), indent=2, sort_keys=True) + "\n"
    part = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)
    except OSError as error:
        raise RecordError(f"the record {file} cannot be written: {error.strerror}; name another place") from None


def read_record(file: Path) -> Record:
    """Read one.

    Raises:
        RecordError: it is missing, or is none; the sentence says why.
    """
    try:
        data: dict[str, Any] = parse_json(file.read_bytes())
        return from_dict(Record, data)
    except FileNotFoundError:
        raise RecordError(f"there is no record {file}") from None
    except OSError as error:
        raise RecordError(f"the record {file} cannot be read: {error.strerror}") from None
    except InvalidOrder as error:
        raise RecordError(f"{file} is no record that this fks-exec can read: {error}") from None
