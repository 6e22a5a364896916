# SPDX-License-Identifier: MIT
"""The routes of own clients, of operators and of the infrastructure."""
