# SPDX-License-Identifier: MIT
"""The tables of configuration keys, made from the classes that read them."""

from collections.abc import Callable, Mapping
from functools import partial

from code_tables import table
from guard_tables import _keys

from fks_exec_ccxt import CCXTConfig
from fks_exec_hub.accounts.settings import BreakerConfig, DayConfig, ProtectionConfig
from fks_exec_hub.cli.template import keys_of
from fks_exec_hub.config import AccountConfig, HubConfig
from fks_exec_paper import PaperConfig
from fks_exec_server.config import ClientConfig, KeyConfig, LimitsConfig, ServerConfig, TokenConfig

NOT_IN_THE_FILE = {"base"}  # where the file stands


def keys(kind: type) -> str:
    """A row for each key of a table."""
    return table(
        ("key", "is a", "default", "meaning"), _keys([key for key in keys_of(kind) if key.name not in NOT_IN_THE_FILE])
    )


CLASSES: Mapping[str, type] = {
    "hub": HubConfig,
    "account": AccountConfig,
    "protection": ProtectionConfig,
    "breaker": BreakerConfig,
    "day": DayConfig,
    "paper": PaperConfig,
    "ccxt": CCXTConfig,
    "server": ServerConfig,
    "limits": LimitsConfig,
    "key": KeyConfig,
    "client": ClientConfig,
    "token": TokenConfig,
}
TABLES: Mapping[str, Callable[[], str]] = {name: partial(keys, kind) for name, kind in CLASSES.items()}
"""What the directive ``key-table`` takes."""
