# SPDX-License-Identifier: MIT
"""An account's exchange, opened: ccxt and its markets loaded, modes compared, the connection that every call takes."""
