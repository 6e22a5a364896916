# SPDX-License-Identifier: MIT
"""What the soak takes for growth, and what for noise."""

import random

import pytest

from fks_exec_simulators.slopes import slope

TIMES = [float(second) for second in range(1200)]


def noisy(per_minute: float, noise: float, seed: int = 7) -> list[float]:
    """A line with normal noise around 100."""
    chance = random.Random(seed)
    return [100 + per_minute * second / 60 + chance.gauss(0, noise) for second in TIMES]


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
def test_what_only_wavers_does_not_rise(noise: float) -> None:
    """Nor what falls."""
    assert not slope(TIMES, noisy(0, noise), allowed=2).rises
    assert not slope(TIMES, noisy(-1, noise), allowed=2).rises


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
def test_what_grows_beyond_its_noise_rises(noise: float) -> None:
    """By one a minute, for twenty minutes."""
    found = slope(TIMES, noisy(1, noise), allowed=2)
    assert found.rises
    assert found.per_minute == pytest.approx(1, rel=0.05)
    assert found.grown == pytest.approx(20, rel=0.05)


def test_growth_within_what_is_allowed_is_none() -> None:
    """However quiet the figure is."""
    assert not slope(TIMES, noisy(0.09, 0), allowed=2).rises
    assert slope(TIMES, noisy(0.11, 0), allowed=2).rises


def test_a_short_peak_is_no_slope() -> None:
    """Not even at the end, where a fit by least squares would turn up."""
    values = noisy(0, 0.5)
    values[-100:] = [value + 500 for value in values[-100:]]
    assert not slope(TIMES, values, allowed=2).rises


def test_a_stair_rises() -> None:
    """As memory grows that the system gives in large pieces."""
    assert slope(TIMES, [100 + 4 * (second // 300) for second in range(1200)], allowed=2).rises


def test_two_samples_are_too_few() -> None:
    """And that is said."""
    with pytest.raises(ValueError, match="2 samples are too few to tell a slope"):
        slope([0, 1], [1, 2], allowed=1)
