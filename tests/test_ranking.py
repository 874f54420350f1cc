"""Ranks of several methods over data sets, beside the literature's numbers and SciPy's tests."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spareparts.stats import ranking


def scores(*, sets=14, methods=4, shift=0.0):
    values = np.random.default_rng(0).standard_normal((sets, methods)) + shift * np.arange(methods)
    return pd.DataFrame(values, columns=list("abcdefgh")[:methods])


def test_the_critical_difference_is_that_of_demsars_example():
    """Demsar (2006, Sec. 3.2.2): four methods on 14 sets, 2.569 sqrt(4 x 5 / (6 x 14)) = 1.25."""
    assert ranking(scores()).critical_difference == pytest.approx(1.25, abs=0.005)


def test_the_best_method_has_rank_one_and_equal_scores_share_a_rank():
    found = ranking(scores(shift=100))
    assert found.ranks.to_dict() == {"a": 4, "b": 3, "c": 2, "d": 1}
    assert set(ranking(0 * scores()).ranks) == {2.5}
    assert ranking(0 * scores()).friedman_p == 1


def test_methods_further_apart_than_the_critical_difference_are_those_that_nemenyi_tells_apart():
    found = ranking(scores(sets=30, shift=0.6))
    distance = np.abs(np.subtract.outer(found.ranks.to_numpy(), found.ranks.to_numpy()))
    assert np.array_equal(distance > found.critical_difference, found.p.to_numpy() < 0.05)
    assert (found.p.to_numpy() < 0.05).any()


def test_friedmans_p_is_scipys():
    table = scores()
    assert ranking(table).friedman_p == pytest.approx(stats.friedmanchisquare(*table.to_numpy().T).pvalue)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (scores(methods=2), "3 methods"),
        (scores(sets=1), "2 data sets"),
        (scores().assign(a=np.nan), "finite"),
    ],
)
def test_what_cannot_be_ranked_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        ranking(table)
