# SPDX-License-Identifier: MIT
"""Configurations of proxies that terminate TLS in front of the host: nginx, Caddy."""
