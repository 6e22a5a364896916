# SPDX-License-Identifier: MIT
"""What is known of exchanges beforehand: what their documentation says, and which spellings mean which market."""
