# SPDX-License-Identifier: MIT
"""fks-exec: one execution interface for every trading venue; each broker an installable plugin."""

from . import model
from .account import Account
from .clock import Clock, SystemClock
from .convert import digest, from_dict, normalize_order, parse_json, to_dict
from .errors import (
    AccountNotReady,
    ConfigError,
    FksExecError,
    InvalidOrder,
    NotSent,
    NotSupported,
    PluginError,
    UnknownSymbol,
    VenueAuthError,
    VenueClosed,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)
from .guarding import Listed
from .hookspecs import hookimpl
from .model import *  # noqa: F403  (the list of names is the model's own __all__)
from .plugins import PluginInfo, Plugins, PluginStatus
from .secrets import Secret

__all__ = [
    "Account",
    "AccountNotReady",
    "Clock",
    "ConfigError",
    "FksExecError",
    "InvalidOrder",
    "Listed",
    "NotSent",
    "NotSupported",
    "PluginError",
    "PluginInfo",
    "PluginStatus",
    "Plugins",
    "Secret",
    "SystemClock",
    "UnknownSymbol",
    "VenueAuthError",
    "VenueClosed",
    "VenueError",
    "VenueRateLimited",
    "VenueRejected",
    "digest",
    "from_dict",
    "hookimpl",
    "normalize_order",
    "parse_json",
    "to_dict",
]
__all__ += model.__all__
