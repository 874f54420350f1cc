"""Densely connected networks, and those whose classifier stands apart from a body."""

import pytest
import torch
from torch import nn

from spareparts.data import generator
from spareparts.models import densenet_bc, large, mlp, resnet, shufflenet


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


SMALL = {
    "DenseNet": lambda seed: densenet_bc(10, generator=generator(seed), growth=4, classes=5),
    "ResNet": lambda seed: resnet(8, generator=generator(seed), features=12, classes=5),
    "MLP": lambda seed: mlp(generator=generator(seed), in_features=3 * 64, classes=5),
}


def test_densenet_bc_100_12_has_the_published_parameters_of_which_the_classifier_has_one_in_23():
    network = densenet_bc(generator=generator(0), classes=100)
    assert count(network) == 800_032
    assert network.classifier.weight.shape == (100, 342)
    assert count(network.classifier) / count(network) == pytest.approx(0.0429, abs=5e-4)


def test_its_depth_counts_the_convolutions_and_the_classifier():
    layers = densenet_bc(40, generator=generator(0)).modules()
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in layers) == 40


def test_a_dense_layer_passes_its_input_on_and_adds_growth_filters():
    layer = densenet_bc(10, generator=generator(0), growth=4).blocks[0]
    images = torch.randn(2, 8, 6, 6, generator=generator(1))
    found = layer(images)
    assert found.shape == (2, 12, 6, 6)
    assert torch.equal(found[:, :8], images)


@pytest.mark.parametrize("name", SMALL)
def test_the_classifier_sees_the_features_and_can_be_exchanged(name):
    network = SMALL[name](0).eval()
    images = torch.randn(2, 3, 8, 8, generator=generator(1))
    features = network.features(images)
    assert features.min() >= 0
    assert torch.equal(network(images), network.classifier(features))
    network.classifier = nn.Identity()
    assert torch.equal(network(images), features)


@pytest.mark.parametrize("name", SMALL)
def test_weights_come_from_the_generator_alone(name):
    before = torch.random.get_rng_state()
    one, same, other = SMALL[name](5), SMALL[name](5), SMALL[name](6)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


@pytest.mark.parametrize("features", [8, 24, 32, 40])
@pytest.mark.parametrize("shortcut", ["padding", "projection"])
def test_a_resnet_has_as_many_features_as_it_is_asked_for(features, shortcut):
    network = resnet(8, generator=generator(0), features=features, shortcut=shortcut)
    assert network.features(torch.randn(2, 3, 8, 8, generator=generator(1))).shape == (2, features)
    assert network.classifier.in_features == features


@pytest.mark.parametrize(
    ("name", "parameters", "share"), [("resnet_50", 25_557_032, 8.02), ("densenet_169", 14_149_480, 11.77)]
)
def test_torchvisions_networks_keep_their_parameters_and_the_global_random_state(name, parameters, share):
    before = torch.random.get_rng_state()
    network = large(name, generator=generator(0))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert count(network) == parameters
    assert 100 * count(network.classifier) / count(network) == pytest.approx(share, abs=0.01)
    assert isinstance(network.classifier, nn.Linear)


def test_the_grouped_shufflenet_has_the_published_size_and_most_of_it_is_its_classifier():
    network = shufflenet(generator=generator(0))
    assert count(network) == 1_865_728
    assert count(network.classifier) / count(network) == pytest.approx(0.515, abs=5e-4)


def test_shufflenet_gives_a_score_a_class():
    network = shufflenet(generator=generator(0), groups=8, classes=6).eval()
    images = torch.randn(2, 3, 64, 64, generator=generator(1))
    assert network(images).shape == (2, 6)
    assert network.features(images).shape == (2, 1536)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda draw: densenet_bc(41, generator=draw), r"depth must be 6n \+ 4 with n at least 1 .*, got 41"),
        (lambda draw: densenet_bc(10, generator=draw, growth=0), "growth, classes and channels .*, got 0, 10 and 3"),
        (lambda draw: resnet(8, generator=draw, features=0), "features must be at least 1, got 0"),
        (lambda draw: shufflenet(generator=draw, groups=5), "groups must be one of 1, 2, 3, 4, 8, got 5"),
        (lambda draw: large("vgg", generator=draw), "name must be one of resnet_50, densenet_169, got 'vgg'"),
        (lambda draw: mlp(generator=draw, in_features=0), "sizes must be at least 1, got 0, 128, 64 and 10"),
    ],
)
def test_other_networks_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build(generator(0))
