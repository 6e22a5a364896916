# SPDX-License-Identifier: MIT
"""How much a sender may ask: rates, addresses, and requests at once."""
