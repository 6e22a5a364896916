# SPDX-License-Identifier: MIT
"""The HTTP side: requests in, answers out, and the applications that hold the routes."""
