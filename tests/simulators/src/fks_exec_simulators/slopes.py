# SPDX-License-Identifier: MIT
"""Does a figure grow with time, or only waver? The median of the slopes between all pairs, against the noise around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import median

from attrs import frozen

POINTS = 120
"""Samples are put together to so many at most; the pairs grow with the square."""
SIGMA = 1.4826
"""From the median of absolute deviations to a standard deviation, where the noise is normal."""
TIMES = 3.0
"""How many standard deviations of its noise a figure may have grown."""


@frozen(kw_only=True)
class Slope:
    """How a figure went over a stretch of time.

    Args:
        per_minute: by how much it grew a minute.
        grown: by how much over the whole stretch, as the slope says.
        noise: how far single values lie around the slope: a standard deviation.
        middle: its median.
        allowed: so much it may grow whatever the noise is.
    """

    per_minute: float
    grown: float
    noise: float
    middle: float
    allowed: float

    @property
    def rises(self) -> bool:
        """Beyond noise, and beyond what is allowed."""
        return self.grown > max(TIMES * self.noise, self.allowed)


def slope(times: Sequence[float], values: Sequence[float], *, allowed: float) -> Slope:
    """Of values that were sampled at those times (seconds), at least three of them.

    Raises:
        ValueError: there are fewer.
    """
    if len(times) < 3:
        problem = f"{len(times)} samples are too few to tell a slope; run it for longer"
        raise ValueError(problem)
    at, points = _together(times), _together(values)
    steep = median((later - earlier) / (b - a) for (a, earlier), (b, later) in combinations(zip(at, points, strict=True), 2))
    base = median(value - steep * time for time, value in zip(at, points, strict=True))
    off = [abs(value - base - steep * time) for time, value in zip(times, values, strict=True)]
    return Slope(
        per_minute=steep * 60,
        grown=steep * (times[-1] - times[0]),
        noise=SIGMA * median(off),
        middle=median(values),
        allowed=allowed,
    )


def _together(values: Sequence[float]) -> list[float]:
    """Means of neighbours."""
    width = -(-len(values) // POINTS)
    groups = [values[start : start + width] for start in range(0, len(values), width)]
    return [sum(group) / len(group) for group in groups]
