# SPDX-License-Identifier: MIT
"""What a venue plugin raises and a host catches.

Two families. A **venue plugin** raises the subclasses of :class:`VenueError` to say what is *proved* about an order;
anything else that it raises means "it may or may not exist at the venue". A **host** catches the rest: its own
mistakes (:class:`InvalidOrder`, :class:`ConfigError`, :class:`PluginError`) and an account that cannot serve.
"""

from __future__ import annotations


class FksExecError(Exception):
    """Everything that fks-exec raises on purpose; its text is a sentence with the cause and the remedy."""


class VenueError(FksExecError):
    """What a venue plugin raises when it can prove what happened to an order.

    Args:
        message: one sentence, without secrets.
        code: the venue's own code, or a short word in capitals.
    """

    default_code: str = "VENUE_ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code: str = code or self.default_code


class VenueRejected(VenueError):
    """Proof that the venue refused the order: it is not there and never will be.

    Args:
        retryable: the refusal is of the moment (a requote), the same order may be sent again.
    """

    default_code: str = "REJECTED"

    def __init__(self, message: str, *, code: str | None = None, retryable: bool = False) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable


class VenueAuthError(VenueRejected):
    """The venue refused our credentials; the account's submits stop at once."""

    default_code: str = "AUTH"


class VenueClosed(VenueRejected):
    """The venue or the market is closed.

    Args:
        until: epoch milliseconds at which it opens again, if known.
    """

    default_code: str = "CLOSED"

    def __init__(self, message: str, *, code: str | None = None, until: int | None = None) -> None:
        super().__init__(message, code=code)
        self.until = until


class NotSent(VenueError):
    """Proof that nothing left this machine."""

    default_code: str = "NOT_SENT"


class VenueRateLimited(VenueError):
    """The venue refused to look at the request because of its rate; the order does not exist.

    Args:
        retry_after: seconds after which a request is welcome again, if known.
    """

    default_code: str = "RATE_LIMITED"

    def __init__(self, message: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class InvalidOrder(FksExecError, ValueError):
    """An order, or a part of one, that cannot be meant.

    Args:
        field: the field at fault, as the caller spells it.
        problem: what is wrong with it and what would be right.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem


class UnknownSymbol(FksExecError, LookupError):
    """A text that names no instrument of the account, or more than one.

    Args:
        candidates: canonical symbols that may have been meant.
    """

    def __init__(self, text: str, *, candidates: tuple[str, ...] = (), reason: str = "") -> None:
        hint = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
        super().__init__(f"unknown symbol {text!a}{': ' + reason if reason else ''}{hint}")
        self.text = text
        self.candidates = candidates


class ConfigError(FksExecError):
    """A configuration that cannot be used.

    Args:
        where: table and field, e.g. ``accounts.paper.config.api_key``.
        problem: what is wrong and what to write instead.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}" if where else problem)
        self.where = where
        self.problem = problem


class PluginError(FksExecError):
    """A plugin that does not keep the contract; the text names plugin, distribution and hook."""


class AccountNotReady(FksExecError):
    """The account cannot serve at the moment; nothing was sent and no id was spent."""

    def __init__(self, account: str, reason: str) -> None:
        super().__init__(f"account {account!r} is not ready: {reason}")
        self.account = account
        self.reason = reason


class NotSupported(FksExecError):
    """The account's capabilities do not include what was asked; nothing was sent."""
