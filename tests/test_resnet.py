"""Residual networks for small images, and dropout of a generator's own."""

import pytest
import torch

from spareparts.data import generator
from spareparts.models import Dropout, resnet
from spareparts.models.resnet import Padding


@pytest.mark.parametrize(
    ("depth", "shortcut", "count"),
    [(20, "padding", 269_722), (32, "padding", 464_154), (56, "padding", 853_018), (56, "projection", 855_770)],
)
def test_resnets_have_the_published_number_of_parameters(depth, shortcut, count):
    network = resnet(depth, generator=generator(0), shortcut=shortcut)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_its_depth_counts_the_convolutions_and_the_classifier():
    layers = resnet(20, generator=generator(0)).modules()
    assert sum(isinstance(layer, torch.nn.Conv2d | torch.nn.Linear) for layer in layers) == 20


@pytest.mark.parametrize("shortcut", ["padding", "projection"])
def test_it_gives_a_score_a_class_for_images_of_any_size(shortcut):
    network = resnet(8, generator=generator(0), classes=7, channels=1, shortcut=shortcut)
    images = torch.randn(2, 1, 12, 12, generator=generator(1))
    assert network(images).shape == (2, 7)
    assert network.features(images).shape == (2, 64)
    assert network.features(images).min() >= 0


def test_the_padded_shortcut_takes_every_other_pixel_and_adds_zeros_on_both_sides():
    images = torch.arange(32.0).view(1, 2, 4, 4)
    found = Padding(2, 4)(images)
    assert torch.equal(found[:, 1:3], images[:, :, ::2, ::2])
    assert found[:, [0, 3]].abs().sum() == 0


def test_its_weights_are_hes_normal_from_the_generator_alone():
    before = torch.random.get_rng_state()
    one, other = (resnet(20, generator=generator(5)) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    weight = one.blocks[-1].convolution2.weight  # 64 filters of 3x3 feed 576 units
    assert weight.var().item() == pytest.approx(2 / 576, rel=0.05)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 18}, r"depth must be 6n \+ 2 with n at least 1 \(8, 14, 20, ...\), got 18"),
        ({"depth": 2}, "got 2"),
        ({"shortcut": "C"}, "shortcut must be one of padding, projection, got 'C'"),
        ({"classes": 0}, "classes and channels must be at least 1, got 0 and 3"),
    ],
)
def test_other_resnets_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        resnet(**{"depth": 8, "generator": generator(0)} | wrong)


# Dropout


def test_dropout_keeps_the_mean_and_drops_its_share():
    inputs = torch.ones(200, 500)
    found = Dropout(0.3, generator=generator(0))(inputs)
    assert (found == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert found.mean().item() == pytest.approx(1, abs=0.01)
    assert found.max().item() == pytest.approx(1 / 0.7)


def test_dropout_uses_its_own_generator_and_a_mask_that_is_put_in():
    inputs, before = torch.ones(4, 6), torch.random.get_rng_state()
    one, other = (Dropout(0.5, generator=generator(2)) for _ in range(2))
    drawn = one(inputs)
    assert torch.equal(torch.random.get_rng_state(), before)
    other.mask = other.draw((4, 6), device=inputs.device)
    assert torch.equal(other(inputs), drawn)
    assert torch.equal(other(inputs), drawn)


def test_without_training_or_probability_nothing_is_dropped_or_drawn():
    inputs, draw = torch.ones(4, 6), generator(2)
    assert torch.equal(Dropout(0.5, generator=draw).eval()(inputs), inputs)
    assert torch.equal(Dropout(0.0, generator=draw)(inputs), inputs)
    assert Dropout(0.0, generator=draw).draw((2, 2), device=inputs.device).all()
    assert torch.equal(draw.get_state(), generator(2).get_state())


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_a_probability_outside_is_refused(probability):
    with pytest.raises(ValueError, match=rf"probability must lie in \[0, 1\), got {probability}"):
        Dropout(probability, generator=generator(0))
