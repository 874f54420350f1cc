"""Figures of the penalty itself: they draw the functions that the draft names, what it misprints, and what it costs."""

import numpy as np
import pandas as pd
import pytest
from figure_reading import labelled, texts

from spareparts import plots
from spareparts.distancing import draft

DIMENSIONS = [10**power for power in range(1, 8)]


def distances():
    """Kernel and force by squared distance in widths."""
    squared = np.linspace(0, 6, 61)
    return pd.DataFrame(
        {"distance": squared, "penalty": np.exp(-squared), "force": 7 * np.sqrt(squared) * np.exp(-squared)}
    )


def costs():
    """A checkpoint costs half a percent of a step with one title and thirty with the other."""
    rows = [
        {"title": title, "checkpoints": count, "percent": percent * count}
        for title, percent in (("MLP", 0.5), ("MobileNetV2, author", 30.0))
        for count in (1, 2, 4, 8)
        for _ in range(3)
    ]
    return pd.DataFrame(rows)


def test_every_figure_of_the_mechanism_is_a_small_one():
    for figure in (
        plots.hill(draft.figure_2_1()),
        plots.kernels(draft.figure_2_2()),
        plots.reach(distances()),
        plots.forces_by_dimension(draft.forces(dimensions=DIMENSIONS)),
        plots.printed_losses(draft.losses()),
        plots.printed_steps(draft.algorithm_2()),
        plots.checkpoint_costs(costs()),
    ):
        assert figure.get_figwidth() <= 6.7 and figure.get_figheight() <= 3.5


def test_the_dot_of_figure_2_1_is_at_the_minimum_that_the_hill_removes():
    axis = plots.hill(draft.figure_2_1()).axes[0]
    assert axis.lines[2].get_xdata()[0] == pytest.approx(draft.MINIMUM, abs=0.01)
    assert (np.diff(labelled(axis, "with a hill").get_ydata()) > 0).all()


def test_figure_2_2_has_a_solid_and_a_dotted_kernel_for_each_deviation():
    axis = plots.kernels(draft.figure_2_2(deviations=(0.5, 1.0))).axes[0]
    drawn = [line.get_linestyle() for line in axis.lines if line.get_linestyle() != "--"]
    assert drawn == ["-", ":", "-", ":"]


def test_the_force_is_drawn_in_shares_of_its_largest_which_is_at_half_a_width():
    axis = plots.reach(distances(), marks={"MLP": 0.5, "ResNet-32": 2.0}).axes[0]
    force = labelled(axis, "force")
    assert force.get_ydata().max() == 1 and force.get_xdata()[force.get_ydata().argmax()] == pytest.approx(0.5)
    np.testing.assert_allclose(labelled(axis, "ResNet-32").get_xydata(), [[2.0, np.exp(-2.0)]])


def test_numbers_of_weights_can_be_named_beside_what_is_left_of_the_kernel():
    figure = plots.forces_by_dimension(draft.forces(dimensions=DIMENSIONS), marks={"ResNet-32": 464_154})
    assert "ResNet-32" in texts(figure)
    (place,) = labelled(figure.axes[0], "ResNet-32").get_xydata()
    assert place[0] == 464_154 and 0 < place[1] < 1


def test_what_climbs_leaves_the_panel_and_what_falls_stays_in_it():
    axis = plots.printed_steps(draft.algorithm_2()).axes[0]
    low, high = axis.get_ylim()
    meant, printed = axis.lines[0].get_ydata(), axis.lines[1].get_ydata()
    assert low < meant.min() and meant.max() < high < printed.max()


def test_costs_are_means_by_number_beside_a_line_of_the_most_that_each_may_cost():
    axis = plots.checkpoint_costs(costs(), most=2.0).axes[0]
    np.testing.assert_allclose(labelled(axis, "MLP, n = 3").get_ydata(), [0.5, 1, 2, 4])
    np.testing.assert_allclose(labelled(axis, "2% for each").get_ydata(), [2, 4, 8, 16])
    assert plots.checkpoint_costs(pd.DataFrame()).axes[0].texts[0].get_text() == "no records yet"
