# SPDX-License-Identifier: MIT
"""Who asks, and what they may do."""
