# SPDX-License-Identifier: MIT
"""The table ``[plugins.server]``: its classes, how it is read, how ``fks-exec check`` tries it."""

from .address import Address, Network, networks
from .alerts import AlertConfig
from .reach import check_reach, doubts, unreachable
from .sender import SenderConfig
from .senders import ClientConfig, KeyConfig, TokenConfig, digests_of
from .server import WHERE, LimitsConfig, ServerConfig, check, read_config
from .taken_back import all_taken_back

__all__ = [
    "WHERE",
    "Address",
    "AlertConfig",
    "ClientConfig",
    "KeyConfig",
    "LimitsConfig",
    "Network",
    "SenderConfig",
    "ServerConfig",
    "TokenConfig",
    "all_taken_back",
    "check",
    "check_reach",
    "digests_of",
    "doubts",
    "networks",
    "read_config",
    "unreachable",
]
