# SPDX-License-Identifier: MIT
"""fks-exec-server: the HTTP host."""

from .app import create_app, create_operations_app
from .config import KeyConfig, ServerConfig
from .serve import CannotListen, serve

__all__ = ["CannotListen", "KeyConfig", "ServerConfig", "create_app", "create_operations_app", "serve"]
