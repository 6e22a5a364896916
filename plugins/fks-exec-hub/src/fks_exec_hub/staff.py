# SPDX-License-Identifier: MIT
"""Who works at one account's desk: made together, and told of each other."""

from __future__ import annotations

import asyncio

from attrs import frozen

from .accounts.desk import Desk
from .accounts.opening import Opener, Recipe
from .following.compare import Comparison
from .following.follow import Follower
from .following.polling import Poller
from .following.unknown import Resolver
from .orders.cancel import Canceller
from .orders.lookups import Lookups


@frozen
class Staff:
    """One account's.

    Args:
        follower: books what the venue tells.
        canceller: cancels.
        opener: keeps the account open.
    """

    follower: Follower
    canceller: Canceller
    opener: Opener


def employ(desk: Desk, recipe: Recipe) -> Staff:
    """Everybody whom a desk needs; they begin when the account is open."""
    lookups = Lookups(desk)
    follower, resolver = Follower(desk), Resolver(desk, lookups)
    canceller = Canceller(desk, lookups, resolver.look_now)
    poller = Poller(desk, follower.take, lookups.ask)
    comparison = Comparison(desk, poller, follower)
    desk.dropped = follower.dropped
    desk.listeners += [follower.changed, resolver.take, canceller.take, poller.take, comparison.take]
    desk.on_opened += [poller.opened, comparison.opened, canceller.opened]
    for work in (poller.run(), comparison.run()):
        desk.spawn(asyncio.get_running_loop().create_task(work))
    return Staff(follower, canceller, Opener(recipe, desk, follower.take))
