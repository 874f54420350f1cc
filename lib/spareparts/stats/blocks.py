"""Rank correlation within blocks: runs of one seed share what it decides, and are compared with each other only."""

import functools
import itertools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .checks import finite_pairs, fraction
from .estimates import Correlation, rank_interval

LARGEST_EXACT = 100_000  # orders within all blocks together, up to which each of them is counted
DRAWS = 20_000  # of orders, beyond that


def block_correlation(x: ArrayLike, y: ArrayLike, blocks: ArrayLike, *, confidence: float = 0.95) -> Correlation:
    """Spearman's rho of ranks taken within each block: `sum a b / sqrt(sum a^2 sum b^2)`, a and b less their means.

    The p value is two-sided: the share of all orders of y within the blocks whose `|rho|` is as large, each counted up
    to 100,000 of them, else of 20,000 drawn ones (always the same). A block of one value says nothing. The interval is
    that of `spearman` for n less the blocks, plus one. ValueError for fewer than four values, unequal lengths, values
    that are not finite, or a side that varies in no block.
    """
    first, second = finite_pairs(x, y, at_least=4)
    fraction("confidence", confidence)
    labels = np.asarray(blocks)
    if (labels != labels).any():
        raise ValueError(f"blocks must name one of each value's, got nan in {labels.tolist()}")
    if labels.shape != first.shape:
        raise ValueError(f"blocks must name one of each value's, {len(first)}, got shape {labels.shape}")
    places = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    ranks = [_ranks_within(name, side, places) for name, side in (("x", first), ("y", second))]
    orders = math.prod(math.factorial(len(place)) for place in places)
    exact = orders <= LARGEST_EXACT
    length = math.sqrt(math.prod(sum(float(part @ part) for part in side) for side in ranks))
    rho = sum(float(a @ b) for a, b in zip(*ranks, strict=True)) / length
    sums = _all_sums(*ranks) if exact else _drawn_sums(*ranks)
    return Correlation(
        rho=rho,
        interval=rank_interval(rho, len(first) - len(places) + 1, confidence),
        p=float((np.abs(sums) >= abs(rho) * length - 1e-9).mean()),
        smallest_p=min(1.0, max(2 / orders, 0 if exact else 1 / len(sums))),
        n=len(first),
        method="exact" if exact else f"{DRAWS:,} drawn orders",
    )


def _ranks_within(name: str, values: NDArray, places: list[NDArray]) -> list[NDArray]:
    """Ranks of each block's values less their mean; ValueError for values that vary in no block."""
    ranks = [stats.rankdata(values[place]) - (len(place) + 1) / 2 for place in places]
    if not any(block.any() for block in ranks):
        raise ValueError(f"{name} must vary within a block, got {values.tolist()}")
    return ranks


def _all_sums(first: list[NDArray], second: list[NDArray]) -> NDArray:
    """Sum of products over all blocks, for every order of the second side within each."""
    by_block = [np.array(list(itertools.permutations(b))) @ a for a, b in zip(first, second, strict=True)]
    return functools.reduce(np.add.outer, by_block).ravel()


def _drawn_sums(first: list[NDArray], second: list[NDArray]) -> NDArray:
    """The same for drawn orders; the observed one counts among them, so that no p value is 0."""
    draw = np.random.default_rng(0)
    orders = [[b, *(draw.permutation(b) for _ in range(DRAWS))] for b in second]
    return np.sum([np.array(each) @ a for a, each in zip(first, orders, strict=True)], axis=0)
