"""Verdicts and tables of the experts chapter, from made-up records whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from spareparts import experts, plots
from spareparts.experts import behaviour, page, tables
from spareparts.experts.answer import answer
from spareparts.experts.config import DATASETS
from spareparts.experts.rows import paired
from spareparts.experts.verdicts import halving_chance
from spareparts.stats import NOTHING

SHIFTS = {"mnist": -0.1, "fashion_mnist": 0.3, "cifar10": 0.0, "cifar100": 1.0}


def made_rows(*, seeds=10, steps=15_000, datasets=DATASETS, live=2, shifts=SHIFTS, shrink=0.5):
    """Rows as `records.frame` gives them; SNNL shifts the accuracy by a known amount and shrinks similarities."""
    random = np.random.default_rng(0)
    lines = []
    for dataset in datasets:
        for seed in range(1, seeds + 1):
            base = random.normal(0, 0.01)
            for arm in ("baseline", "snnl"):
                treated = arm == "snnl"
                scale = shrink if treated else 1.0
                lines.append(
                    {
                        "dataset": dataset,
                        "arm": arm,
                        "seed": seed,
                        "steps": steps,
                        "train_samples": None,
                        "experts": 5,
                        "snnl_weight": 1.0,
                        "precision": "float32",
                        "outcome": "finished",
                        "protocol": "paper" if steps >= 15_000 else "reduced",
                        "accuracy": 90 + base + treated * shifts[dataset] + 0.001 * seed * treated,
                        "entropy": 0.2 + (0.1 + 0.001 * seed) * treated * (-1 if dataset == "fashion_mnist" else 1),
                        "sample_entropy": 0.1,
                        "max_entropy": np.log(5),
                        "similarity": 0.002 * scale,
                        "live_similarity": (0.004 + 0.0001 * seed) * scale,
                        "null_live_mean": 0.001,
                        "null_live_deviation": 0.001,
                        "null_dead_deviation": 0.0005,
                        "live_matched_similarity": 0.05,
                        "live_alignment": 0.5,
                        "max_similarity": 0.01 * (0.4 if treated else 1),
                        "silhouette": 0.1 + 0.01 * seed * treated + 0.1 * treated,
                        "neighbour_purity": 0.7 + 0.01 * seed * treated,
                        "class_variance": 0.7 - 0.01 * seed * treated,
                        "expert_variance": 0.9 - 0.01 * seed * treated,
                        "random_expert_variance": 0.95 + 0.001 * seed,
                        "live_experts": live + treated,
                        "mutual_information": 0.3 + 0.01 * seed * treated,
                        "load": [0.5, 0.5, 0.0, 0.0, 0.0],
                        "seconds": 100.0,
                        "device": "processor",
                        "commit": "abc",
                        "fingerprint": "f" * 64,
                        "fidelity": "exact",
                        "hash": f"{dataset}{arm}{seed}",
                    }
                )
    return pd.DataFrame(lines)


def words(rows):
    return {name: verdict.verdict for name, verdict in experts.verdicts(rows).items()}


def test_effects_as_claimed_in_ten_seeds_are_reproduced():
    found = words(made_rows())
    assert {found[name] for name in ("experts-1", "experts-2", "experts-3", "experts-6", "experts-9")} == {"reproduced"}


def test_effects_of_the_opposite_sign_are_not_reproduced():
    found = words(made_rows(shifts={name: -shift for name, shift in SHIFTS.items()}, shrink=2.0))
    assert found["experts-1"] == found["experts-2"] == "not reproduced"


def test_five_seeds_decide_no_claim_of_four_data_sets():
    verdict = experts.verdicts(made_rows(seeds=5))["experts-3"]
    assert verdict.verdict == "undecided"
    assert "n = 5 allows no p below 0.0625" in verdict.note


def test_no_records_are_no_verdicts():
    assert set(words(pd.DataFrame()).values()) == {"not run"}


def test_a_data_set_that_has_not_run_keeps_a_claim_undecided():
    assert words(made_rows(datasets=("mnist", "fashion_mnist")))["experts-1"] == "undecided"


def test_one_live_expert_leaves_nothing_to_compare():
    rows = made_rows(live=0).assign(live_similarity=np.nan, null_live_mean=np.nan)
    verdict = experts.verdicts(rows)["experts-2"]
    assert verdict.verdict == "undecided"
    assert "nothing to compare" in verdict.note


def test_a_verdict_from_shorter_runs_is_called_reduced():
    verdicts = experts.verdicts(made_rows(steps=1_500))
    assert {verdict.protocol for verdict in verdicts.values() if verdict.verdict != "not run"} == {"reduced"}


def test_the_longest_protocol_of_a_data_set_is_the_one_shown():
    rows = pd.concat([made_rows(steps=1_500), made_rows(seeds=3, datasets=("mnist",))])
    assert set(experts.standard(rows)[experts.standard(rows).dataset == "mnist"].steps) == {15_000}
    assert len(paired(rows, "accuracy", "mnist")[0]) == 3


def test_a_seed_without_its_partner_is_left_out():
    rows = made_rows(seeds=4)
    rows = rows[~((rows.arm == "snnl") & (rows.seed == 2))]
    assert len(paired(rows, "accuracy", "mnist")[0]) == 3


def test_diverged_runs_and_other_settings_stay_out_of_the_table():
    rows = made_rows(seeds=3)
    other = rows.assign(experts=3)
    lost = rows.assign(outcome="diverged")
    assert len(experts.standard(pd.concat([rows, other, lost]))) == len(rows)


@pytest.mark.parametrize(("pairs", "chance"), [(10, 1 / 9), (1, 0.32)])
def test_the_largest_similarity_halves_by_chance_as_often_as_extreme_values_say(pairs, chance):
    """Ten pairs: about one case of nine. One pair: P(a > 0, b < a/2) = 1/4 + arctan(1/2) / (2 pi)."""
    assert halving_chance(pairs) == pytest.approx(chance, abs=0.015)


def test_table_one_gives_the_paper_and_ours_in_the_same_units():
    found = tables.table_one(made_rows(), {"experts-1": {"mnist": [[99.36, 0.03], [99.25, 0.08]]}})
    line = found.loc[("MNIST", "accuracy, %")]
    assert line["paper: baseline"] == "99.36 (0.03)"
    assert line["ours: SNNL"].startswith("89.9")
    assert line["n"] == 10


def test_tables_print_the_smallest_p_that_n_allows():
    assert set(tables.tests(made_rows(seeds=5), "accuracy")["smallest p"]) == {"0.0625"}


@pytest.mark.parametrize("rows", [pd.DataFrame(), made_rows(seeds=3)], ids=["no records", "three seeds"])
def test_every_table_and_figure_of_the_chapter_takes_any_number_of_records(rows):
    kept = experts.standard(rows)
    titles = {name: tables.title(name) for name in tables.shown(rows)}
    for table in (tables.table_one(rows, {}), tables.tests(rows, "accuracy"), tables.stars(rows)):
        assert len(table) == 0 or "MNIST" in str(table.index)
    for make in (behaviour.loads, behaviour.similarity_table, behaviour.routing_table, behaviour.clusters):
        assert (len(make(rows)) > 0) == (len(rows) > 0)
    figures = [
        plots.expert_loads(kept, datasets=titles),
        plots.arm_boxes(kept, datasets=titles, metrics={"accuracy": "accuracy", "entropy": "ENT"}),
        plots.similarity_levels(kept, datasets=titles),
        plots.feature_maps({}, np.empty(0), {}),
    ]
    assert all(figure.axes for figure in figures)
    assert isinstance(page.headline(rows), str)
    assert answer(rows) == NOTHING if rows.empty else "2.0 live without the loss and 3.0 with it" in answer(rows)


def test_reduced_runs_are_called_reduced_and_absent_ones_named():
    note = page.protocol_note(made_rows(steps=1_500, datasets=("mnist",)))
    assert "Reduced protocol" in note and "1,500 steps instead of 15,000" in note
    assert "Not run yet: FashionMNIST, CIFAR-10, CIFAR-100" in note
