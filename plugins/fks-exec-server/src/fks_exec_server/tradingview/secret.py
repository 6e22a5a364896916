# SPDX-License-Identifier: MIT
"""The secret in an alert's body: compared, then blanked, so that neither the journal nor an id is made of it."""

from __future__ import annotations

import hmac
import json
import re

from fks_exec import InvalidOrder, Secret
from fks_exec.convert import parse_json

from ..access.proof import Unauthenticated
from .fields import HIDDEN

_VALUE = re.compile(rb'("secret"\s*:\s*)"(?:[^"\\]|\\.)*"')


def blanked(raw: bytes, secret: Secret) -> bytes:
    """An alert without its secret.

    Raises:
        Unauthenticated: the secret is wrong, or the alert has none; also where it cannot be read.
        InvalidOrder: the secret stands in another field too, from where it would be kept.
    """
    try:
        data = parse_json(raw)
    except InvalidOrder:
        raise Unauthenticated("an alert without a body secret that could be read", reason="body_secret") from None
    given, right = data.pop("secret", None), secret.reveal().encode()
    if not isinstance(given, str):
        raise Unauthenticated("an alert without its body_secret, as a text in its field secret", reason="body_secret")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right):
        raise Unauthenticated("an alert with a wrong body_secret in its field secret", reason="body_secret")
    text = _VALUE.sub(rb'\1"' + HIDDEN.encode() + b'"', raw)
    if any(_holds(part, given) for part in (*data, *data.values())):
        raise InvalidOrder("secret", "stands in another field of the alert too; take it out there")
    try:
        if parse_json(text) == {**data, "secret": HIDDEN} and right not in text:
            return text
    except InvalidOrder:
        pass
    return _again(raw)


def _holds(value: object, secret: str) -> bool:
    if isinstance(value, list):
        return any(_holds(each, secret) for each in value)
    return isinstance(value, str) and secret in value


def _again(raw: bytes) -> bytes:
    """Written anew, where the field is spelled with escapes."""
    data = json.loads(raw, parse_float=str)
    return json.dumps({**data, "secret": HIDDEN}, separators=(",", ":")).encode()
