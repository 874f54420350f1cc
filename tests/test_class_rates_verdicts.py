"""Verdicts, tables, sentences and figures of the class-rates chapter, from made-up records whose answer is known."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

from spareparts import class_rates, plots, records
from spareparts.class_rates import controls, page, points, tables, totals
from spareparts.class_rates.counting import Count, count, published_count, published_mean, with_mcnemar
from spareparts.class_rates.rows import LABELS, absent, of_variant, paired, side
from spareparts.class_rates.verdicts import more
from spareparts.execute import ROOT
from spareparts.sweep.grid import from_file

SETS = list(class_rates.ARCHITECTURES)
CONTROLS = ("one_group", "shuffled_groups")
ABLATIONS = ("no_reset", "bottom_half", "top_half")
ALL_ABLATIONS = (*controls.ABLATIONS, "baseline_32", "class_rates_32")
SAMPLES = 200


def made_line(config, *, errors, validation=80.0, **metrics):
    """One row as `records.frame` gives it, named by its config's hash."""
    found = {
        "test_samples": SAMPLES,
        "test_accuracy": 100 * (1 - errors / SAMPLES),
        "validation_accuracy": validation,
        "specialized": 50.0,
        "specialized_ceiling": 100.0,
        "parameters": 1000,
        "inference_milliseconds": 2.0,
        "epoch_steps": 10,
        "reductions": 0,
        "largest_rate": 30.0,
        "official_accuracy": 70.0,
        "outcome": "finished",
        "protocol": config.protocol,
        "seconds": 10.0,
        "device": "processor",
        "commit": "abc",
        "fingerprint": "f" * 64,
        "fidelity": "exact",
        "hash": records.key(config),
    }
    return dataclasses.asdict(config) | found | metrics


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes rows: a baseline with 40 errors of 200, class rates with `gain` fewer, and their predictions on disk."""
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path))
    (tmp_path / "class_rates").mkdir()

    def rows(*, gain=3, variants=(), datasets=tuple(SETS[:8]), seeds=(1,), lag=None, **metrics):
        lines = []
        names = ("baseline", "class_rates", *variants)
        known = [name for name in datasets if name != "miniboone"]
        for number, (dataset, seed) in enumerate(itertools.product(known, seeds)):
            for name in names:
                rates = (0.01, 0.03, 0.1) if name == "baseline" and "tuned" in metrics else (0.01,)
                for config in class_rates.plan(datasets=[dataset], seeds=[seed], variants=[name], learning_rates=rates):
                    better = {"baseline": 0, "class_rates": gain}.get(name, gain - (lag or {}).get(name, 0))
                    errors = 40 - better - (number % 3 if better else 0)
                    line = made_line(config, errors=errors, **{k: v for k, v in metrics.items() if k != "tuned"})
                    lines.append(line)
                    if name in ("baseline", "class_rates"):
                        right = np.packbits(np.arange(SAMPLES) >= errors)
                        np.savez(tmp_path / "class_rates" / f"{line['hash']}.npz", test_correct=right)
        return pd.DataFrame(lines)

    return rows


def proofs(order=2.0, forms=("sample", "class", "batch")):
    alphas = [1e-2, 1e-3, 1e-4, 1e-5]
    return pd.DataFrame(
        {
            "dataset": "twonorm",
            "activation": "selu",
            "arm": "proof",
            "seed": 1,
            "epochs": 1,
            "outcome": "finished",
            "form": form,
            "hash": form,
            "step_sizes": alphas,
            "relative_remainders": [alpha ** (order - 1) for alpha in alphas],
        }
        for form in forms
    )


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


def test_shorter_runs_give_way_to_longer_ones_and_are_called_reduced(made):
    rows = made(datasets=["car", "bank"])
    short = rows.assign(epochs=2, protocol="reduced")
    assert set(paired(pd.concat([rows, short])).epochs) == {100}
    assert {found.protocol for found in class_rates.verdicts(short).values()} <= {"reduced", None}
    assert "Reduced protocol" in page.protocol_note(paired(short))


def test_mcnemar_looks_at_the_samples_that_one_network_alone_gets_right(made):
    tests = with_mcnemar(paired(made(datasets=["car"], gain=6)))
    assert tests.p.to_list() == pytest.approx([2 / 2**6] * 3)


def test_sets_that_have_not_run_are_named(made):
    pairs = paired(made(datasets=SETS))
    assert absent(pairs) == []
    assert absent(pairs[pairs.dataset != "car"]) == ["car"]
    assert "**43 of 44 data sets**" in page.protocol_note(pairs[pairs.dataset != "car"])
    assert "miniboone" in page.protocol_note(pairs)


def test_a_generated_set_is_shown_but_not_counted(made):
    rows = made(datasets=["generated-twonorm", "car", "bank"])
    assert class_rates.verdicts(rows)["class_rates-1"].n == 2
    assert "twonorm (drawn)" in tables.table_two(paired(rows)).index


@pytest.mark.parametrize("seeds", [(), (1,), (1, 2, 3)], ids=["no records", "one seed", "three seeds"])
def test_every_table_sentence_and_figure_takes_any_number_of_records(made, seeds):
    sets = SETS[:5] if seeds else ()
    rows = made(datasets=sets, seeds=seeds, variants=CONTROLS + ALL_ABLATIONS, tuned=True)
    rows = pd.concat([rows, proofs()]) if seeds else rows
    pairs = paired(rows)
    for make in (
        tables.table_two,
        tables.table_three,
        totals.counts,
        totals.mean_differences,
        totals.mcnemar_counts,
        tables.set_by_set,
        tables.shares,
        tables.official,
        tables.chosen_cutoffs,
    ):
        assert len(make(pairs)) > 0
    for make in (controls.controls, controls.ablations, controls.divergence, controls.learning_rates):
        assert len(make(rows)) > 0
    for say in (page.headline, page.protocol_note, page.ceiling_note, page.one_batch_note, page.official_note):
        assert isinstance(say(pairs), str)
    assert isinstance(page.divergence_note(rows) + page.proof_note(rows) + page.chance_note(pairs), str)
    figures = [
        plots.accuracy_differences(points.differences(pairs), kinds=LABELS),
        plots.specialized_shares(points.shares(pairs), kinds=LABELS),
        plots.critical_differences(controls.methods(rows)),
        plots.critical_differences(controls.methods(rows, tuned=True)),
        plots.remainders(points.remainders(rows)),
    ]
    assert all(figure.axes for figure in figures)


def test_the_tables_have_the_paper_beside_ours(made):
    table = tables.table_two(paired(made(datasets=["car"])))
    assert table.loc["car", ("ReLU", "paper")] == "95.95 → 96.06"
    assert table.loc["car", ("ReLU", "ours")] == "80.00 → 81.50"
    assert table.loc["bank", ("ReLU", "ours")] == "–"


def test_larger_sets_of_one_seed_count_beside_smaller_ones_of_three(made):
    small, large = made(datasets=["car", "bank"], seeds=(1, 2, 3)), made(datasets=["letter"])
    rows = pd.concat([small, large])
    pairs = paired(rows)
    table = totals.counts(pairs)
    assert table.loc[("SELU", "ours, seed 1"), "sets"] == "3 of 44"
    assert table.loc[("SELU", "ours, seed 3"), "sets"] == "2 of 44"
    assert table.loc[("SELU", "paper, the sets below"), ["wins", "losses", "ties"]].tolist() == [2, 0, 1]
    assert totals.mcnemar_counts(pairs).loc["sets, seeds", "SELU"] == "3, 1 to 3"
    assert set(tables.set_by_set(pairs).seeds) == {1, 3}
    assert class_rates.verdicts(rows)["class_rates-1"].n == 3
    assert "1 to 3 seeds each" in page.headline(pairs)


def test_a_network_that_names_the_largest_class_only_is_at_chance(made):
    rows = made(datasets=["car"], test_samples=864)
    at = rows.assign(test_accuracy=np.where(rows.arm == "baseline", 100 * 606 / 864, 90.0))
    assert tables.table_two(paired(at)).loc["car", ("", "chance")] == "70.14"
    assert "3 baselines and 0 with class rates" in page.chance_note(paired(at))
    assert "Only without: car (SELU 1, ReLU 1, tanh 1)." in page.chance_note(paired(at))


def test_what_diverged_for_good_is_told_and_makes_no_pair(made):
    rows = made(datasets=["car", "bank"], reductions=2)
    rows = rows.assign(outcome=np.where((rows.dataset == "car") & (rows.arm == "class_rates"), "diverged", "finished"))
    assert set(paired(rows).dataset) == {"bank"}
    assert "9 diverged in the end" in page.divergence_note(rows)
    assert "Of the 6 baselines, with the same α, 0 diverged" in page.divergence_note(rows)
    assert "makes no pair" in page.divergence_note(rows)


def test_the_sweep_makes_every_variant_and_every_set_but_the_one_that_cannot_be_had():
    cells = from_file(ROOT / "notebooks" / "sweeps" / "class_rates.yaml")
    assert {name for cell in cells for name in cell.parameters["DATASETS"]} == set(SETS) - {"miniboone"}
    assert {name for cell in cells for name in cell.parameters["VARIANTS"]} == set(class_rates.VARIANTS)
