# SPDX-License-Identifier: MIT
"""Sends a plan in an open loop: each alert at its time, whatever became of those before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from attrs import frozen

from fks_exec import InvalidOrder

from .client import Client, Reply, Target
from .delivery import LIMIT, REPEAT_AFTER, Delivery, Post, deliver
from .placeholders import render, samples
from .plan import MESSAGE, Planned

_HOLD = 0.05
"""Seconds ahead of its time from which an alert's task exists: no more than these are held."""


@frozen(kw_only=True)
class Way:
    """How alerts are sent.

    Args:
        message: with placeholders.
        sources: say that they come from TradingView's addresses.
        repeat_after: seconds until an answer of 500 to 599 is sent again.
        limit: seconds that an answer may take.
    """

    message: str = MESSAGE
    sources: bool = True
    repeat_after: float = REPEAT_AFTER
    limit: float = LIMIT


async def emulate(plan: Sequence[Planned], targets: Sequence[Target], way: Way) -> list[Delivery]:
    """Send all, wait for what becomes of each; in the order of the plan.

    Args:
        targets: one for each key.

    Raises:
        InvalidOrder: the plan has a key without a target.
    """
    if any(each.key >= len(targets) for each in plan):
        raise InvalidOrder("url", "is missing for a key of the plan")
    posts = [_post(Client(target), way.limit) for target in targets]
    began, clock = time.monotonic() + _HOLD, time.time() - time.monotonic()
    tasks = []
    for each in plan:
        due = began + each.at
        if (left := due - time.monotonic()) > 0:
            await asyncio.sleep(left)
        tasks.append(asyncio.create_task(_send(posts[each.key], each, way, due, clock + due)))
    return list(await asyncio.gather(*tasks))


def _post(client: Client, seconds: float) -> Post:
    async def post(body: bytes, headers: Mapping[str, str]) -> Reply:
        return await client.post(body, headers, seconds=seconds)

    return post


async def _send(post: Post, each: Planned, way: Way, due: float, epoch: float) -> Delivery:
    message = render(way.message, {**samples(epoch, way.message), **each.values}).encode()
    source = each.source if way.sources else None
    return await deliver(post, message, name=each.name, due=due, source=source, repeat_after=way.repeat_after)
