# SPDX-License-Identifier: MIT
"""Venues, guards, observers and journals that are wrong on purpose, each in one respect: the suite has to catch them."""
