# SPDX-License-Identifier: MIT
"""TradingView from the outside: its messages, what is wrong with one, and sending them as it does."""
