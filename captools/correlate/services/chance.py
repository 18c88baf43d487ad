"""How probable shares are when every choice is a lot: exact where few choices were made, by chi-square where many were."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_OUTCOMES = 200_000  # that are gone through one by one: 20 ms
# Below this many expected choices of a kind the chi-square distribution is no good guess (Cochran 1954).
LEAST_EXPECTED = 5.0
_AS_RARE = 1 + 1e-9  # outcomes of the same probability differ by rounding


def chance(counts: Sequence[int], shares: Sequence[float]) -> float | None:
    """Return the probability of an outcome at most as probable as ``counts``, where ``shares`` (sum 1) are the chances.

    None where nothing can be said: fewer than two kinds, no choice, or too many kinds for too few choices.
    """
    if any(count and not share for count, share in zip(counts, shares, strict=True)):
        return 0.0
    kinds = [(count, share) for count, share in zip(counts, shares, strict=True) if share]
    total = sum(count for count, _ in kinds)
    if len(kinds) < 2 or not total:
        return None
    seen, parts = [count for count, _ in kinds], [share for _, share in kinds]
    if math.comb(total + len(kinds) - 1, len(kinds) - 1) <= MOST_OUTCOMES:
        return _multinomial(seen, parts)
    if total * min(parts) < LEAST_EXPECTED:
        return None
    squares = sum((count - total * part) ** 2 / (total * part) for count, part in zip(seen, parts, strict=True))
    return chi_square_tail(squares, len(kinds) - 1)


def _multinomial(seen: Sequence[int], parts: Sequence[float]) -> float:
    """Add up all outcomes that are at most as probable as the one seen."""
    total = sum(seen)
    factorials = np.array([math.lgamma(n + 1) for n in range(total + 1)])
    # One entry per way to fill the kinds so far: what is left, and the logarithm of its probability but for total!.
    left, weight = np.array([total]), np.zeros(1)
    for part in parts[:-1]:
        repeats = left + 1
        first = np.cumsum(repeats) - repeats
        taken = np.arange(int(repeats.sum())) - np.repeat(first, repeats)
        weight = np.repeat(weight, repeats) + taken * math.log(part) - factorials[taken]
        left = np.repeat(left, repeats) - taken
    weight = weight + left * math.log(parts[-1]) - factorials[left]
    probable: Floats = np.exp(weight + factorials[total])
    here = math.exp(
        factorials[total]
        + sum(count * math.log(part) - factorials[count] for count, part in zip(seen, parts, strict=True))
    )
    return min(1.0, float(probable[probable <= here * _AS_RARE].sum()))


def chi_square_tail(value: float, freedom: int) -> float:
    """Return the probability of a chi-square value this large or larger (Abramowitz and Stegun, 26.4.4 and 26.4.5)."""
    if value <= 0:
        return 1.0
    half = value / 2
    if freedom % 2:
        tail, steps = math.erfc(math.sqrt(half)), [k + 0.5 for k in range(freedom // 2)]
    else:
        tail, steps = math.exp(-half), [float(k) for k in range(1, freedom // 2)]
    # Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1)
    return min(1.0, tail + sum(math.exp(a * math.log(half) - half - math.lgamma(a + 1)) for a in steps))
