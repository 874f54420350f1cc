"""The runs that somebody asked for: all counted, what varies shown; and what figures draw, read back as a table."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from IPython.display import HTML
from matplotlib.figure import Figure
from toy import Toy

from spareparts import drawn, results
from spareparts.results import figure, requested, summary

METRICS = {"accuracy": "accuracy, %", "loss": "loss, nats", "absent": "not there"}


def run(seed, accuracy, *, outcome="finished", **settings):
    config = {"seed": seed, "rate": 0.1, "arm": "plain", "augment": False} | settings
    found = {"accuracy": accuracy, "loss": 1.0, "outcome": outcome, "protocol": "reduced"}
    return config | found | {"settings": config}


def frame(*runs):
    return pd.DataFrame(list(runs))


def test_a_line_has_the_mean_over_seeds_with_n_and_what_diverged():
    runs = frame(run(1, 50.0), run(2, 60.0), run(3, float("nan"), outcome="diverged"), run(1, 70.0, rate=0.2))
    table = summary(runs, METRICS)
    assert table.loc[0.1].to_dict() == {
        "accuracy, %": "55.00 (7.07)",
        "loss, nats": "1.00 (0.00)",
        "n": 2,
        "diverged": 1,
        "protocol": "reduced",
    }
    assert table.loc[0.2, "accuracy, %"] == "70.00 (–)"
    assert summary(frame(run(1, 50.0), run(2, 60.0)), METRICS).n.to_dict() == {"all": 2}


@pytest.mark.parametrize(
    ("other", "axis"),
    [({"rate": 0.2}, "rate"), ({"arm": "other"}, "arm"), ({"augment": True}, "augment"), ({}, "seed")],
)
def test_the_figure_has_a_panel_a_metric_against_what_varies(other, axis):
    made = figure(frame(run(1, 50.0), run(2, 60.0), run(3, 70.0, **other)), METRICS)
    assert [panel.get_ylabel() for panel in made.axes] == ["accuracy, %", "loss, nats"]
    assert {panel.get_xlabel() for panel in made.axes} == {axis}
    assert len(made.axes[0].collections[0].get_offsets()) == 3


def test_joined_tables_of_which_one_lacks_a_metric_are_drawn_as_one():
    first = frame(run(1, 50.0, arm="a"), run(1, 60.0, arm="b"), run(1, float("nan"), arm="c"))
    made = figure(pd.concat([first, frame(run(1, 80.0, arm="b", rate=0.2))]), METRICS)
    assert len(made.axes[0].collections[0].get_offsets()) == 3


def displayed(monkeypatch, *, injected):
    shown = []
    monkeypatch.setattr(results, "injected", lambda: injected)
    monkeypatch.setattr(results, "display", lambda *objects: shown.extend(objects))
    return shown


@pytest.mark.parametrize(
    ("runs", "metrics", "kinds"),
    [
        (frame(run(1, 50.0)), METRICS, {pd.DataFrame, Figure}),
        (frame(run(1, 50.0)), {"no_such_metric": "none"}, {pd.DataFrame}),  # a kind of run may have none of them
        (pd.DataFrame(), METRICS, set()),
    ],
)
def test_who_asks_for_runs_sees_which_are_missing_and_the_others(monkeypatch, runs, metrics, kinds):
    shown = displayed(monkeypatch, injected=True)
    requested([Toy()] * 3, runs, metrics)
    texts = " ".join(each.data for each in shown if hasattr(each, "data"))
    assert f"{3 - len(runs)} of 3 runs have no record" in texts and ("to_csv" in texts) == bool(kinds)
    assert {type(each) for each in shown} - {HTML} == kinds
    shown = displayed(monkeypatch, injected=False)  # a reader of the book came for the chapter
    requested([Toy()], runs, metrics)
    assert shown == []


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
