"""Tables, sentences and figures of the class-rates chapter, from made-up records whose answer is known."""

import functools

import numpy as np
import pandas as pd
import pytest
from class_rates_made import CONTROLS, SETS, made_rows, proofs

from spareparts import class_rates, plots
from spareparts.class_rates import controls, page, points, tables, totals
from spareparts.class_rates.answer import answer
from spareparts.class_rates.rows import LABELS, absent, paired
from spareparts.stats import NOTHING

ALL_ABLATIONS = (*controls.ABLATIONS, "baseline_32", "class_rates_32")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes rows as `made_rows` does, in a records folder of the test's own."""
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path))
    return functools.partial(made_rows, tmp_path)


def test_shorter_runs_give_way_to_longer_ones_and_are_called_reduced(made):
    rows = made(datasets=["car", "bank"])
    short = rows.assign(epochs=2, protocol="reduced")
    assert set(paired(pd.concat([rows, short])).epochs) == {100}
    assert {found.protocol for found in class_rates.verdicts(short).values()} <= {"reduced", None}
    assert "Reduced protocol" in page.protocol_note(paired(short))


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
def test_every_table_and_sentence_takes_any_number_of_records(made, seeds):
    sets = SETS[:3] if seeds else ()
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
    ):
        assert len(make(pairs)) > 0
    for make in (
        controls.controls,
        controls.ablations,
        controls.divergence,
        controls.learning_rates,
        tables.chosen_cutoffs,
    ):
        assert len(make(rows)) > 0
    for say in (page.headline, page.protocol_note, page.ceiling_note, page.one_batch_note, page.official_note):
        assert isinstance(say(pairs), str)
    assert isinstance(page.divergence_note(rows) + page.proof_note(rows) + page.chance_note(pairs), str)


def test_every_figure_takes_any_number_of_records(made):
    for rows in (pd.DataFrame(), pd.concat([made(datasets=SETS[:3], tuned=True), proofs()])):
        pairs = paired(rows)
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
    assert table.loc[("SELU", "seed 1"), "sets"] == "3 of 44"
    assert table.loc[("SELU", "seed 3"), "sets"] == "2 of 44"
    assert table.loc[("SELU", "paper, same"), ["wins", "losses", "ties"]].tolist() == [2, 0, 1]
    assert totals.mcnemar_counts(pairs).loc["sets, seeds", "SELU"] == "3, 1 to 3"
    assert set(tables.set_by_set(pairs).seeds) == {1, 3}
    assert class_rates.verdicts(rows)["class_rates-1"].n == 3
    assert "1 to 3 seeds each" in page.headline(pairs)
    mean = pairs.groupby("dataset").difference.mean().mean()
    assert answer(pairs).startswith("Over 3 of 44 data sets") and f"accuracy by {mean:+.2f} points" in answer(pairs)
    assert "paper protocol" in answer(pairs) and answer(pd.DataFrame()) == NOTHING


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


def test_choices_among_equals_are_counted(made):
    rows = made(datasets=["car", "bank"])
    rows = rows.assign(validation_accuracy=80.0 + ((rows.cutoff == 30) & (rows.dataset == "bank")))
    line = tables.chosen_cutoffs(rows).loc["SELU"]
    assert line["10 epochs"] == line["30 epochs"] == line["tied"] == 1
    assert line["choices"] == 2


def test_an_interval_of_two_seeds_is_left_out():
    assert tables.student(np.array([1.0, 2.0])) == "–"
    assert tables.student(np.array([1.0, 1.0, 1.0])) == "+1.00 each time"
    assert tables.student(np.array([0.0, 1.0, 2.0])) == "-1.48 to +3.48"
