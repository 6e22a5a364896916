# SPDX-License-Identifier: MIT
"""Who may send, as configured: KeyConfig (a secret in the path), ClientConfig (HMAC), TokenConfig (JWT)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from attrs import field, frozen

from fks_exec import ConfigError, Secret

from .address import Network, networks
from .alerts import AlertConfig
from .sender import SenderConfig, maybe_texts, texts

_SECRET = re.compile(r"[A-Za-z0-9._~-]{32,256}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_ALGORITHMS = ("EdDSA", "ES256", "HS256")
_SHORTEST = 32
"""Bytes of a secret that signs."""
MAKE_ONE = "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def _secrets(value: Iterable[Secret]) -> tuple[Secret, ...]:
    return tuple(value)


@frozen(kw_only=True)
class KeyConfig(AlertConfig):
    """One sender of alerts, known by the secret in the path of its webhook.

    Args:
        secret: 32 to 256 letters, digits or ``- . _ ~``; from a file, the environment or a keyring.
        sha256: the hexadecimal SHA-256 of the secret instead, so that the secret itself is not on this machine.
        next_secret: right as well, while it takes the place of the first.
        next_sha256: the same as a hash.
        addresses: addresses or networks that its alerts come from; left out: any.
        body_secret: a second secret, which each alert carries in its field ``secret``.
    """

    secret: Secret | None = None
    sha256: str | None = None
    next_secret: Secret | None = None
    next_sha256: str | None = None
    addresses: tuple[str, ...] | None = field(default=None, converter=maybe_texts)
    body_secret: Secret | None = None

    def __attrs_post_init__(self) -> None:
        if (self.secret is None) is (self.sha256 is None):
            raise ConfigError("secret", "a key has a secret, or its sha256: one of the two")
        if self.next_secret is not None and self.next_sha256 is not None:
            raise ConfigError("next_secret", "a key has a next_secret, or its next_sha256: one of the two")
        for name in ("secret", "next_secret"):
            secret = getattr(self, name)
            if secret is not None and not _SECRET.fullmatch(secret.reveal()):
                raise ConfigError(name, f"the secret is not 32 to 256 letters, digits or - . _ ~; {MAKE_ONE}")
        for name in ("sha256", "next_sha256"):
            digest = getattr(self, name)
            if digest is not None and not _SHA256.fullmatch(digest):
                raise ConfigError(name, f"the {name} is not 64 hexadecimal digits")
        if self.body_secret is not None and not 16 <= len(self.body_secret.reveal()) <= 256:
            raise ConfigError("body_secret", f"the body_secret is not 16 to 256 characters long; {MAKE_ONE}")
        AlertConfig.__attrs_post_init__(self)
        _ = self.networks

    @property
    def digests(self) -> tuple[bytes, ...]:
        """SHA-256 of each secret that is right: one, or two while one takes the place of the other."""
        secrets = [hashlib.sha256(secret.reveal().encode()).digest() for secret in (self.secret, self.next_secret) if secret]
        return (*secrets, *(bytes.fromhex(text) for text in (self.sha256, self.next_sha256) if text))

    @property
    def networks(self) -> tuple[Network, ...] | None:
        """``addresses``, read."""
        return None if self.addresses is None else networks("addresses", self.addresses)


@frozen(kw_only=True)
class ClientConfig(AlertConfig):
    """A client of your own, which signs each request, or the alerts that it sends.

    Args:
        secrets: one, or two while one takes the place of the other; at least 32 bytes each.
        actions: ``read``, ``trade``; and of an operator ``halt``, ``resume``, ``close``.
    """

    secrets: tuple[Secret, ...] = field(default=(), converter=_secrets)
    actions: tuple[str, ...] = field(default=("read", "trade"), converter=texts)

    def __attrs_post_init__(self) -> None:
        if len(self.secrets) not in (1, 2):
            raise ConfigError("secrets", "a client has one secret, or two while one takes the place of the other")
        for secret in self.secrets:
            if len(secret.reveal().encode()) < _SHORTEST:
                raise ConfigError("secrets", f"a secret is shorter than {_SHORTEST} bytes; {MAKE_ONE}")
        if len({secret.reveal() for secret in self.secrets}) < len(self.secrets):
            raise ConfigError("secrets", "the two secrets are the same; leave one out")
        AlertConfig.__attrs_post_init__(self)

    @property
    def may(self) -> tuple[str, ...]:
        return self.actions


@frozen(kw_only=True)
class TokenConfig(AlertConfig):
    """Who issues tokens (JWT), and what they allow.

    Args:
        algorithm: ``EdDSA``, ``ES256`` or ``HS256``; a token with another one is refused.
        key: the public key as PEM; for HS256 the secret, at least 32 bytes.
        issuer: what ``iss`` says.
        audience: what ``aud`` says.
        lifetime: seconds that a token may be valid, 900 at most.
        actions: ``read``, ``trade``; and of an operator ``halt``, ``resume``, ``close``.
    """

    key: Secret | None = None
    algorithm: str = "EdDSA"
    issuer: str = ""
    audience: str = "fks-exec"
    lifetime: int = 900
    actions: tuple[str, ...] = field(default=("read", "trade"), converter=texts)

    def __attrs_post_init__(self) -> None:
        if self.algorithm not in _ALGORITHMS:
            raise ConfigError("algorithm", f"algorithm {self.algorithm[:40]!a} is not one of {', '.join(_ALGORITHMS)}")
        if self.key is None:
            raise ConfigError("key", 'the tokens have no key; write key = { file = "token-key.pem" }, say')
        if self.algorithm == "HS256" and len(self.key.reveal().encode()) < _SHORTEST:
            raise ConfigError("key", f"the key of HS256 is shorter than {_SHORTEST} bytes; {MAKE_ONE}")
        for name, value in (("issuer", self.issuer), ("audience", self.audience)):
            if not value:
                raise ConfigError(name, f"{name} is empty; write what the tokens say there")
        if not 1 <= self.lifetime <= 900:
            raise ConfigError("lifetime", f"lifetime {self.lifetime} does not lie between 1 and 900 seconds")
        AlertConfig.__attrs_post_init__(self)

    @property
    def may(self) -> tuple[str, ...]:
        return self.actions


def digests_of(sender: SenderConfig) -> tuple[bytes, ...]:
    """The SHA-256 of each secret by which a sender is known now; of an issuer of tokens that of its key's text."""
    if isinstance(sender, KeyConfig):
        return sender.digests
    if isinstance(sender, ClientConfig):
        secrets = sender.secrets
    else:
        secrets = (sender.key,) if isinstance(sender, TokenConfig) and sender.key is not None else ()
    return tuple(hashlib.sha256(secret.reveal().encode()).digest() for secret in secrets)
