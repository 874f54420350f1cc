"""Where spectra, noise and norms meet WeightWatcher and Torch-Pruning.

WeightWatcher's eigenvalues are those of `W W^T`, ours over `max(units, fan_in)`; its `spectral_norm` is the largest of
them, the square of ours. Torch-Pruning's magnitude is the square of a unit's norm.
"""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
import torch_pruning as tp
from torch import nn
from weightwatcher import RMT_Util, WeightWatcher

from spareparts import models
from spareparts.data import generator
from spareparts.redundancy import Config, compact, pruning_order
from spareparts.redundancy.pruning import unit_rows
from spareparts.redundancy.spectra import fit_noise, law, singular_values, stable_rank
from spareparts.redundancy.training import build, sets_of, settings_of, train

# WeightWatcher makes its table of results in a way that pandas is about to drop
pytestmark = pytest.mark.filterwarnings("ignore:Passing a dict to DataFrame.from_records is deprecated")

MAGNITUDE = tp.importance.MagnitudeImportance(p=2, group_reduction="first", normalizer=None)


@pytest.fixture(scope="module")
def lenet() -> nn.Sequential:
    """The report's LeNet, trained on the digits for a moment."""
    config = Config(dataset="digits", iterations=100, optimizer="adam", learning_rate=1e-3)
    sets, stream = sets_of(config, "cpu"), generator(0)
    network = build(config, sets, generator=stream)
    return train(network, sets, settings=settings_of(config), stream=stream, progress=False).network


def watched(*weights: torch.Tensor, **options) -> pd.DataFrame:
    """What WeightWatcher says of layers with these weights, a row a layer."""
    layers = [nn.Linear(weight.shape[1], weight.shape[0], bias=False).double() for weight in weights]
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight = nn.Parameter(weight.detach().double())
    return WeightWatcher(model=nn.Sequential(*layers)).analyze(plot=False, savefig=False, **options)


def values_of(weight: torch.Tensor) -> torch.Tensor:
    return singular_values(unit_rows(weight))


def planted(*, spikes: int, seed: int) -> torch.Tensor:
    """Noise of variance 1, 100 x 300, and directions two to three times as large as its largest."""
    stream = generator(seed)
    left, right = (
        torch.linalg.qr(torch.randn(size, 5, generator=stream).double()).Q[:, :spikes] for size in (100, 300)
    )
    sizes = torch.linspace(2, 3, spikes).double() * (10 + math.sqrt(300))
    return torch.randn(100, 300, generator=stream).double() + left * sizes @ right.T


def test_norms_and_ranks_of_a_trained_network_are_weightwatchers(lenet):
    weights = [layer.weight for layer in lenet if isinstance(layer, nn.Linear)]
    theirs = watched(*weights)
    values = [values_of(weight) for weight in weights]
    for name, ours in {
        "spectral_norm": [each[0].item() ** 2 for each in values],
        "norm": [each.square().sum().item() for each in values],
        "stable_rank": [stable_rank(each) for each in values],
    }.items():
        assert theirs[name].tolist() == pytest.approx(ours, rel=1e-5), name


@pytest.mark.parametrize("ratio", [0.2, 0.5, 0.9])
def test_the_law_is_the_integral_of_its_density(ratio):
    eigenvalues, below = law(ratio)
    places, density = RMT_Util.marchenko_pastur_pdf(0, np.inf, 1 / ratio)
    assert (places[0], places[-1]) == pytest.approx((eigenvalues[0], eigenvalues[-1]), abs=2e-3)
    assert np.cumsum(density) * 1e-3 == pytest.approx(np.interp(places, eigenvalues, below), abs=0.01)


@pytest.mark.parametrize(("spikes", "seed"), [(0, 1), (1, 3), (5, 2)])
def test_noise_and_planted_directions_are_told_apart_alike(spikes, seed):
    """Theirs fits a smoothed density by least squares, spikes and all, ours the median of the bulk: within 8%."""
    weight = planted(spikes=spikes, seed=seed)
    (theirs,) = watched(weight, mp_fit=True).itertuples()
    ours = fit_noise(values_of(weight), units=100, fan_in=300)
    assert theirs.num_spikes == ours.outliers == spikes
    variance = (theirs.sigma_mp / theirs.W_scale) ** 2 / 300
    assert (variance, ours.variance) == pytest.approx((1, 1), abs=0.08)
    # the same edge for the same variance
    assert theirs.bulk_max / 300 == pytest.approx(law(1 / 3)[0][-1] * variance, rel=1e-6)


@pytest.mark.parametrize("name", ["fc1", "fc2"])
def test_of_a_trained_network_both_see_as_much_noise_and_as_many_directions_or_theirs_one_less(name, lenet):
    weight = lenet.get_submodule(name).weight.detach()
    (theirs,) = watched(weight, mp_fit=True).itertuples()
    ours = fit_noise(values_of(weight), units=weight.shape[0], fan_in=weight.shape[1])
    assert (theirs.sigma_mp / theirs.W_scale) ** 2 / max(weight.shape) == pytest.approx(ours.variance, rel=0.1)
    assert 0 < theirs.num_spikes <= ours.outliers <= theirs.num_spikes + 1


def group_of(network: nn.Sequential, name: str, units: list[int]) -> tp.Group:
    """These units of a layer, with what reads them."""
    layer = network.get_submodule(name)
    remove = tp.prune_conv_out_channels if isinstance(layer, nn.Conv2d) else tp.prune_linear_out_channels
    graph = tp.DependencyGraph().build_dependency(network, example_inputs=torch.ones(2, 1, 8, 8))
    return graph.get_pruning_group(layer, remove, units)


def network_with(name: str, lenet: nn.Sequential) -> nn.Sequential:
    return models.conv_2(image_shape=(1, 8, 8), generator=generator(0)) if name.startswith("conv") else lenet


LAYERS = ["fc1", "fc2", "conv1", "conv2"]


@pytest.mark.parametrize("name", LAYERS)
def test_magnitudes_are_squared_norms_and_order_the_units_as_norms_do(name, lenet):
    network = network_with(name, lenet)
    rows = unit_rows(network.get_submodule(name).weight)
    theirs = MAGNITUDE(group_of(network, name, list(range(len(rows)))))
    assert theirs.tolist() == pytest.approx(rows.norm(dim=1).square().tolist(), rel=1e-5)
    for first in ("smallest", "largest"):
        found = pruning_order(rows, criterion="norm", first=first)
        assert found.tolist() == theirs.argsort(descending=first == "largest").tolist()


@pytest.mark.parametrize("name", LAYERS)
def test_without_the_lower_half_of_a_layer_both_leave_the_same_network(name, lenet):
    network = network_with(name, lenet)
    order = pruning_order(unit_rows(network.get_submodule(name).weight), criterion="norm")
    gone, kept = order.tensor_split(2)
    theirs = copy.deepcopy(network)
    group_of(theirs, name, gone.tolist()).prune()
    ours = compact(network, {name: kept})
    for first, second in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert torch.equal(first, second)
    images = torch.rand(5, 1, 8, 8, generator=generator(1))
    assert torch.equal(theirs(images), ours(images))
