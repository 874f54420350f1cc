"""Sentences, figures and the demonstration of the redundancy chapter, from made-up records whose answer is known."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from redundancy_arrays import save_arrays
from redundancy_made import made_rows

from spareparts import plots, redundancy
from spareparts.redundancy import demonstration, layer_page, page, points, tables, theory_page
from spareparts.redundancy.answer import answer
from spareparts.redundancy.rows import TICKETS, TITLES, by_classes, by_width, chosen
from spareparts.redundancy.widths import CORRELATIONS, DROPS

SENTENCES = [
    *(getattr(page, name) for name in ("headline", "orders_found", "bias_found", "retrained_found", "protocol_note")),
    *(getattr(layer_page, f"{name}_found") for name in ("clusters", "twins", "ranks", "noise", "angles", "elbows")),
    *(getattr(theory_page, f"{name}_found") for name in ("xord", "filters", "tickets", "survivors", "units")),
    *(getattr(theory_page, f"{name}_found") for name in ("distance", "students")),
    *(layer_page.labels_found, answer),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows of three seeds, and the folder of their arrays."""
    folder = tmp_path_factory.mktemp("records")
    rows = made_rows(folder, seeds=3)
    save_arrays(rows, folder)
    return rows, folder


@pytest.mark.parametrize("say", SENTENCES, ids=lambda say: say.__name__)
def test_every_sentence_says_n_and_without_records_that_it_has_not_run(say, rows):
    text = say(rows)
    assert "nan" not in text and "Not run yet: networks" not in text
    assert "n = " in text or say in (page.protocol_note, theory_page.distance_found)
    assert re.search("ot run yet|has a record yet", say(pd.DataFrame()))


def test_one_run_of_each_is_told_without_an_interval(made, monkeypatch):
    found, folder = made
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(folder))
    one = found[found.seed == 1]
    for say in SENTENCES:
        assert "nan" not in say(one)


def test_what_is_left_after_half_of_a_straight_line_is_its_middle(rows):
    found = page.left_after({"curves": np.linspace(98, 10, 21)[None].repeat(9, 0)}, 98.0)
    assert list(found.values()) == pytest.approx([54.0] * 5)
    assert "**54.0%** of the test images" in page.headline(rows)
    assert "classifies 54.0% of the test images" in answer(rows) and "54.0% if chance decides" in answer(rows)


def test_the_null_of_the_same_spectrum_is_part_of_what_is_said_first(rows):
    runs = redundancy.rows.networks(rows, "lenet_300_100")
    ratio = (runs.final_potential / runs.spectrum_potential).mean()
    assert f"**{ratio:.2f} times** that of random rows that share nothing" in layer_page.alike(rows)
    assert layer_page.alike(pd.DataFrame()) == ""


def test_claims_are_counted_by_verdict():
    ledger = pd.DataFrame({"verdict": ["not run", "reproduced", "reproduced"]})
    assert page.counted(ledger).startswith("Of the 3 claims")
    assert page.counted(ledger).endswith("**2 reproduced, 1 not run**.")


def test_a_larger_loss_after_training_on_is_said_with_its_sign(rows):
    worse = made_rows_like(rows, -3.0)
    assert "differs from smallest first by -3.00 (-3.00 to -3.00)" in page.retrained_found(worse)


def made_rows_like(rows, change):
    """Retrained runs in which largest first ends lower than smallest first by as many points."""
    runs = chosen(rows, experiment="retrain").copy()
    after = [
        found | {"norm_largest": [value + change for value in found["norm_smallest"]]}
        for found in runs.retrained_accuracy
    ]
    return runs.assign(retrained_accuracy=after)


def test_a_measured_row_of_the_benchmarks_is_told_and_a_missing_one_called_so():
    row = {
        "name": "compact_network",
        "device": "it",
        "ours": 1.0,
        "other": 2.0,
        "unit": "ms",
        "ratio": 2.0,
        "note": "So.",
    }
    assert "On it: 1 ms instead of 2, **2.00 times as fast**. So." in page.compact_found([row])
    assert "Not run yet" in page.compact_found([])


def test_links_are_counted_as_the_interactive_figure_counts_them(rows):
    found = points.shown(points.layers(rows)["LeNet"])
    links, _, largest, _ = found["graph_weights_counts"][
        -1, list(found["graph_cutoffs"].round(2)).index(np.float32(0.5))
    ]
    assert (
        f"at a cutoff of 0.5, {links} links and a largest group of {largest}. By their outputs"
        in layer_page.links_found(found)
    )
    assert "Not run yet" in layer_page.links_found({})


def test_turns_are_told_of_units_on_both_sides_of_the_limit():
    norms = np.stack([np.linspace(1, 2, 20), np.r_[np.ones(10), np.full(10, 5.0)]])
    text = layer_page.turned_found({"unit_norms": norms, "unit_cosines": np.r_[np.ones(10), np.zeros(10)]})
    assert "0.00 for the 10 units above it and 1.00 for the 10 units below it" in text
    assert "Not run yet" in layer_page.turned_found({})


def test_alignment_is_told_beside_its_start_and_chance():
    norms = np.stack([np.linspace(1, 2, 20), np.r_[np.ones(10), np.full(10, 5.0)]])
    alignments = np.stack([np.linspace(0.5, 2.4, 20), np.r_[np.full(10, 0.5), np.full(10, 3.0)]])
    text = layer_page.aligned_found({"unit_norms": norms, "unit_alignments": alignments})
    assert "3.00 for the 10 units above the limit (1.95 at the start) and 0.50 for the 10 units below" in text
    assert "95% of the 20 units of this one network lay between 0.55 and 2.35" in text


def figures(rows):
    """All figures of the chapter."""
    layers, titles = points.layers(rows), {group: group for group in TICKETS}
    one = points.shown(layers["LeNet"])
    yield plots.pruning_curves(layers, images=points.IMAGES, chance=10)
    yield plots.pruning_curves(points.labels(rows), images=points.label_images(rows), chance=10, name="train_curves")
    yield plots.pruning_areas(points.figure_2(rows), models=TITLES)
    yield plots.retrained(chosen(rows, experiment="retrain"), models=TITLES)
    yield plots.norms_and_turns(one, title="LeNet")
    yield plots.clustering(layers, nulls=points.potentials(rows))
    yield plots.resampled(points.resampled(rows))
    yield plots.main_spaces({title: points.of_runs(runs) for title, runs in points.twins(rows).items()})
    yield plots.spectra(one, title="LeNet")
    yield plots.spectral_density(one, title="LeNet")
    yield plots.rank_accuracies(points.figure_2(rows), models=TITLES, chance=10)
    yield plots.noise_and_signal(layers)
    yield plots.principal_angles(layers)
    yield plots.elbows(by_classes(rows), metrics={"update_elbow": "W − Z", "weights_elbow": "W"})
    yield plots.xord_errors(points.xord(rows))
    yield plots.filter_angles(points.filter_angles(rows))
    yield plots.ticket_accuracies(points.tickets(rows, "tickets"), titles=titles)
    yield plots.survivors(points.survivors(rows), fan_in=points.LAYERS, titles={"fc1": "first", "fc2": "second"})
    yield plots.unit_shares(by_width(rows), drops=DROPS, correlations=CORRELATIONS)
    yield plots.distance_and_gap(points.fitted(rows))
    yield plots.student_errors(points.student_errors(rows))
    yield plots.student_overlaps(points.student_overlaps(rows))


def test_every_figure_finds_its_records_and_says_so_where_there_are_none(rows):
    assert all(len(figure.axes) > 0 and not figure.axes[0].texts for figure in figures(rows))
    for figure in figures(pd.DataFrame()):
        assert isinstance(figure, Figure)
        assert figure.axes[0].texts[0].get_text().startswith("no ")


def test_without_a_record_the_interactive_figure_says_so(rows):
    assert plots.unit_graph({}, title="units") == "<p>no records yet</p>"
    assert "<unit-graph" in plots.unit_graph(points.shown(points.layers(rows)["LeNet"]), title="units")


def test_the_demonstration_prunes_and_halves_what_it_trained():
    found = demonstration.follow(redundancy.Config(dataset="digits", iterations=30, width=20))
    curves = found.arrays[found.curves]
    assert curves.shape[1] == 21
    assert 100 * curves[0, 0] / found.images == pytest.approx(found.metrics["accuracy"])
    smaller = demonstration.made_smaller(found, removed=0.5).iloc[1]
    assert float(smaller["test accuracy, %"]) == pytest.approx(100 * curves[0, 10] / found.images, abs=0.01)
    assert len(demonstration.compared(found)) == 5
    before, after = found.arrays["unit_alignments"]
    assert len(after) == 20 and before.mean() == pytest.approx(1, abs=0.4) and not np.array_equal(before, after)
    with pytest.raises(ValueError, match=r"removed must lie in \[0, 1\), got 1"):
        demonstration.made_smaller(found, removed=1)


def test_the_demonstration_takes_shuffled_labels_too():
    config = redundancy.Config(dataset="digits", iterations=10, width=10, shuffled_labels=True)
    found = demonstration.follow(config)
    assert found.images == len(found.sets.train.labels)
    assert len(demonstration.compared(found)) == 5


def test_what_the_parameters_ask_for_is_counted(rows):
    asked = redundancy.plan(seeds=range(1, 6)) + redundancy.plan(experiments=["xord"])
    found = tables.asked(rows, asked)
    assert found.loc[("network", "LeNet", "mnist"), ["runs", "recorded"]].tolist() == [5, 3]
    assert found.loc[("xord", "–", "drawn"), "recorded"] == 6
    assert tables.asked(pd.DataFrame(), asked).recorded.sum() == 0
