"""Orders of pruning by frame potential, curves against a whole pass for each removal, smaller networks."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from spareparts.models import conv_2, lenet_300_100, vgg
from spareparts.redundancy import compact, contributions, frame_potential, pruning_curves, pruning_order
from spareparts.redundancy.pruning import area, cut
from spareparts.redundancy.spectra import rank_accuracies
from spareparts.redundancy.widths import accuracy_drops


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def fully_connected():
    return lenet_300_100(generator=draw(), initialization="pytorch", in_features=16, classes=5, width=12)


def convolutional(batch_norm=False):
    settings = {"hidden": (9, 8), "image_shape": (1, 6, 5), "classes": 5, "batch_norm": batch_norm}
    network = vgg(((4, 6),), generator=draw(1), initialization="pytorch", **settings)
    if batch_norm:
        with torch.no_grad():
            network(torch.rand(50, 1, 6, 5, generator=draw(2)))
            for module in network:
                if isinstance(module, nn.BatchNorm2d):
                    module.weight.normal_(generator=draw(3))
                    module.bias.normal_(generator=draw(4))
    return network.eval()


CASES = [
    (fully_connected(), "fc1", (1, 4, 4)),
    (fully_connected(), "fc2", (1, 4, 4)),
    *((convolutional(), name, (1, 6, 5)) for name in ("conv1", "conv2", "fc1", "fc2")),
    *((convolutional(batch_norm=True), name, (1, 6, 5)) for name in ("conv1", "conv2", "fc1")),
]


def masked(network, layer, removed, *, keep_bias):
    """The network with some units masked: by a hook on what the next layer is given, or with weights of zero."""
    network = copy.deepcopy(network)
    parts = cut(network, layer)
    if keep_bias:
        parts.layer.weight.data[removed] = 0
        return network
    units = len(parts.layer.weight)

    def hook(module, inputs):
        (given,) = inputs
        by_unit = given.view(len(given), units, -1).clone()
        by_unit[:, removed] = 0
        return (by_unit.view_as(given),)

    parts.consumer.register_forward_pre_hook(hook)
    return network


@pytest.mark.parametrize("masked_bias", [True, False])
@pytest.mark.parametrize("network, layer, shape", CASES)
def test_counts_are_those_of_a_whole_pass_for_each_removal(network, layer, shape, masked_bias):
    images, labels = torch.rand(70, *shape, generator=draw(5)), torch.randint(5, (70,), generator=draw(6))
    units = len(cut(network, layer).layer.weight)
    orders = [torch.randperm(units, generator=draw(7)), torch.arange(units)]
    before = copy.deepcopy(network.state_dict())
    found = pruning_curves(network.train(), images, labels, orders, layer=layer, masked_bias=masked_bias, batch_size=32)
    assert network.training  # and otherwise left as it was
    assert all(torch.equal(before[name], value) for name, value in network.eval().state_dict().items())
    for order, counts in zip(orders, found, strict=True):
        for removed in {0, 1, units // 2, units - 1, units}:
            pruned = masked(network, layer, order[:removed], keep_bias=not masked_bias)
            assert counts[removed] == (pruned(images).argmax(1) == labels).sum()


def test_the_area_of_a_straight_line_is_its_mean_and_what_is_no_order_no_unit_or_no_layer_is_refused():
    counts = np.array([[100, 75, 50, 25, 0], [100, 100, 100, 100, 100]])
    assert area(counts, images=100) == pytest.approx([50, 100])
    assert area(counts, images=100, share=0.5) == pytest.approx([75, 100])
    network, images = fully_connected(), torch.rand(3, 1, 4, 4, generator=draw())
    with pytest.raises(ValueError, match="each of the 12 units once"):
        pruning_curves(network, images, torch.zeros(3, dtype=torch.long), [torch.zeros(12).long()], layer="fc1")
    with pytest.raises(ValueError, match=r"some of 0\.\.11"):
        compact(network, {"fc1": torch.tensor([3, 3])})
    for layer in ("fc3", "relu1", "none"):  # which feed no other
        with pytest.raises(ValueError, match="layer must be one of fc1, fc2"):
            cut(network, layer)
    with pytest.raises(ValueError, match="share"):
        area(np.zeros(3, dtype=int), images=1, share=0)


@pytest.mark.parametrize("network, layer, shape", CASES)
def test_a_compact_network_gives_what_the_masked_one_gives(network, layer, shape):
    images = torch.rand(11, *shape, generator=draw(8))
    units = len(cut(network, layer).layer.weight)
    removed = torch.arange(0, units, 2)
    kept = torch.tensor([unit for unit in range(units) if unit % 2])
    smaller = compact(network, {layer: kept.flip(0)})
    with torch.no_grad():
        torch.testing.assert_close(smaller(images), masked(network, layer, removed, keep_bias=False)(images))
    assert len(cut(smaller, layer).layer.weight) == len(kept)


def test_several_layers_are_made_smaller_at_once_and_trained_on():
    network = conv_2(generator=draw(), image_shape=(1, 4, 4))
    smaller = compact(network, {"conv1": torch.arange(3), "conv2": torch.arange(5), "fc1": torch.arange(7)})
    shapes = [tuple(parameter.shape) for name, parameter in smaller.named_parameters() if name.endswith("weight")]
    assert shapes == [(3, 1, 3, 3), (5, 3, 3, 3), (7, 20), (256, 7), (10, 256)]
    smaller(torch.rand(2, 1, 4, 4, generator=draw())).sum().backward()
    assert all(parameter.grad is not None for parameter in smaller.parameters())
    assert network.conv1.out_channels == 64
    assert (smaller.conv1.out_channels, smaller.conv2.in_channels, smaller.fc1.in_features) == (3, 3, 20)


def test_labels_are_one_an_image_and_not_repeated(unchecked):
    network, images = fully_connected(), torch.rand(3, 1, 4, 4, generator=draw())
    for labels in (torch.zeros(1).long(), torch.zeros(3, 1).long()):
        for count in (
            lambda given: pruning_curves(network, images, given, [torch.arange(12)], layer="fc1"),
            lambda given: accuracy_drops(network, images, given, layer="fc1"),
            lambda given: rank_accuracies(network[1:], images.flatten(1), given, ranks=[1]),
        ):
            with pytest.raises(ValueError, match="labels must be"):
                count(labels)


def random_rows(units, features, seed=0):
    return torch.randn(units, features, generator=draw(seed))


ANGLES = torch.arange(5) * torch.pi / 5
KNOWN = {
    "orthogonal rows of any length: n": (torch.diag(torch.tensor([1.0, 0.1, 7.0])), 3),
    "parallel rows: n^2": (torch.tensor([[1.0, 2.0]]) * torch.tensor([[1.0], [-3.0], [0.5], [2.0]]), 16),
    "a tight frame: n^2 / d": (torch.stack([ANGLES.cos(), ANGLES.sin()], 1), 25 / 2),
    "two orthonormal bases: n^2 / d": (torch.cat([torch.eye(3), torch.linalg.qr(random_rows(3, 3)).Q]), 6**2 / 3),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_frames_have_their_potential_and_equal_contributions(name):
    rows, potential = KNOWN[name]
    assert frame_potential(rows).item() == pytest.approx(potential)
    assert contributions(rows).tolist() == pytest.approx([potential / len(rows)] * len(rows))


@pytest.mark.parametrize("units, features", [(30, 8), (8, 30)])
def test_contributions_sum_to_the_frame_potential_and_bounds_hold(units, features):
    rows = random_rows(units, features)
    potential = frame_potential(rows).item()
    assert contributions(rows).sum().item() == pytest.approx(potential)
    assert max(units, units**2 / features) <= potential <= units**2


def test_removing_a_unit_lowers_the_frame_potential_by_twice_its_contribution_minus_one():
    rows = random_rows(12, 5)
    own, before = contributions(rows), frame_potential(rows)
    for unit in range(12):
        left = torch.cat([rows[:unit], rows[unit + 1 :]])
        assert (before - frame_potential(left)).item() == pytest.approx(2 * own[unit].item() - 1)


def recomputed_order(rows, *, largest):
    """What the greedy order is by definition: contributions anew after each removal."""
    left, order = list(range(len(rows))), []
    while left:
        own = contributions(rows[left])
        place = int(own.argmax() if largest else own.argmin())
        order.append(left.pop(place))
    return order


@pytest.mark.parametrize("first", ["smallest", "largest"])
def test_the_greedy_order_is_that_of_recomputing(first):
    rows = random_rows(40, 6, seed=3)
    order = pruning_order(rows, criterion="frame_potential", first=first)
    assert order.tolist() == recomputed_order(rows, largest=first == "largest")


def test_norms_are_sorted_with_ties_to_the_lower_index_and_a_random_order_is_the_generators():
    rows = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, -2.0], [1.0, 0.0]])
    assert pruning_order(rows, criterion="norm").tolist() == [1, 3, 0, 2]
    assert pruning_order(rows, criterion="norm", first="largest").tolist() == [0, 2, 1, 3]
    rows = random_rows(9, 2)
    order = pruning_order(rows, criterion="random", generator=draw(1))
    assert sorted(order.tolist()) == list(range(9))
    assert torch.equal(order, pruning_order(rows, criterion="random", generator=draw(1)))


def test_dead_units_contribute_nothing_and_copies_are_told_apart_by_index_and_not_by_rounding():
    rows = random_rows(6, 4)
    rows[[1, 4]] = 0
    assert contributions(rows)[[1, 4]].tolist() == [0, 0]
    assert frame_potential(rows).item() == pytest.approx(frame_potential(rows[[0, 2, 3, 5]]).item())
    for criterion in ("norm", "frame_potential"):
        assert pruning_order(rows, criterion=criterion).tolist()[:2] == [1, 4]
        assert pruning_order(rows, criterion=criterion, first="largest").tolist()[-2:] == [1, 4]
    rows = random_rows(3, 50).repeat_interleave(4, 0) * 2.0 ** torch.arange(12)[:, None]
    order = pruning_order(rows, criterion="frame_potential").tolist()
    for group in (range(0, 4), range(4, 8), range(8, 12)):
        assert [unit for unit in order if unit in group] == list(group)


@pytest.mark.parametrize(
    ("value", "settings", "message"),
    [
        (1.0, {"criterion": "size"}, "criterion must be one of"),
        (1.0, {"criterion": "norm", "first": "best"}, "first must be one of"),
        (1.0, {"criterion": "random"}, "must have a generator"),
        (math.nan, {"criterion": "norm"}, r"rows must be finite, got nan at \[1, 0\]"),
        (math.inf, {"criterion": "frame_potential"}, r"rows must be finite, got inf at \[1, 0\]"),
    ],
)
def test_other_names_and_units_that_are_not_finite_have_no_order(value, settings, message):
    rows = random_rows(3, 2)
    rows[1, 0] = value
    with pytest.raises(ValueError, match=message):
        pruning_order(rows, **settings)
