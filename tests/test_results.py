"""The runs that somebody asked for: all are counted, what varies is shown, and a reader of the book sees nothing."""

import pandas as pd
import pytest
from IPython.display import HTML
from matplotlib.figure import Figure
from toy import Toy

from spareparts import results
from spareparts.records import varied
from spareparts.results import figure, requested, summary

METRICS = {"accuracy": "accuracy, %", "loss": "loss, nats", "absent": "not there"}


def run(seed, accuracy, *, outcome="finished", **settings):
    config = {"seed": seed, "rate": 0.1, "arm": "plain", "augment": False} | settings
    found = {"accuracy": accuracy, "loss": 1.0, "outcome": outcome, "protocol": "reduced"}
    return config | found | {"settings": config}


def frame(*runs):
    return pd.DataFrame(list(runs))


def test_a_setting_varies_where_two_runs_differ_and_the_seed_never_does():
    runs = frame(run(1, 50.0), run(2, 50.0, arm="other"), run(3, 50.0, rate=0.2))
    assert varied(runs) == ["rate", "arm"]
    assert varied(runs.iloc[:1]) == []


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
    drawn = figure(frame(run(1, 50.0), run(2, 60.0), run(3, 70.0, **other)), METRICS)
    assert [panel.get_ylabel() for panel in drawn.axes] == ["accuracy, %", "loss, nats"]
    assert {panel.get_xlabel() for panel in drawn.axes} == {axis}
    assert len(drawn.axes[0].collections[0].get_offsets()) == 3


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
