# SPDX-License-Identifier: MIT
"""TradingView: what its alerts mean, and what is done with them."""
