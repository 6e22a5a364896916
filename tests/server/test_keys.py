# SPDX-License-Identifier: MIT
"""Whose secret a path holds."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from fks_exec_server import KeyConfig
from fks_exec_server.access.keys import KeyRing

SECRETS = {"old": "a" * 43, "new": "b" * 43, "é": "c" * 43}
RING = KeyRing(
    {
        name: KeyConfig(sha256=hashlib.sha256(secret.encode()).hexdigest(), accounts=("main",), respond="accepted")
        for name, secret in SECRETS.items()
    }
)


def test_each_secret_finds_its_own_key() -> None:
    """Two valid keys at once are how a secret is changed without a gap."""
    for name, secret in SECRETS.items():
        found = RING.find(secret)
        assert found is not None
        assert (found.name, found.accounts, found.wait) == (name, ("main",), None)


@given(st.text(st.characters(codec=None), max_size=80) | st.sampled_from(sorted(SECRETS.values())).map(lambda s: s[:-1]))
def test_any_other_text_finds_none(text: str) -> None:
    """Surrogates and other oddities included: comparing them must not raise."""
    assert (RING.find(text) is not None) == (text in SECRETS.values())
