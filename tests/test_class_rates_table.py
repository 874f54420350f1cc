"""The paper's tables as data: its own counts, its architectures, and what its test halves allow."""

import numpy as np
import pytest
from scipy import stats

from spareparts import data
from spareparts.class_rates import (
    ARCHITECTURES,
    ATTAINABLE,
    PUBLISHED_ACCURACY,
    PUBLISHED_SPECIALISED,
    architecture,
    ceiling,
)
from spareparts.class_rates.table import LARGEST_CLASS


def wins_losses_ties(activation):
    changes = [row[f"{activation}_rated"] - row[activation] for row in PUBLISHED_ACCURACY.values()]
    return sum(change > 0 for change in changes), sum(change < 0 for change in changes), changes.count(0)


@pytest.mark.parametrize(
    ("activation", "counts", "mean"),
    [("selu", (21, 14, 10), -0.02), ("relu", (23, 11, 11), -0.07), ("tanh", (15, 9, 21), -0.09)],
)
def test_the_published_table_gives_the_papers_counts_and_a_mean_change_below_0(activation, counts, mean):
    assert wins_losses_ties(activation) == counts
    changes = [row[f"{activation}_rated"] - row[activation] for row in PUBLISHED_ACCURACY.values()]
    assert np.mean(changes) == pytest.approx(mean, abs=0.005)


def test_the_sign_tests_on_the_papers_counts():
    for activation, expected in (("selu", 0.155), ("relu", 0.029), ("tanh", 0.154)):
        wins, losses, _ = wins_losses_ties(activation)
        found = stats.binomtest(wins, wins + losses, alternative="greater").pvalue
        assert found == pytest.approx(expected, abs=5e-4)


def test_all_three_tables_name_the_same_45_sets_and_the_blank_is_titanics():
    assert (
        len(ARCHITECTURES) == 45 and ARCHITECTURES.keys() == PUBLISHED_ACCURACY.keys() == PUBLISHED_SPECIALISED.keys()
    )
    blanks = [(name, column) for name, row in PUBLISHED_SPECIALISED.items() for column in row if row[column] is None]
    assert blanks == [("titanic", "tanh")]


def test_every_set_but_miniboone_is_known_by_its_fingerprint():
    known = {name for name in data.table_names() if not name.startswith("generated-")}
    assert ARCHITECTURES.keys() - known == {"miniboone"} and not known - ARCHITECTURES.keys()
    assert list(ATTAINABLE) == [name for name in ARCHITECTURES if name in known]


def test_corrections_are_yeasts_layers_and_red_wines_dropout():
    changed = [name for name in ARCHITECTURES if architecture(name) != architecture(name, corrected=False)]
    assert changed == ["wine-quality-red", "yeast"]
    assert (architecture("yeast").layers, architecture("yeast", corrected=False).layers) == (3, 32)


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("plant-shape", 0),
        ("nursery", 80),
        ("statlog-shuttle", 500 / 7),
        ("wine-quality-red", 200 / 3),
        ("wine-quality-white", 600 / 7),
        ("yeast", 90),
    ],
)
def test_ceilings_of_the_papers_sets(dataset, expected):
    try:
        table = data.load_table(dataset)
    except data.DataMissing:
        pytest.skip("the UCI sets are not here")
    labels = table.labels[: len(table.test_half)][table.test_half]
    assert ceiling(labels, num_classes=table.classes) == pytest.approx(expected)


@pytest.mark.parametrize("dataset", ["abalone", "bank", "car", "hill-valley", "ozone", "page-blocks", "titanic"])
def test_chance_is_the_share_of_the_largest_class_in_the_test_half(dataset):
    try:
        table = data.load_table(dataset)
    except data.DataMissing:
        pytest.skip("the UCI sets are not here")
    labels = table.labels[: len(table.test_half)][table.test_half]
    assert np.bincount(labels).max() == LARGEST_CLASS[dataset] * len(labels)
