"""Networks that several chapters share: their size, their weights, where their randomness comes from."""

import pytest
import torch
from torch import nn

from spareparts.models import conv_2, conv_4, conv_6, initialize, lenet_300_100, vgg_19


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


@pytest.mark.parametrize(
    "build, weights",
    [(conv_2, 4_301_642), (conv_4, 2_425_930), (conv_6, 2_262_602), (vgg_19, 20_554_826)],
)
def test_convolutional_networks_have_the_weights_that_figure_1_counts(build, weights):
    """4.3M (Conv-2) and 20.0M in the convolutions of VGG-19; Conv-6 as drawn has 2.26M, not the 1.7M stated."""
    assert sum(parameter.numel() for parameter in build(generator=draw()).parameters()) == weights


def test_convolutional_networks_score_images_of_other_sizes_too():
    network = conv_2(generator=draw(), image_shape=(1, 9, 8), classes=3)
    assert network(torch.zeros(2, 1, 9, 8)).shape == (2, 3)
    assert [name for name, layer in network.named_children() if hasattr(layer, "weight")] == [
        "conv1",
        "conv2",
        "fc1",
        "fc2",
        "fc3",
    ]


def test_vgg_19_with_batch_norm_normalises_each_of_its_16_convolutions():
    network = vgg_19(generator=draw(), batch_norm=True)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network) == 16
    assert network.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 10)


def test_images_that_the_blocks_halve_away_are_refused():
    with pytest.raises(ValueError, match="at least 32 pixels"):
        vgg_19(generator=draw(), image_shape=(1, 28, 28))


def test_lenet_of_another_width_has_that_many_units_in_its_first_layer():
    assert lenet_300_100(generator=draw(), width=7).fc1.weight.shape == (7, 784)
