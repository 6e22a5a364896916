# SPDX-License-Identifier: MIT
"""What is answered to an alert that is not taken; its id is not spent."""

from __future__ import annotations

import logging

from fks_exec import Denial

from ..http import answers
from ..http.answers import Answer
from .delivery import Delivery

logger: logging.Logger = logging.getLogger(__name__)


def refusal(delivery: Delivery, denial: Denial) -> Answer:
    """403 where its key may not, 503 where it may come again, else 422."""
    if denial.code in ("SCOPE_PACE", "NO_QUOTE"):  # it comes again, and there is room, or a quote, by then
        return answers.refusal(503, denial.code, denial.message, denials=(denial,))
    if denial.code.startswith("SCOPE_"):
        return answers.forbidden(denial)
    logger.warning("an alert with the key %s was refused: %s: %a", delivery.caller.name, denial.code, denial.message)
    return answers.refusal(422, denial.code, denial.message, denials=(denial,))
