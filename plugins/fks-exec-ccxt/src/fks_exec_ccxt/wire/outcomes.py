# SPDX-License-Identifier: MIT
"""What an error of ccxt proves about the order: :func:`judged`; and Unsettled, for what proves nothing.

By what was handed to the network, the HTTP status, the cause and the exchange's code, in this order; the class of the exception
comes last, since the same one stands for "connection refused" and for "died after accepting".
"""

from __future__ import annotations

import re

from attrs import frozen

from fks_exec.errors import (
    FksExecError,
    NotSent,
    VenueAuthError,
    VenueClosed,
    VenueError,
    VenueRateLimited,
    VenueRejected,
)

from .calls import Call, Handed
from .connecting import at, kind_of, kinds_of, unconnected, unreachable
from .redaction import body_of, clean, codes_in, words_of
from .unproved import (
    ABSENT,
    DUPLICATE,
    GONE,
    LATER,
    RECLASSED,
    REFUSES_WITH_500,
    REFUSING,
    RETRYABLE,
    RISING,
    UNPROVED,
    WORDS,
)


class Unsettled(FksExecError):
    """The order may or may not exist at the exchange; the text is a sentence that may be told.

    Args:
        code: a word in capitals.
    """

    def __init__(self, message: str, *, code: str = "NO_ANSWER") -> None:
        super().__init__(message)
        self.code = code


class Duplicate(Unsettled):
    """The exchange knows this client id already: the order is ours; look it up."""

    def __init__(self, message: str, *, code: str = "DUPLICATE_ID") -> None:
        super().__init__(message, code=code)


DEFINITE = frozenset(
    {
        "AuthenticationError",
        "BadRequest",
        "DDoSProtection",
        "InsufficientFunds",
        "InvalidNonce",
        "InvalidOrder",
        "OnMaintenance",
        "OperationRejected",
        "RateLimitExceeded",
    }
)
"""Classes of ccxt that say, with their subclasses, that the exchange refused; ``DuplicateOrderId`` excepted."""

_LOCAL = DEFINITE | {"ArgumentsRequired", "NotSupported", "InvalidAddress"}
_REFUSING = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 411, 412, 413, 414, 415, 418, 422, 429, 451})
_STATUS = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE) \S+ (\d{3}) ")
_CODES = {
    "InsufficientFunds": "INSUFFICIENT_FUNDS",
    "OrderImmediatelyFillable": "POST_ONLY",
    "OrderNotFillable": "NOT_FILLABLE",
    "OrderNotFound": "UNKNOWN_ORDER",
    "ContractUnavailable": "MARKET_CLOSED",
    "InvalidOrder": "INVALID_ORDER",
    "BadSymbol": "BAD_SYMBOL",
    "ArgumentsRequired": "BAD_REQUEST",
    "BadRequest": "BAD_REQUEST",
    "NotSupported": "NOT_SUPPORTED",
    "NoChange": "NO_CHANGE",
    "RestrictedLocation": "RESTRICTED",
    "PermissionDenied": "PERMISSION",
    "InvalidNonce": "CLOCK",
}
_PARENTS = dict.fromkeys(("DuplicateOrderId", "OrderNotFillable", "OrderNotFound"), ("InvalidOrder",))
_BY_WORDS = (
    (re.compile(r"(?i)trigger immediately|immediately trigger|would trigger"), "STOP_TRIGGERED"),
    (re.compile(r"(?i)immediately match|post.?only|would (?:immediately )?execute|maker only"), "POST_ONLY"),
    (re.compile(r"(?i)reduce.?only|wouldNotReducePosition"), "REDUCE_ONLY"),
    (re.compile(r"(?i)insufficient|not enough|margin is in"), "INSUFFICIENT_FUNDS"),
    (re.compile(r"NOTIONAL|(?i:min(?:imum)? notional|order value)"), "MIN_NOTIONAL"),
    (re.compile(r"LOT_SIZE"), "MIN_QUANTITY"),
    (re.compile(r"PRICE_FILTER|(?i:tick size)"), "PRICE_TICK"),
    (re.compile(r"(?i)market is closed|trading is (?:not|suspended)"), "MARKET_CLOSED"),
)
_RESTRICTED = re.compile(r"(?i)cancel restrictions")
_REMEDY = {
    "CLOCK": "; set this machine's clock (NTP)",
    "PERMISSION": "; give the key the permission that this needs, at the exchange",
}


@frozen(eq=False)
class _Case:
    """An exception, and what is known of it.

    Args:
        names: of its classes, with what the exchange's code says where ccxt's class does not.
        known: that what the code says; None: nothing else than the class.
        codes: the exchange's own, in the text.
        said: the exchange's words, not yet cleaned.
        told: the same, cleaned.
    """

    error: BaseException
    call: Call
    names: frozenset[str]
    known: str | None
    codes: frozenset[str]
    said: str
    told: str

    @property
    def text(self) -> str:
        return str(self.error)

    @property
    def refuses(self) -> bool:
        return bool(self.names & DEFINITE) and not self.names & {"DuplicateOrderId", "OrderNotCached", "ChecksumError"}

    @property
    def duplicate(self) -> bool:
        return "DuplicateOrderId" in self.names or bool(self.refuses and DUPLICATE.search(self.said))

    @property
    def plain(self) -> bool:
        """No kind at all: ccxt's bare ExchangeError."""
        return type(self.error).__name__ == "ExchangeError" and not self.refuses


def judged(error: BaseException, call: Call) -> Exception:
    """What an exception out of one call of ours proves.

    Args:
        error: what ccxt, or anything beneath it, raised; never a CancelledError.
        call: what was handed over.

    Returns:
        NotSent, VenueRateLimited: nothing came to be; VenueRejected, VenueAuthError, VenueClosed: refused; Duplicate: the id is
        taken, look the order up; Unsettled: nothing is proved. For a call that reads: a VenueError. The text never holds
        an address, a signature, a header or a secret.
    """
    if isinstance(error, Unsettled | FksExecError) and not call.sent:
        return error
    case = _case(error, call)
    if call.reading:
        return _of_reading(case)
    return _of_write(case, call.writes[-1]) if call.sent else _of_unsent(case)


def without_id(call: Call) -> Unsettled:
    """For an answer that ccxt took for a success and that names no order."""
    return _unsettled(call, "the answer names no order")


def unread(call: Call) -> Exception | None:
    """The error of a call whose answer ccxt took although it was no JSON; None when all of them were."""
    if all(request.read for request in call.handed if request.answered):
        return None
    if call.sent:
        return _unsettled(call, "the answer is no JSON")
    return VenueError(f"{call.exchange} gave no usable answer: it is no JSON", code="NO_ANSWER")


def _case(error: BaseException, call: Call) -> _Case:
    text, last = str(error), call.last
    body = body_of(text, call.exchange) if last is not None and last.status is not None else None
    codes = frozenset(codes_in(body))
    known = RECLASSED.get(_family(call.exchange), {})
    other = next((known[code] for code in sorted(codes) if code in known), None)
    said = words_of(text, call.exchange, last.status if last else None)
    if other is None and any(not words.search(said) for words in _needed(call, codes)):
        other = "BadRequest"
    names = kinds_of(error) if other is None else frozenset({other, *(_PARENTS.get(other, ())), "ExchangeError"})
    return _Case(error, call, names, other, codes, said, clean(said, call.secrets) or kind_of(error))


def _of_reading(case: _Case) -> Exception:
    """A clean answer with an error of the exchange's in it, or of ccxt's about it, is told as that; "no such order" too."""
    call, last = case.call, case.call.last
    whole = last is None or last.read or (last.status is not None and last.status < 500 and body_of(case.text, call.exchange))
    if case.refuses and case.error.__cause__ is None and (whole or "OrderNotFound" not in case.names):
        return _refusal(case)
    if last is not None and not last.answered and unconnected(last):
        return VenueError(unreachable(call.exchange, last), code="UNREACHABLE")
    if "RequestTimeout" in case.names:
        return VenueError(f"{call.exchange}{at(last)} did not answer in time", code="TIMEOUT")
    if last is not None and last.status is None and last.error is not None:
        return VenueError(f"the connection to {call.exchange}{at(last)} broke ({kind_of(case.error)})", code="NO_ANSWER")
    return VenueError(f"{call.exchange} gave no usable answer: {case.told}", code="NO_ANSWER")


def _of_unsent(case: _Case) -> Exception:
    """Raised before the write left: by ccxt's own checks, or by a reading request ahead of it."""
    last = case.call.last
    broken = last is not None and (last.status or 500) >= 500
    if case.names & _LOCAL and "DuplicateOrderId" not in case.names and not broken:
        return _refusal(case)
    if last is None:
        return NotSent(f"nothing was sent: ccxt failed ({case.told})")
    return NotSent(f"nothing was sent: {case.call.exchange} did not tell what is needed first: {case.told}")


def _of_write(case: _Case, write: Handed) -> Exception:
    call = case.call
    if len(call.writes) == 1 and unconnected(write):
        return NotSent(f"{unreachable(call.exchange, write)}; nothing was sent", code="UNREACHABLE")
    if case.duplicate and write.status is not None:
        return Duplicate(f"{call.exchange} knows this client id already; the order must be looked up")
    if _proves(case, write):
        return _refusal(case)
    return _unsettled(call, _why(case, write))


def _proves(case: _Case, write: Handed) -> bool:
    """The write's own answer refused it."""
    call = case.call
    if write is not call.last or len(call.writes) > 1 or write.status is None or case.error.__cause__ is not None:
        return False
    if not case.names & {"ExchangeError", "OperationFailed"}:
        return False  # not of ccxt: something broke while the answer was read
    if write.answered:
        found = LATER.get(call.exchange)
        return found is not None and found.search(case.text) is not None
    if case.codes & UNPROVED.get(_family(call.exchange), frozenset()) or WORDS.search(case.said):
        return False
    return _by_status(case, write.status)


def _by_status(case: _Case, status: int) -> bool:
    if status >= 500:
        return case.call.exchange in REFUSES_WITH_500 and case.refuses
    if status not in _REFUSING and not 200 <= status < 300 and status != 409:
        return False
    if case.refuses:
        return True
    if status in _REFUSING:  # refused at the door: ccxt found no code of the exchange's in it, or one that it does not know
        return _STATUS.search(case.text) is not None or case.plain
    if not case.plain or status == 409:
        return False
    known = REFUSING.get(case.call.exchange)
    return bool(case.codes & case.call.listed) or (known is not None and any(known.match(code) for code in case.codes))


def _refusal(case: _Case) -> Exception:
    call, names, told = case.call, case.names, case.told
    last = call.last
    said = f"{call.exchange} refused: {told}" if call.handed else f"ccxt refused before anything was sent: {told}"
    if names & {"RateLimitExceeded", "DDoSProtection"}:
        wait = last.retry_after if last else None
        return VenueRateLimited(
            f"{call.exchange} has had too many requests from here: {told}; send less often", retry_after=wait
        )
    if "OnMaintenance" in names:
        return VenueClosed(f"{call.exchange} is under maintenance: {told}", code="MAINTENANCE")
    if "AuthenticationError" in names and "PermissionDenied" not in names:
        return VenueAuthError(
            f"{call.exchange} does not take the account's key: {told}; check key, secret and their permissions"
        )
    code = _code(case)
    if names & {"MarketClosed", "ContractUnavailable"} or code == "MARKET_CLOSED":
        return VenueClosed(said, code="MARKET_CLOSED")
    again = bool(case.codes & RETRYABLE.get(call.exchange, frozenset())) or (
        code == "CLOCK" and _family(call.exchange) in RISING
    )
    return VenueRejected(said + _REMEDY.get(code, ""), code=code, retryable=again)


def _code(case: _Case) -> str:
    if _RESTRICTED.search(case.said):
        return "CANCEL_RESTRICTED"  # Binance tells it with the code of an order that is not there
    if not case.call.reading and case.codes & GONE.get(_family(case.call.exchange), frozenset()):
        return "UNKNOWN_ORDER"
    kinds = [kind.__name__ for kind in type(case.error).__mro__ if kind.__name__ in case.names]
    order = [case.known] if case.known else kinds or sorted(case.names)
    by_class = next((_CODES[name] for name in order if name in _CODES), "REJECTED")
    if by_class not in ("REJECTED", "INVALID_ORDER", "BAD_REQUEST", "POST_ONLY"):
        return by_class  # of the others some are told apart by words: Binance's stop that triggers at once comes as POST_ONLY
    return next((code for pattern, code in _BY_WORDS if pattern.search(case.text)), by_class)


def _why(case: _Case, write: Handed) -> str:
    if write is not case.call.last:
        return f"it was taken, and a request after it failed: {case.told}"
    if write.answered:
        return f"the answer could not be read ({kind_of(case.error)})"
    if write.status is None:
        return "no answer came in time" if "RequestTimeout" in case.names else f"the connection broke ({kind_of(case.error)})"
    return f"it answered HTTP {write.status}: {case.told}"


def _unsettled(call: Call, why: str) -> Unsettled:
    return Unsettled(f"{call.exchange} was asked, and whether it did what it was asked is not known: {why}")


def _needed(call: Call, codes: frozenset[str]) -> list[re.Pattern[str]]:
    """Words without which an answer's codes are not what ccxt takes them for."""
    return [words for code, words in ABSENT.get(_family(call.exchange), {}).items() if code in codes]


def _family(exchange: str) -> str:
    """Binance's four classes, Kucoin's two, share their tables."""
    return next((name for name in ("binance", "kucoin") if exchange.startswith(name)), exchange)
