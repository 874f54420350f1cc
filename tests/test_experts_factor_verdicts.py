"""Verdicts of the claims that need other settings than the two arms, from made-up records whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from spareparts import experts
from spareparts.experts.factor_verdicts import DATASETS
from spareparts.experts.rows import chosen, compared, weight_sweep

COMMON = {
    "seed": 1,
    "steps": 500,
    "precision": "bfloat16",
    "snnl_weight": 1.0,
    "layers": "minimum",
    "train_samples": None,
    "outcome": "finished",
    "protocol": "reduced",
}


def line(**settings):
    return COMMON | {"dataset": "cifar10", "arm": "baseline"} | settings


def words(lines):
    return {name: verdict.verdict for name, verdict in experts.verdicts(pd.DataFrame(lines)).items()}


def seeds(count=8, **settings):
    """Runs on both sets whose numbers follow the seed a little."""
    return [
        line(
            dataset=dataset,
            seed=seed,
            **{name: value + 1e-3 * seed if isinstance(value, float) else value for name, value in settings.items()},
        )
        for dataset in DATASETS
        for seed in range(1, count + 1)
    ]


def sweep(slope, *, diverged=()):
    random = np.random.default_rng(0)
    return [
        line(
            arm="snnl",
            train_samples=25_000,
            snnl_weight=weight,
            similarity=0.05 + slope * weight + random.normal(0, 1e-4),
            outcome="diverged" if weight in diverged else "finished",
        )
        for weight in np.linspace(-100, 100, 31).tolist()
    ]


@pytest.mark.parametrize(("slope", "verdict"), [(-1e-4, "reproduced"), (1e-4, "not reproduced"), (0.0, "undecided")])
def test_a_trend_of_similarity_over_the_weights_decides_by_its_sign(slope, verdict):
    assert words(sweep(slope))["experts-5"] == verdict


def test_runs_of_the_sweep_that_diverged_are_left_out_of_the_trend_and_counted():
    lines = sweep(-1e-4, diverged=(-100.0, 100.0))
    assert len(weight_sweep(pd.DataFrame(lines))) == 31
    assert "2 of 31 runs diverged" in experts.verdicts(pd.DataFrame(lines))["experts-5"].note


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "reproduced"), (1.3, "not reproduced")])
def test_inference_costs_nothing_where_times_agree_within_5_per_cent(factor, verdict):
    times = (0.1 + 1e-4 * np.random.default_rng(0).random(30)).tolist()
    run = line(
        arm="inference",
        baseline_forward_seconds=times,
        snnl_forward_seconds=[factor * each for each in reversed(times)],
        baseline_parameters=1000,
        snnl_parameters=1000,
    )
    assert words([run])["experts-7"] == verdict
    assert words([run | {"snnl_parameters": 1001}])["experts-7"] == "not reproduced"


def test_the_minimum_beats_the_sum_where_accuracy_varies_less_and_the_snnl_ends_lower():
    steady = [run | {"accuracy": 80 + 0.01 * run["seed"], "block_snnl": [0.5, 1.0]} for run in seeds(arm="snnl")]
    shaky = [
        run | {"accuracy": 80 + (-1) ** run["seed"] * run["seed"], "block_snnl": [0.6, 0.6 + 0.01 * run["seed"]]}
        for run in seeds(arm="snnl", layers="sum")
    ]
    assert words(steady + shaky)["experts-8"] == "reproduced"


def test_members_of_an_ensemble_are_not_almost_identical_below_a_similarity_of_nine_tenths():
    alike = {"similarity": 0.01, "matched_similarity": 0.1, "alignment": 0.5}
    mixture = seeds(arm="baseline", **{name: 0.5 * value for name, value in alike.items()})
    ensemble = seeds(arm="ensemble", **alike)
    verdict = experts.verdicts(pd.DataFrame(mixture + ensemble))["experts-11"]
    assert verdict.verdict == "not reproduced"
    assert "above 0.9 in 0 of 8 ensembles" in verdict.note
    assert "reproduced: FashionMNIST, SIM" in verdict.note


@pytest.mark.parametrize(("gain", "verdict"), [(2.0, "reproduced"), (-2.0, "not reproduced")])
def test_an_extractor_helps_where_accuracy_and_live_experts_rise(gain, verdict):
    raw = seeds(arm="raw", accuracy=80.0, live_experts=2.0)
    extracted = [run | {"arm": "baseline", "accuracy": run["accuracy"] + gain + 0.01 * run["seed"]} for run in raw]
    extracted = [run | {"live_experts": run["live_experts"] + gain / 2} for run in extracted]
    assert words(raw + extracted)["experts-13"] == verdict


def test_runs_are_compared_at_the_most_steps_that_both_sides_have():
    short, long = seeds(arm="raw", accuracy=80.0), seeds(3, arm="raw", accuracy=85.0)
    others = seeds(arm="baseline", accuracy=90.0)
    rows = pd.DataFrame(short + others + [run | {"steps": 1500} for run in long + others])
    raw, baseline, protocol = compared(rows, "accuracy", "cifar10", {"arm": "raw"}, {"arm": "baseline"})
    assert raw.round().tolist() == [85, 85, 85]
    assert (len(baseline), protocol) == (3, "reduced")


def test_a_record_that_is_older_than_a_field_has_its_default():
    rows = pd.DataFrame(seeds(2) + seeds(2, augment=True))
    assert rows.augment.isna().sum() == 4
    assert len(chosen(rows, {}, free=("dataset", "arm", "seed", "steps", "precision"))) == 4
