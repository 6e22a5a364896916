# SPDX-License-Identifier: MIT
"""Tokens (JWT) in ``Authorization: Bearer``: who has issued one, and what it allows. RFC 8725 says what is looked at.

Each issuer has one algorithm and one key, configured; nothing in a token chooses either, or says where a key is found.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, field, frozen

from fks_exec import Clock, ConfigError, SystemClock

from ..config import TokenConfig, digests_of
from .keys import nothing
from .narrowing import narrowed
from .proof import REVOKED, Headers, Once, Proof, Unauthenticated, header
from .scopes import Caller

LEEWAY = 5
"""Seconds that two clocks may differ."""

LIFETIME = 900
"""Seconds that a token may be valid at most, whatever its issuer is allowed."""

CLAIM = "fks_exec"
"""The claim by which a token asks for less than its issuer is allowed: fields of a Scope."""

_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] ([A-Za-z0-9_-]{1,512}\.[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]{1,1024})")
_HEADER = frozenset({"alg", "typ", "kid"})
"""All else in a token's header is refused: jku, x5u, jwk, x5c, crit, b64 and whatever is invented yet."""

_NEEDED = ("iss", "aud", "exp", "nbf", "iat", "jti")
_JTI = re.compile(r"[A-Za-z0-9._:-]{8,128}")


@frozen
class _Issuer:
    """One table ``[plugins.server.tokens.NAME]``."""

    caller: Caller
    config: TokenConfig
    key: Any = field(repr=False)
    digest: bytes


class Tokens:
    """All issuers. Two tables with the same issuer are how its key is changed without a gap.

    Args:
        revoked: whether the key of a SHA-256 (of its text) is right no more.

    Raises:
        ConfigError: a key that is not one of its algorithm.
    """

    def __init__(
        self, issuers: Mapping[str, TokenConfig], clock: Clock | None = None, *, revoked: Callable[[bytes], bool] = nothing
    ) -> None:
        self._clock = clock or SystemClock()
        self._revoked = revoked
        self._issuers = tuple(_known(name, config) for name, config in issuers.items())

    def check(self, headers: Headers) -> Proof:
        """Whose token it is, and what of the issuer's scope it asks for.

        Raises:
            Unauthenticated: it is nobody's, not valid now, or has something that a token of ours has not.
        """
        match = _BEARER.fullmatch(header(tuple(headers), b"authorization", _BEARER))
        token = match[1].decode() if match else ""
        if not all(_is_canonical(part) for part in token.split(".")):
            raise Unauthenticated("a token that is not written as its issuer wrote it")
        algorithm, refused = _algorithm(token), Unauthenticated("a token that no configured key has signed for this host")
        for issuer in self._issuers:
            if issuer.config.algorithm == algorithm:
                try:
                    claims = _claims(token, issuer)
                    if not self._revoked(issuer.digest):
                        return self._proof(issuer, claims)
                    refused = Unauthenticated(REVOKED, sender=issuer.caller.name, reason="revoked")
                except _NotSigned as error:
                    refused = error if error.sender else refused
        raise refused

    def _proof(self, issuer: _Issuer, claims: Mapping[str, Any]) -> Proof:
        name = issuer.caller.name
        until = self._until(issuer, claims)
        number = claims["jti"]
        if not isinstance(number, str) or not _JTI.fullmatch(number):
            text = "a token has a jti that is not 8 to 128 letters, digits or . _ : -"
            raise Unauthenticated(text, sender=name, reason="claims")
        try:
            caller = evolve(issuer.caller, scope=narrowed(issuer.caller.scope, claims.get(CLAIM)))
        except Unauthenticated as error:
            raise Unauthenticated(str(error), sender=name, reason="claims") from None
        once = Once(key=f"jwt:{caller.name}", value=number, digest=hashlib.sha256(number.encode()).hexdigest(), until=until)
        return Proof(caller=caller, once=once)

    def _until(self, issuer: _Issuer, claims: Mapping[str, Any]) -> int:
        """Epoch milliseconds at which it is no longer valid; the times are checked here, by the host's own clock."""
        times, name = [claims[name] for name in ("iat", "nbf", "exp")], issuer.caller.name
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in times):
            raise Unauthenticated("a token has a time that is no whole number of seconds", sender=name, reason="claims")
        issued, begins, ends = map(int, times)
        now, most = self._clock.now() / 1000, min(issuer.config.lifetime, LIFETIME)
        if not issued <= ends <= issued + most:
            raise Unauthenticated(f"a token is valid for {ends - issued} s; allowed are {most}", sender=name, reason="claims")
        if max(issued, begins) > now + LEEWAY:
            raise Unauthenticated("a token is not valid yet by this machine's clock", sender=name, reason="age")
        if ends <= now - LEEWAY:
            raise Unauthenticated("a token has ended by this machine's clock; issue a new one", sender=name, reason="age")
        return (ends + LEEWAY) * 1000 + 1


def _algorithm(token: str) -> str:
    """What the header says; only to choose among the issuers, each of which has its own."""
    try:
        head = json.loads(_decoded(token.partition(".")[0]))
    except (ValueError, RecursionError, binascii.Error):
        raise Unauthenticated("a token whose header cannot be read") from None
    if not isinstance(head, dict) or not set(head) <= _HEADER or str(head.get("typ", "JWT")).upper() != "JWT":
        raise Unauthenticated("a token whose header has more than alg, typ and kid, or another type")
    return str(head.get("alg"))


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_canonical(part: str) -> bool:
    """The one text of its bytes: decoders pass over foreign characters, and over the bits that the last letter has too many."""
    try:
        return base64.urlsafe_b64encode(_decoded(part)).rstrip(b"=").decode() == part
    except (ValueError, binascii.Error):
        return False


class _NotSigned(Unauthenticated):
    """Not by this issuer, for this host; another one's table may know it."""


def _claims(token: str, issuer: _Issuer) -> Mapping[str, Any]:
    """What it says, where this issuer has signed it for this host.

    Raises:
        _NotSigned: it has not; ``sender`` is the issuer where the token is signed by its key, or names it.
    """
    import jwt  # on use: a command line that serves nothing does not pay for it

    options: Any = {"require": list(_NEEDED), "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    config = issuer.config
    try:
        return jwt.decode(
            token, issuer.key, algorithms=[config.algorithm], audience=config.audience, issuer=config.issuer, options=options
        )
    except jwt.InvalidSignatureError:  # who has no key may name the issuer all the same, as it may name a client
        name = issuer.caller.name if _says_it_is_of(token, config.issuer) else ""
        raise _NotSigned("a token that names the issuer is not signed by its key", sender=name, reason="signature") from None
    except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError):
        text = f"a token is signed by the key, but lacks one of {', '.join(_NEEDED)}, or names another audience or issuer"
        raise _NotSigned(text, sender=issuer.caller.name, reason="claims") from None
    except Exception:  # a token is a stranger's text: whatever reading it raises, it is no proof
        raise _NotSigned("a token that cannot be read") from None


def _says_it_is_of(token: str, issuer: str) -> bool:
    """Whether it names an issuer, true or not."""
    try:
        claims = json.loads(_decoded(token.split(".")[1]))
    except (ValueError, RecursionError):
        return False
    return isinstance(claims, dict) and claims.get("iss") == issuer


def _known(name: str, config: TokenConfig) -> _Issuer:
    where = f"tokens.{name}.key"
    if config.key is None:
        raise ConfigError(where, "the tokens have no key")
    text = config.key.reveal().encode()
    key: Any = text if config.algorithm == "HS256" else _public(text, config.algorithm, where)
    if config.algorithm == "HS256" and (len(text) < 32 or b"-----BEGIN" in text):
        raise ConfigError(where, "HS256 needs a secret of at least 32 bytes that is no PEM; make one: fks-exec keys new")
    [digest] = digests_of(config)
    return _Issuer(config.caller(name, "jwt"), config, key, digest)


def _public(text: bytes, algorithm: str, where: str) -> object:
    """The public key, of the kind that the algorithm needs. A private one is refused: this host only reads tokens."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(text)
    except Exception:  # the library's own errors may quote what they read
        raise ConfigError(where, "it is no public key in PEM; make a pair: fks-exec token key") from None
    right = {
        "EdDSA": isinstance(key, Ed25519PublicKey),
        "ES256": isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1),
    }
    if not right.get(algorithm, False):
        raise ConfigError(where, f"it is no key for {algorithm}; EdDSA needs Ed25519, ES256 the curve P-256")
    return key
