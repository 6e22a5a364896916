# SPDX-License-Identifier: MIT
"""Getting out safely: stops and targets for what is filled, closes, reverses."""
