"""What figures draw, read back as a table."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns

from spareparts import drawn


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_a_line_gives_its_points_under_its_name_and_marks_give_none(axes):
    axes.plot([1, 2, 4], [3, 5, 7], label="ours")
    axes.axhline(4)
    axes.set(xlabel="step", ylabel="error", title="digits")
    found = drawn.table(axes.figure)
    assert found[["x", "y"]].to_numpy().tolist() == [[1, 3], [2, 5], [4, 7]]
    assert found[["kind", "series", "x axis", "y axis", "title"]].drop_duplicates().to_numpy().tolist() == [
        ["line", "ours", "step", "error", "digits"]
    ]


def test_dots_are_named_by_the_legend_and_by_the_words_of_the_axis(axes):
    runs = pd.DataFrame({"gate": ["plain", "centred"] * 3, "arm": ["a", "b", "b", "a", "a", "b"], "live": range(6)})
    sns.stripplot(runs, x="gate", y="live", hue="arm", ax=axes)
    found = drawn.table(axes.figure).set_index("y").loc[runs.live]
    assert found["x name"].tolist() == runs.gate.tolist()
    assert found.series.tolist() == runs.arm.tolist()


@pytest.mark.parametrize("lying", [True, False])
def test_a_bar_is_as_long_as_its_number(axes, lying):
    heights = pd.Series({"first": 2.0, "second": 5.0})
    heights.plot.barh(ax=axes) if lying else heights.plot.bar(ax=axes)
    found = drawn.table(axes.figure)
    assert dict(zip(found["y name" if lying else "x name"], found["x" if lying else "y"], strict=True)) == dict(heights)


def test_a_heat_map_gives_every_cell_and_its_colour_bar_none(axes):
    values = np.arange(6.0).reshape(2, 3)
    sns.heatmap(values, ax=axes, xticklabels=["a", "b", "c"])
    found = drawn.table(axes.figure)
    assert found.value.tolist() == values.ravel().tolist()
    assert found["x name"].tolist() == ["a", "b", "c"] * 2


def test_intervals_and_bands_give_their_ends_and_an_empty_figure_nothing(axes):
    assert drawn.bundle(axes.figure) == {}
    axes.plot([1.0], [1 / 3])
    assert "0.333333" in drawn.bundle(axes.figure)[drawn.MEDIA]
    axes.errorbar([1.0], [2.0], yerr=[0.5])
    axes.fill_between([0, 1], [0, 0], [3, 4])
    found = drawn.table(axes.figure)
    assert found[found.kind == "interval"].y.tolist() == [1.5, 2.5]
    assert found[found.kind == "band"].y.max() == 4
