# SPDX-License-Identifier: MIT
"""fks-exec-server: the HTTP host."""

from .config import KeyConfig, ServerConfig
from .http.app import create_app, create_operations_app
from .serve import CannotListen, serve
from .tradingview.silence import watching

__all__ = ["CannotListen", "KeyConfig", "ServerConfig", "create_app", "create_operations_app", "serve", "watching"]
