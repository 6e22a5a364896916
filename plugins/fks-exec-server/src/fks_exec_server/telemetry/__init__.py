# SPDX-License-Identifier: MIT
"""What a host tells of itself: metrics, logs, and what joins an alert to the venue's id."""
