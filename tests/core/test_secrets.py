# SPDX-License-Identifier: MIT
"""Secrets: where they come from, and that they are not printed."""

import pickle
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from fks_exec import ConfigError, Secret
from fks_exec.secrets import read_secret

WHERE = "accounts.a.config.key"


def test_a_secret_prints_as_stars() -> None:
    """In a repr, a text, a format, a container and an f-string with a width."""
    secret = Secret("hunter2")
    texts = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr([secret]), repr({"key": secret}), f"{secret!r}"]
    assert not [text for text in texts if "hunter2" in text]
    assert repr(secret) == "***"
    assert secret.reveal() == "hunter2"


def test_a_secret_is_not_pickled_and_keeps_no_dict() -> None:
    """A crash reporter that pickles its locals must not get it."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("hunter2"))
    assert not hasattr(Secret("x"), "__dict__")


@pytest.mark.parametrize("text", ["hunter2", "", "é", "x" * 1000])
def test_secrets_are_compared_by_bytes(text: str) -> None:
    """Also with what is not ASCII, and with half a surrogate from a request."""
    assert Secret(text).matches(text)
    assert not Secret(text).matches(text + "x")
    assert not Secret(text).matches("\ud800")
    assert Secret(text) == Secret(text)
    assert Secret(text) != text
    assert len({Secret(text), Secret(text)}) == 1


def test_a_secret_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the name that the configuration gives."""
    monkeypatch.setenv("ACME_KEY", "hunter2")
    assert read_secret({"env": "ACME_KEY"}, WHERE, tmp_path).reveal() == "hunter2"


def test_a_secret_from_a_file_without_its_last_newline(tmp_path: Path) -> None:
    """Relative paths start at the configuration's folder."""
    path = tmp_path / "key"
    path.write_text("hunter2\n", "utf-8")
    path.chmod(0o600)
    assert read_secret({"file": "key"}, WHERE, tmp_path).reveal() == "hunter2"
    assert read_secret({"file": str(path)}, WHERE, Path("/elsewhere")).reveal() == "hunter2"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o666, 0o602, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    path = tmp_path / "key"
    path.write_text("hunter2", "utf-8")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"{WHERE}: .*mode {mode:o}.*run: chmod 600") as caught:
        read_secret({"file": "key"}, WHERE, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Missing, a folder, or no text; the folder's name stands in the sentence, its content does not."""
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_secret({"file": "missing"}, WHERE, tmp_path)
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secret({"file": "folder"}, WHERE, tmp_path)
    (tmp_path / "binary").write_bytes(b"no text: \xff")
    (tmp_path / "binary").chmod(0o600)
    with pytest.raises(ConfigError, match="not UTF-8 text") as caught:
        read_secret({"file": "binary"}, WHERE, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def keyring_with(passwords: dict[tuple[str, str], str]) -> types.ModuleType:
    """A module ``keyring`` that holds these."""
    module = types.ModuleType("keyring")
    module.get_password = lambda service, user: passwords.get((service, user))  # type: ignore[attr-defined]
    return module


def test_a_secret_from_a_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The service may have no slash; what follows the first one is the user."""
    monkeypatch.setitem(sys.modules, "keyring", keyring_with({("acme", "me/main"): "hunter2"}))
    assert read_secret({"keyring": "acme/me/main"}, WHERE, tmp_path).reveal() == "hunter2"
    with pytest.raises(ConfigError, match=r"holds no password for 'acme'/'you'; run: keyring set acme you"):
        read_secret({"keyring": "acme/you"}, WHERE, tmp_path)


def test_a_keyring_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is no dependency of the core."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="pip install keyring"):
        read_secret({"keyring": "acme/me"}, WHERE, tmp_path)


class KeyringError(Exception):
    """The root of the package's own errors."""


class NoKeyringError(KeyringError, RuntimeError):
    """There is no backend."""


class KeyringLocked(KeyringError):
    """Nobody has unlocked it."""


class InitError(KeyringError):
    """There is no bus of a session."""


class BackendFailed(OSError):
    """What a backend raises of its own."""


def failing_keyring(error: Exception) -> types.ModuleType:
    """A module ``keyring`` whose backend fails."""

    def get_password(service: str, user: str) -> str:
        raise error

    module = types.ModuleType("keyring")
    module.get_password = get_password  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (NoKeyringError("hunter2"), r"no keyring, as one without a desktop has none; .* \{ file = \"/path\" \}"),
        (KeyringLocked("hunter2"), "locked; unlock it"),
        (InitError("hunter2"), "cannot be opened; it wants a session"),
        (KeyringError("hunter2"), "failed with KeyringError; run: keyring diagnose"),
        (BackendFailed("hunter2"), "failed with BackendFailed; run: keyring diagnose"),
        (ModuleNotFoundError("hunter2", name="backend"), "failed with ModuleNotFoundError; run: keyring diagnose"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_keyring_that_fails_says_so_without_its_own_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception, sentence: str
) -> None:
    """A machine without a desktop, a locked one, and what else a backend raises; none of it comes out as a trace."""
    monkeypatch.setitem(sys.modules, "keyring", failing_keyring(error))
    with pytest.raises(ConfigError, match=f"^{WHERE}: .*{sentence}") as caught:
        read_secret({"keyring": "acme/me"}, WHERE, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["hunter2", "hunter2/", "/hunter2", "/"])
def test_an_entry_of_a_keyring_has_a_service_and_a_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """The keyring is not asked, and the text, which may be the secret, is not repeated."""
    monkeypatch.setitem(sys.modules, "keyring", failing_keyring(AssertionError("it was asked")))
    with pytest.raises(ConfigError, match="has a service and a user") as caught:
        read_secret({"keyring": name}, WHERE, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_an_empty_password_of_a_keyring_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As from anywhere else."""
    monkeypatch.setitem(sys.modules, "keyring", keyring_with({("acme", "me"): ""}))
    with pytest.raises(ConfigError, match="the secret from keyring 'acme/me' is empty"):
        read_secret({"keyring": "acme/me"}, WHERE, tmp_path)


@pytest.mark.parametrize(
    "spec",
    ["hunter2", 5, None, [], {}, {"env": "A", "file": "b"}, {"vault": "hunter2"}, {"env": ""}, {"env": 5}, {"file": None}],
    ids=repr,
)
def test_a_secret_written_into_the_configuration_is_refused_unread(spec: Any, tmp_path: Path) -> None:
    """The sentence says what to write, and repeats nothing."""
    with pytest.raises(ConfigError, match=r'\{ env = "NAME" \}') as caught:
        read_secret(spec, WHERE, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_missing_or_empty_secret_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty key would sign requests with nothing."""
    monkeypatch.delenv("ACME_KEY", raising=False)
    with pytest.raises(ConfigError, match=f"^{WHERE}: the environment variable ACME_KEY is not set"):
        read_secret({"env": "ACME_KEY"}, WHERE, tmp_path)
    monkeypatch.setenv("ACME_KEY", "")
    with pytest.raises(ConfigError, match="the secret from env 'ACME_KEY' is empty"):
        read_secret({"env": "ACME_KEY"}, WHERE, tmp_path)


def test_a_secret_made_in_code_is_taken_as_it_is(tmp_path: Path) -> None:
    """A host may have a vault of its own."""
    secret = Secret("hunter2")
    assert read_secret(secret, WHERE, tmp_path) is secret
