"""Verdicts of the redundancy chapter, and the rows they stand on, from made-up records whose answer is known."""

import pandas as pd
import pytest
from made import made_line
from redundancy_made import made_rows, network_metrics

from spareparts import claims, redundancy
from spareparts.redundancy import Config
from spareparts.redundancy.rows import by_classes, by_labels, by_width, chosen, networks, paired
from spareparts.redundancy.verdicts import CLAIMS


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A records folder of the test's own."""
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path))
    return tmp_path


def words(rows):
    return {name.rpartition("-")[2]: found.verdict for name, found in redundancy.verdicts(rows).items()}


# Claims


def test_every_claim_of_the_ledger_has_a_verdict():
    assert list(redundancy.verdicts(pd.DataFrame())) == [
        claim.id for claim in claims.load() if claim.word == "redundancy"
    ]
    assert len(set(CLAIMS)) == len(CLAIMS)


def test_no_records_are_no_verdicts_and_other_experiments_none_either(folder):
    assert set(words(pd.DataFrame()).values()) == {"not run"}
    rows = made_rows(folder, seeds=3)
    assert set(words(rows[rows.experiment == "filters"]).values()) == {"not run", "undecided"}
    assert set(words(rows.assign(outcome="diverged")).values()) == {"not run"}


def test_records_as_claimed_reproduce_every_claim_and_shorter_runs_are_called_reduced(folder):
    found = redundancy.verdicts(made_rows(folder))
    assert {name: verdict for name, verdict in found.items() if verdict.verdict != "reproduced"} == {}
    reduced = {int(name.rpartition("-")[2]) for name, verdict in found.items() if verdict.protocol == "reduced"}
    assert reduced == {2, 5, 7, 8, 11, 13, 14, 15, 16}


@pytest.mark.parametrize("number", range(1, len(CLAIMS) + 1))
def test_records_against_a_claim_do_not_reproduce_it(folder, number):
    decide = CLAIMS[number - 1]
    assert decide(made_rows(folder, against=number)).verdict == "not reproduced"


def test_one_network_of_each_kind_decides_nothing_that_seeds_must(folder):
    found = words(made_rows(folder, seeds=1))
    by_replicas = {"9", "12", "13"}  # many layers, teachers and draws within one run
    assert {number for number, word in found.items() if word != "undecided"} == by_replicas


def test_three_seeds_allow_no_rank_test_and_the_note_says_so(folder):
    verdict = CLAIMS[0](made_rows(folder, seeds=3))
    assert verdict.verdict == "undecided"
    assert "n = 3 allows no p below 0.25" in verdict.note


def test_a_control_without_an_effect_leaves_claim_8_undecided(folder):
    rows = made_rows(folder)
    weights = rows.experiment == "tickets"
    rows["rewound"] = rows.rewound.where(~weights, rows.resampled)
    verdict = CLAIMS[7](rows)
    assert verdict.verdict == "undecided"
    assert "no effect in the control" in verdict.note


def test_networks_that_do_not_fit_are_left_out_of_claim_11_and_counted(folder):
    rows = made_rows(folder)
    rows["train_error"] = rows.train_error.where(rows.width != 30, 2.0)
    assert "12 of 15 networks fit" in CLAIMS[10](rows).note


def test_networks_too_large_for_two_cores_leave_claim_5_undecided_and_are_named(folder):
    rows = made_rows(folder)
    verdict = CLAIMS[4](rows[~rows.model.isin(["conv_6", "vgg_19_bn"])])
    assert verdict.verdict == "undecided"
    assert "not run: Conv-6" in verdict.note and "VGG-19" in verdict.note


# Rows


def test_the_longest_training_counts_and_what_figure_1_states_is_longest():
    lines = [made_line(Config(seed=seed, iterations=steps), a=1) for seed in (1, 2) for steps in (100, 200, None)]
    assert networks(pd.DataFrame(lines), "lenet_300_100").seed.tolist() == [1, 2]
    short = networks(pd.DataFrame(lines[:2] + lines[3:5]), "lenet_300_100")
    assert short.iterations.tolist() == [200, 200]


def test_of_two_precisions_that_ran_as_long_the_one_of_most_runs_counts():
    lines = [made_line(Config(seed=seed, iterations=9, precision="bfloat16"), a=1) for seed in (1, 2, 3)]
    lines += [made_line(Config(seed=seed, iterations=9), a=1) for seed in (1, 2)]
    assert set(networks(pd.DataFrame(lines), "lenet_300_100").precision) == {"bfloat16"}
    del lines[3]["precision"], lines[4]["precision"]  # as records from before the field have it
    assert networks(pd.DataFrame(lines[2:]), "lenet_300_100").seed.tolist() == [1, 2]


def test_other_settings_and_diverged_runs_stay_out(folder):
    rows = made_rows(folder, seeds=2)
    assert len(networks(rows, "lenet_300_100")) == 2
    rows["outcome"] = rows.outcome.where(rows.seed != 1, "diverged")
    assert networks(rows, "lenet_300_100").seed.tolist() == [2]
    assert chosen(rows, experiment="retrain", model="conv_2").empty


def test_widths_are_those_of_the_most_images(folder):
    rows = made_rows(folder, seeds=2)
    few = rows[rows.experiment == "width"].assign(train_samples=1_000, width=30)
    found = by_width(pd.concat([rows, few]))
    assert set(found.train_samples) == {5_000} and found.width.nunique() == 5


def test_labels_are_compared_where_both_kinds_have_run():
    lines = [
        made_line(Config(seed=seed, train_samples=samples, shuffled_labels=shuffled), **network_metrics(seed))
        for seed, samples, shuffled in [(1, 500, False), (1, 500, True), (2, 500, True), (1, 5_000, False)]
    ]
    true, shuffled = by_labels(pd.DataFrame(lines))
    assert true.seed.tolist() == shuffled.seed.tolist() == [1]
    assert set(true.train_samples) == set(shuffled.train_samples) == {500}


def test_classes_are_those_of_one_data_set(folder):
    assert by_classes(made_rows(folder, seeds=1)).classes.tolist() == [2, 5, 10, 20, 100]


def test_classes_are_compared_at_the_length_of_most_runs():
    settings = {"dataset": "cifar100", "iterations": 50}
    lines = [made_line(Config(classes=classes, seed=seed, **settings), a=1) for classes in (2, 5) for seed in (1, 2)]
    lines.append(made_line(Config(classes=2, dataset="cifar100", iterations=200), a=1))
    assert set(by_classes(pd.DataFrame(lines)).iterations) == {50}


def test_a_network_without_a_metric_is_left_out_of_its_pairs():
    rows = pd.DataFrame({"a": [1.0, None], "b": [2.0, 3.0], "protocol": "paper"})
    assert [side.tolist() for side in paired(rows, "a", "b")[:2]] == [[1], [2]]
    assert paired(rows, 0.0, "c").first.tolist() == []
