# SPDX-License-Identifier: MIT
"""The context in which the hub computes: whatever the host's own is, no digit of an amount is lost."""

from __future__ import annotations

from decimal import Context

EXACT: Context = Context(prec=60)
