# SPDX-License-Identifier: MIT
"""What the codes of refused requests say and what to do about each; nothing was sent for any of them."""

from __future__ import annotations

from collections.abc import Mapping

from fks_exec.codes import Code, CodeKind


def _refusal(meaning: str, remedy: str) -> Code:
    return Code(CodeKind.REFUSAL, meaning, remedy)


CODES: Mapping[str, Code] = {
    "ACCOUNT_NOT_READY": _refusal(
        "The account takes no orders at the moment; the id is not spent.",
        "Send the alert again; look at the reason under /health/ready.",
    ),
    "AMBIGUOUS": _refusal(
        "Two accounts of the key have an order of this id.",
        "Use a key that may trade one of the accounts, or the command line with --account.",
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
    "JOURNAL_UNAVAILABLE": _refusal(
        "The order could not be written down for certain, or the journal cannot be read.",
        "Send the alert again, it will not be executed twice; look into the log and at the disk.",
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
    "TOO_LARGE": _refusal("The alert has more bytes than body_limit.", "Make the alert's template shorter."),
    "TOO_SLOW": _refusal(
        "The alert was not complete within body_timeout.", "Send the alert again; if it stays, look at the network."
    ),
    "UNKNOWN_SYMBOL": _refusal(
        "The symbol names no instrument of the account, or more than one; the id is not spent.",
        "Use one of the names that the message offers.",
    ),
}
"""By code."""
