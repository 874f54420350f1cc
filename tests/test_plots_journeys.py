"""Figures of journeys, paths and pushes: they draw what the arrays hold, fit a phone, and say n and chance."""

import numpy as np
import pandas as pd
import pytest
from figure_reading import dashed, labelled, texts

from spareparts import plots

LARGEST = 6.7  # inches across
MARK = 10  # epoch of the checkpoint
MARKS = (MARK,)
EPOCHS = np.arange(0, 31, dtype=np.float32)
MEASURES = ("epoch", "strength", "accuracy", "squared_distance")


def run(shift=0.0, *, checkpoints=1, strength=1.0):
    """Arrays of one journey: a rise of accuracy, then a distance that grows from the checkpoint on."""
    since = np.where(EPOCHS < MARK, np.nan, (EPOCHS - MARK) * (1 + shift))
    distances = np.stack([since * (place + 1) for place in range(checkpoints)], 1)
    found = {"epoch": EPOCHS, "train_loss": np.exp(-EPOCHS / 10) + shift, "accuracy": 98 - 88 * np.exp(-EPOCHS / 2)}
    found |= {"squared_distance": distances, "normalized_distance": distances / 100}
    found["penalty"] = np.where(EPOCHS < MARK, 0, strength * np.exp(-np.nan_to_num(since) / 1000))
    return found | dict.fromkeys(("cosine", "norm_ratio"), np.ones(31)) | {"alignment": np.zeros(31)} | path(shift)


def path(shift=0.0):
    """A path of four points and the loss around it."""
    across, up = np.linspace(-1, 4, 6), np.linspace(-1, 1, 5)
    return {
        "path": np.array([[3, 1], [2 + shift, 0.5], [1, -0.5], [0, 0]]),
        "path_epoch": np.array([0, 10, 20, 30]),
        "path_explained": np.array([0.9, 0.0712]),
        "surface_across": across,
        "surface_up": up,
        "surface_loss": 0.1 + np.add.outer(up**2, across**2),
    }


def effects():
    """Runs without and with the push, ours and the author's."""
    rows = [
        {"network": network, "setting": setting, "pushed": pushed, "value": 90.0 + pushed + seed / 10, "source": source}
        for network, source in (("MLP", "ours"), ("ResNet-32, author", "author"))
        for setting in ("constant", "cosine")
        for pushed in (False, True)
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def grid():
    """Distances that are ten times the strength, and no gain known of the author's runs."""
    rows = [
        {"line": line, "value": 10.0**power, "distance": 10.0 ** (power + 1), "gain": gain}
        for line, gain in (("MLP", 0.5), ("ResNet-32, author", np.nan))
        for power in (-1, 0, 1)
        for _ in range(3)
    ]
    return pd.DataFrame(rows)


GROUPS = {"not pushed": [run(shift) for shift in (0, 0.1, 0.2)], "s = 1": [run(shift) for shift in (1, 2, 3)]}
GRIDS = {"strength": GROUPS, "width": {"100": GROUPS["s = 1"]}}
SHORT = pd.DataFrame(dict.fromkeys(MEASURES, EPOCHS)).assign(strength=10.0)
FIGURES = {  # with three runs each, where there is not one alone
    "journeys": lambda: plots.journey_curves(GROUPS, marks=MARKS, chance=10),
    "directions": lambda: plots.directions(GROUPS, marks=MARKS),
    "grids": lambda: plots.distance_grids(GRIDS, mark=MARK, chance=10),
    "paths": lambda: plots.path_planes({"not pushed": run(), "s = 1": run(1.0)}, marks=MARKS),
    "pushes": lambda: plots.pushed_and_not(effects(), label="test accuracy, %"),
    "settings": lambda: plots.setting_grid(grid(), label="strength s"),
    "demonstration": lambda: plots.demonstrated_journeys(SHORT, mark=MARK, chance=10),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_fits_a_phone_and_says_n(name):
    figure = FIGURES[name]()
    assert figure.get_figwidth() <= LARGEST
    assert "n = 3" in texts(figure) or "n = 1" in texts(figure)


def test_without_runs_every_figure_says_so():
    for figure in (
        plots.journey_curves({"not pushed": []}, marks=MARKS, chance=10),
        plots.directions({}, marks=MARKS),
        plots.distance_grids({"strength": {"1": []}}, mark=MARK, chance=10),
        plots.path_planes({}, marks=MARKS),
        plots.pushed_and_not(pd.DataFrame(), label="test accuracy, %"),
        plots.pushed_and_not(effects().assign(value=np.nan), label="test accuracy, %"),
        plots.setting_grid(pd.DataFrame(), label="strength s"),
    ):
        assert figure.axes[0].texts[0].get_text() == "no records yet"
    nothing = plots.demonstrated_journeys(pd.DataFrame(columns=list(MEASURES)), mark=MARK, chance=10)
    assert nothing.axes[0].texts[0].get_text() == "no journey has been made"


def test_a_curve_is_the_mean_of_its_runs_and_a_distance_begins_at_the_first_checkpoint():
    figure = plots.journey_curves({"s = 1": [run(0.0, checkpoints=2), run(1.0, checkpoints=2)]}, marks=MARKS, chance=10)
    drawn = labelled(figure.axes[2], "s = 1, n = 2")
    assert drawn.get_xdata()[0] == MARK
    np.testing.assert_allclose(drawn.get_ydata(), 1.5 * np.arange(21))


def test_accuracies_before_half_of_the_way_to_the_checkpoint_do_not_flatten_a_dip():
    found = run()
    found["accuracy"][EPOCHS == MARK + 2] = 90.0
    axis = plots.journey_curves({"s = 100": [found]}, marks=MARKS, chance=10).axes[1]
    low, high = axis.get_ylim()
    assert 85 < low < 90 and 98 < high < 99 and found["accuracy"][0] < low
    assert "chance 10" in axis.get_title()


def test_a_penalty_is_drawn_on_a_scale_for_all_strengths_and_none_without_a_push():
    both = {"s = 1": [run()], "s = 100": [run(strength=100.0)]}
    assert plots.directions(both, marks=MARKS).axes[3].get_yscale() == "log"
    assert plots.directions({"not pushed": [run(strength=0.0)]}, marks=MARKS).axes[3].get_yscale() == "linear"
    levels = [line.get_ydata()[0] for line in dashed(plots.directions(both, marks=MARKS)) if len(line.get_ydata()) == 2]
    assert {0.0, 1.0} <= set(levels)  # what the other three would be without a push


def test_a_grid_counts_epochs_from_the_checkpoint_and_marks_the_accuracy_there():
    figure = plots.distance_grids({"strength": {"0.1": [run()], "10": [run(9.0)]}}, mark=MARK, chance=10)
    above, below = figure.axes
    np.testing.assert_allclose(labelled(above, "10").get_ydata(), 10 * labelled(above, "0.1").get_ydata())
    np.testing.assert_array_equal(labelled(above, "0.1").get_xdata(), np.arange(1, 21))
    assert below.lines[-1].get_ydata()[0] == pytest.approx(run()["accuracy"][MARK])


def test_a_path_has_its_checkpoint_and_end_where_they_are_and_says_what_it_shows_of_the_spread():
    figure = plots.path_planes({"s = 1": run(1.0)}, marks=MARKS)
    axis = figure.axes[0]
    np.testing.assert_allclose(labelled(axis, "checkpoint").get_xydata(), [[3, 0.5]])
    np.testing.assert_allclose(labelled(axis, "end").get_xydata(), [[0, 0]])
    assert axis.get_xlabel().startswith("90%") and axis.get_ylabel().startswith("7.12%")


def test_paths_of_the_same_and_of_no_finite_loss_can_be_drawn():
    flat, broken = run(), run()
    flat["surface_loss"] = np.full((5, 6), 0.2)
    broken["surface_loss"] = broken["surface_loss"].copy()
    broken["surface_loss"][0, 0] = np.inf
    for shown in ({"flat": flat}, {"flat": flat, "steep": broken}):
        assert len(plots.path_planes(shown, marks=MARKS).axes) == len(shown) + 1
    with pytest.raises(ValueError, match="at most 2, got 3"):
        plots.path_planes({"a": flat, "b": flat, "c": flat}, marks=MARKS)


def test_an_arrow_leads_from_the_mean_without_the_push_to_that_with_it():
    axis = plots.pushed_and_not(effects(), label="test accuracy, %").axes[0]
    arrow = axis.texts[0]
    assert arrow.xy == pytest.approx((91.1, 0)) and arrow.xyann == pytest.approx((90.1, 0))
    alone = effects().query("pushed")
    assert not plots.pushed_and_not(alone, label="test accuracy, %", log=True).axes[0].texts


def test_numbers_of_runs_are_given_for_both_sides_where_they_differ_and_the_authors_are_hollow():
    figure = plots.pushed_and_not(effects().drop(index=0), label="test accuracy, %")
    assert "constant, n = 2 and 3" in texts(figure) and "cosine, n = 3" in texts(figure)
    means = {axis.get_title(loc="left"): axis.lines[2].get_fillstyle() for axis in figure.axes}
    assert means == {"MLP": "full", "ResNet-32, author": "none"}


def test_a_setting_has_means_joined_and_gains_only_where_they_are_known():
    left, right = plots.setting_grid(grid(), label="strength s").axes
    np.testing.assert_allclose(labelled(left, "MLP").get_ydata(), [1, 10, 100])
    np.testing.assert_allclose(labelled(right, "MLP").get_ydata(), 0.5)
    assert not len(labelled(right, "ResNet-32").get_ydata())
