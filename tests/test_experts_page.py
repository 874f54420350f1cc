"""Factors, figures and sentences of the experts chapter, from made-up records whose answer is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from spareparts import experts, plots, records
from spareparts.experts import collapse, factors, page, points, recommendations, tables
from spareparts.experts.points import Square

FACTORS = [name for name in experts.FACTORS if name not in factors.SEPARATE]
ROUTED = ("load", "live_experts", "entropy")  # what an ensemble has not


def made_run(config, **changes):
    """One row as `records.frame` gives it: all experts live under a balanced gate, one elsewhere."""
    live = config.experts if config.arm == "balanced" else 1
    metrics = {
        "accuracy": 80.0 + config.seed + (2 if config.arm == "supcon" else 0) - (config.weight_schedule == "rising"),
        "live_experts": live,
        "load": [1 / live] * live + [0.0] * (config.experts - live),
        "entropy": 0.1,
        "live_similarity": 0.004 if live > 1 else np.nan,
        "similarity": 0.001,
        "matched_similarity": 0.05,
        "alignment": 0.5,
        "null_dead_deviation": 0.0005,
        "null_live_mean": np.nan,
        "null_live_deviation": np.nan,
        "silhouette": 0.1,
        "neighbour_purity": 0.5,
        "class_variance": 0.7,
        "curve_steps": [25, 50, 500],
        "curve_live": [config.experts, live, live],
        "curve_load_entropy": [1.0, 0.5, 0.2],
    }
    if config.arm == "ensemble":
        metrics |= dict.fromkeys(ROUTED, np.nan)
    about = {"outcome": "finished", "protocol": "reduced", "hash": records.key(config), "device": "cpu", "seconds": 1.0}
    origin = {"commit": "abc", "fingerprint": "f" * 64, "fidelity": "exact"}
    return dataclasses.asdict(config) | metrics | about | origin | changes


def ablation_rows(*, names=FACTORS, datasets=("fashion_mnist", "cifar10"), seeds=(1, 2, 3)):
    configs = experts.plan(datasets=datasets, seeds=seeds, steps=500, precision="bfloat16", factors=names)
    return pd.DataFrame([made_run(config) for config in configs])


def sweep_rows(*, lost=(-100.0, 100.0)):
    configs = experts.plan(datasets=["cifar10"], seeds=[1], steps=500, precision="bfloat16", factors=["figure_7"])[2:]
    rows = [
        made_run(config, similarity=-config.snnl_weight * 1e-5)
        if config.snnl_weight not in lost
        else made_run(config, similarity=np.nan, accuracy=np.nan, live_experts=np.nan, outcome="diverged")
        for config in configs
    ]
    return pd.DataFrame(rows)


def inference_rows():
    config = experts.Config(dataset="cifar10", arm="inference", steps=500)
    seconds = {"baseline_forward_seconds": [0.1, 0.2, 0.1], "snnl_forward_seconds": [0.1, 0.2, 0.1]}
    return pd.DataFrame([made_run(config, baseline_parameters=10, snnl_parameters=10, **seconds)])


ROWS = ablation_rows()


def test_every_run_that_a_factor_plans_is_found_under_that_factor():
    runs = factors.ablation(ROWS)
    assert len(runs) == len(ROWS)
    assert set(runs.factor) == {factors.STANDARD, *FACTORS}
    assert (runs[runs.factor == factors.STANDARD].groupby(["dataset", "arm"]).seed.nunique() == 3).all()


def test_levels_of_a_factor_have_names_of_their_own():
    for factor in FACTORS:
        choices = experts.FACTORS[factor]
        named = {(factors.level(choice), choice["arm"]) for choice in choices}
        assert len(named) == len(choices) and factors.STANDARD not in {name for name, _ in named}


def test_longer_runs_and_other_precisions_are_no_ablation():
    other = pd.concat([ROWS.assign(steps=1_500), ROWS.assign(precision="float32")])
    assert factors.ablation(other).empty


def test_a_record_older_than_a_setting_counts_as_its_default():
    old = ROWS.drop(columns=["augment", "extractor", "filters"])
    standard = factors.ablation(old[old.snnl_weight == 1.0])
    assert set(standard[standard.factor == factors.STANDARD].arm) == {"baseline", "snnl"}


def test_the_runs_of_figure_7_are_no_ablation_and_those_of_the_ablation_not_in_figure_7():
    both = pd.concat([ROWS, sweep_rows()])
    assert len(points.sweep_points(both)) == 31
    assert len(factors.ablation(both)) == len(ROWS)


def test_diverged_runs_are_in_the_table_of_figure_7_and_not_in_its_correlation():
    found = page.sweep_found(sweep_rows())
    assert "31 weights from -100 to 100" in found and "2 diverged" in found
    assert "SIM -1.00" in found


def test_a_schedule_that_costs_a_point_is_called_lower_in_every_seed():
    answers = recommendations.answers(ROWS)
    assert "lower in every seed: α rising against constant (CIFAR-10 -1.0, n = 3; FashionMNIST -1.0, n = 3)." in answers
    assert "SupCon against SNNL (CIFAR-10 +2.0, n = 3; FashionMNIST +2.0, n = 3)" in answers


def test_what_diverged_is_told_in_place_of_its_accuracy():
    lost = (ROWS.extractor == "transformer") & (ROWS.arm == "snnl")
    rows = ROWS.assign(outcome=ROWS.outcome.where(~lost, "diverged"))
    count = int((lost & (ROWS.peak_learning_rate == 0.1)).sum())
    assert count and f"Diverged: {count} of {2 * count} runs of transformer" in recommendations.answers(rows)
    assert "Diverged" not in recommendations.answers(ROWS)


def test_a_balanced_gate_that_keeps_every_expert_is_said_to():
    said = collapse.prevented(ROWS)
    assert "baseline: 0 of 6" in said and "balanced gate: 6 of 6" in said


def test_the_gate_that_decides_between_two_readings_has_not_decided_by_the_first():
    said = collapse.over_training(ROWS.assign(precision="float32"))
    assert "step 25" in said and "**0 of 12** runs had lost an expert" in said


def test_live_experts_grow_again_only_where_a_reading_exceeds_the_one_before():
    assert collapse.rises([3, 1, 2]) and not collapse.rises([5, 5, 1]) and not collapse.rises([1])


def test_pairs_of_dead_experts_are_compared_between_the_arms():
    similarity = np.eye(3)
    similarity[0, 1] = similarity[1, 0] = 0.01
    other = similarity.copy()
    other[1, 2] = other[2, 1] = 0.0005
    live = np.array([True, False, False])
    both = [Square(values, live, 0.001, (np.nan, np.nan)) for values in (similarity, other)]
    said = points.squares_found({"a": both[0], "b": both[1]})
    assert "a: 1 of 3 experts live; 1 of 3 pairs lie outside" in said
    assert "dead in both arms: 1. Between the arms their values differ by at most 0.05" in said


def test_chance_of_a_pair_is_that_of_the_mean_times_the_root_of_the_number_of_pairs():
    run = pd.Series({"load": [0.5, 0.25, 0.25, 0.0], "null_dead_deviation": 0.1, "null_live_deviation": 0.2})
    found = points.square(run, np.eye(4))
    assert found.dead_deviation == pytest.approx(0.1 * 6**0.5)
    assert found.live_null[1] == pytest.approx(0.2 * 3**0.5)


def test_a_map_of_a_hundred_classes_colours_every_tenth():
    assert list(points.coloured("cifar100")) == list(range(0, 100, 10))
    assert list(points.coloured("digits")) == list(range(10))


def test_arrays_of_the_fixed_seed_reach_the_figures(monkeypatch, tmp_path):
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path))
    rows = []
    for config in experts.plan(datasets=["digits"], seeds=[1, 2], steps=5):
        rows.append(made_run(config))
        arrays = {"similarities": np.eye(5), "umap": np.zeros((20, 2)), "umap_labels": np.arange(20) % 10}
        records.save(config, records.Result(metrics={}, arrays=arrays, outcome="finished", seconds=0.0, device="cpu"))
    found = points.squares(pd.DataFrame(rows), "digits")
    maps, labels = points.feature_maps(pd.DataFrame(rows), "digits")
    assert len(found) == len(maps) == 2 and len(labels) == 20
    assert len(plots.expert_similarities(found).axes) == 4
    assert len(plots.feature_maps(maps, labels, points.coloured("digits")).axes) == 2


def test_the_best_accuracy_stands_beside_the_mean():
    rows = pd.DataFrame([made_run(config) for config in experts.plan(datasets=["mnist"], seeds=[1, 2], steps=5)])
    line = tables.table_one(rows, {}).loc[("MNIST (reduced)", "best accuracy, %")]
    assert line["ours: baseline"] == "82.00" and line["paper: SNNL"] == "not given"


def test_the_papers_means_are_sorted_by_the_band():
    rows = pd.DataFrame([made_run(config) for config in experts.plan(datasets=["mnist"], seeds=[1], steps=5)])
    said = page.published_similarity(rows, {"experts-2": {"mnist": [[0.03, 0.03], [0.2, 0.1]]}})
    assert "within it MNIST baseline 0.03; outside MNIST SNNL 0.20" in said


def test_claims_that_held_up_are_named():
    ledger = pd.DataFrame(
        {"verdict": ["reproduced", "not run"], "claim": ["It rises", "It falls"], "where": ["Fig. 1", "Fig. 2"]}
    )
    assert page.held_up(ledger) == (
        "Of the paper's 2 claims that can be tested: 1 reproduced, 1 not run.\n\n**Held up:** It rises (Fig. 1)."
    )


SOME = ablation_rows(names=["gate"], datasets=("cifar10",), seeds=(1,))
CASES = [pd.DataFrame(), SOME, ROWS, pd.concat([SOME, sweep_rows(lost=()), inference_rows()])]


def test_the_panels_of_figure_7_fill_it_where_no_run_diverged():
    figure = plots.weight_sweep(points.sweep_points(sweep_rows(lost=())))
    figure.canvas.draw()
    assert all(axis.get_position().height > 0.3 for axis in figure.axes)


@pytest.mark.parametrize("rows", CASES, ids=["no records", "some", "all", "with others"])
def test_every_table_figure_and_sentence_takes_any_number_of_records(rows):
    runs = factors.measured(factors.ablation(rows))
    by_name = {"K": collapse.levels(rows, "experts"), "rate": collapse.levels(rows, "learning_rate")}
    curves, datasets = collapse.curves(rows), factors.sets(runs)
    figures = [
        plots.sensitivity(runs, order=factors.order(runs), metrics=factors.METRICS, title="all"),
        plots.weight_sweep(points.sweep_points(rows)),
        plots.live_by_level(by_name, datasets=datasets),
        plots.condition_curves(curves, datasets=datasets, experts=5),
        plots.expert_similarities(points.squares(rows, "cifar100")),
    ]
    assert all(figure.axes for figure in figures)
    every = (factors.level_table, factors.contrasts, collapse.prevention, recommendations.compared)
    assert all((len(make(rows)) > 0) == (len(runs) > 0) for make in every)
    said = (collapse.over_training, collapse.over_experts, collapse.over_rates, collapse.prevented)
    said += (factors.note, page.sweep_found, recommendations.answers)
    assert all(page.said(say(rows)).strip() for say in said)
    assert len(recommendations.inference(rows)) == (len(rows) > 0 and (rows.arm == "inference").any())
    assert len(page.sources(rows)) <= len(rows)
