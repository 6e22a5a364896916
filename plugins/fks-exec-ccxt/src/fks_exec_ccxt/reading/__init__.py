# SPDX-License-Identifier: MIT
"""What is read back from an exchange: orders and their legs, lists of orders, holdings, quotes."""
