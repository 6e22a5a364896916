# SPDX-License-Identifier: MIT
"""The configuration file: read, checked, turned into records. Nothing is opened here."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal

import importlib_metadata
from attrs import field, frozen

from fks_exec.convert import from_config, to_dict
from fks_exec.errors import ConfigError, PluginError
from fks_exec.guarding import Listed
from fks_exec.model.extension import VenueType
from fks_exec.model.numbers import to_optional
from fks_exec.plugins import Plugins
from fks_exec.roles import roles

from .accounts.settings import BreakerConfig, DayConfig, Evidence, ProtectionConfig
from .hookspecs import HubSpec

DEFAULT = "fks-exec.toml"
VARIABLE = "FKS_EXEC_CONFIG"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SECONDS = ("deadline", "max_order_age", "max_quote_age", "max_equity_age", "attempts_within", "poll", "compare_every")
_TOP = ("journal", "state", "require", "allow", "block", "accounts", "guards", "observers", "plugins")


@frozen(kw_only=True)
class AccountConfig:
    """``[accounts.NAME]``.

    Args:
        venue: ``x`` is type x of plugin x, ``x/y`` type y of plugin x.
        guards: names of guards, in order; ``[]`` is said, never assumed.
        live: real money is at stake.
        currency: of equity, limits and reports; without it those are in each instrument's settle currency.
        capital: equity, where the venue knows none or another figure is wanted; in ``currency``.
        deadline: seconds for one call to the venue.
        max_order_age: seconds; an entry older than this at its intent is denied.
        max_quote_age: seconds; an older quote is fetched again.
        max_equity_age: seconds; an older equity is fetched again.
        quantize: ``down`` rounds a caller's quantity down to the instrument's step, ``deny`` denies it with the nearest
            quantities; if not said, spot is rounded down and everything else denied.
        entry_attempts, exit_attempts: how often an order that can open a position, or one that only reduces, is sent at most; a
            further attempt is made only after proof that the last one had no effect. None: as often as the pauses between
            them, which grow, fit ``attempts_within``.
        attempts_within: seconds from the first attempt within which further ones begin.
        poll: seconds between two looks at open orders where the venue does not push; up to 30 while nothing changes.
        polls_per_second: look-ups of single orders that the account's venue is asked for at most.
        compare_every: seconds between two comparisons of positions, balances and open orders with the venue's.
        mismatch_tolerance: percent of a position; when the venue's differs by more, the account only reduces until an operator
            resumes it. None: it is only told.
        after_fault: what the account may do once the journal can be written again after an outcome could not be recorded:
            ``reducing`` until an operator resumes it, or ``resume``.
        cancel_on_halt: entering ``reducing`` or ``halted`` cancels the entries that rest.
        protect_when_halted: what a halted account has filled is protected all the same.
        conversions: instruments of this account whose quotes turn one currency into another, e.g. ``BTC/USDT``.
        protection, breaker, day: tables of their own.
        required: if this account cannot open, the hub does not start.
        require_record: the least evidence (``offline``, ``simulator``, ``sandbox``, ``live``) of a conformance record without
            which the account only reduces, and whose order kinds alone are sent; None: no record is needed.
        record: its file; None: ``conformance/<account>.json``.
        record_may_differ: keys of ``config`` that need not be as they were when the record was made.
        config: the venue's own table.
    """

    venue: str
    guards: tuple[str, ...]
    live: bool = False
    currency: str | None = None
    capital: Decimal | None = field(default=None, converter=to_optional)
    deadline: float = 10.0
    max_order_age: float = 30.0
    max_quote_age: float = 5.0
    max_equity_age: float = 30.0
    quantize: Literal["deny", "down"] | None = None
    entry_attempts: int = 1
    exit_attempts: int | None = None
    attempts_within: float = 5.0
    poll: float = 2.0
    polls_per_second: float = 5.0
    compare_every: float = 30.0
    mismatch_tolerance: Decimal | None = field(default=None, converter=to_optional)
    after_fault: Literal["reducing", "resume"] = "reducing"
    cancel_on_halt: bool = True
    protect_when_halted: bool = True
    conversions: tuple[str, ...] = ()
    protection: ProtectionConfig = field(factory=ProtectionConfig)
    breaker: BreakerConfig = field(factory=BreakerConfig)
    day: DayConfig = field(factory=DayConfig)
    required: bool = False
    require_record: Evidence | None = None
    record: Path | None = None
    record_may_differ: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.require_record is None and (self.record is not None or self.record_may_differ):
            said = "record" if self.record is not None else "record_may_differ"
            raise ConfigError(said, 'nothing requires a record; write require_record = "sandbox", say, or leave it out')
        for name in _SECONDS:
            if getattr(self, name) <= 0:
                raise ConfigError(name, f"{getattr(self, name)} is not a number of seconds greater than zero")
        for name in ("entry_attempts", "exit_attempts"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ConfigError(name, f"{number} is no number of attempts; write 1 for a single one")
        if self.polls_per_second <= 0:
            raise ConfigError("polls_per_second", f"{self.polls_per_second} is not greater than zero")
        if self.mismatch_tolerance is not None and self.mismatch_tolerance < 0:
            raise ConfigError("mismatch_tolerance", f"{self.mismatch_tolerance} is no percentage; leave it out to be told only")
        if self.capital is not None and self.capital <= 0:
            raise ConfigError("capital", f"{self.capital} is not greater than zero")


@frozen(kw_only=True)
class HubConfig:
    """The whole file.

    Args:
        base: the folder at which relative paths start.
        accounts: by name, at least one.
        journal: ``sqlite:PATH`` or ``memory:``.
        state: where plugins keep their files, in a folder per account.
        require: distributions that must be there, e.g. ``fks-exec-ccxt>=1``.
        allow, block: entry points that may, or may not, be loaded.
        guards, observers, plugins: tables by name.
    """

    base: Path
    accounts: Mapping[str, AccountConfig]
    journal: str = "sqlite:fks-exec.db"
    state: Path = Path("state")
    require: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None
    block: tuple[str, ...] = ()
    guards: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    observers: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    plugins: Mapping[str, Mapping[str, Any]] = field(factory=dict)

    def load_plugins(self, plugins: Iterable[object] = ()) -> Plugins:
        """What is installed and allowed, with the host's own objects; ``require`` is checked.

        Raises:
            ConfigError: a requirement that is not met.
            PluginError: an object that does not keep the contract.
        """
        for requirement in self.require:
            _check_requirement(requirement)
        found = Plugins(allow=self.allow and (*self.allow, "hub"), block=self.block, own="hub", specs=[HubSpec])
        for plugin in plugins:
            found.register(plugin, getattr(plugin, "__name__", type(plugin).__name__))
        return found

    def venue(self, name: str, plugins: Plugins) -> tuple[VenueType, object]:
        """The venue type of an account and its configuration object.

        Raises:
            ConfigError: with table and field.
        """
        account, where = self.accounts[name], f"accounts.{name}"
        kind = _wrapped(f"{where}.venue", lambda: plugins.venue(account.venue))
        made = from_config(kind.config, account.config, where=f"{where}.config", base=self.base)
        if kind.check is not None:
            _checked(kind.check, made, account.live, where)
        return kind, made

    def record_file(self, name: str) -> Path:
        """Where the conformance record of an account is."""
        return self.accounts[name].record or self.base / "conformance" / f"{name}.json"

    def guards_of(self, name: str, plugins: Plugins) -> list[tuple[Listed, object]]:
        """The guards that an account lists, made, each with its configuration object.

        Raises:
            ConfigError: with table and field.
        """
        made = []
        for guard in self.accounts[name].guards:
            table = dict(self.guards.get(guard, {}))
            type_name = table.pop("type", guard)
            kind = _wrapped(f"accounts.{name}.guards", lambda type_name=type_name: plugins.guard(type_name))
            config = from_config(kind.config, table, where=f"guards.{guard}", base=self.base)
            made.append((Listed(name=guard, plugin=kind.create(config), applies_to=kind.applies_to), config))
        return made

    def observers_of(self, plugins: Plugins) -> list[Listed]:
        """The observers that have a table, made.

        Raises:
            ConfigError: with table and field.
        """
        made = []
        for observer, table in self.observers.items():
            rest = dict(table)
            type_name = rest.pop("type", observer)
            kind = _wrapped(f"observers.{observer}", lambda type_name=type_name: plugins.observer(type_name))
            config = from_config(kind.config, rest, where=f"observers.{observer}", base=self.base)
            made.append(_wrapped(f"observers.{observer}", partial(_observer, observer, kind.create(config))))
        return made


def _observer(name: str, plugin: object) -> Listed:
    if "observer" not in roles(plugin, f"{name!r} ({type(plugin).__name__})"):
        raise PluginError(
            f"{name!r} ({type(plugin).__name__}): an observer marks observe with @hookimpl, and this one does not"
        )
    return Listed(name=name, plugin=plugin)


def check_state(config: HubConfig) -> None:
    """Whether there can be files in the folder ``state``; it is made when it is needed.

    Raises:
        ConfigError: a file stands where a folder should be, or we may not make it.
    """
    place = next(each for each in (config.state, *config.state.parents) if os.path.lexists(each))
    if not place.is_dir():
        raise ConfigError("state", f"{place} is no folder; move it away, or name another folder for state")
    if place != config.state and not os.access(place, os.W_OK | os.X_OK):
        raise ConfigError("state", f"{config.state} cannot be made, since {place} cannot be written; make it, or name another")


def limits_document(account: AccountConfig, guards: Iterable[tuple[Listed, object]]) -> tuple[str, str]:
    """What an account's decisions rest on, as JSON without secrets or venue settings, and its digest."""
    document = {
        "account": {k: v for k, v in to_dict(account).items() if k not in ("config", "required")},
        "guards": {listed.name: to_dict(config) for listed, config in guards},
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return text, hashlib.sha256(text.encode()).hexdigest()[:16]


def find_config(path: str | Path | None = None) -> Path:
    """Where the configuration is: the argument, then ``FKS_EXEC_CONFIG``, then ``./fks-exec.toml``."""
    return Path(path or os.environ.get(VARIABLE) or DEFAULT)


def load_config(path: str | Path | None = None) -> HubConfig:
    """Read and check a configuration file.

    Raises:
        ConfigError: with table and field, the cause and the remedy.
    """
    place = find_config(path)
    try:
        text = place.read_text(encoding="utf-8")
    except FileNotFoundError:
        remedy = f"write one, or say where it is with --config or {VARIABLE}"
        raise ConfigError("", f"there is no configuration {place}; {remedy}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError("", f"the configuration {place} cannot be read: {reason}") from None
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("", f"{place} is not TOML: {error}") from None
    return parse_config(data, place.resolve().parent)


def parse_config(data: Mapping[str, Any], base: Path) -> HubConfig:
    """A configuration from its tables.

    Raises:
        ConfigError: with table and field, the cause and the remedy.
    """
    if unknown := sorted(set(data) - set(_TOP)):
        near = _near(unknown[0], _TOP) or f"; known are: {', '.join(_TOP)}"
        raise ConfigError(unknown[0], f"is unknown{near}")
    accounts = _table(data, "accounts")
    if not accounts:
        raise ConfigError("accounts", 'there is none; write [accounts.paper] with venue = "paper" and guards = []')
    checked = {name: _account(name, table) for name, table in accounts.items()}
    _check_guards(accounts, _tables(data, "guards"))
    return from_config(
        HubConfig,
        {
            **{key: value for key, value in data.items() if key != "accounts"},
            **{key: _tables(data, key) for key in ("guards", "observers", "plugins")},
            "base": "",
            "state": data.get("state", "state"),
            "accounts": checked,
        },
        where="",
        base=base,
    )


def _check_guards(accounts: Mapping[str, Any], guards: Mapping[str, Any]) -> None:
    """A limit under a misspelt name would be no limit. Which of two names is the misspelt one nobody knows yet."""
    listed = {
        guard: name
        for name, table in accounts.items()
        if isinstance(table, Mapping)
        for guard in table.get("guards", ())
        if isinstance(guard, str)
    }
    for name in guards:
        if name not in listed:
            near = difflib.get_close_matches(name, sorted(listed), n=1)
            hint = f", but accounts.{listed[near[0]]}.guards has {near[0]}; write both alike" if near else ""
            raise ConfigError(f"guards.{name}", f"no account lists this guard{hint}")


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _account(name: str, table: object) -> object:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"accounts.{name}", "a name is made of letters, digits, '-', '_' and '.'")
    if isinstance(table, Mapping) and "guards" not in table:
        if misspelt := difflib.get_close_matches("guards", list(table), n=1):
            raise ConfigError(f"accounts.{name}.{misspelt[0]}", "is unknown; did you mean guards?")
        remedy = 'write guards = ["confidence", "position_size"], or guards = [] for none'
        raise ConfigError(f"accounts.{name}.guards", f"is missing; {remedy}")
    return table


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = data.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigError(name, f"is not a table; write [{name}.NAME]")
    return table


def _tables(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for key in _table(data, name):
        _table(data[name], key)
    return _table(data, name)


def _checked(check: Callable[[Any, bool], None], made: object, live: bool, where: str) -> None:
    """What a venue says of its configuration, with the account's table before the field."""
    try:
        check(made, live)
    except ConfigError as error:
        field = error.where if error.where == "live" else f"config.{error.where}".rstrip(".")
        raise ConfigError(f"{where}.{field}", error.problem) from None


def _wrapped(where: str, find: Any) -> Any:
    try:
        return find()
    except PluginError as error:
        raise ConfigError(where, str(error)) from None


def _check_requirement(requirement: str) -> None:
    match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:>=([0-9]+(?:\.[0-9]+)*))?", requirement.replace(" ", ""))
    if not match:
        raise ConfigError("require", f"{requirement!a} is not of the form 'name' or 'name>=1.2'")
    name, wanted = match.groups()
    try:
        version = importlib_metadata.version(name)
    except importlib_metadata.PackageNotFoundError:
        raise ConfigError("require", f"{name} is not installed; run: pip install '{requirement}'") from None
    if wanted and _release(version) < _release(wanted):
        raise ConfigError("require", f"{name} is {version}; run: pip install --upgrade '{requirement}'")


def _release(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
