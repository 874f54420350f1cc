"""Units matched by their weights."""

import copy

import pytest
import torch
from torch import nn

from spareparts.data import generator
from spareparts.distancing.matching import match, permute
from spareparts.distancing.measures import squared_distance
from spareparts.distancing.paths import point_of
from spareparts.models import lenet_300_100, mlp, mobilenet_v2, resnet, vgg
from spareparts.models.units import unit_groups

NETWORKS = {
    "lenet": lambda seed: lenet_300_100(generator=generator(seed), in_features=192, classes=4, width=30),
    "convolutional": lambda seed: vgg(
        ((6, 6),), hidden=(12, 9), generator=generator(seed), image_shape=(3, 8, 8), classes=4
    ),
    "vgg with BatchNorm": lambda seed: vgg(
        ((6, 6), (8,)), hidden=(12,), generator=generator(seed), image_shape=(3, 8, 8), classes=4, batch_norm=True
    ),
    "with a head": lambda seed: mlp(generator=generator(seed), in_features=192, classes=4),
    "mobilenet": lambda seed: mobilenet_v2(generator=generator(seed), classes=4),
    "resnet, padded": lambda seed: resnet(14, generator=generator(seed), classes=4),
    "resnet, projected": lambda seed: resnet(14, generator=generator(seed), classes=4, shortcut="projection"),
}
SMALL = [name for name in NETWORKS if name != "mobilenet"]  # its 1280 features take seconds to match
IMAGES = torch.randn(20, 3, 8, 8, generator=generator(1))


def made(name, seed):
    """A network whose every entry is its own, the statistics of BatchNorm too."""
    network = NETWORKS[name](seed)
    draw = generator(100 + seed)
    for value in network.state_dict().values():
        if value.dim() == 1:
            value.copy_(torch.rand(value.shape, generator=draw) + 0.5)
    return network.eval()


def shuffled(network, *, generator):
    """A copy that computes the same with all its units in random order."""
    copied = copy.deepcopy(network)
    state = copied.state_dict()
    for group in unit_groups(network):
        permute(state, group, torch.randperm(len(group[0].positions), generator=generator))
    copied.load_state_dict(state)
    return copied


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_with_their_units_in_another_order_compute_the_same_elsewhere(name):
    network = made(name, 1)
    other = shuffled(network, generator=generator(2))
    assert torch.allclose(other(IMAGES), network(IMAGES), atol=1e-4, rtol=1e-4)
    assert squared_distance(point_of(network), point_of(other)) > 1


@pytest.mark.parametrize("name", SMALL)
def test_matching_finds_the_order_of_a_shuffled_network_and_brings_others_nearer(name):
    network = made(name, 1)
    other = shuffled(network, generator=generator(2))
    matched = match(network, other, generator=generator(3))
    assert squared_distance(point_of(network), point_of(matched)) == 0
    found = matched.state_dict()  # with the statistics of BatchNorm, which had no say
    assert all(torch.equal(value, found[name]) for name, value in network.state_dict().items())
    first, second = made(name, 1), made(name, 2)
    matched = match(first, second, generator=generator(3))
    assert torch.allclose(matched(IMAGES), second(IMAGES), atol=1e-4, rtol=1e-4)
    distances = [squared_distance(point_of(first), point_of(each)) for each in (second, matched)]
    assert distances[1] < distances[0]


@pytest.mark.parametrize(
    ("name", "count"),
    [("lenet", 2), ("resnet, padded", 6 + 3), ("resnet, projected", 6 + 3), ("mobilenet", 17 + 8 + 1)],
)
def test_groups_are_hidden_layers_blocks_and_streams(name, count):
    groups = unit_groups(made(name, 1))
    assert len(groups) == count
    for group in groups:
        assert len({len(place.positions) for place in group}) == 1
        assert len({place.name for place in group}) == len(group)
    if name == "resnet, padded":  # as wide as what each stage adds
        assert [len(group[0].positions) for group in groups[-3:]] == [16, 16, 32]


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="units can be matched in plain networks, ResNets and MobileNetV2, got Linear"):
        match(nn.Linear(2, 2), nn.Linear(2, 2), generator=generator(1))
    with pytest.raises(ValueError, match="networks must share one architecture"):
        match(made("lenet", 1), made("convolutional", 1), generator=generator(1))
