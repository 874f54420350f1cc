"""Sentences, tables and the numbers of figures of the distancing chapter, from made-up records."""

import numpy as np
import pandas as pd
import pytest
import torch
from distancing_shown import shown_rows

from spareparts import distancing
from spareparts.distancing import (
    author,
    author_page,
    mechanism,
    network_page,
    network_series,
    network_tables,
    pace,
    page,
    series,
    tables,
)
from spareparts.distancing.answer import answer
from spareparts.distancing.penalty import checkpoint_penalty, growth_per_step
from spareparts.distancing.rows import values
from spareparts.execute import ROOT
from spareparts.stats import BLANK
from spareparts.sweep.grid import from_file
from spareparts.sweep.survey import distinct, survey

SENTENCES = [
    *(
        getattr(page, name)
        for name in ("headline", "journeys_found", "several_found", "schedules_found", "rates_found")
    ),
    *(getattr(page, name) for name in ("decays_found", "directions_found")),
    *(getattr(network_page, name) for name in ("barriers_found", "strangers_found", "behaviour_found")),
    *(getattr(network_page, name) for name in ("matched_found", "flatness_found", "ensembles_found")),
    *(network_page.averaging_found, network_page.costs_found, network_page.gain_found, answer, pace.decay_found),
]
TABLES = [
    *(getattr(tables, name) for name in ("journeys", "schedules", "rates", "decays", "several", "directions")),
    *(getattr(network_tables, name) for name in ("barriers", "behaviours", "distances", "flatness", "combined")),
    *(getattr(network_tables, name) for name in ("diversity", "costs")),
]
NO_ROWS = pd.DataFrame()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows of three seeds, and the folder of their arrays."""
    folder = tmp_path_factory.mktemp("records")
    (folder / "distancing").mkdir()
    return shown_rows(folder), folder


# Sentences


@pytest.mark.parametrize("say", SENTENCES, ids=lambda say: say.__name__)
def test_every_sentence_says_n_and_protocol_and_without_records_that_it_has_not_run(say, rows):
    text = say(rows)
    assert "n = " in text and "nan" not in text and "Not run yet" not in text
    assert "ot run yet" in say(NO_ROWS) or "has a record yet" in say(NO_ROWS)


@pytest.mark.parametrize("say", SENTENCES, ids=lambda say: say.__name__)
def test_one_run_of_each_is_told_without_an_interval(say, rows):
    assert "nan" not in say(rows[rows.seed == 1])


def test_the_headline_has_the_means_of_both_sides_and_their_protocol(rows):
    text, line = page.headline(rows), series.published("mlp")
    still, runs = series.by_strength(rows, line).values()
    assert f"a squared distance of **{runs.squared_distance.str[0].mean():.1f}**" in text
    assert f"the other **{still.late_accuracy.mean():.2f}%**" in text and "for 20 epochs" in text
    assert text.endswith("**paper protocol**.") and text.startswith("Train an MLP for")
    times = runs.squared_distance.str[0].mean() / still.squared_distance.str[0].mean()
    assert answer(rows).startswith(f"Pushed, an MLP ends at {times:.1f} times the squared distance")
    assert "the test error rises by" in answer(rows)
    assert "If the journey takes 600 epochs, it rises by" in answer(rows) and answer(rows).endswith("are matched.")
    assert "test error" not in answer(rows[rows.experiment != "pair"])
    short = rows[(rows.experiment != "pair") | (rows.epochs != 600)]
    assert answer(short).endswith("points (n = 3).")
    reduced = page.journeys_found(rows)
    assert "**ResNet-20, 40 epochs of 5,000 images, s = 10** (reduced protocol)" in reduced


def test_a_dip_below_nothing_is_called_above():
    assert page.below(0.126) == "0.13 points below" and page.below(-0.126) == "0.13 points above"


def test_near_the_checkpoint_the_push_is_a_weight_decay_of_the_opposite_sign(rows):
    moved = torch.full((3,), 1e-4, dtype=torch.float64, requires_grad=True)
    checkpoint_penalty([moved], [[torch.zeros(3, dtype=torch.float64)]]).backward()
    outwards = float(-(moved.grad / moved.detach()).mean())
    assert outwards == pytest.approx(0.002) and "takes 0.002 times the displacement" in pace.decay_found(rows)
    assert "opposite sign, 2 times as strong" in pace.decay_found(rows)
    decayed = rows[(rows.experiment != "journey") | (rows.weight_decay > 0)]
    assert "Not run yet: journeys without weight decay" in pace.decay_found(decayed)


def test_grids_name_every_value_and_what_has_not_run_is_said(rows):
    text = page.grids_found(rows, "strength")
    assert all(f"{value:g}: " in text for value in (0.1, 1, 10, 100)) and "**MLP, 40 epochs** (paper" in text
    assert page.grids_found(NO_ROWS, "width") == "*Not run yet: journeys of several widths.*"
    note = page.protocol_note(rows)
    assert "Not run yet, of the thesis's networks: ResNet-32, MobileNetV2." in note
    assert note.count("are of the first 1,000 test images") == 1


def test_the_finals_own_findings_are_those_of_the_authors_runs():
    text = author_page.finals_own_findings()
    assert "MobileNetV2 94.91% without the push and 94.52% with" in text and "snapshots, cosine 95.81%" in text


def test_several_checkpoints_did_not_lead_the_authors_networks_further_unless_they_pushed_harder():
    assert "distance of 1,767 from the first of several checkpoints and of 2,013" in author_page.several_in_his_runs()
    for network in author.NETWORKS:
        single = author.theirs(network, "baseline_distance").squared_distance_0
        several = {s: author.theirs(network, name).squared_distance_0 for s, name in author.SEVERAL.items()}
        assert several[1.0].max() < single.min() and several[10.0].min() > single.max()


def test_diverged_journeys_are_counted_and_runs_have_their_part(rows):
    assert "1 diverged" in page.rates_found(rows)
    assert {"journey, MLP on mnist", "ensemble, MLP on digits"} <= set(page.sources(rows).part)
    assert page.sources(NO_ROWS).empty


def test_strengths_are_told_with_distance_alikeness_and_accuracy_of_their_ensembles(rows):
    found = network_series.distance_and_gain(rows, "mlp")
    part = found[found.title == "s = 10"]
    assert f"s = 10: {part.squared_distance.mean():,.1f}, " in network_page.gain_found(rows)
    assert f"{part.accuracy.mean():.2f}% (n = {len(part)})" in network_page.gain_found(rows)


def test_calibration_and_benchmarks_are_told(rows):
    assert "(chance 0.90) single" in network_page.calibration_found(rows, "mlp")
    row = {
        "name": "penalty_resnet32",
        "device": "it",
        "ours": 1.0,
        "other": 3.0,
        "unit": "ms",
        "ratio": 3.0,
        "note": "So.",
    }
    assert "**3.00 times as fast**. So." in network_page.benchmarks_found([row])
    assert "Not run yet" in network_page.benchmarks_found([]) + network_page.calibration_found(rows, "resnet_32")


def test_the_equation_is_judged_by_the_largest_ensembles(rows):
    assert "24 of 24 ensembles lie within 1.96" in network_page.equation_found(rows)


# Tables


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_table_says_n_and_protocol_and_takes_no_records_at_all(table, rows):
    found = table(rows)
    assert {"n", "protocol"} <= set(found.columns) and "nan" not in found.to_string()
    assert set(found.protocol) <= {"paper", "reduced", "the author's"}
    empty = table(NO_ROWS)
    assert "no records yet" in empty.to_string() or set(empty.protocol) == {"the author's"}


def test_the_authors_means_stand_beside_ours(rows):
    found = tables.journeys(rows)
    assert found.loc[("MobileNetV2, author", "s = 1"), "squared distance"].startswith("2,013")
    assert found.loc[("MobileNetV2, author", "s = 1"), "accuracy, %"] == BLANK  # his images were augmented
    assert found.loc[("MLP, 40 epochs", "not pushed"), "augmented accuracy, %"] == BLANK
    grid = tables.grids(rows, "width")
    assert grid.loc[("ResNet-32, author", "10"), "n"] == 3 and ("MLP, 40 epochs", "10000") in grid.index
    several = tables.several(rows)
    assert (
        several.loc[("MobileNetV2, author", "3 checkpoints", "s = 10"), "squared distances"] == "2,973 / 3,886 / 3,476"
    )


def test_all_156_of_the_authors_runs_are_in_one_table():
    found = tables.author_runs()
    assert found.n.sum() == 156
    assert found.loc[("MobileNetV2, author", "multiple_f100_noreg"), "augmented accuracy, %"] == BLANK
    assert found.loc[("ResNet-32, author", "baseline"), ["epochs", "n"]].tolist() == ["600", 3]


def test_what_the_parameters_ask_for_is_counted(rows):
    asked = distancing.plan(strength=[0.0, 1.0], seeds=[1, 2, 9])
    found = tables.asked(rows, asked)
    assert found.loc[("journey", "mlp", "mnist"), ["runs", "recorded"]].tolist() == [6, 4]
    assert tables.asked(NO_ROWS, asked).recorded.sum() == 0


def test_ensembles_of_other_sets_have_a_table_of_their_own(rows):
    found = network_tables.combined(rows, dataset="digits")
    assert found.index.get_level_values("ensemble").tolist() == ["architectures"]
    assert "architectures" not in network_tables.combined(rows).index.get_level_values("ensemble")


# What figures draw


def test_the_authors_runs_that_ended_early_are_left_out():
    assert len(author.theirs("mobilenet_v2", "ensemble_distance")) == 2
    assert set(author.runs().groupby("experiment").epochs.nunique()) <= {0, 1}
    assert not author.of_settings("resnet_32", author.DECAYS) and author.of_settings("resnet_32", author.SCHEDULES)
    for experiments in (author.STRENGTHS, author.WIDTHS, author.SEVERAL):
        for value, name in experiments.items():
            found = author.theirs("mobilenet_v2", name)
            assert len(found) == 3 and value in {found.strength.iloc[0], found.width.iloc[0]}


def test_gain_is_accuracy_over_the_mean_of_those_not_pushed(rows):
    found = series.grid_points(rows, "strength")
    line = series.published("mlp")
    level = values(series.by_strength(rows, line)["not pushed"], "late_accuracy").mean()
    own = found[(found.line == "MLP, 40 epochs") & (found.value == 10)]
    expected = values(series.grid(rows, line, "strength")[10.0], "late_accuracy") - level
    assert own.gain.to_numpy() == pytest.approx(expected.to_numpy()) and (found.value > 0).all()
    widths = series.grid_points(rows, "width")
    assert widths[widths.line.str.endswith("author")].gain.isna().all()


def test_settings_are_compared_where_more_than_one_has_run(rows):
    found = series.pushed_and_not(rows, author.SCHEDULES, "accuracy", their_measure="validation_accuracy")
    ours = found[found.source == "ours"]
    assert set(ours.network) == {"MLP, 48 epochs, reduced"} and set(ours.setting) == {"constant", "step", "cosine"}
    assert set(found.network) - set(ours.network) == {"MobileNetV2, author", "ResNet-32, author"}
    numbers = series.checkpoint_numbers(rows)
    assert set(numbers.setting) == {"1 checkpoint", "3 checkpoints"} and numbers.value.notna().all()


def test_the_authors_ends_are_drawn_where_ours_have_not_run(rows):
    found = series.ends(rows, "late_accuracy", their_measure="validation_accuracy")
    ours = found[found.source == "ours"]
    assert set(ours.network) == {"MLP", "ResNet-20"}
    assert {"40 epochs,\ns = 1", "40 epochs of 5,000 images,\nreduced, s = 10"} <= set(ours.setting)


@pytest.mark.parametrize("measure", ["squared_distance_0", "validation_accuracy"])
def test_the_authors_pushed_networks_all_ended_further_away_and_classified_more_images_correctly(measure):
    found = series.ends(NO_ROWS, "late_accuracy", their_measure=measure)
    assert len(found) == 12 and set(found.source) == {"author"} and set(found.setting) == {"600 epochs,\ns = 1"}
    for _, part in found.groupby("network"):
        assert part[part.pushed].value.min() > part[~part.pushed].value.max()


def test_figures_take_the_line_of_most_runs_or_of_most_epochs(rows):
    assert series.chosen(rows, "mlp").length == 40 and series.chosen(rows, "mlp", longest=True).length == 600
    assert series.chosen(rows, "mobilenet_v2") == series.published("mobilenet_v2")
    assert series.journeys(rows, series.published("mobilenet_v2")) == {}
    line = series.chosen(rows, "mlp")._replace(checkpoints=3, mark=12)
    assert series.marks(line) == [12, 24, 36]
    assert {name: len(found) for name, found in series.journeys(rows, series.chosen(rows, "mlp")).items()} == {
        "not pushed": 3,
        "s = 1": 3,
    }


def test_pairs_and_ensembles_stand_by_their_kind(rows):
    assert list(network_series.pairs(rows, "mlp")) == [kind.title for kind in network_series.PAIRS]
    assert network_series.chosen(rows, "mlp").length == 40
    assert list(network_series.pairs(rows, "mlp", longest=True)) == [kind.title for kind in network_series.PAIRS[:2]]
    assert "**MLP, 600 epochs, s = 1** (paper protocol)" in network_page.barriers_found(rows)
    assert "between the names of units" not in network_page.barriers_found(rows)  # matching leaves as much of it
    matched = rows.assign(matched_error_barrier=0.3)
    assert network_page.barriers_found(matched).count("between the names of units") == 3
    sizes, rises = network_series.rises(rows, "mlp")["pushed"]
    assert rises.shape == (3, len(sizes))
    assert {found.shape for found in network_series.by_size(rows, "mlp").values()} == {(3, 4)}
    equation = network_series.equation(rows)
    assert (equation["size"] == 2).all() and set(equation.title) == {"MLP"}
    gains = network_series.distance_and_gain(rows, "mlp")
    assert list(dict.fromkeys(gains.title)) == ["not pushed", "s = 1", "s = 10", "s = 100"]


def test_costs_are_shares_of_a_step_and_the_authors_stand_beside_them(rows):
    found = network_series.costs(rows)
    ours = found[(found.title == "ResNet-32, CPU") & (found.checkpoints == 8)]
    assert ours.percent.to_numpy() == pytest.approx(8.0, rel=0.05)
    assert found[found.title == "MobileNetV2, author"].percent.item() == pytest.approx(28.6, abs=0.1)


# The mechanism


def test_the_push_is_strongest_at_half_a_width_and_networks_end_where_records_say(rows):
    found = mechanism.reach(points=601)
    assert found.distance[found.force.idxmax()] == pytest.approx(0.5, abs=0.01)
    assert found.penalty.to_numpy() == pytest.approx(np.exp(-found.distance))
    assert mechanism.reached(rows)["MLP, 40 epochs, s = 1"] == pytest.approx(0.3, rel=0.05)


def test_the_pace_near_a_checkpoint_is_that_of_momentum_on_a_flat_loss():
    rate, momentum, curvature = 0.01, 0.9, 2 / 1000
    moved, velocity = 1.0, 0.0
    for _ in range(2_000):
        velocity = momentum * velocity + rate * curvature * moved
        moved, before = moved + velocity, moved
    each = growth_per_step(strength=1.0, width=1000.0, learning_rate=rate)
    assert each == pytest.approx(moved / before, rel=1e-5) and each == pytest.approx(1 + 2e-4)


def test_a_short_journey_feels_little_and_the_published_one_all(rows):
    found = pace.felt(rows)
    assert found.loc["ResNet-20, 40 epochs of 5,000 images", "s = 1"] == "1.22"
    assert found.loc["published: MobileNetV2", "s = 1"] == "over a million"


# The sweep


def test_the_notebook_plans_every_run_of_the_sweep():
    configs = [run.config for run in distinct(survey(from_file(ROOT / "notebooks" / "sweeps" / "distancing.yaml")))]
    assert {each["experiment"] for each in configs} == set(distancing.EXPERIMENTS)
    assert {each["strength"] for each in configs if each["experiment"] == "cost"} == {1.0}
    assert {each["width"] for each in configs if each["strength"] == 0} == {1000.0}
    assert {each["schedule"] for each in configs} == {"constant", "step", "cosine"}
