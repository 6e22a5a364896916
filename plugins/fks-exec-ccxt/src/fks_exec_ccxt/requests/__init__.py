# SPDX-License-Identifier: MIT
"""What an order becomes before it is sent: checked, and mapped to what ccxt takes; which kinds do, a probe has shown."""
