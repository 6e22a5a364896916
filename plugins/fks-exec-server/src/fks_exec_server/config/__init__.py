# SPDX-License-Identifier: MIT
"""The table ``[plugins.server]``: its classes, how it is read, how ``fks-exec check`` tries it."""

from .address import Address, Network, networks
from .alerts import AlertConfig
from .sender import SenderConfig
from .senders import ClientConfig, KeyConfig, TokenConfig
from .server import WHERE, LimitsConfig, ServerConfig, check, read_config

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
    "check",
    "networks",
    "read_config",
]
