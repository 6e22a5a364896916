# SPDX-License-Identifier: MIT
"""What goes over the network: its turn in the rate limit, what was handed over, and what an error proves of it."""
