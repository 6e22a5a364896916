# SPDX-License-Identifier: MIT
"""The configuration class of a venue: read strictly from a table, documented key by key, and its secrets shown nowhere."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import pytest

from ...convert import from_config, from_dict, to_dict
from ...discretion import secrets_within
from ...errors import ConfigError, InvalidOrder
from ...model.extension import NoConfig, VenueType
from ...secrets import Secret
from ..trial import Counterpart, Trial
from .base import Suite
from .desk import Desk, not_declared, not_tried
from .shown import Unblanked, check, files, life, listening, printed, shows, texts_of, venue_object

UNKNOWN = "no_such_key_of_yours"
WRONG_KEY = "a-key-that-is-wrong-7391"
TABLE = "accounts.trial.config"
SHORTEST = 6
"""Letters of a secret that is looked for; a shorter one would be found by chance."""

TROUBLE = ("refuse", "credentials", "rate_limit", "closed", "lost", "drop", "garbage", "error")


class Configuration(Suite):
    """The table of an account is read strictly, each of its keys is documented, and no secret of it is ever shown.

    A secret is what stands in ``Trial.secrets``, and every field of the configuration that is a ``Secret``. It is looked for in
    the texts of the configuration, the venue and the account, in results, pushes, events, errors and health checks, in every
    log record from DEBUG on, in what is printed, and in the files of the account's folder.
    """

    @pytest.fixture(autouse=True)
    def _unblanked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the plugin itself says is looked at, not what is left of it after the account has blanked its secrets."""
        monkeypatch.setattr("fks_exec.account.Discretion", Unblanked)

    async def test_an_unknown_key_is_refused_by_its_name(self, venue: Trial) -> None:
        kind = config_class(venue)
        try:
            from_dict(kind, {**_as_it_is(config_of(venue)), UNKNOWN: 1})
        except (ConfigError, InvalidOrder) as error:
            if UNKNOWN not in str(error):
                pytest.fail(f"the refusal of the unknown key {UNKNOWN!r} does not name it: {error}", pytrace=False)
        except Exception as error:  # e.g. of a type hint that cannot be resolved
            pytest.fail(f"{kind.__name__} cannot be read strictly: {type(error).__name__}: {error}", pytrace=False)
        else:
            remedy = "make it an attrs class with a field for each key"
            pytest.fail(f"{kind.__name__} took the unknown key {UNKNOWN!r}, so a misspelt one is lost; {remedy}", pytrace=False)

    async def test_what_a_toml_file_says_becomes_the_configuration(self, venue: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
        """Texts, whole numbers, decimals, booleans, lists, tables, and ``{ env = "NAME" }`` for a secret."""
        kind, config = config_class(venue), config_of(venue)
        table = {name: _toml(name, value, monkeypatch) for name, value in _as_it_is(config).items()}
        try:
            made = from_config(kind, table, where=TABLE, base=Path())
        except Exception as error:
            pytest.fail(f"{kind.__name__} cannot be made of a table with its own values: {error}", pytrace=False)
        other = [name for name, value in _as_it_is(config).items() if getattr(made, name) != value]
        assert not other, f"{kind.__name__} read from a table with the same values differs in {', '.join(other)}"

    async def test_an_empty_table_makes_the_defaults_or_says_what_is_missing(self, venue: Trial) -> None:
        kind = config_class(venue)
        needed = [field.name for field in _fields(kind) if field.default is attrs.NOTHING]
        try:
            from_config(kind, {}, where=TABLE, base=Path())
        except ConfigError as error:
            unsaid = [name for name in needed if name not in str(error)]
            if unsaid:
                pytest.fail(f"the refusal of an empty table does not name {', '.join(unsaid)}: {error}", pytrace=False)
        except Exception as error:
            remedy = "raise ConfigError(field, problem) where a value cannot be used"
            pytest.fail(f"an empty table raised {type(error).__name__} from {kind.__name__}: {error}; {remedy}", pytrace=False)

    async def test_each_key_is_documented(self, venue: Trial) -> None:
        """In the docstring's ``Args:``, which ``fks-exec config NAME`` prints above each key."""
        kind = config_class(venue)
        bare = [field.name for field in _fields(kind) if field.name not in documented(kind)]
        if bare:  # no fault of trading: it is told, so that the author knows
            not_declared(f"the meaning of {', '.join(bare)} (no line under `Args:` of {kind.__name__})")

    async def test_a_secret_has_the_type_secret(self, venue: Trial) -> None:
        """So that it comes from the environment, a file or a keyring, and its repr is ``***``."""
        secrets, kind, config = secrets_of(venue), config_class(venue), config_of(venue)
        plain = [name for name, value in _as_it_is(config).items() if not isinstance(value, Secret) and shows(value, secrets)]
        assert not plain, f"{kind.__name__} keeps a secret as plain text in {', '.join(plain)}; make it a fks_exec.Secret"

    async def test_no_secret_is_in_a_repr(self, desk: Desk) -> None:
        """Of the configuration, the venue's object and the account."""
        secrets, config = secrets_of(desk.trial), config_of(desk.trial)
        texts = [(f"{word} of the configuration", text) for word, text in texts_of(config)]
        texts += [("the configuration written as plain data", str(to_dict(config)) if attrs.has(type(config)) else "")]
        texts += [(f"{word} of the venue's object", text) for word, text in texts_of(venue_object(desk))]
        texts += [(f"{word} of the account", text) for word, text in texts_of(desk.account)]
        check(texts, secrets)

    async def test_no_secret_is_shown_in_a_quiet_life(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Opening, one order, every question, closing."""
        secrets = secrets_of(venue)
        with listening() as ears:
            await life(ears, Desk(venue, counterpart, tmp_path, plugins=(ears,)))
        check([*ears.texts, *printed(capsys), *files(tmp_path / "trial")], secrets)

    @pytest.mark.parametrize("word", TROUBLE)
    async def test_no_secret_is_shown_when_things_go_wrong(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, capsys: pytest.CaptureFixture[str], word: str
    ) -> None:
        secrets = secrets_of(venue)
        with listening() as ears:
            desk = Desk(venue, counterpart, tmp_path, plugins=(ears,))
            breaks = desk.tries(word)
            await life(ears, desk, lambda: breaks.fault(word))
        check([*ears.texts, *printed(capsys), *files(tmp_path / "trial")], secrets)

    async def test_no_secret_is_shown_when_a_look_up_goes_wrong(
        self, desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        desk.needs("fetch_order")
        secrets = secrets_of(desk.trial)
        breaks = desk.tries("garbage")
        with listening() as ears:
            sent = await desk.send()
            await breaks.fault("garbage", "look_up")
            await ears.heeds("fetch_order", lambda: desk.account.fetch_order(sent.ref))
        check([*ears.texts, *printed(capsys), *files(tmp_path / "trial")], secrets)

    async def test_no_key_is_shown_when_it_is_refused(
        self, venue: Trial, counterpart: Counterpart | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An account with a wrong key, which ``init`` or the first order finds out."""
        wrong = with_wrong_key(config_of(venue))
        if wrong is None:
            not_tried("a wrong key (no field of the configuration is a Secret)")
        with listening() as ears:
            await life(ears, Desk(venue, counterpart, tmp_path, config=wrong, plugins=(ears,)))
        check([*ears.texts, *printed(capsys), *files(tmp_path / "trial")], [WRONG_KEY])


def config_class(trial: Trial) -> type[Any]:
    """The attrs class of the account's table; ends the test where the venue is an object with something else."""
    kind = trial.venue.config if isinstance(trial.venue, VenueType) else type(config_of(trial))
    if not attrs.has(kind):
        if not isinstance(trial.venue, VenueType):
            not_tried("a configuration from a table (what the object's init takes is no attrs class)")
        pytest.fail(f"the configuration {kind.__name__} is no attrs class; put @attrs.frozen above it", pytrace=False)
    return kind


def config_of(trial: Trial) -> object:
    """What ``init`` of the first account gets."""
    if trial.config is not None:
        return trial.config
    return trial.venue.config() if isinstance(trial.venue, VenueType) else NoConfig()


def secrets_of(trial: Trial) -> list[str]:
    """Every text that may be shown nowhere; ends the test where there is none."""
    found = [*trial.secrets]
    for config in (config_of(trial), trial.second):
        found += [secret.reveal() for secret in secrets_within(config)]
    long = sorted({text for text in found if len(text) >= SHORTEST})
    return long or not_tried("secrets (the trial and its configuration have none)")


def with_wrong_key(config: object) -> Any:
    """The configuration with another text in each Secret; None where it has none of its own."""
    if not attrs.has(type(config)):
        return None
    wrong = {name: Secret(WRONG_KEY) for name, value in _as_it_is(config).items() if isinstance(value, Secret)}
    return attrs.evolve(config, **wrong) if wrong else None  # type: ignore[misc]  # any attrs class


def documented(kind: type[Any]) -> set[str]:
    """The names under ``Args:`` in a docstring; ``a, b: text`` documents both."""
    text = textwrap.dedent("    " + (kind.__doc__ or ""))
    section = re.search(r"^Args:\n((?:[ \t]+.*\n?|\n)*)", text + "\n", re.MULTILINE)
    entries = re.split(r"\n(?=\S)", textwrap.dedent(section[1]).strip() if section else "")
    return {name.strip() for entry in entries if ":" in entry for name in entry.partition(":")[0].split(",")}


def _fields(kind: type[Any]) -> list[attrs.Attribute[Any]]:
    return [field for field in attrs.fields(kind) if field.init]


def _as_it_is(config: object) -> dict[str, Any]:
    """Its keys and values without those that are None, for which TOML has no word."""
    if not attrs.has(type(config)):
        return {}
    every = {field.name: getattr(config, field.name) for field in _fields(type(config))}
    return {name: value for name, value in every.items() if value is not None and value != Secret("")}


def _toml(name: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a TOML file would have to say, as a host's reader hands it on: floats are Decimals."""
    if isinstance(value, Secret):
        variable = f"FKS_EXEC_TRIAL_{name.upper()}"
        monkeypatch.setenv(variable, value.reveal())
        return {"env": variable}
    if isinstance(value, Enum | Path):
        return value.value if isinstance(value, Enum) else str(value)
    if isinstance(value, float | Decimal):
        number = Decimal(str(value))
        return int(number) if number == number.to_integral_value() else number
    if attrs.has(type(value)):
        return {key: _toml(f"{name}_{key}", inner, monkeypatch) for key, inner in _as_it_is(value).items()}
    if isinstance(value, Mapping):
        return {str(key): _toml(f"{name}_{key}", inner, monkeypatch) for key, inner in value.items()}
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, str | bytes):
        return [_toml(f"{name}_{index}", inner, monkeypatch) for index, inner in enumerate(value)]
    if isinstance(value, bool | int | str):
        return value
    pytest.fail(f"the key {name} holds a {type(value).__name__}, which no TOML file can say", pytrace=False)
