# SPDX-License-Identifier: MIT
"""Two accounts of a host that are one account at the exchange: :class:`Holder`, without the key itself."""

from __future__ import annotations

import hashlib

from attrs import field, frozen

from ..config import CREDENTIALS, CCXTConfig
from ..knowledge.exchanges import ALIASES
from ..wire.unproved import RISING


@frozen(kw_only=True)
class Holder:
    """Whose key an account has, and what of the exchange it trades.

    Args:
        account: its name.
        place: the exchange and its environment.
        key: a digest.
    """

    account: str
    place: tuple[str, ...]
    market_type: str
    settle: str | None
    key: str = field(repr=False)

    def problem_with(self, other: Holder) -> str:
        """Why the two cannot be open at once; empty: they can."""
        if (self.place, self.key) != (other.place, other.key):
            return ""
        name = self.place[0]
        if self._same_orders(other):
            return (
                f"the account {other.account!a} has the same key at {name} and trades the same markets there: each would take "
                "the other's orders and stops for foreign ones; give one of them a subaccount there, with a key of its own"
            )
        if name in RISING:
            return (
                f"the account {other.account!a} has the same key, and {name} takes the requests of a key in the order of their "
                "numbers, which two accounts cannot keep; make a second key at the exchange"
            )
        return ""

    def _same_orders(self, other: Holder) -> bool:
        """Contracts of two settle currencies are apart."""
        apart = None not in (self.settle, other.settle) and self.settle != other.settle
        return self.market_type == other.market_type and not apart


def holder(account: str, config: CCXTConfig, *, live: bool) -> Holder | None:
    """Of a configuration; None: it has no key.

    Args:
        live: real money is meant; a key of the test system is another one.
    """
    found = (getattr(config, name) for name in ("api_key", "wallet_address", *CREDENTIALS))
    key = next((secret for secret in found if secret is not None), None)
    if key is None:
        return None
    exchange = ALIASES.get(config.exchange, config.exchange)
    place = (exchange, str(live), str(config.demo), str(config.base_url))
    digest = hashlib.sha256(key.reveal().encode()).hexdigest()
    return Holder(account=account, place=place, market_type=config.market_type, settle=config.settle, key=digest)
