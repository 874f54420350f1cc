"""MobileNetV2 for small images: its size, its maps, its shortcuts, and where its randomness comes from."""

import pytest
import torch
from torch import nn

from spareparts.data import generator
from spareparts.models import mobilenet_v2
from spareparts.models.mobilenet import InvertedResidual, Stage

SMALL = (Stage(1, 8, 1, 1), Stage(2, 12, 2, 2))


def test_it_has_2_296_922_parameters_and_54_convolutions_of_which_17_take_each_channel_by_itself():
    network = mobilenet_v2(generator=generator(1))
    assert sum(parameter.numel() for parameter in network.parameters()) == 2_296_922
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    depthwise = [layer for layer in convolutions if layer.groups > 1]
    assert len(depthwise) == 17
    assert all(layer.groups == layer.in_channels == layer.out_channels for layer in depthwise)


def test_an_image_of_32_pixels_is_halved_three_times_and_costs_91_million_multiplications():
    network, seen = mobilenet_v2(generator=generator(1)).eval(), []

    def count(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        pixels = output.shape[2] * output.shape[3] if output.dim() == 4 else 1
        seen.append((pixels, pixels * layer.weight.numel()))

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    network(torch.zeros(1, 3, 32, 32))
    assert [pixels for pixels, _ in seen][-2:] == [16, 1]
    assert sum(products for _, products in seen) / 1e6 == pytest.approx(91, abs=0.5)


def test_a_block_adds_its_input_at_stride_1_and_projects_it_where_the_width_changes():
    same, wider, halved = (
        InvertedResidual(4, filters, expansion=2, stride=stride).eval() for filters, stride in ((4, 1), (6, 1), (6, 2))
    )
    assert isinstance(same.shortcut, nn.Identity)
    assert isinstance(wider.shortcut, nn.Sequential) and halved.shortcut is None
    with torch.no_grad():
        for block in (same, wider, halved):
            block.expand[0].weight.normal_(generator=generator(1))
            block.depthwise[0].weight.normal_(generator=generator(2))
            block.project[0].weight.zero_()
        wider.shortcut[0].weight.normal_(generator=generator(3))
    images = torch.randn(2, 4, 6, 6, generator=generator(4))
    assert torch.equal(same(images), images)
    assert torch.equal(wider(images), wider.shortcut(images))
    assert halved(images).shape == (2, 6, 3, 3)


def test_a_generator_decides_the_weights_and_the_global_state_is_left_alone():
    before = torch.get_rng_state()
    first, second, other = (mobilenet_v2(generator=generator(seed), stages=SMALL) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.last[0][0].weight, second.last[0][0].weight)
    assert not torch.equal(first.last[0][0].weight, other.last[0][0].weight)


def test_other_channels_classes_and_stages():
    network = mobilenet_v2(generator=generator(1), channels=1, classes=3, stages=SMALL)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 3)
    assert (network.features(torch.zeros(2, 1, 8, 8)) >= 0).all()


@pytest.mark.parametrize("sizes", [{"classes": 0}, {"channels": 0}])
def test_sizes_below_1_are_refused(sizes):
    with pytest.raises(ValueError, match="at least 1, got"):
        mobilenet_v2(generator=generator(1), **sizes)
