# SPDX-License-Identifier: MIT
"""What the codes of refused requests say and what to do about each; nothing was sent for any of them."""

from __future__ import annotations

from collections.abc import Mapping

from fks_exec.codes import Code, CodeKind


def _refusal(meaning: str, remedy: str) -> Code:
    return Code(CodeKind.REFUSAL, meaning, remedy)


def _scope(meaning: str, remedy: str) -> Code:
    return Code(CodeKind.DENIAL | CodeKind.REFUSAL, meaning, remedy)


CODES: Mapping[str, Code] = {
    "ACCOUNT_NOT_READY": _refusal(
        "The account takes no orders at the moment; the id is not spent.",
        "Send the alert again; look at the reason under /health/ready.",
    ),
    "AMBIGUOUS": _refusal(
        "Two accounts of the key have an order of this id.",
        "Use a key that may trade one of the accounts, or the command line with --account.",
    ),
    "BUSY": _refusal(
        "As many requests as the host's concurrency allows wait for their orders to be written down; this one was not.",
        "Send it again after Retry-After; if it stays, look at the disk of the journal, or raise concurrency.",
    ),
    "CLOSING": _refusal(
        "The host is starting or stopping and takes no orders; the id is not spent.",
        "Send the alert again; it will not be executed twice.",
    ),
    "FAULT": _refusal(
        "A fault of the program, which the log names.",
        "Send the alert again, it will not be executed twice; report what the log says.",
    ),
    "INVALID_ALERT": _refusal(
        "The alert is no JSON, lacks a field, or has one that cannot be meant.",
        "Correct the field that the message names in the alert's template.",
    ),
    "INVALID_CHANGE": _refusal(
        "The change of an order is no JSON, has a field that is none, changes nothing, or cannot be meant.",
        "Correct the field that the message names.",
    ),
    "INVALID_ORDER": _refusal(
        "The order is no JSON, lacks a field, or has one that cannot be meant; the id is not spent.",
        "Correct the field that the message names.",
    ),
    "INVALID_REQUEST": _refusal(
        "The request has a field, or a symbol in its path, that cannot be meant.", "Correct what the message names."
    ),
    "JOURNAL_UNAVAILABLE": _refusal(
        "The order could not be written down for certain, or the journal cannot be read.",
        "Send the alert again, it will not be executed twice; look into the log and at the disk.",
    ),
    "KEYS_UNREADABLE": _refusal(
        "The host cannot read its list of revoked keys, so it lets nobody in; the log says why. Nothing was taken.",
        "Make the file _server/revoked of the state folder readable for the host's user, put it back, or correct the line.",
    ),
    "LATE": Code(
        CodeKind.DENIAL,
        "A later signal of the entry's strategy and instrument was taken already; the id is not spent.",
        "Signal again if it is still meant; look at TradingView's log when it happens often.",
    ),
    "METHOD": _refusal("The path is not served with this method.", "Use one of those that the header Allow names."),
    "NOT_FOUND": _refusal(
        "There is nothing under this path, or the secret in it is wrong.",
        "Compare the address in the alert with the configured key.",
    ),
    "NOT_SUPPORTED": _refusal(
        "The venue of the order's account cannot cancel, or change, an order; it was not asked.",
        "Do it at the venue itself.",
    ),
    "NO_DEDUP_KEY": _refusal(
        "Nothing in the alert tells a repetition from a new signal.",
        "Add an id, or the time of the signal, to the alert's template.",
    ),
    "NO_QUOTE": Code(
        CodeKind.DENIAL | CodeKind.REFUSAL,
        "The venue gives no quote of the instrument at the moment.",
        "Ask again; look at the account under /health/ready.",
    ),
    "OUTSIDE_WINDOW": Code(
        CodeKind.DENIAL,
        "The entry's timenow is older than the key's max_age, or ahead of the clock; the id is not spent.",
        "Look at timenow in the template and at this machine's clock; signal again.",
    ),
    "REPLAYED": Code(
        CodeKind.DENIAL,
        "An old exit whose strategy has signalled since; what it would close is another position.",
        "Close the position with a new alert if that is meant.",
    ),
    "SCOPE_ACCOUNT": _scope(
        "The key may do nothing with this account.", "Use a key that may, or add the account to the key's accounts."
    ),
    "SCOPE_ACTION": _scope("The key is not for this.", "Use a key whose actions hold what is asked."),
    "SCOPE_NOTIONAL": _scope(
        "The order may add more to a position than the key's max_notional, or what it is worth cannot be told.",
        "Send less, or an order whose worth is known: a quantity, while the market is quoted.",
    ),
    "SCOPE_ORDER_TYPE": _scope(
        "The key may not send orders of this type; a close, a target and a reversal count as market.",
        "Send another type, or add it to the key's order_types.",
    ),
    "SCOPE_PACE": _scope("The key has sent its orders_a_minute.", "Wait, or raise the key's orders_a_minute."),
    "SCOPE_REDUCE_ONLY": _scope(
        "The key may only reduce positions, and this may open or enlarge one.",
        "Send it with reduce_only, or as a close; or use another key.",
    ),
    "SCOPE_SIDE": _scope(
        "The key may not trade on this side; what may go either way, as a close, a target or a reversal, needs both.",
        "Send an order that says its side, or add the side to the key's sides.",
    ),
    "SCOPE_SYMBOL": _scope("The key may not trade this instrument.", "Use a key that may, or add it to the key's symbols."),
    "SCOPE_VENUE": _scope(
        "The key may not trade at the account's venue.", "Use a key that may, or add it to the key's venues."
    ),
    "SIGNAL_COLLAR": Code(
        CodeKind.DENIAL,
        "The quote is worse than the entry's signal_price by more than the key's collar_percent.",
        "Wait, signal again, or raise collar_percent.",
    ),
    "SIGNAL_GAP": Code(
        CodeKind.DENIAL | CodeKind.ALARM,
        "An alert does not follow from the one before it, so that one is missing or was overtaken; or a reversal does not fit "
        "what its strategy holds.",
        "Compare the position with the strategy's; on_gap says what becomes of such an alert.",
    ),
    "SIGNAL_SILENCE": Code(
        CodeKind.ALARM,
        "A key has sent nothing for longer than its expect_every.",
        "Look whether the alert still runs at TradingView, and at the positions that it would close.",
    ),
    "TOO_LARGE": _refusal("The body has more bytes than body_limit.", "Make the message shorter."),
    "TOO_MANY": _refusal(
        "More requests than the sender's rate, or than its address, is allowed; nothing was written down.",
        "Send it again after Retry-After; if it stays, look at rate and burst, or at plugins.server.limits.",
    ),
    "TOO_SLOW": _refusal(
        "The alert was not complete within body_timeout.", "Send the alert again; if it stays, look at the network."
    ),
    "UNAUTHENTICATED": _refusal(
        "Nobody that is known has signed the request, or it was sent before.",
        "Compare key, secret, clock and nonce with what docs/access.md says; the host's log names the reason.",
    ),
    "UNKNOWN_SYMBOL": _refusal(
        "The symbol names no instrument of the account, or more than one; the id is not spent.",
        "Use one of the names that the message offers.",
    ),
}
"""By code."""
