# SPDX-License-Identifier: MIT
"""A venue says of its configuration what needs no connection, and the host tells it with the account's table."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fks_exec import ConfigError, VenueType, hookimpl
from fks_exec_hub import HubConfig
from fks_exec_hub.config import AccountConfig


def plugin(where: str) -> Any:
    """Registers the venue ``acme``, whose check refuses a live account at a field."""

    def check(config: object, live: bool) -> None:
        if live:
            raise ConfigError(where, "not with real money")

    module = ModuleType("acme")

    @hookimpl
    def fks_exec_venues() -> list[VenueType]:
        return [VenueType(name="acme", create=object, check=check)]

    module.fks_exec_venues = fks_exec_venues  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("where", "told"), [("host", "accounts.a.config.host"), ("live", "accounts.a.live"), ("", "accounts.a.config")]
)
def test_the_check_of_a_venue_is_told_with_the_accounts_table(where: str, told: str, tmp_path: Path) -> None:
    for live in (False, True):
        config = HubConfig(base=tmp_path, accounts={"a": AccountConfig(venue="acme", guards=(), live=live)})
        plugins = config.load_plugins([plugin(where)])
        if not live:
            assert config.venue("a", plugins)[0].name == "acme"
            continue
        with pytest.raises(ConfigError, match="not with real money") as refused:
            config.venue("a", plugins)
        assert refused.value.where == told
