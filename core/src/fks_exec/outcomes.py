# SPDX-License-Identifier: MIT
"""What an exception of a venue plugin proves about an order. What is not proved is ``unknown``."""

from __future__ import annotations

import traceback

from .errors import NotSent, VenueError, VenueRateLimited, VenueRejected
from .model.copying import changed
from .model.results import ExecutionResult, Status


def outcome_of(answer: object, client_order_id: str | None = None) -> ExecutionResult:
    """The result for what a venue returned or raised.

    Args:
        answer: an ExecutionResult, an exception, or anything else (``unknown``).
    """
    if isinstance(answer, VenueRejected):
        result = _refused(answer, Status.REJECTED)
    elif isinstance(answer, NotSent | VenueRateLimited):
        result = _refused(answer, Status.NOT_PLACED)
    elif isinstance(answer, BaseException):
        result = _unknown(answer)
    elif isinstance(answer, ExecutionResult) and answer.status not in _NOT_A_VENUES_WORD:
        known = client_order_id is None or answer.client_order_id == client_order_id
        return answer if known else changed(answer, client_order_id=client_order_id)
    else:
        error = f"the venue plugin answered {_kind(answer)} instead of an outcome; the order may exist at the venue"
        result = ExecutionResult(status=Status.UNKNOWN, error=error, code="NO_ANSWER")
    return result if client_order_id is None else changed(result, client_order_id=client_order_id)


_NOT_A_VENUES_WORD = frozenset({Status.PENDING, Status.DENIED})


def _kind(answer: object) -> str:
    if isinstance(answer, ExecutionResult):
        return f"{answer.status.value!r}"
    return "None" if answer is None else f"a {type(answer).__name__}"


def _refused(error: VenueError, status: Status) -> ExecutionResult:
    return ExecutionResult(status=status, error=str(error), code=error.code, retry_after=_retry_after(error))


def _retry_after(error: VenueError) -> float | None:
    return error.retry_after if isinstance(error, VenueRateLimited) else None


def _unknown(error: BaseException) -> ExecutionResult:
    """The exception's text is left out: SDKs put signed addresses and keys into it."""
    if isinstance(error, TimeoutError):
        text = "the venue did not answer before the deadline; the order may exist there"
        return ExecutionResult(status=Status.UNKNOWN, error=text, code="DEADLINE")
    text = f"the venue plugin raised {type(error).__name__}{_where(error)}; the order may exist at the venue"
    return ExecutionResult(status=Status.UNKNOWN, error=text, code="UNKNOWN")


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    return f" in {last.name} ({last.filename.rsplit('/', 1)[-1]}:{last.lineno})"
