"""Inference cost: forward passes of two networks in turn, and how many numbers they have learned."""

import numpy as np
import pytest
import torch
from torch import nn

from spareparts import data, experts
from spareparts.experts.inference import compare_inference, forward_seconds, parameter_count


class Noted(nn.Module):
    """A network that notes when it was asked, how many images it saw, and whether it was training."""

    def __init__(self, name: str, calls: list) -> None:
        super().__init__()
        self.name, self.calls = name, calls

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.calls.append((self.name, len(images), self.training, torch.is_grad_enabled()))
        return images


def images(count: int = 12) -> torch.Tensor:
    return torch.rand(count, 1, 8, 8, generator=data.generator(0))


def test_after_a_pass_of_each_both_are_timed_in_turn_and_which_goes_first_changes():
    calls = []
    forward_seconds(Noted("a", calls), Noted("b", calls), images(), rounds=4, batch_size=5)
    assert "".join(name for name, *_ in calls) == "ab" + "abbaabba"
    assert {tuple(rest) for _, *rest in calls} == {(5, False, False)}


def test_there_is_one_positive_time_per_round_and_network():
    for times in forward_seconds(nn.Flatten(), nn.Flatten(), images(), rounds=7, batch_size=100):
        assert isinstance(times, np.ndarray) and times.shape == (7,) and (times > 0).all()


def test_networks_are_left_training_if_they_were():
    one, two = nn.Flatten().train(), nn.Flatten().eval()
    forward_seconds(one, two, images(), rounds=1, batch_size=2)
    assert one.training and not two.training


@pytest.mark.parametrize(("rounds", "batch_size", "name"), [(0, 5, "rounds"), (3, 0, "batch_size"), (-1, 5, "rounds")])
def test_nothing_to_time_is_refused(rounds, batch_size, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got"):
        forward_seconds(nn.Flatten(), nn.Flatten(), images(), rounds=rounds, batch_size=batch_size)


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="images must be at least 1, got 0"):
        forward_seconds(nn.Flatten(), nn.Flatten(), images(0), rounds=1, batch_size=1)


def test_a_linear_layer_has_its_weights_and_biases():
    assert parameter_count(nn.Linear(7, 3)) == 7 * 3 + 3


def test_a_mixture_has_the_parameters_of_its_parts():
    """Two convolutions with BatchNorm, a gate, and for each expert two linear layers."""
    network = experts.Mixture(channels=1, size=8, classes=10, experts=3, hidden_units=16, generator=data.generator(0))
    features = 64 * 2 * 2
    blocks = 9 * 32 + 9 * 32 * 64 + 2 * (32 + 64)
    bias = sum(block.convolution.bias.numel() for block in network.blocks if block.convolution.bias is not None)
    gate, expert = features * 3 + 3, features * 16 + 16 + 16 * 10 + 10
    assert parameter_count(network) == blocks + bias + gate + 3 * expert


def test_a_record_holds_every_time_and_both_counts():
    found = compare_inference([nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)], images())
    assert found["baseline_parameters"] == found["snnl_parameters"] == 20
    assert len(found["baseline_forward_seconds"]) == len(found["snnl_forward_seconds"]) > 1
