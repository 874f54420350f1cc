"""Width, and filters on images: removals one by one, correlations, distances, and angles to a few centres."""

import copy

import numpy as np
import pytest
import torch

from spareparts import models
from spareparts.data import generator
from spareparts.redundancy.config import Config
from spareparts.redundancy.widths import CORRELATIONS, DROPS, accuracy_drops, distances, largest_correlations, width
from spareparts.redundancy.xord import angles_to_centres, filters


def network(seed=1):
    return models.lenet_300_100(in_features=16, width=20, generator=generator(seed))


def images(count=200):
    return torch.rand(count, 1, 4, 4, generator=generator(2)), torch.randint(10, (count,), generator=generator(3))


def test_a_drop_is_the_accuracy_lost_without_the_unit_and_distances_are_frobenius_norms():
    net, (inputs, labels) = network(), images()
    correct = (net(inputs).argmax(1) == labels).double().mean()
    expected = []
    for unit in range(20):
        pruned = copy.deepcopy(net)
        pruned.fc1.weight.data[unit], pruned.fc1.bias.data[unit] = 0, 0
        expected.append(100 * float(correct - (pruned(inputs).argmax(1) == labels).double().mean()))
    assert accuracy_drops(net, inputs, labels).tolist() == pytest.approx(expected)
    net = network()
    moved = copy.deepcopy(net)
    moved.fc1.weight.data[3, 5] += 2
    assert distances(moved, net) == pytest.approx({"fc1_distance": 2, "fc1_unit_distance": 2 / 20})


def test_the_largest_correlation_is_that_of_numpy_and_of_a_constant_unit_none():
    net, (inputs, _) = network(), images()
    net.fc1.bias.data += 3  # no unit is constant
    outputs = net.relu1(net.fc1(inputs.flatten(1))).detach().numpy()
    table = np.corrcoef(outputs.T)
    np.fill_diagonal(table, -1)
    assert largest_correlations(net, inputs).tolist() == pytest.approx(table.max(1).tolist(), abs=1e-5)
    net, (inputs, _) = network(), images()
    net.fc1.weight.data[0].abs_()
    net.fc1.weight.data[1] = 2 * net.fc1.weight.data[0]
    net.fc1.weight.data[2], net.fc1.bias.data[2] = 0, -1
    found = largest_correlations(net, inputs)
    assert found[:2].tolist() == pytest.approx([1, 1])
    assert found[2].isnan()


def test_a_run_stops_where_every_training_image_is_classified_correctly():
    config = Config(
        experiment="width", dataset="digits", width=64, train_samples=100, learning_rate=0.05, iterations=400
    )
    metrics, _ = width(config, progress=False)
    assert metrics["train_error"] == 0 and metrics["steps"] < 400
    assert metrics["gap"] == pytest.approx(100 - metrics["accuracy"])
    removable, repeated = metrics["trained_removable"], metrics["untrained_repeated"]
    assert removable == sorted(removable) and len(removable) == len(DROPS)
    assert repeated == sorted(repeated, reverse=True) and len(repeated) == len(CORRELATIONS)


def test_angles_to_the_centres_are_those_of_directions_whatever_the_lengths():
    lengths = torch.rand(20, 1, generator=generator(4)).add(0.1)
    assert angles_to_centres(torch.eye(4).repeat(5, 1) * lengths, seed=0).max() < 0.01
    turn = torch.tensor(np.deg2rad(10.0))  # pairs of directions at this angle on both sides of an axis
    pairs = [
        axis * turn.cos() + sign * torch.eye(8)[4 + place] * turn.sin()
        for place, axis in enumerate(torch.eye(8)[:4])
        for sign in (1, -1)
    ]
    assert angles_to_centres(torch.stack(pairs), seed=0).tolist() == pytest.approx([10] * 8, abs=1e-3)
    rows = torch.randn(20, 9, generator=generator(5))
    assert torch.allclose(angles_to_centres(rows, seed=0), angles_to_centres(rows * lengths, seed=0), atol=1e-4)


def test_a_run_gives_angles_of_trained_and_untrained_filters():
    config = Config(experiment="filters", dataset="digits", width=16, iterations=20)
    metrics, _ = filters(config, progress=False)
    assert all(0 <= metrics[f"{kind}_angle"] <= 180 for kind in ("trained", "untrained", "centred", "spectrum"))
