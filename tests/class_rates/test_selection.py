"""Which run speaks for a network: convergence, alpha_mu's tenths, validation; and the paper's tables as data."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from made import made_line
from scipy import stats

from spareparts import data, records
from spareparts.class_rates import Config, by_rule, ceiling, converged, label_entropy, lowered, paired, side
from spareparts.class_rates.config import ARCHITECTURES, ATTAINABLE
from spareparts.class_rates.selection import LARGEST_CLASS, PUBLISHED_ACCURACY, PUBLISHED_SPECIALISED
from spareparts.data.tables import KNOWN_TABLES
from spareparts.execute import ROOT
from spareparts.records import key
from spareparts.sweep.grid import from_file

CHANCE = math.log(2)


def line(*, loss=0.3, validation=80.0, outcome="finished", **settings):
    """A row as `records.frame` gives it, of a set with two classes of one size."""
    config = Config(dataset="car", **settings)
    used = config.first_rate_learning_rate if config.arm == "class_rates" else None
    found = {"loss_curve": [1.0, loss], "label_entropy": CHANCE, "test_samples": 200, "test_accuracy": 80.0}
    found |= {"validation_accuracy": validation} | ({} if used is None else {"used_rate_learning_rate": used})
    return made_line(config, **found) | {"outcome": outcome}


def rated(cutoff=10, **settings):
    return line(arm="class_rates", cutoff=cutoff, **settings)


def test_a_run_has_converged_where_its_loss_is_clearly_below_the_entropy_of_its_labels():
    assert label_entropy(torch.tensor([0, 1, 0, 1])) == pytest.approx(CHANCE)
    assert label_entropy(torch.tensor([0, 0, 2, 2, 2, 2])) == pytest.approx(math.log(3) - 2 * math.log(2) / 3)
    assert label_entropy(torch.tensor([3, 3])) == 0
    runs = pd.DataFrame([line(loss=loss) for loss in (0.5, 0.97 * CHANCE, 0.99 * CHANCE, CHANCE, 1e30)])
    assert converged(runs).tolist() == [True, True, False, False, False]
    assert not converged(runs.assign(outcome="diverged")).any()
    assert converged(runs.drop(columns="label_entropy")).all()  # of labels that nobody knows
    runs = pd.DataFrame([line(), rated(loss=CHANCE) | {"label_entropy": np.nan}])
    assert converged(runs).tolist() == [True, False]


def test_only_runs_that_did_not_converge_beside_a_baseline_that_did_are_asked_for_at_a_tenth():
    failed, fine = rated(loss=CHANCE, cutoff=20), rated()
    (asked,) = lowered(pd.DataFrame([line(), failed, fine]))
    assert (asked.cutoff, asked.rate_learning_rate) == (20, 1e4)
    assert lowered(pd.DataFrame([line(loss=CHANCE), failed])) == []
    again = rated(loss=CHANCE, cutoff=20, rate_learning_rate=1e4)
    (asked,) = lowered(pd.DataFrame([line(), failed, again]))
    assert asked.rate_learning_rate == 1e3
    assert lowered(pd.DataFrame([line(), failed, rated(cutoff=20, rate_learning_rate=1e4)])) == []


@pytest.mark.parametrize("settings", [{}, {"arm": "proof"}, {"arm": "untrained"}])
def test_runs_without_rates_ask_for_nothing_more(settings):
    alone = pd.DataFrame([{name: value for name, value in line(**settings).items() if name != "loss_curve"}])
    assert lowered(alone) == [] and by_rule(alone).hash.tolist() == alone.hash.tolist()


def test_the_largest_alpha_mu_that_converged_speaks_for_a_network():
    runs = [rated(loss=CHANCE), rated(rate_learning_rate=1e4), rated(rate_learning_rate=1e3)]
    (kept,) = by_rule(pd.DataFrame(runs)).itertuples()
    assert kept.rate_learning_rate == 1e4 and kept.divisions == 1 and kept.converged
    (kept,) = by_rule(pd.DataFrame([rated(loss=CHANCE), rated(loss=CHANCE, rate_learning_rate=1e4)])).itertuples()
    assert kept.used_rate_learning_rate == 1e5 and not kept.converged


def test_the_cutoff_is_the_best_on_validation_and_the_smallest_among_equals():
    runs = pd.DataFrame([rated(cutoff) for cutoff in (10, 20, 30)])
    assert side(runs).cutoff.tolist() == [10]
    runs = runs.assign(validation_accuracy=80.0 + (runs.cutoff == 30))
    assert side(runs).cutoff.tolist() == [30]
    assert side(runs[runs.cutoff != 20]).empty
    runs = runs.assign(outcome=np.where(runs.cutoff == 30, "diverged", "finished"))
    assert side(runs).cutoff.tolist() == [10]


def test_a_tuned_side_chooses_on_validation_and_pairs_count_errors_under_the_protocol_of_both_sides():
    runs = pd.DataFrame([line(learning_rate=rate, validation=80 + rate) for rate in (0.01, 0.03, 0.1)])
    assert side(runs, arm="baseline", tuned=True).learning_rate.tolist() == [0.1]
    assert side(runs, arm="baseline").learning_rate.tolist() == [0.01]
    assert side(runs[runs.learning_rate < 0.1], arm="baseline", tuned=True).empty
    sides = [line()] + [rated(cutoff) | {"test_accuracy": 83.0} for cutoff in (10, 20, 30)]
    (pair,) = paired(pd.DataFrame(sides)).itertuples()
    assert (pair.errors_first, pair.errors_second, pair.protocol) == (40, 34, "paper")
    assert pair.difference == pytest.approx(3)


def test_committed_runs_have_their_hashes_and_the_sweep_names_every_set():
    some = records.frame(Config).iloc[::50]
    assert [key(Config(**row.settings)) for row in some.itertuples()] == some.hash.tolist()
    assert key(Config(dataset="car", activation="relu", arm="class_rates", seed=3, cutoff=20)) == "4c0800d498665bd1"
    cells = from_file(ROOT / "notebooks" / "sweeps" / "class_rates.yaml")
    assert {name for cell in cells for name in cell.parameters["DATASETS"]} == set(ATTAINABLE)


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


def test_the_tables_name_45_sets_of_which_all_but_miniboone_are_known_and_two_are_corrected():
    assert len(ARCHITECTURES) == 45 and list(ARCHITECTURES) == list(PUBLISHED_ACCURACY.index)
    blanks = PUBLISHED_SPECIALISED.isna().stack()
    assert blanks[blanks].index.tolist() == [("titanic", "tanh")]
    known = {name for name in KNOWN_TABLES if not name.startswith("generated-")}
    assert set(ATTAINABLE) == known == ARCHITECTURES.keys() - {"miniboone"}
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
