"""Pairs from tidy rows: by seed, at equal settings, or an error that names the column; and how they are worded."""

import numpy as np
import pandas as pd
import pytest

from spareparts.stats import Pairs, difference, difference_words, equivalence, mean_sd, paired


def run(seed, arm, accuracy, protocol="paper", **settings):
    config = {"seed": seed, "arm": arm, "steps": 10, "precision": "float32"} | settings
    return config | {"accuracy": accuracy, "protocol": protocol, "settings": config}


def frame(*runs):
    return pd.DataFrame(list(runs))


def test_sides_are_paired_by_seed_in_the_order_that_they_are_named():
    runs = frame(run(2, "b", 4.0), run(1, "a", 1.0), run(1, "b", 3.0), run(2, "a", 2.0), run(3, "c", 9.0))
    first, second, protocol = paired(runs, "accuracy", arm=("a", "b"))
    assert (first.tolist(), second.tolist(), protocol) == ([1, 2], [3, 4], "paper")
    assert paired(runs, "accuracy", arm=("b", "a")).first.tolist() == [3, 4]


def test_a_seed_is_paired_once_and_with_values_only():
    runs = frame(run(1, "a", 1.0), run(1, "b", np.nan), run(2, "a", 1.0), run(3, "a", 1.0), run(3, "b", 2.0))
    assert paired(runs, "accuracy", arm=("a", "b")).second.tolist() == [2.0]
    with pytest.raises(ValueError, match="seed 1 has two runs with arm = 'a'"):
        paired(frame(run(1, "a", 1.0), run(1, "a", 1.0), run(1, "b", 2.0)), "accuracy", arm=("a", "b"))


def test_one_reduced_run_makes_the_pairs_reduced_and_an_unpaired_one_does_not():
    runs = [run(1, "a", 1.0), run(1, "b", 2.0), run(2, "a", 1.0, protocol="reduced")]
    assert paired(frame(*runs), "accuracy", arm=("a", "b")).protocol == "paper"
    assert paired(frame(*runs, run(2, "b", 2.0)), "accuracy", arm=("a", "b")).protocol == "reduced"


@pytest.mark.parametrize("name", ["steps", "precision"])
def test_runs_of_unequal_settings_are_never_paired(name):
    runs = frame(run(1, "a", 1.0), run(1, "b", 2.0, **{name: "other"}))
    with pytest.raises(ValueError, match=f"the runs to be paired differ in {name}: .*'other'"):
        paired(runs, "accuracy", arm=("a", "b"))


def test_settings_that_go_with_a_side_may_be_named():
    runs = frame(run(1, "a", 1.0), run(1, "b", 2.0, steps=20))
    assert paired(runs, "accuracy", arm=("a", "b"), beside=["steps"]).second.tolist() == [2.0]


def test_names_that_the_runs_lack_are_refused_with_those_that_they_have():
    with pytest.raises(ValueError, match="the runs have no column 'acuracy'; they have seed, arm"):
        paired(frame(run(1, "a", 1.0)), "acuracy", arm=("a", "b"))
    with pytest.raises(ValueError, match="name one column with its two values, got none"):
        paired(frame(run(1, "a", 1.0)), "accuracy")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((pd.Series([1.0, 2.0, 3.0]),), "2.00 (1.00)"),
        ((pd.Series([1.0]),), "1.00 (–)"),
        ((pd.Series([np.nan]),), "–"),
        ((pd.Series([1.0, 3.0, np.nan, None]),), "2.00 (1.41)"),
        ((pd.Series([-0.001, 0.0]),), "0.00 (0.00)"),
        ((70.914, 1.086), "70.91 (1.09)"),
        ((-0.001, 0.0), "0.00 (0.00)"),
    ],
)
def test_a_mean_stands_with_its_deviation(arguments, text):
    assert mean_sd(*arguments) == text


def pairs(*differences):
    first = np.linspace(60, 70, len(differences))
    return Pairs(first, first + np.array(differences), "paper")


def test_a_difference_is_second_less_first_with_students_interval_around_it():
    found = pairs(1.0, 0.5, 2.0)
    mean, low, high = difference(found)
    assert mean == pytest.approx(3.5 / 3) and (low + high) / 2 == pytest.approx(mean)
    assert (low, high) == equivalence(*found[:2], margin=0.1).interval
    assert difference_words(found) == f"{mean:+.2f} ({low:+.2f} to {high:+.2f}, n = 3)"


def test_one_pair_has_no_interval_and_no_pair_no_difference():
    assert difference_words(pairs(2.0)) == "+2.00 (n = 1)" and difference(pairs(2.0)) == (2.0, 2.0, 2.0)
    assert difference_words(pairs()) == "–" and np.isnan(difference(pairs())).all()
    assert difference_words(pairs(-0.001)) == "+0.00 (n = 1)"
