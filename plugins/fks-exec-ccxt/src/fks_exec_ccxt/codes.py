# SPDX-License-Identifier: MIT
"""What the codes of crypto exchanges say and what to do about each; an exchange's own stand in the messages."""

from __future__ import annotations

from collections.abc import Mapping

from fks_exec.codes import Code, CodeKind


def _result(meaning: str, remedy: str) -> Code:
    return Code(CodeKind.RESULT, meaning, remedy)


CODES: Mapping[str, Code] = {
    "BAD_REQUEST": _result(
        "The exchange, or ccxt before anything was sent, takes a parameter for wrong.",
        "Read the message; report it if it stays.",
    ),
    "BAD_SYMBOL": _result(
        "The exchange does not list the instrument, or not any more.", "Look at fks-exec capabilities ACCOUNT --symbol TEXT."
    ),
    "CANCEL_RESTRICTED": _result(
        "The exchange does not cancel the order at this moment; it still rests.", "Cancel it again a little later."
    ),
    "CLOCK": _result("The request's time is off by the exchange's clock.", "Set this machine's clock (NTP)."),
    "CLOSED": _result("The account was closed; nothing was sent.", "Open it again."),
    "CLOSING": _result("The account closes; what waited for its turn was not sent.", "Send it when the host runs again."),
    "DEADLINE": _result(
        "The deadline ended before the request was sent; nothing was sent.",
        "Send it again; with many of them look at the rate budget, or raise `deadline`.",
    ),
    "DUPLICATE_ID": _result(
        "The exchange knows the id already: the order is ours, and is looked up.", "Nothing; it is looked up until it is known."
    ),
    "INSUFFICIENT_FUNDS": _result(
        "The exchange has not enough free balance or margin for the order.",
        "Make it smaller, or cancel what binds the balance.",
    ),
    "INVALID_ORDER": _result(
        "The exchange takes the order for wrong; its words stand in the message.", "Change what it names."
    ),
    "LOT_SIZE": _result("The quantity is no multiple of the market's step.", "Send a multiple of the step."),
    "MAINTENANCE": _result("The exchange is under maintenance.", "Wait until it is back."),
    "MARKET_CLOSED": _result("The market does not trade now.", "Wait until it trades, or take another."),
    "MAX_QUANTITY": _result("The quantity is above the market's largest.", "Send at most that."),
    "MIN_NOTIONAL": _result("The order is worth less than the market's smallest.", "Raise the quantity."),
    "MIN_QUANTITY": _result("The quantity is below the market's smallest, or is nothing on its grid.", "Raise the quantity."),
    "MODE": _result(
        "The leverage or margin mode of the instrument is not as configured, or could not be read; nothing was sent.",
        "Set it at the exchange, or write what it is; exits go all the same.",
    ),
    "NOT_FILLABLE": _result(
        "A fill-or-kill order could not fill at once; it is not there.", "Send a smaller one, or another kind."
    ),
    "NOT_OPEN": _result(
        "The account is not open, or the order does not rest any more.", "Look at the order, or open the account."
    ),
    "NOT_SUPPORTED": _result(
        "This is not served by ccxt at the exchange; nothing was sent.", "Use what fks-exec capabilities shows."
    ),
    "NO_ANSWER": _result(
        "The exchange gave no usable answer; what a request of ours did there is not known by it.",
        "Nothing; it is asked again.",
    ),
    "NO_CHANGE": _result("The change leaves the order as it is.", "Leave it out."),
    "NO_MARKETS": _result("The exchange lists nothing of the account's kind.", "Look at market_type and settle."),
    "NO_QUOTE": _result(
        "A purchase at the market is ordered in quote currency there, and the exchange told no ask.", "Send a limit order."
    ),
    "NO_SYMBOL": _result("The exchange needs the instrument to find the order.", "Name the symbol."),
    "OPEN": _result("An account of that name is open already.", "Close it first, or take another name."),
    "PARTLY_FILLED": _result(
        "The stop of an entry that has filled in part cannot be moved there; nothing was changed.",
        "Cancel the rest of the entry first.",
    ),
    "PERMISSION": _result("The key may not do this.", "Give the key the permission at the exchange."),
    "POST_ONLY": _result(
        "A post-only order would have taken liquidity; it is not there.", "Move its price, or leave out post_only."
    ),
    "PRICE_TICK": _result("A price is not on the market's grid.", "Send a multiple of the tick."),
    "QUEUE_FULL": _result(
        "Too many requests wait for their turn in the exchange's rate limit; nothing was sent.",
        "Send fewer orders, or raise max_waiting.",
    ),
    "REDUCE_ONLY": _result("The order would not reduce a position; it is not there.", "Look at the position."),
    "RESTRICTED": _result("The exchange does not serve this place or this account.", "Ask the exchange."),
    "STOP_TRIGGERED": _result("The market has reached the stop already; it is not there.", "Move the stop."),
    "TIMEOUT": _result("The exchange did not answer a question in time.", "Nothing; it is asked again."),
    "TWICE": _result("One request was about to be sent twice by ccxt; the second was held back.", "Report it."),
    "UNKNOWN_ORDER": _result("The exchange knows no such order.", "Look at the open orders."),
    "UNREACHABLE": _result("No connection to the exchange came to be; nothing was sent.", "Look at the network."),
    "UNSUPPORTED": _result(
        "It would go out as an order of another kind, or the exchange has none of it; nothing was sent.",
        "Use what fks-exec capabilities shows.",
    ),
}
