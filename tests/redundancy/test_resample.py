"""Networks that share their early layers: what is kept, what is drawn anew, and how alike they become."""

import pytest
import torch

from spareparts.data import generator
from spareparts.models import conv_2, lenet_300_100
from spareparts.redundancy import Config, network


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed))


def test_convolutions_are_kept_or_the_first_layer_and_a_new_classifier_leaves_them_alone():
    assert network.kept_layers(conv_2(generator=generator(0), image_shape=(1, 8, 8))) == ["conv1", "conv2"]
    first, second = (lenet_300_100(generator=generator(seed), in_features=64) for seed in (0, 1))
    assert network.kept_layers(first) == ["fc1"]
    twin = network.with_new_classifier(first, second)
    assert torch.equal(twin.fc1.weight, first.fc1.weight)
    assert not torch.equal(twin.fc2.weight, first.fc2.weight)


def test_outputs_are_those_after_relu_at_every_pixel_and_shuffled_units_are_matched():
    made = conv_2(generator=generator(0), image_shape=(1, 8, 8))
    outputs = network.layer_outputs(made, random(3, 1, 8, 8), layer="conv2")
    assert outputs.shape == (3 * 64, 64) and outputs.min() == 0
    assert torch.allclose(outputs[0], made[:4](random(3, 1, 8, 8))[0, :, 0, 0])
    live = outputs[:, outputs.std(0) > 0]
    assert network.matched_correlation(live, 2 * live.roll(5, 1) + 1) == pytest.approx(1, abs=1e-4)


def test_a_twin_stays_nearer_than_an_independent_network():
    config = Config(experiment="resample", dataset="digits", iterations=40)
    metrics, _ = network.resample(config, progress=False)
    assert metrics["kept_layers"] == ["fc1"] and metrics["redrawn_layer"] == "fc2"
    assert metrics["twin_output_matched"][0] > 0.8 > metrics["independent_output_matched"][0]
    assert metrics["independent_angle"] == pytest.approx(metrics["random_angle"], rel=0.2)
