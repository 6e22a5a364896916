# SPDX-License-Identifier: MIT
"""Who works at one account's desk: made together, and told of each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import frozen

from .accounts.desk import Desk
from .accounts.live import Live
from .accounts.losses import LossWatch
from .accounts.opening import Opener, Recipe
from .accounts.probing import KeyProber, Prober
from .exits.attached import Attached
from .exits.placing import Placing
from .exits.protector import Protector
from .exits.targets import Targets
from .exits.watching import Watcher
from .following.compare import Comparison
from .following.follow import Follower
from .following.polling import Poller
from .following.unknown import Resolver
from .instructions import Instruction
from .orders.cancel import Canceller
from .orders.lookups import Lookups
from .orders.repair import repair
from .orders.sweep import Sweeper


@frozen
class Staff:
    """One account's.

    Args:
        follower: books what the venue tells.
        canceller: cancels.
        sweeper: halts.
        protector: keeps stops under what is filled.
        opener: keeps the account open.
    """

    follower: Follower
    canceller: Canceller
    sweeper: Sweeper
    protector: Protector
    opener: Opener


def employ(desk: Desk, recipe: Recipe, enter: Callable[[Instruction], Awaitable[Live]]) -> Staff:
    """Everybody whom a desk needs; they begin when the account is open."""
    lookups = Lookups(desk)
    follower, resolver = Follower(desk), Resolver(desk, lookups)
    canceller = Canceller(desk, lookups, resolver.look_now)
    poller = Poller(desk, follower.take, lookups.ask)
    protector = Protector(desk, Placing(desk, lookups, canceller.cancel), Attached(desk, lookups), enter)
    comparison = Comparison(desk, poller, follower, protector)
    sweeper = Sweeper(desk, canceller)
    desk.dropped = follower.dropped
    desk.tripped = sweeper.tripped
    desk.breaker.listeners.append(Prober(desk).changed)
    desk.listeners += [follower.changed, resolver.take, canceller.take, poller.take, comparison.take, desk.refusals.take]
    desk.listeners.append(protector.take)
    desk.listeners.append(Targets(desk, enter).changed)
    desk.pokes.append(protector.poke)
    desk.cancel = canceller.cancel
    desk.on_opened += [KeyProber(desk).opened, poller.opened, comparison.opened, canceller.opened, protector.opened]
    desk.day.listeners.append(LossWatch(desk, recipe.plugins, repair).take)
    desk.on_opened.append(desk.day.opened)
    background = [poller.run(), comparison.run(), Watcher(desk, protector, enter).run()]
    background.append(desk.day.run(desk.day_equity, desk.config.max_equity_age))
    for work in background:
        desk.spawn(asyncio.get_running_loop().create_task(work))
    return Staff(follower, canceller, sweeper, protector, Opener(recipe, desk, follower.take))
