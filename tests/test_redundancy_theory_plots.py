"""Figures of the theories: what they draw from tables, and that they say n and where chance lies."""

import itertools

import numpy as np
import pandas as pd
import pytest

from spareparts.plots import theories
from spareparts.plots.theories import (
    distance_and_gap,
    filter_angles,
    student_errors,
    student_overlaps,
    survivors,
    ticket_accuracies,
    unit_shares,
    xord_errors,
)


@pytest.fixture
def draw():
    return np.random.default_rng(1)


def said(figure):
    titles = [axis.get_title() for axis in figure.axes]
    legends = [axis.get_legend().get_title().get_text() for axis in figure.axes if axis.get_legend()]
    return " | ".join(titles + legends)


@pytest.mark.parametrize("figure", ["xord_errors", "distance_and_gap", "student_errors"])
def test_without_records_a_figure_says_so(figure):
    (axis,) = getattr(theories, figure)(pd.DataFrame()).axes
    assert axis.texts[0].get_text() == "no records yet"


def test_xord_has_a_line_for_each_training_set_size_of_layers_that_fit(draw):
    rows = pd.DataFrame(
        [
            {"units": k, "train_samples": n, "fitted": replica > 0, "test_error": error, "found": 4, "angle": 1.0}
            for k, n, replica in itertools.product((2, 120), (6, 12), range(5))
            for error in [100.0 if replica == 0 else 10.0]
        ]
    )
    figure = xord_errors(rows)
    lines = [line for line in figure.axes[1].lines if len(line.get_xdata()) == 2 and line.get_marker() == "o"]
    assert len(lines) == 2
    assert all(line.get_ydata().tolist() == [10, 10] for line in lines)  # without the one that does not fit
    assert "n = 5 layers" in said(figure) and "dashed: chance" in said(figure)


def test_angles_are_drawn_as_distributions_of_all_networks(draw):
    angles = {"trained": [draw.random(20) * 30 for _ in range(3)], "untrained": [draw.random(20) * 60] * 3}
    figure = filter_angles(angles)
    line = figure.axes[0].lines[0]
    assert len(line.get_xdata()) == 60 and line.get_ydata()[-1] == 1
    assert "n = 3 networks; grey: chance" in said(figure)


def test_tickets_join_means_over_seeds():
    rows = pd.DataFrame(
        [
            {"group": "sgd", "seed": s, "kept": kept, "arm": arm, "accuracy": 90 + s, "unpruned": 97.0}
            for s, kept, arm in itertools.product((1, 2, 3), (0.5, 0.25), ("rewound", "resampled"))
        ]
    )
    figure = ticket_accuracies(rows, titles={"sgd": "SGD"})
    joined = [line for line in figure.axes[0].lines if line.get_label() == "own weights"]
    assert joined[0].get_ydata().tolist() == [92, 92]
    assert "SGD, n = 3" in said(figure)


def test_the_null_of_survivors_is_a_distribution(draw):
    counts = {"fc1": [draw.hypergeometric(40, 3960, 500, size=100) for _ in range(2)]}
    figure = survivors(counts, fan_in={"fc1": 40}, titles={"fc1": "first layer"})
    null = figure.axes[0].lines[0].get_ydata()
    assert null.sum() == pytest.approx(1, abs=0.02)
    assert "n = 2 x 100 units" in said(figure)


def test_unit_shares_stand_beside_those_of_untrained_networks():
    lists = {
        f"{state}_{kind}": [0.1, 0.2, 0.3, 0.4, 0.5]
        for state in ("trained", "untrained")
        for kind in ("removable", "repeated")
    }
    rows = pd.DataFrame([{"width": width, "seed": seed, **lists} for width in (30, 300) for seed in (1, 2)])
    figure = unit_shares(rows, drops=(0, 0.1, 0.2, 0.5), correlations=(0.5, 0.6, 0.7, 0.8, 0.9))
    assert [len(axis.lines) for axis in figure.axes] == [6, 8]  # and two for the legend
    assert "correlation above 0.9, 0.7, 0.5" in said(figure)
    assert "drop up to 0, 0.1, 0.5" in said(figure) and "n = 2 seeds" in said(figure)


def test_distances_and_gaps_are_drawn_for_every_network():
    rows = pd.DataFrame(
        [
            {"width": w, "seed": s, "fc1_distance": 5.0, "fc1_unit_distance": 1.0, "gap": 10.0 + s, "steps": 300}
            for w, s in itertools.product((30, 300), (1, 2))
        ]
    )
    figure = distance_and_gap(rows)
    assert figure.axes[2].lines[1].get_ydata().tolist() == [11.5, 11.5]


def test_student_errors_are_joined_by_geometric_means():
    rows = pd.DataFrame(
        [
            {"units": units, "layers": layers, "error": error, "averaging": 1.0}
            for units, layers, error in itertools.product((2, 4), ("first", "both"), (1e-4, 1e-2))
        ]
    )
    figure = student_errors(rows)
    line = next(line for line in figure.axes[0].lines if line.get_label() == "both layers")
    assert line.get_ydata().tolist() == pytest.approx([1e-3, 1e-3])
    assert "n = 2 students" in said(figure)


def test_overlaps_share_one_scale(draw):
    figure = student_overlaps({"first": draw.normal(size=(4, 2)), "both": draw.normal(size=(4, 2))})
    limits = {axis.images[0].get_clim() for axis in figure.axes[:2]}
    assert len(limits) == 1
