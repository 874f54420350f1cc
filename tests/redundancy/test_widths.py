"""Width, and filters on images: removals one by one, correlations, distances, and angles to a few centres."""

import copy

import numpy as np
import pytest
import torch

from spareparts import models
from spareparts.data import generator
from spareparts.redundancy.config import Config
from spareparts.redundancy.pruning import normalized
from spareparts.redundancy.widths import (
    CORRELATIONS,
    DROPS,
    accuracy_drops,
    distances,
    largest_correlations,
    shares,
    width,
)
from spareparts.redundancy.xord import angles_to_centres, convolution, filters


def network(seed=1):
    return models.lenet_300_100(in_features=16, width=20, generator=generator(seed))


def images(count=200):
    return torch.rand(count, 1, 4, 4, generator=generator(2)), torch.randint(10, (count,), generator=generator(3))


def test_a_drop_is_the_accuracy_lost_by_setting_the_unit_to_zero():
    net, (inputs, labels) = network(), images()
    correct = (net(inputs).argmax(1) == labels).double().mean()
    expected = []
    for unit in range(20):
        pruned = copy.deepcopy(net)
        pruned.fc1.weight.data[unit], pruned.fc1.bias.data[unit] = 0, 0
        expected.append(100 * float(correct - (pruned(inputs).argmax(1) == labels).double().mean()))
    assert accuracy_drops(net, inputs, labels).tolist() == pytest.approx(expected)


def test_a_layer_before_a_convolution_is_refused():
    net = models.conv_2(image_shape=(1, 8, 8), generator=generator(1))
    first = next(name for name, _ in net.named_children() if name.startswith("conv"))
    with pytest.raises(ValueError, match="must feed a fully connected one, got Conv2d"):
        accuracy_drops(net, torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.long), layer=first)


def test_the_largest_correlation_is_that_of_numpy():
    net, (inputs, _) = network(), images()
    net.fc1.bias.data += 3  # no unit is constant
    outputs = net.relu1(net.fc1(inputs.flatten(1))).detach().numpy()
    table = np.corrcoef(outputs.T)
    np.fill_diagonal(table, -1)
    assert largest_correlations(net, inputs).tolist() == pytest.approx(table.max(1).tolist(), abs=1e-5)


def test_a_unit_that_is_a_multiple_of_another_is_repeated_and_a_constant_one_is_not():
    net, (inputs, _) = network(), images()
    net.fc1.weight.data[0].abs_()
    net.fc1.weight.data[1] = 2 * net.fc1.weight.data[0]
    net.fc1.weight.data[2], net.fc1.bias.data[2] = 0, -1
    found = largest_correlations(net, inputs)
    assert found[:2].tolist() == pytest.approx([1, 1])
    assert found[2].isnan()


def test_shares_rise_with_the_drop_allowed_and_fall_with_the_correlation_asked_for():
    generated = torch.Generator().manual_seed(1)
    found = shares(torch.randn(100, generator=generated), torch.rand(100, generator=generated))
    assert found["removable"] == sorted(found["removable"]) and len(found["removable"]) == len(DROPS)
    assert found["repeated"] == sorted(found["repeated"], reverse=True) and len(found["repeated"]) == len(CORRELATIONS)


def test_distances_are_frobenius_norms_of_what_changed():
    net = network()
    moved = copy.deepcopy(net)
    moved.fc1.weight.data[3, 5] += 2
    found = distances(moved, net, layer="fc1")
    assert found["fc1_distance"] == pytest.approx(2)
    assert found["fc1_unit_distance"] == pytest.approx(2 / 20)
    assert found["fc1_relative_distance"] == pytest.approx(2 / float(net.fc1.weight.detach().norm()))


def test_a_run_stops_where_every_training_image_is_classified_correctly():
    config = Config(
        experiment="width", dataset="digits", width=64, train_samples=100, learning_rate=0.05, iterations=400
    )
    metrics, arrays = width(config, progress=False)
    assert metrics["train_error"] == 0 and metrics["steps"] < 400
    assert metrics["gap"] == pytest.approx(100 - metrics["accuracy"])
    assert arrays["trained_drops"].shape == arrays["untrained_correlations"].shape == (64,)


# Filters


def test_rows_of_four_directions_lie_on_their_centres_and_a_cone_at_its_angle():
    directions = torch.eye(4).repeat(5, 1) * torch.rand(20, 1, generator=generator(4)).add(0.1)
    assert angles_to_centres(directions).max() < 0.01
    turn = torch.tensor(np.deg2rad(10.0))
    cone = torch.stack([torch.stack([turn.cos(), s * turn.sin()]) for s in (1, -1)])
    assert angles_to_centres(cone, centres=1).tolist() == pytest.approx([10, 10])


def test_angles_do_not_change_with_the_lengths_of_rows():
    rows = torch.randn(40, 9, generator=generator(5))
    scaled = rows * torch.rand(40, 1, generator=generator(6)).add(0.1)
    assert torch.allclose(angles_to_centres(rows), angles_to_centres(scaled), atol=1e-4)
    assert torch.allclose(normalized(rows), normalized(scaled))


def test_images_that_the_filters_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="images must be at least 8x8, got 7x8"):
        convolution(width=4, generator=generator(1), image_shape=(1, 7, 8))


def test_a_run_gives_angles_of_trained_and_untrained_filters():
    config = Config(experiment="filters", dataset="digits", width=16, iterations=20)
    metrics, arrays = filters(config, progress=False)
    assert arrays["trained_angles"].shape == arrays["untrained_angles"].shape == (16,)
    assert 0 <= metrics["trained_angle"] <= 180
