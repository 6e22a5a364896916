# SPDX-License-Identifier: MIT
"""``fks-exec token``: a key pair for tokens, and a short-lived token, signed with the private key."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from fks_exec import ConfigError, Secret
from fks_exec.secrets import read_secret
from fks_exec_hub.cli.output import Console, json_option, pass_console

from .access.files import keep
from .access.scopes import ACTIONS
from .access.signatures import LEAST
from .access.tokens import CLAIM, LIFETIME
from .config import WHERE


@click.group()
def token() -> None:
    """Make a key pair for tokens, and issue short-lived tokens."""


@token.command()
@click.argument("name")
@click.option("--account", "accounts", multiple=True, required=True, metavar="ACCOUNT", help="One that its tokens may name.")
@click.option("--issuer", default="fks-exec", show_default=True, help="What iss says.")
@json_option
@pass_console
def key(console: Console, name: str, accounts: tuple[str, ...], issuer: str) -> None:
    """Make NAME.private.pem and NAME.public.pem (Ed25519), and print the table that makes the host know the public one.

    Move the private one to where tokens are issued: the host does not need it.
    """
    private, public = (Path(f"{name}.{part}.pem").absolute() for part in ("private", "public"))
    pair = _pair()
    keep(private, pair[0])
    keep(public, pair[1])
    listed = ", ".join(f'"{account}"' for account in accounts)
    lines = [f"[{WHERE}.tokens.{name}]", 'algorithm = "EdDSA"', f'key = {{ file = "{public.as_posix()}" }}']
    lines += [f'issuer = "{issuer}"', f"accounts = [{listed}]", 'actions = ["read"]  # and "trade", "halt", "resume", "close"']
    toml = "\n".join(lines)
    document = {"name": name, "private": str(private), "public": str(public), "toml": toml}
    console.show(document, f"the private key: {private}\nadd to the configuration:\n\n{toml}")


@token.command()
@click.option("--key", "path", required=True, type=click.Path(path_type=Path), help="The private key (PEM), or the secret.")
@click.option("--issuer", default="fks-exec", show_default=True, help="What iss says.")
@click.option("--audience", default="fks-exec", show_default=True, help="What aud says.")
@click.option("--seconds", type=click.IntRange(1, LIFETIME), default=300, show_default=True, help="How long it is valid.")
@click.option("--account", "accounts", multiple=True, metavar="ACCOUNT", help="This account only; repeat for more.")
@click.option("--action", "actions", multiple=True, type=click.Choice(ACTIONS), help="This action only; repeat for more.")
@json_option
@pass_console
def issue(
    console: Console,
    path: Path,
    issuer: str,
    audience: str,
    seconds: int,
    accounts: tuple[str, ...],
    actions: tuple[str, ...],
) -> None:
    """Print a token for 'Authorization: Bearer TOKEN'. Valid for --seconds; a halt, resume or close takes one of its own."""
    import time

    import jwt

    secret = read_secret({"file": str(path)}, "--key", Path())
    algorithm, signing = _signing(secret)
    now, number = int(time.time()), secrets.token_urlsafe(16)
    claims: dict[str, Any] = {"iss": issuer, "aud": audience, "iat": now, "nbf": now, "exp": now + seconds, "jti": number}
    asked = {"accounts": list(accounts)} if accounts else {}
    asked |= {"actions": list(actions)} if actions else {}
    text = jwt.encode(claims | ({CLAIM: asked} if asked else {}), signing, algorithm=algorithm)
    console.show({"token": text, "algorithm": algorithm, "expires": now + seconds, "jti": number}, text)


def _pair() -> tuple[str, str]:
    """Private and public, PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public.decode()


def _signing(secret: Secret) -> tuple[str, Any]:
    """The algorithm that a key is for, and the key; a text that is no PEM is the secret of HS256."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    text = secret.reveal().encode()
    if b"-----BEGIN" not in text:
        if len(text) < LEAST:
            raise ConfigError("--key", f"the secret is shorter than {LEAST} bytes")
        return "HS256", text
    try:
        key = load_pem_private_key(text, password=None)
    except Exception:  # the library's own errors may quote what they read
        raise ConfigError("--key", "it is no private key in PEM without a password; make one: fks-exec token key") from None
    if isinstance(key, Ed25519PrivateKey):
        return "EdDSA", key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return "ES256", key
    raise ConfigError("--key", "tokens are signed with Ed25519 or P-256; make a pair: fks-exec token key")
