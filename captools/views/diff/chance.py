"""Whether chance explains a difference: rank-sum test for samples of a measure, Fisher's exact test for shares."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, lgamma, sqrt

# A diff tells dozens of measures: at one in a thousand, chance alone seldom makes one of them differ.
CHANCE = 1e-3
FEWEST = 8  # values on each side: with fewer, even complete separation comes by chance more often than CHANCE


def rank_test(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how likely chance alone makes two samples of one thing as different as these (two-sided, from 0 to 1).

    Mann and Whitney's test by ranks, with ties and the normal approximation, which holds from about eight values on.
    """
    count, rest = len(one), len(other)
    if not count or not rest:
        return 1.0
    values = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks, ties, at, total = 0.0, 0.0, 0, count + rest
    while at < total:
        end = at
        while end < total and values[end][0] == values[at][0]:
            end += 1
        ranks += (at + 1 + end) / 2 * sum(side == 0 for _, side in values[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    spread = count * rest / 12 * (total + 1 - ties / (total * (total - 1)))
    if spread <= 0:
        return 1.0
    off = abs(ranks - count * (total + 1) / 2) - 0.5  # continuity: ranks come in whole steps
    return erfc(max(off, 0.0) / sqrt(2 * spread))


def share_test(hits: int, of: int, other_hits: int, other_of: int) -> float:
    """Return how likely chance alone makes two shares as different as these (two-sided): Fisher's exact test."""
    total, all_hits = of + other_of, hits + other_hits
    if not of or not other_of or not all_hits or all_hits == total:
        return 1.0
    here = _weight(hits, of, all_hits, total)
    least, most = max(0, all_hits - other_of), min(of, all_hits)
    # As likely as what was seen, or less; rounding must not leave out what was seen itself.
    chances = (_weight(number, of, all_hits, total) for number in range(least, most + 1))
    return min(1.0, sum(exp(one) for one in chances if one <= here + 1e-7))


def _weight(number: int, of: int, hits: int, total: int) -> float:
    """Return the logarithm of the chance that ``number`` of ``hits`` among ``total`` fall among ``of``."""
    return _choose(of, number) + _choose(total - of, hits - number) - _choose(total, hits)


def _choose(total: int, some: int) -> float:
    return lgamma(total + 1) - lgamma(some + 1) - lgamma(total - some + 1)
