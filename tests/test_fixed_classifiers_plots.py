"""Figures of the fixed-classifiers chapter: drawn from what records hold, readable on a phone, with n and chance."""

import numpy as np
import pandas as pd
import pytest
from figure_reading import dashed, texts
from fixed_classifiers_shown import curves, save_curves, shown_rows
from matplotlib.figure import Figure

from spareparts import plots
from spareparts.fixed_classifiers import Config, cost_tables, demonstration, points
from spareparts.fixed_classifiers.cost_verdicts import shares
from spareparts.fixed_classifiers.titles import HEAD_TITLES

LARGEST = 6.7  # inches across
NO_ROWS = pd.DataFrame()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Rows of three seeds, and the folder of their arrays."""
    folder, rows = tmp_path_factory.mktemp("records"), shown_rows()
    save_curves(rows, folder)
    return rows, folder


@pytest.fixture
def rows(made, monkeypatch):
    """The rows, whose arrays are found."""
    found, folder = made
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(folder))
    return found


def figures(rows):
    """All figures of the chapter that stand on records."""
    yield plots.error_curves(points.curves(rows, points.HEADS, dataset="cifar10"), chance=90)
    yield plots.error_curves(points.curves(rows, points.HELD, dataset="cifar10"), chance=90)
    yield plots.size_growth(points.sizes_over_time(rows))
    yield plots.feature_growth(points.curves(rows, points.HEADS, dataset="cifar10"))
    yield plots.class_prices(points.by_number(rows), points.by_likeness(rows))
    yield plots.feature_accuracies(points.by_features(rows), chance=1, classes=100)
    yield plots.head_times(points.square(rows), heads=points.TIMED_TITLES, crossings=cost_tables.crossings(rows))
    yield plots.cost_and_accuracy(points.accuracy_and_cost(rows))
    yield plots.word_perplexities(points.perplexities(rows, "ptb"), unigram=points.unigram(rows, "ptb"))


def test_every_figure_fits_a_phone_says_n_and_shows_chance(rows):
    for figure in figures(rows):
        assert isinstance(figure, Figure) and figure.get_figwidth() <= LARGEST
        assert "n = 3" in texts(figure) or "n = 1" in texts(figure)
        assert dashed(figure), "no figure without the level of chance, or of no change"


def test_without_records_every_figure_says_so():
    for figure in figures(NO_ROWS):
        assert figure.axes[0].texts[0].get_text() == "no records yet"


def test_a_curve_is_the_mean_of_its_runs_between_the_least_and_the_most():
    runs = [curves(1), curves(2)]
    figure = plots.error_curves({"learned": runs, "none": []}, chance=90)
    drawn = figure.axes[1].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, (runs[0]["test_error"] + runs[1]["test_error"]) / 2)
    assert len(figure.axes[0].lines) == 2 and "learned, n = 2" in texts(figure)


def test_a_fit_of_the_right_shape_lies_on_the_curve_and_explains_everything():
    steps = np.arange(0, 100.0)
    found = points.course([steps], [1 + 0.5 * np.log(np.maximum(steps, 1))])
    assert found["explained"]["logarithm"] == pytest.approx(1) and found["explained"]["line"] < 0.9
    np.testing.assert_allclose(found["fits"]["logarithm"], found["sizes"][0], rtol=1e-6)
    figure = plots.size_growth({"norm": found})
    assert figure.axes[0].get_xscale() == "log" and "logarithm: 1.000" in texts(figure)


def test_norms_are_drawn_over_that_of_the_first_epochs_end():
    figure = plots.feature_growth({"learned": [curves(1)]})
    line = figure.axes[0].lines[0].get_ydata()
    assert line[1] == 1 and line[-1] == pytest.approx(1.75 / 1.05)


def test_a_part_that_has_not_run_is_called_so_beside_one_that_has(rows):
    figure = plots.class_prices(points.by_number(rows), NO_ROWS)
    assert "not run yet" in figure.axes[1].get_title() and "n = 3 seeds" in figure.axes[0].get_title()


def test_shares_are_drawn_as_counted_with_those_that_were_published():
    found = list(shares())
    figure = plots.parameter_shares(
        [f"{each.network}, {each.data}" for each in found],
        [each.share for each in found],
        [each.published for each in found],
    )
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == pytest.approx([each.share for each in found])
    assert len(figure.axes[0].lines[0].get_xdata()) == sum(each.published is not None for each in found)
    assert plots.parameter_shares([], [], []).axes[0].texts[0].get_text() == "nothing was counted"


def test_the_demonstration_is_drawn_as_records_are():
    settings = {"dataset": "digits", "network": "mlp", "epochs": 2, "train_samples": 300}
    found = [demonstration.follow(Config(head=head, **settings)) for head in ("learned", "orthonormal")]
    figure = plots.error_curves(points.of_demonstration(found), chance=90)
    assert "n = 1" in texts(figure) and len(figure.axes[0].lines[0].get_xdata()) == 3
    sizes = points.sizes_of_demonstration(found)
    assert list(sizes) == ["norm, learned", f"scale, {HEAD_TITLES['orthonormal']}"]
    assert sizes["norm, learned"]["steps"].tolist() == list(range(1, 9))
    assert len(plots.size_growth(sizes).axes) == 2
