"""Rank correlation within blocks: its closed forms, its exact distribution, and what it does not see."""

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from spareparts.stats import Pairs, block_correlation, spearman, trend

X = np.array([1.0, 2, 3, 4])


def test_a_single_block_is_spearmans_correlation_with_its_exact_p_value():
    y = np.array([2.0, 1, 4, 3])
    found, known = block_correlation(X, y, np.zeros(4)), spearman(X, y)
    assert (found.rho, found.p, found.smallest_p) == pytest.approx((known.rho, known.p, known.smallest_p))
    assert found.interval == pytest.approx(known.interval) and (found.n, found.method) == (4, "exact")


def test_every_order_within_the_blocks_counts():
    x, y, blocks = [1.0, 2, 3, 1, 2], [5.0, 7, 6, 1, 2], [1, 1, 1, 2, 2]
    totals = [
        sum(np.array(first) * [-1, 0, 1]) + sum(np.array(second) * [-0.5, 0.5])
        for first in itertools.permutations([-1, 1, 0])
        for second in itertools.permutations([-0.5, 0.5])
    ]
    found = block_correlation(x, y, blocks)
    assert found.rho == pytest.approx(1.5 / 2.5)
    assert found.p == pytest.approx(np.mean(np.abs(totals) >= 1.5))
    assert found.smallest_p == pytest.approx(2 / 12)


def test_what_blocks_differ_in_is_not_seen():
    y = np.array([4.0, 3, 2, 1])
    both = block_correlation([*X, *X], [*y, *(y + 100)], [0] * 4 + [1] * 4)
    assert both.rho == pytest.approx(-1) and both.p == pytest.approx(2 / 24**2)
    shifted = block_correlation([*X, *(X + 50)], [*y, *(y + 100)], [0] * 4 + [1] * 4)
    assert shifted == both
    assert scipy_stats.spearmanr([*X, *(X + 50)], [*y, *(y + 100)]).statistic > 0


def test_drawn_orders_give_the_same_p_value_at_every_call_and_one_that_is_right():
    draw = np.random.default_rng(1)
    x, blocks = np.tile(np.arange(5.0), 4), np.repeat(np.arange(4), 5)
    p_values = [block_correlation(x, draw.normal(size=20), blocks).p for _ in range(100)]
    assert np.mean(np.array(p_values) < 0.5) == pytest.approx(0.5, abs=0.15)
    y = draw.normal(size=20)
    assert block_correlation(x, y, blocks) == block_correlation(x, y, blocks)
    perfect = block_correlation(x, x, blocks)
    assert perfect.method == "20,000 drawn orders" and perfect.p == perfect.smallest_p == pytest.approx(1 / 20_001)


def test_a_trend_with_blocks_is_taken_within_them():
    pairs, blocks = Pairs(np.array([1.0, 2, 1, 2]), np.array([1.0, 2, 11, 12]), "paper"), np.array([1, 1, 2, 2])
    assert trend(pairs, +1, blocks=blocks).test.p == pytest.approx(0.5)
    assert trend(pairs, +1).test.p == spearman(*pairs[:2]).p
    constant = pairs._replace(second=np.array([1.0, 1, 2, 2]))
    assert trend(constant, +1, blocks=blocks).test is None


@pytest.mark.parametrize(
    ("y", "blocks", "message"),
    [
        ([1.0, 1, 2, 2], [1, 1, 2, 2], "y must vary within a block"),
        ([1.0, 2, 3, 4], [1, 1, 2], "blocks must name one of each value's, 4, got shape"),
        ([1.0, 2, 3, np.nan], [1, 1, 2, 2], "must be finite"),
        ([1.0, 2, 3, 4], [1, 1, 2, np.nan], "blocks must name one of each value's, got nan in"),
    ],
)
def test_what_has_no_correlation_within_blocks_is_refused(y, blocks, message):
    with pytest.raises(ValueError, match=message):
        block_correlation(X, y, blocks)
