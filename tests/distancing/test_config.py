"""Standard runs, the sweep, and the benchmark's two sides."""

import pandas as pd
import pytest
from benchmarks import distancing as rows
from benchmarks.__main__ import subjects
from torch import nn

from spareparts import distancing
from spareparts.distancing import Config, journey_of, plan
from spareparts.execute import ROOT
from spareparts.sweep.grid import from_file


def test_standard_runs_have_every_setting_at_its_default_but_those_named():
    configs = [Config(seed=2), Config(strength=0.0), Config(width=10.0), Config(epochs=50)]
    runs = pd.DataFrame({"settings": [vars(config) for config in configs]})
    assert distancing.standard(runs).index.tolist() == [0]
    assert distancing.standard(runs, strength=[0.0, 1.0]).index.tolist() == [0, 1]
    assert distancing.standard(runs, width=...).index.tolist() == [0, 2]
    with pytest.raises(ValueError, match="unknown setting 'height'"):
        distancing.standard(runs, height=1)


def test_the_sweep_names_runs_that_can_be_made_each_after_the_journeys_that_it_reads():
    made: list[Config] = []  # of the first seed
    for cell in from_file(ROOT / "notebooks" / "sweeps" / "distancing.yaml"):
        given = {name.lower(): value for name, value in cell.given.items() if name != "MISSING"}
        for config in plan(**given | {"seeds": [1]}):
            snapshots = config.experiment == "ensemble" and config.kind == "snapshots"
            if config.experiment in ("pair", "ridge") or snapshots:
                assert journey_of(config) in made, cell.name
            if config.experiment == "pair" and config.other == "unpushed":
                assert journey_of(config, strength=0.0) in made, cell.name
            made.append(config)
    strengths, widths = ({getattr(config, name) for config in made} for name in ("strength", "width"))
    assert strengths >= {0, 0.1, 1, 10, 100} and widths >= {10, 100, 1000, 10_000}
    long = [config for config in made if config.experiment != "cost" and config.dataset != "digits"]
    trained = {(config.network, config.precision) for config in long}
    assert trained == {("mlp", "float32"), ("resnet_20", "bfloat16")}


def test_both_sides_of_the_benchmark_give_one_gradient():
    assert {"penalty_resnet32", "penalty_mobilenetv2"} <= set(subjects())
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 2))
    rows.check(network, rows.prepared(network, 2))
    wrong = rows.prepared(network, 2)
    wrong.kernel = wrong.kernel._replace(width=1.0)
    with pytest.raises(ValueError, match="gradients differ by"):
        rows.check(network, wrong)
