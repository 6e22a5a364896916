# SPDX-License-Identifier: MIT
"""What an answer or an exception of a venue plugin proves about an order. What is not proved is ``unknown``."""

from __future__ import annotations

import os
import sysconfig
import traceback

from .calls import Ended
from .errors import FksExecError, InvalidOrder, NotSent, VenueClosed, VenueError, VenueRateLimited, VenueRejected
from .model.copying import changed
from .model.events import OrderUpdate
from .model.orders import Order, OrderRef, Submission
from .model.results import ExecutionResult, Status

_NOT_A_VENUES_WORD = frozenset({Status.PENDING, Status.DENIED})
_FILLED = frozenset({Status.FILLED, Status.PARTIALLY_FILLED})


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
    elif isinstance(answer, ExecutionResult) and not _fault(answer):
        known = client_order_id is None or answer.client_order_id == client_order_id
        return answer if known else changed(answer, client_order_id=client_order_id)
    else:
        what = _fault(answer) if isinstance(answer, ExecutionResult) else f"{_kind(answer)} instead of an outcome"
        error = f"the venue plugin answered {what}; the order may exist at the venue"
        result = ExecutionResult(status=Status.UNKNOWN, error=error, code="NO_ANSWER")
    return result if client_order_id is None else changed(result, client_order_id=client_order_id)


def late_update(answer: object, order: Order, submission: Submission) -> OrderUpdate | None:
    """What an answer proves that came after its call was given up; None when it proves nothing."""
    result = outcome_of(answer, order.client_order_id)
    if result.status is Status.UNKNOWN:
        return None
    ref = OrderRef(
        client_order_id=order.client_order_id,
        venue_client_order_id=submission.venue_client_order_id,
        order_id=result.order_id,
        symbol=order.symbol,
    )
    return OrderUpdate(ref=ref, result=result)


def check_published(result: ExecutionResult) -> None:
    """What a venue publishes tells where the order stands.

    Raises:
        InvalidOrder: a status that is not a venue's to tell, or a fill without its quantity.
    """
    if result.status is Status.UNKNOWN:
        raise InvalidOrder("result.status", "'unknown' is no news of an order; publish what the venue proves, or nothing")
    if fault := _fault(result):
        raise InvalidOrder("result", f"a venue does not publish {fault}; publish the order's state with what was filled")


def create_failed(error: Exception) -> str:
    """The sentence for a ``create`` that raised; the exception's text is left out, as ever."""
    if isinstance(error, ImportError):
        return f"create cannot import {error.name or 'a module'}{where(error)}; install the venue's SDK"
    if isinstance(error, TypeError) and _foreign(error) is None:
        return "create raised TypeError when it was called; create takes no argument; init gets the configuration"
    remedy = "; create takes no argument; init gets the configuration" if isinstance(error, TypeError) else ""
    return f"create raised {type(error).__name__}{where(error)}{remedy}"


def where(error: BaseException) -> str:
    """The place, as `` in create (acme.py:12)``: the innermost that is neither Python's own nor ours, else the last."""
    place = _foreign(error) or _last(error)
    if place is None:
        return ""
    name, path, line = place
    return f" in {name} ({os.path.basename(path)}:{line})"


_Place = tuple[str, str, int]
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PYTHONS = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def _places(error: BaseException) -> list[_Place]:
    frames = traceback.walk_tb(error.__traceback__)
    return [(frame.f_code.co_name, frame.f_code.co_filename, line) for frame, line in frames]


def _last(error: BaseException) -> _Place | None:
    return next(reversed(_places(error)), None)


def _foreign(error: BaseException) -> _Place | None:
    return next((place for place in reversed(_places(error)) if not _common(place[1])), None)


def _common(path: str) -> bool:
    """Python's own source, or core's: no plugin's author looks for the fault there."""
    if path.startswith((_OURS, "<frozen ", "<attrs ")):
        return True
    return path.startswith(_PYTHONS) and not any(folder in path for folder in _INSTALLED)


def _fault(result: ExecutionResult) -> str:
    """Why a result is no venue's word; empty when it is one."""
    if result.status in _NOT_A_VENUES_WORD:
        return f"{result.status.value!r} instead of an outcome"
    if result.status in _FILLED and not result.filled_quantity > 0 and not result.fills:
        return f"{result.status.value!r} without a filled quantity"
    return ""


def _kind(answer: object) -> str:
    return "None" if answer is None else f"a {type(answer).__name__}"


def _refused(error: VenueError, status: Status) -> ExecutionResult:
    return ExecutionResult(
        status=status,
        error=str(error),
        code=error.code,
        retry_after=error.retry_after if isinstance(error, VenueRateLimited) else None,
        retryable=error.retryable if isinstance(error, VenueRejected) else True,
        until=error.until if isinstance(error, VenueClosed) else None,
    )


def _unknown(error: BaseException) -> ExecutionResult:
    """The text of a foreign exception is left out: SDKs put signed addresses and keys into it; ours are sentences."""
    if isinstance(error, TimeoutError):
        text = "the venue did not answer before the deadline; the order may exist there"
        return ExecutionResult(status=Status.UNKNOWN, error=text, code="DEADLINE")
    raised = error.raised if isinstance(error, Ended) else error
    if isinstance(raised, FksExecError):
        text = f"{str(raised).rstrip('.')}; the order may exist at the venue"
    else:
        text = f"the venue plugin raised {type(raised).__name__}{where(raised)}; the order may exist at the venue"
    return ExecutionResult(status=Status.UNKNOWN, error=text, code="UNKNOWN")
