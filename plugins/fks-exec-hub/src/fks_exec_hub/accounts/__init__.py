# SPDX-License-Identifier: MIT
"""One account at work: its desk, its book, its quotes, what it may do."""
