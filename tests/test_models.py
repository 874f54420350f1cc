"""Networks that several chapters share: their size, their weights, where their randomness comes from."""

import pytest
import torch
from torch import nn

from spareparts.models import initialize, lenet_300_100


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def test_lenet_300_100_has_266_610_parameters_and_gives_ten_scores():
    network = lenet_300_100(generator=draw())
    assert sum(parameter.numel() for parameter in network.parameters()) == 266_610
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_its_hidden_layers_are_known_by_name():
    network = lenet_300_100(generator=draw(), in_features=64, classes=3)
    assert [tuple(layer.weight.shape) for layer in (network.fc1, network.fc2, network.fc3)] == [
        (300, 64),
        (100, 300),
        (3, 100),
    ]


def test_glorot_weights_have_variance_two_over_fan_in_plus_fan_out_and_no_bias():
    layer = lenet_300_100(generator=draw()).fc1
    assert layer.weight.var().item() == pytest.approx(2 / (784 + 300), rel=0.02)
    assert layer.weight.mean().item() == pytest.approx(0, abs=4 * (2 / 1084 / 235_200) ** 0.5)
    assert not layer.bias.any()


def test_the_pytorch_option_is_what_pytorch_itself_draws():
    torch.manual_seed(3)
    theirs = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 5))
    ours = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 5))
    initialize(ours, "pytorch", generator=draw(3))
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, reference, rtol=0, atol=0)


@pytest.mark.parametrize("initialization", ["glorot_normal", "pytorch"])
def test_a_generator_decides_the_weights_and_the_global_state_is_left_alone(initialization):
    before = torch.get_rng_state()
    first, second, other = (lenet_300_100(generator=draw(s), initialization=initialization) for s in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.fc2.weight, second.fc2.weight)
    assert not torch.equal(first.fc2.weight, other.fc2.weight)


def test_layers_without_bias_are_drawn_too():
    for initialization in ("glorot_normal", "pytorch"):
        layer = nn.Linear(3, 2, bias=False)
        layer.weight.data.zero_()
        assert initialize(layer, initialization, generator=draw()).weight.all()


def test_an_unknown_initialization_and_empty_layers_are_refused():
    with pytest.raises(ValueError, match="'he'"):
        lenet_300_100(generator=draw(), initialization="he")
    with pytest.raises(ValueError, match="got 0 and 10"):
        lenet_300_100(generator=draw(), in_features=0)
