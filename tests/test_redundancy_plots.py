"""Figures of the redundancy chapter: drawn from what records hold, readable on a phone, with n and chance."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import torch

from spareparts.data import generator
from spareparts.plots import pruning, subspaces, units
from spareparts.plots.interactive import unit_graph
from spareparts.redundancy.layer import CLUSTER_COLUMNS, NOISE_COLUMNS, over_training
from spareparts.redundancy.pruning import ORDERS

LARGEST = 8.0  # inches across three panels


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    """Of a layer to which two directions are added, in some units only."""
    draw = generator(1)
    initial = 0.1 * torch.randn(30, 50, generator=draw)
    signal = torch.randn(30, 2, generator=draw) @ torch.randn(2, 50, generator=draw)
    signal[:12] = 0
    snapshots = torch.stack([initial + 0.3 * epoch * signal for epoch in range(4)])
    outputs = torch.eye(30).expand(4, 30, 30)
    return over_training(snapshots, epochs=[0, 1, 2, 3], outputs=outputs, generator=draw)[1]


def texts(figure) -> str:
    """All that stands on a figure's axes."""
    found = [text for axis in figure.axes for text in (axis.get_title(), axis.get_xlabel(), axis.get_ylabel())]
    return " ".join([*found, figure._suptitle.get_text() if figure._suptitle else ""])


def check(figure, *, n: int) -> None:
    assert figure.get_figwidth() <= LARGEST
    legends = [*figure.legends, *(axis.get_legend() for axis in figure.axes if axis.get_legend())]
    labels = " ".join(text.get_text() for legend in legends for text in legend.get_texts())
    assert f"n = {n}" in f"{texts(figure)} {labels}"
    dashed = [line for axis in figure.axes for line in axis.lines if line.get_linestyle() == "--"]
    assert dashed, "no figure without the level of chance"


def test_columns_of_a_record_stand_where_figures_look_for_them():
    assert all(NOISE_COLUMNS[place] == name for name, place in subspaces.NOISE.items())
    assert all(CLUSTER_COLUMNS[place] == name for name, place in units.CLUSTERING.items())
    assert ORDERS[:4] == pruning.ORDERS


def test_a_layers_figures_say_n_and_show_chance(arrays):
    check(subspaces.spectra(arrays, title="fc1"), n=1)
    check(subspaces.spectral_density(arrays, title="fc1"), n=1)
    check(units.norms_and_turns(arrays, title="fc1"), n=1)
    check(units.alignments(arrays | {"unit_alignments": np.ones((2, 30))}, title="fc1"), n=1)
    several = {"LeNet": [arrays, arrays]}
    check(subspaces.noise_and_signal(several), n=2)
    check(subspaces.principal_angles(several), n=2)
    check(units.clustering(several, nulls={"LeNet": 47.4}), n=2)


def test_the_law_drawn_beside_a_layer_has_its_shape(arrays):
    assert subspaces._larger_side(arrays) == pytest.approx(50, rel=1e-3)


def test_a_curve_falls_from_the_whole_networks_accuracy_and_the_random_ones_have_a_band():
    counts = np.linspace(90, 10, 31)[None, :].repeat(9, 0).astype(np.uint16)
    figure = pruning.pruning_curves({"LeNet": [{"curves": counts}] * 3, "Conv-2": []}, images=100, chance=10)
    check(figure, n=3)
    assert figure.axes[0].lines[0].get_ydata()[[0, -1]].tolist() == [90, 10]
    assert len(figure.axes[0].collections) == 1


def test_areas_and_retraining_are_drawn_from_rows():
    names = list(pruning.LOOKS)
    curve = {name: [90.0, 80.0] for name in names}
    row = {"model": "lenet", "removed": [0.25, 0.5], "unpruned_accuracy": 98.0}
    row |= {"pruned_accuracy": curve, "retrained_accuracy": curve}
    row |= {f"area_{name}": 80.0 + place for place, name in enumerate(names)}
    rows = pd.DataFrame([row, row])
    check(pruning.pruning_areas(rows, models={"lenet": "LeNet", "conv_2": "Conv-2"}), n=2)
    check(pruning.retrained(rows, models={"lenet": "LeNet"}), n=2)


def test_accuracy_against_rank_and_elbows_against_classes_are_drawn_from_rows():
    row = {"model": "lenet", "accuracy": 98.0, "ranks": [1, 4, 16], "rank_accuracy": [20.0, 80, 98]}
    rows = pd.DataFrame([row | {"update_rank_accuracy": [30.0, 90, 98], "classes": 10, "weights_elbow": 9}] * 2)
    check(subspaces.rank_accuracies(rows, models={"lenet": "LeNet"}, chance=10), n=2)
    check(subspaces.elbows(rows, metrics={"weights_elbow": "W"}), n=2)


def test_a_twin_stands_beside_an_independent_network():
    row = {"kept_layers": ["conv1", "conv2"]} | {f"twin_{kind}": [0.9, 0.8] for kind in units.KINDS}
    row |= {f"independent_{kind}_matched": [0.2, 0.1] for kind in units.KINDS}
    figure = units.resampled(pd.DataFrame([row, row]))
    check(figure, n=2)
    assert figure.axes[1].lines[0].get_ydata().tolist() == [0.8, 0.8]
    angles = {f"{name}_angles": np.arange(5) for name in ("twin", "independent", "random")}
    check(units.main_spaces({"LeNet": [angles]}), n=1)


def test_without_records_a_figure_says_so():
    for figure in (pruning.pruning_curves({}, images=1, chance=10), units.resampled(pd.DataFrame())):
        assert figure.axes[0].texts[0].get_text() == "no records yet"


# The interactive figure


def content(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', text).group(1))


def test_the_interactive_figure_carries_all_that_it_draws_and_fetches_nothing(arrays):
    text = unit_graph(arrays, title="Units of <fc1> & more")
    found = content(text)
    assert [kind["name"] for kind in found["kinds"]] == ["weights", "outputs"]
    assert found["epochs"] == [0, 1, 2, 3] and found["units"] == 30
    assert found["cutoffs"][found["cutoff"]] == 0.25
    assert sum(found["colours"]) in range(12, 20)  # the units that grew
    outside = re.findall(r"https?://[^\"'\s]+", text)
    assert set(outside) == {"http://www.w3.org/2000/svg"}  # a name space, never fetched
    assert "src=" not in text and "fetch(" not in text and 'aria-label="Units of &lt;fc1&gt; &amp; more"' in text


def test_a_title_cannot_end_the_data(arrays):
    assert content(unit_graph(arrays, title="</script><b>"))["title"] == "</script><b>"


def test_two_networks_are_told_apart_by_colour(arrays):
    text = unit_graph(arrays | {"graph_groups": np.arange(30) // 15}, title="two", key=("one", "other"))
    assert content(text)["colours"] == [0] * 15 + [1] * 15 and content(text)["key"] == ["one", "other"]


def test_a_cutoff_that_was_not_counted_is_refused(arrays):
    with pytest.raises(ValueError, match=r"cutoff must be one of 0.1, .*, got 0.33"):
        unit_graph(arrays, title="units", cutoff=0.33)
