"""Verdicts of the class-rates chapter, and the rows they stand on, from made-up records whose answer is known."""

import functools

import numpy as np
import pandas as pd
import pytest
from class_rates_made import ABLATIONS, CONTROLS, SETS, made_rows, proofs

from spareparts import class_rates
from spareparts.class_rates.counting import Count, count, published_count, published_mean, with_mcnemar
from spareparts.class_rates.rows import LABELS, of_variant, paired, side
from spareparts.class_rates.verdicts import more
from spareparts.execute import ROOT
from spareparts.sweep.grid import from_file


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes rows as `made_rows` does, in a records folder of the test's own."""
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path))
    return functools.partial(made_rows, tmp_path)


def words(rows):
    return {name.rpartition("-")[2]: found.verdict for name, found in class_rates.verdicts(rows).items()}


def test_the_paper_counts_are_those_of_its_text_and_two_of_three_are_no_more_than_chance():
    assert [published_count(name) for name in LABELS] == [Count(21, 14, 10), Count(23, 11, 11), Count(15, 9, 21)]
    assert [round(published_count(name).sign_p, 3) for name in LABELS] == [0.155, 0.029, 0.154]
    assert [round(published_mean(name), 2) for name in LABELS] == [-0.02, -0.07, -0.09]


def test_the_sign_test_is_the_binomial_tail():
    assert count([1, 2, 0.5, -1, 0]) == Count(3, 1, 1)
    assert count([1, 2, 0.5, -1, 0]).sign_p == pytest.approx((4 + 1) / 16)


def test_more_wins_than_losses_count_only_where_absent_sets_cannot_turn_them():
    assert more(10, 3, ran=40) == ("reproduced", "")
    assert more(3, 10, ran=40) == ("not reproduced", "")
    assert more(5, 3, ran=40)[0] == "undecided"
    assert more(4, 4, ran=44)[0] == "not reproduced"
    assert more(5, 4, ran=44)[0] == "reproduced"  # miniboone cannot be had


def test_class_rates_that_win_everywhere_reproduce_the_counts_and_the_gain(made):
    found = words(made(datasets=SETS))
    assert {found[number] for number in "1238"} == {"reproduced"}


def test_class_rates_that_lose_everywhere_do_not(made):
    found = words(made(datasets=SETS, gain=-3))
    assert {found[number] for number in "1238"} == {"not reproduced"}


def test_a_clear_gain_on_every_set_is_significant_before_and_after_the_correction(made):
    verdict = class_rates.verdicts(made(datasets=SETS, gain=20))["class_rates-4"]
    assert verdict.verdict == "reproduced"
    assert "raw 44 for, 0 against, Holm over 44 sets 44 for, 0 against" in verdict.note


def test_no_records_are_no_verdicts():
    assert set(words(pd.DataFrame()).values()) == {"not run"}


def test_class_rates_above_all_controls_show_that_the_classes_matter(made):
    behind = dict.fromkeys(CONTROLS, 2)
    found = words(made(variants=CONTROLS, lag=behind, tuned=True))
    assert found["9"] == "reproduced"


def test_class_rates_below_shuffled_groups_show_that_they_do_not(made):
    found = words(made(variants=CONTROLS, lag={"one_group": 2, "shuffled_groups": -2}, tuned=True))
    assert found["9"] == "not reproduced"


def test_lower_layers_and_resets_are_judged_together(made):
    rows = made(variants=ABLATIONS, lag={"no_reset": 2, "bottom_half": 1, "top_half": 3})
    assert words(rows)["10"] == "reproduced"
    rows = made(variants=ABLATIONS, lag={"no_reset": -2, "bottom_half": 1, "top_half": 3})
    assert words(rows)["10"] == "not reproduced"


def test_equal_shares_are_equivalent_and_shares_ten_points_apart_are_not(made):
    rows = made()
    assert words(rows)["5"] == "reproduced"
    risen = rows.assign(specialized=rows.specialized + 10 * (rows.arm == "class_rates"))
    assert words(risen)["5"] == "not reproduced"


def test_sets_whose_ceiling_is_zero_say_nothing_about_shares(made):
    assert words(made(specialized_ceiling=0.0))["5"] == "not run"


@pytest.mark.parametrize(("order", "word"), [(2.0, "reproduced"), (1.5, "not reproduced")])
def test_the_remainder_must_shrink_with_the_square_of_alpha(order, word):
    verdict = class_rates.verdicts(proofs(order))["class_rates-6"]
    assert verdict.verdict == word
    assert verdict.effect == pytest.approx(order)


def test_inference_costs_nothing_more_where_parameters_and_times_agree(made):
    rows = made()
    assert words(rows)["7"] == "reproduced"
    slower = rows.assign(inference_milliseconds=2.0 + (rows.arm == "class_rates"))
    assert words(slower)["7"] == "undecided"
    larger = rows.assign(parameters=1000 + (rows.arm == "class_rates"))
    assert words(larger)["7"] == "not reproduced"


def test_the_cutoff_is_the_best_on_validation_and_the_smallest_among_equals(made):
    rows = made(datasets=["car"])
    assert set(side(rows, "class_rates").cutoff) == {10}
    rows = rows.assign(validation_accuracy=80.0 + (rows.cutoff == 30))
    assert set(side(rows, "class_rates").cutoff) == {30}


def test_there_is_no_choice_before_every_cutoff_has_run_and_none_of_a_diverged_one(made):
    rows = made(datasets=["car"])
    assert side(rows[rows.cutoff != 20], "class_rates").empty
    rows = rows.assign(outcome=np.where(rows.cutoff == 10, "diverged", "finished"))
    assert set(side(rows, "class_rates").cutoff) == {20}


def test_the_tuned_baseline_chooses_its_learning_rate_on_validation(made):
    rows = made(datasets=["car"], tuned=True)
    rows = rows.assign(validation_accuracy=80.0 + (rows.learning_rate == 0.03))
    assert set(side(rows, "tuned_baseline").learning_rate) == {0.03}
    assert set(side(rows, "baseline").learning_rate) == {0.01}


def test_every_variant_finds_its_own_runs_only(made):
    rows = made(datasets=["car"], variants=CONTROLS + ABLATIONS)
    sizes = [len(of_variant(rows, name)) for name in ("baseline", "class_rates", *CONTROLS, *ABLATIONS)]
    assert sizes == [3, 9, 9, 9, 9, 9, 9]
    assert sum(sizes) == len(rows)


def test_mcnemar_looks_at_the_samples_that_one_network_alone_gets_right(made):
    tests = with_mcnemar(paired(made(datasets=["car"], gain=6)))
    assert tests.p.to_list() == pytest.approx([2 / 2**6] * 3)


def test_the_sweep_makes_every_variant_and_every_set_but_the_one_that_cannot_be_had():
    cells = from_file(ROOT / "notebooks" / "sweeps" / "class_rates.yaml")
    assert {name for cell in cells for name in cell.parameters["DATASETS"]} == set(SETS) - {"miniboone"}
    assert {name for cell in cells for name in cell.parameters["VARIANTS"]} == set(class_rates.VARIANTS)
