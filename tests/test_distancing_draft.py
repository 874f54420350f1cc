"""The draft's figures and errors, the author's runs, the curves' listener, demonstration, sweep and benchmark."""

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from benchmarks import distancing as rows
from benchmarks.__main__ import subjects
from torch import nn

from spareparts.data import generator
from spareparts.distancing import Config, draft, journey_of, plan
from spareparts.distancing.demonstration import demonstration
from spareparts.distancing.reference import COLUMNS, reference, settings_of
from spareparts.distancing.tensorboard import TensorBoard, scalars

ROOT = Path(__file__).resolve().parents[1]

# Figures


def test_the_valley_has_its_minimum_at_two_thirds_and_the_hill_removes_it():
    figure = draft.figure_2_1(points=3001)
    near = figure[figure.x > 0.2]
    assert near.x[near.valley.idxmin()] == pytest.approx(2 / 3, abs=1e-3)
    assert (figure.with_hill.diff()[1:] > 0).all()


def test_the_slope_under_the_hill_is_0_at_the_minimum_alone():
    x = torch.linspace(-2, 3, 501, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(draft.with_hill(x).sum(), x)
    u = x.detach() - 2 / 3
    torch.testing.assert_close(slope, 3 * u**2 + 2 * u * (1 - torch.exp(-(u**2))), rtol=1e-10, atol=1e-12)
    assert (slope[u.abs() > 1e-3] > 0).all()


def test_figure_2_2_has_half_the_width_of_the_equation():
    figure = draft.figure_2_2(deviations=[1.0, 1.0 * math.sqrt(2)])
    narrow, wide = (part for _, part in figure.groupby("deviation"))
    np.testing.assert_allclose(wide.figure, narrow.equation)
    assert figure[figure.x == 0][["figure", "equation"]].to_numpy().tolist() == [[1, 1]] * 2
    with pytest.raises(ValueError, match="deviations must be positive, got 0"):
        draft.figure_2_2(deviations=[0])


# Errors


def gradient(function, parameters: torch.Tensor) -> torch.Tensor:
    own = parameters.clone().requires_grad_()
    return torch.autograd.grad(function(own), own)[0]


def test_the_kernels_gradient_is_not_the_printed_one_which_belongs_to_a_sum_over_coordinates():
    parameters, checkpoint = (torch.randn(6, generator=generator(seed), dtype=torch.float64) for seed in (1, 2))
    kernel = gradient(lambda own: torch.exp(-(own - checkpoint).square().sum() / 6), parameters)
    summed = gradient(lambda own: torch.exp(-(own - checkpoint).square() / 6).sum(), parameters)
    torch.testing.assert_close(draft.kernel_gradient(parameters, checkpoint, width=3.0), kernel)
    torch.testing.assert_close(draft.printed_gradient(parameters, checkpoint, width=3.0), summed)
    assert not torch.allclose(kernel, summed)
    one = (parameters[:1], checkpoint[:1])
    assert torch.equal(draft.kernel_gradient(*one, width=3.0), draft.printed_gradient(*one, width=3.0))


def test_with_the_dimension_the_kernel_vanishes_and_the_printed_force_grows_as_its_root():
    found = draft.forces(dimensions=[1, 10_000], move=0.5, width=100.0).set_index("dimension")
    for count in (1, 10_000):
        moved, origin = torch.full((count,), 0.5, dtype=torch.float64), torch.zeros(count, dtype=torch.float64)
        for name, function in (("gradient", draft.kernel_gradient), ("printed", draft.printed_gradient)):
            assert function(moved, origin, width=100.0).norm().item() == pytest.approx(found[name][count])
    assert found.printed[10_000] == pytest.approx(100 * found.printed[1])
    assert found.kernel[10_000] == pytest.approx(math.exp(-12.5))
    with pytest.raises(ValueError, match="dimensions must be at least 1, got 0"):
        draft.forces(dimensions=[0])


def test_the_printed_loss_is_the_meant_one_upside_down():
    found = draft.losses()
    assert (found.meant > 0).all() and (found.meant == -found.printed).all()


def test_algorithm_2_climbs_as_printed_and_falls_as_pytorch_does():
    found = draft.algorithm_2()
    assert found.printed.iloc[-1] > found.printed.iloc[0] > found.meant.iloc[-1]
    own = nn.Parameter(torch.tensor(1.2, dtype=torch.float64))
    optimizer, path = torch.optim.SGD([own], lr=0.02, momentum=0.9), [1.2]
    for _ in range(10):
        optimizer.zero_grad()
        (own**3 - own**2).backward()
        optimizer.step()
        path.append(own.item())
    assert draft.descent(lambda x: 3 * x**2 - 2 * x, 1.2, steps=10) == pytest.approx(path)


# The author's runs


def test_the_authors_runs_are_156_of_two_networks_with_the_settings_that_their_names_tell():
    found = reference()
    assert len(found) == 156 and set(found.network) == {"resnet_32", "mobilenet_v2"}
    baseline = found[(found.experiment == "baseline_distance") & (found.network == "resnet_32")]
    assert baseline.validation_accuracy.mean() == pytest.approx(88.8, abs=0.05)
    assert baseline.squared_distance_0.mean() == pytest.approx(1580, abs=1)
    restarts = found[found.experiment.str.contains("cosine")]
    assert set(restarts.schedule) == {"cosine"}
    assert set(found[found.experiment.str.startswith("strength")].strength) == {0.1, 10, 100}


@pytest.mark.parametrize(
    "name, settings",
    [
        ("baseline", {"strength": 0.0, "schedule": "constant", "several": False}),
        ("multiple_f100_noreg", {"strength": 100.0, "weight_decay": 0.0, "several": True}),
        ("scheduler_cosine_distance_lr1", {"strength": 1.0, "schedule": "cosine", "learning_rate": 0.1}),
        ("scheduler_step", {"strength": 0.0, "schedule": "step"}),
        ("width_e4", {"strength": 1.0, "width": 10_000.0}),
        ("ensemble_distance_f10", {"strength": 10.0, "several": True}),
        ("baseline_scheduler_short", {"schedule": None}),
    ],
)
def test_a_name_tells_its_settings(name, settings):
    assert settings_of(name) | settings == settings_of(name)


def test_a_table_without_a_column_is_refused(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(",".join(COLUMNS[:-1]) + "\n")
    with pytest.raises(ValueError, match="lacks epoch_seconds"):
        reference(path)


# Curves for others


class Writer:
    """What TensorBoard's own would be told."""

    def __init__(self, folder: str) -> None:
        self.folder, self.told, self.closed = folder, [], False

    def add_scalar(self, *told) -> None:
        self.told.append(told)

    def close(self) -> None:
        self.closed = True


def test_tensorboard_is_told_every_number_of_a_reading_with_its_epoch(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", type(sys)("tensorboard"))
    sys.modules["torch.utils.tensorboard"].SummaryWriter = Writer
    with TensorBoard(tmp_path) as listener:
        listener({"epoch": 3, "accuracy": 90.0, "squared_distance": [1.0, 2.0]})
    told = {("accuracy", 90.0, 3), ("squared_distance/checkpoint_1", 1.0, 3), ("squared_distance/checkpoint_2", 2.0, 3)}
    assert set(listener.writer.told) == told and listener.writer.closed
    assert listener.writer.folder == str(tmp_path)


def test_without_tensorboard_one_is_told_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'spareparts\[tensorboard\]'"):
        TensorBoard(tmp_path)


def test_the_demonstration_gives_a_curve_for_each_strength_and_tells_its_listeners():
    heard = []
    found = demonstration(
        strengths=[0.0, 100.0],
        epochs=4,
        checkpoint=2,
        train_samples=256,
        listeners=(lambda r: heard.append(scalars(r)),),
    )
    assert found.groupby("strength").epoch.apply(list).tolist() == [[0, 1, 2, 3, 4]] * 2
    first, second = (part.reset_index() for _, part in found.groupby("strength"))
    assert first.accuracy[:3].equals(second.accuracy[:3])
    assert second.squared_distance[4] > first.squared_distance[4]
    assert len(heard) == 10 and "squared_distance/checkpoint_1" in heard[0]
    assert demonstration(strengths=[0.0], epochs=2, checkpoint=1, train_samples=256, learning_rate=1e9).empty


# The sweep


def configs(block: dict) -> list[Config]:
    """What the notebooks of a block would run."""
    axes = [[{name: value} for value in values] for name, values in block.get("grid", {}).items() if name != "SEEDS"]
    for group in block.get("zip", []):
        axes.append([dict(zip(group, values, strict=True)) for values in zip(*group.values(), strict=True)])
    found = []
    for cell in itertools.product(*axes):
        given = dict(block["parameters"])
        for part in cell:
            given |= part
        listed = {name.lower(): value if isinstance(value, list) else [value] for name, value in given.items()}
        found += plan(**listed, seeds=[1])
    return found


def test_the_sweep_names_runs_that_can_be_made_each_after_the_journeys_that_it_reads():
    document = yaml.safe_load((ROOT / "notebooks" / "sweeps" / "distancing.yaml").read_text())
    made: list[Config] = []
    for block in document["blocks"]:
        found = configs(block)
        assert not set(found) & set(made), block["name"]
        for config in found:
            if config.experiment == "pair" or (config.experiment == "ensemble" and config.kind == "snapshots"):
                assert journey_of(config) in made, block["name"]
            if config.experiment == "pair" and config.other == "unpushed":
                assert journey_of(config, strength=0.0) in made, block["name"]
        made += found
    strengths, widths = ({getattr(config, name) for config in made} for name in ("strength", "width"))
    assert strengths >= {0, 0.1, 1, 10, 100} and widths >= {10, 100, 1000, 10_000}
    trained = {(config.network, config.precision) for config in made if config.experiment != "cost"}
    assert trained == {("mlp", "float32"), ("resnet_20", "bfloat16")}


# The benchmark


def test_both_sides_of_the_benchmark_give_one_gradient():
    assert {"penalty_resnet32", "penalty_mobilenetv2"} <= set(subjects())
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(12, 2))
    rows.check(network, rows.prepared(network, 2))
    wrong = rows.prepared(network, 2)
    wrong.kernel = wrong.kernel._replace(width=1.0)
    with pytest.raises(ValueError, match="gradients differ by"):
        rows.check(network, wrong)
