"""The paper's tables as data: its own counts, its architectures, and what its test halves allow."""

import numpy as np
import pytest
from scipy import stats

from spareparts import data
from spareparts.class_rates import (
    ARCHITECTURES,
    ATTAINABLE,
    LARGEST_CLASS,
    PUBLISHED_ACCURACY,
    PUBLISHED_SPECIALISED,
    Config,
    ceiling,
)


def changes(activation):
    return (PUBLISHED_ACCURACY[f"{activation}_rated"] - PUBLISHED_ACCURACY[activation]).round(2)


@pytest.mark.parametrize(
    ("activation", "counts", "mean", "p"),
    [("selu", (21, 14, 10), -0.02, 0.155), ("relu", (23, 11, 11), -0.07, 0.029), ("tanh", (15, 9, 21), -0.09, 0.154)],
)
def test_the_published_table_gives_the_papers_counts_and_a_mean_change_below_0(activation, counts, mean, p):
    found = changes(activation)
    wins, losses = int((found > 0).sum()), int((found < 0).sum())
    assert (wins, losses, int((found == 0).sum())) == counts
    assert found.mean() == pytest.approx(mean, abs=0.005)
    assert stats.binomtest(wins, wins + losses, alternative="greater").pvalue == pytest.approx(p, abs=5e-4)


def test_all_three_tables_name_45_sets_and_the_blank_is_titanics():
    assert len(ARCHITECTURES) == 45 and list(ARCHITECTURES) == list(PUBLISHED_ACCURACY.index)
    blanks = PUBLISHED_SPECIALISED.isna().stack()
    assert blanks[blanks].index.tolist() == [("titanic", "tanh")]


def test_every_set_but_miniboone_is_known_by_its_fingerprint():
    known = {name for name in data.table_names() if not name.startswith("generated-")}
    assert ARCHITECTURES.keys() - known == {"miniboone"} and not known - ARCHITECTURES.keys()
    assert list(ATTAINABLE) == [name for name in ARCHITECTURES if name in known]


def test_corrections_are_yeasts_layers_and_red_wines_dropout():
    changed = [name for name in ATTAINABLE if Config(dataset=name).architecture != ARCHITECTURES[name]]
    assert changed == ["wine-quality-red", "yeast"]
    assert (Config(dataset="yeast").architecture.layers, ARCHITECTURES["yeast"].layers) == (3, 32)
    assert Config(dataset="yeast", corrected_table=False).architecture == ARCHITECTURES["yeast"]


@pytest.mark.parametrize(
    ("dataset", "least"),
    [("plant-shape", 0), ("nursery", 80), ("statlog-shuttle", 500 / 7), ("wine-quality-red", 200 / 3), ("yeast", 90)],
)
def test_the_test_half_sets_a_ceiling_and_the_chance_of_its_largest_class(dataset, least):
    try:
        table = data.load_table(dataset)
    except data.DataMissing:
        pytest.skip("the UCI sets are not here")
    labels = table.labels[: len(table.test_half)][table.test_half]
    assert ceiling(labels, num_classes=table.classes) == pytest.approx(least)
    assert np.bincount(labels).max() == pytest.approx(LARGEST_CLASS[dataset] * len(labels))
