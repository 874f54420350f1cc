"""Networks that share their early layers: what is kept, what is drawn anew, and how alike they become."""

import pytest
import torch

from spareparts.data import generator
from spareparts.models import conv_2, lenet_300_100
from spareparts.redundancy import Config, network


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed))


def test_convolutions_are_kept_and_of_a_fully_connected_network_the_first_layer():
    made = conv_2(generator=generator(0), image_shape=(1, 8, 8))
    assert network.kept_layers(made) == ["conv1", "conv2"]
    assert network.kept_layers(lenet_300_100(generator=generator(0), in_features=64)) == ["fc1"]


def test_a_new_classifier_leaves_the_early_layers_alone():
    first, second = (lenet_300_100(generator=generator(seed), in_features=64) for seed in (0, 1))
    twin = network.with_new_classifier(first, second)
    assert torch.equal(twin.fc1.weight, first.fc1.weight)
    assert not torch.equal(twin.fc2.weight, first.fc2.weight)


def test_a_layer_is_itself_unit_by_unit_and_its_shuffled_copy_after_matching():
    rows, initial, order = random(12, 30), random(12, 30, seed=1), torch.arange(12).roll(5)
    same = network.compare_units(rows, rows, initial, initial)
    moved = network.compare_units(rows, rows[order], initial, initial[order])
    for kind in ("weight", "update"):
        assert same[kind].diagonal().mean().item() == pytest.approx(1)
        assert moved[kind].diagonal().mean().item() < 0.5
        assert network.matched_mean(moved[kind]) == pytest.approx(1)


def test_outputs_are_those_after_relu_at_every_pixel():
    made = conv_2(generator=generator(0), image_shape=(1, 8, 8))
    outputs = network.layer_outputs(made, random(3, 1, 8, 8), layer="conv2")
    assert outputs.shape == (3 * 64, 64) and outputs.min() == 0
    correlation = network.cross_correlation(outputs, 2 * outputs + 1)
    live = outputs.std(0) > 0
    assert correlation.diagonal()[live].mean().item() == pytest.approx(1, abs=1e-4)
    assert torch.allclose(outputs[0], made[:4](random(3, 1, 8, 8))[0, :, 0, 0])


def test_spaces_of_the_same_layer_have_no_angle_and_independent_ones_that_of_chance():
    rows = random(20, 60)
    metrics, arrays = network.compare_spaces(rows, 2 * rows, random(20, 60, seed=3), rank=5, generator=generator(0))
    assert metrics["twin_angle"] == pytest.approx(0, abs=1e-3)
    assert metrics["independent_angle"] == pytest.approx(metrics["random_angle"], rel=0.1)
    assert arrays["random_angles"].shape == (5,)


def test_a_twin_stays_nearer_than_an_independent_network():
    config = Config(experiment="resample", dataset="digits", iterations=40)
    metrics, arrays = network.resample(config, progress=False)
    assert metrics["kept_layers"] == ["fc1"] and metrics["redrawn_layer"] == "fc2"
    assert metrics["twin_weight"][0] > 0.9 > metrics["independent_weight_matched"][0]
    assert metrics["twin_output"][0] > metrics["independent_output_matched"][0]
    assert arrays["twin_angles"].shape == arrays["random_angles"].shape == (10,)
