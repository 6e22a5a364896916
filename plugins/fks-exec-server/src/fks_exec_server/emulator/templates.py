# SPDX-License-Identifier: MIT
"""The messages to paste into an alert, and the address beside them with its secret masked."""

from __future__ import annotations

from collections.abc import Mapping

STRATEGY = """\
{
  "symbol": "{{exchange}}:{{ticker}}",
  "action": "{{strategy.order.action}}",
  "quantity": "{{strategy.order.contracts}}",
  "market_position": "{{strategy.market_position}}",
  "prev_market_position": "{{strategy.prev_market_position}}",
  "position_size": "{{strategy.position_size}}",
  "signal_price": "{{strategy.order.price}}",
  "order_id": "{{strategy.order.id}}",
  "timenow": "{{timenow}}",
  "strategy": "my-strategy"
}
"""

INDICATOR = """\
{
  "id": "my-alert-{{ticker}}-{{interval}}-{{timenow}}",
  "symbol": "{{exchange}}:{{ticker}}",
  "action": "buy",
  "quantity": "0.01",
  "stop_loss": "67000",
  "take_profit": "69000",
  "confidence": "0.8",
  "timenow": "{{timenow}}",
  "strategy": "my-strategy"
}
"""

TEMPLATES: Mapping[str, str] = {"strategy": STRATEGY, "indicator": INDICATOR}
"""By kind."""

PATH = "/webhook/tradingview/"
MASK = "***"


def masked(text: str) -> str:
    """The text with the secret in each webhook's path replaced, for whatever is printed or logged."""
    before, found, after = text.partition(PATH)
    if not found:
        return text
    end = next((index for index, letter in enumerate(after) if letter in "/?# \n\"'"), len(after))
    return before + found + MASK + masked(after[end:])
