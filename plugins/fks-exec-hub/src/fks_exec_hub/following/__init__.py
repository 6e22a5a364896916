# SPDX-License-Identifier: MIT
"""What becomes of orders after the first answer: pushes, look-ups, comparison with the venue."""
