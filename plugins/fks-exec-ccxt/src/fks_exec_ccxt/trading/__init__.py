# SPDX-License-Identifier: MIT
"""What is asked of an exchange: orders placed, protected, changed and cancelled, each by one request."""
