"""Networks as points of their parameter space: read off, put in, and measured with fitting BatchNorm statistics."""

import copy
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import update_bn

from .. import checks, engine

Point = dict[str, Tensor]  # every parameter by its name, detached
BATCH = 500  # images at once, at most, of which statistics are estimated


class Measured(NamedTuple):
    """What a network does on some images."""

    loss: float  # mean cross entropy, in nats
    error: float  # images classified wrongly, in %


def point_of(network: nn.Module) -> Point:
    """A copy of all parameters, the affine ones of BatchNorm included, its running statistics not."""
    return {name: value.detach().clone() for name, value in network.named_parameters()}


def check_alike(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> None:
    """Raise `ValueError` unless both have the same parameters, by name, shape and device."""
    for name in sorted(first.keys() ^ second.keys()):
        raise ValueError(f"networks must share one architecture, but only one of them has {name}")
    for name, value in first.items():
        if value.shape != second[name].shape:
            shapes = f"{tuple(value.shape)} and {tuple(second[name].shape)}"
            raise ValueError(f"networks must share one architecture, got {name} of shape {shapes}")
        if value.device != second[name].device:
            raise ValueError(f"networks must share one device, got {name} on {value.device} and {second[name].device}")


@torch.no_grad()
def network_at(
    network: nn.Module, point: Mapping[str, Tensor], *, statistics: Float[Tensor, "batch *shape"] | None = None
) -> nn.Module:
    """A copy of the network with these parameters, its BatchNorm statistics estimated again on some training images.

    Without images they stay those of the network. Raises `ValueError` for parameters of another architecture.
    """
    check_alike(dict(network.named_parameters()), point)
    moved = copy.deepcopy(network)
    for name, value in moved.named_parameters():
        value.copy_(point[name])
    if statistics is not None:
        estimate_statistics(moved, statistics)
    return moved.eval()


def estimate_statistics(network: nn.Module, images: Float[Tensor, "batch *shape"]) -> None:
    """Set the statistics of every BatchNorm layer to their means over these images; other networks stay as they are."""
    # equal parts: a last part of one image would have no variance
    update_bn(images.tensor_split(-(-len(images) // BATCH)), network)


def measure(network: nn.Module, images: Float[Tensor, "batch *shape"], labels: Int[Tensor, " batch"]) -> Measured:
    """Loss and error of a network in evaluation mode; `ValueError` for labels that are not one an image."""
    checks.equally_many(images=images, labels=labels)
    (scores,) = engine.predict(network, images)
    wrong = (scores.argmax(1) != labels).double().mean()
    return Measured(float(functional.cross_entropy(scores.double(), labels)), 100 * float(wrong))


def flattened(points: Sequence[Mapping[str, Tensor]]) -> Float[Tensor, "points parameters"]:
    """Points as rows of one matrix; raises `ValueError` where they differ in architecture."""
    for point in points[1:]:
        check_alike(points[0], point)
    return torch.stack([torch.cat([value.flatten() for value in point.values()]) for point in points])
