"""Networks as points of their parameter space, and what lies on a line, a circle or a fitted curve between two."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional
from torch.optim.swa_utils import update_bn

from .. import checks, data, engine

Point = dict[str, Tensor]  # every parameter by its name, detached
BATCH = 500  # images at once, at most, of which statistics are estimated


class Measured(NamedTuple):
    """What a network does on some images."""

    loss: float  #: mean cross entropy, in nats
    error: float  #: images classified wrongly, in %


def point_of(network: nn.Module) -> Point:
    """A copy of all parameters, the affine ones of BatchNorm included, its running statistics not."""
    return {name: value.detach().clone() for name, value in network.named_parameters()}


def check_alike(first: Mapping[str, Tensor], second: Mapping[str, Tensor], *, of: str = "networks") -> None:
    """Raise `ValueError` unless both have the same parameters, by name, shape and device; `of` says whose they are."""
    for name in sorted(first.keys() ^ second.keys()):
        raise ValueError(f"{of} must share one architecture, but only one of them has {name}")
    for name, value in first.items():
        if value.shape != second[name].shape:
            shapes = f"{tuple(value.shape)} and {tuple(second[name].shape)}"
            raise ValueError(f"{of} must share one architecture, got {name} of shape {shapes}")
        if value.device != second[name].device:
            raise ValueError(f"{of} must share one device, got {name} on {value.device} and {second[name].device}")


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
    if statistics is not None:  # in equal parts: a last part of one image would have no variance
        update_bn(statistics.tensor_split(-(-len(statistics) // BATCH)), moved)
    return moved.eval()


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


Path = Callable[[float], Point]  # of the place, from 0 to 1


def line(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> Path:
    """The straight line `(1 - t) theta_1 + t theta_2`; raises `ValueError` for other architectures."""
    check_alike(first, second)
    return lambda position: {name: torch.lerp(value, second[name], position) for name, value in first.items()}


def length_of(point: Mapping[str, Tensor]) -> float:
    """Euclidean length of all parameters."""
    return float(torch.stack([value.double().square().sum() for value in point.values()]).sum().sqrt())


def great_circle(first: Point, second: Point) -> Path:
    """`r(t) (sin((1 - t) w) u_1 + sin(t w) u_2) / sin w`: directions `u` an angle `w` apart, `r` from length to length.

    Raises `ValueError` for points at zero, in the same or in opposite directions, and for other architectures.
    """
    lengths = length_of(first), length_of(second)
    checks.positive(first_length=lengths[0], second_length=lengths[1])
    one, other = flattened([first, second]).double()
    cosine = float(one @ other) / (lengths[0] * lengths[1])
    if not abs(cosine) < 1 - 1e-9:
        raise ValueError(f"points must be neither aligned nor opposite, got a cosine of {cosine}")
    angle = math.acos(cosine)

    def at(position: float) -> Point:
        radius = ((1 - position) * lengths[0] + position * lengths[1]) / math.sin(angle)
        own, far = math.sin((1 - position) * angle) / lengths[0], math.sin(position * angle) / lengths[1]
        return {name: radius * (own * value + far * second[name]) for name, value in first.items()}

    return at


def barrier(positions: Sequence[float], heights: Sequence[float]) -> float:
    """`max_t h(t) - ((1 - t) h(0) + t h(1))`: how far a path rises above its ends' own line; 0 where it does not.

    In the unit of the heights. Raises `ValueError` unless there is one at each position, of which the first is 0 and
    the last 1.
    """
    places, values = np.asarray(positions, float), np.asarray(heights, float)
    if len(places) != len(values) or len(places) < 2 or places[0] != 0 or places[-1] != 1:
        raise ValueError(f"positions must run from 0 to 1, one a height, got {list(positions)} for {len(values)}")
    return float((values - ((1 - places) * values[0] + places * values[-1])).max())


LEARNING_RATE, MOMENTUM = 0.01, 0.9


def bezier(first: Mapping[str, Tensor], control: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> Path:
    """`(1 - t)^2 theta_1 + 2 t (1 - t) theta + t^2 theta_2` (Garipov et al. 2018, Eq. 4).

    Raises `ValueError` where the three differ in architecture.
    """
    check_alike(first, control)
    check_alike(first, second)

    def at(position: float) -> Point:
        outer, inner, far = (1 - position) ** 2, 2 * position * (1 - position), position**2
        return {name: outer * value + inner * control[name] + far * second[name] for name, value in first.items()}

    return at


class Curve(nn.Module):
    """A network at a place of the curve drawn anew for each batch; its parameters are those of the control point."""

    def __init__(self, network: nn.Module, first: Point, second: Point, *, generator: torch.Generator) -> None:
        super().__init__()
        self.control = network
        self.ends, self.generator = (first, second), generator

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        """Class scores."""
        position = float(torch.rand((), generator=self.generator))
        path = bezier(self.ends[0], dict(self.control.named_parameters()), self.ends[1])
        return functional_call(self.control, path(position), (inputs,))


def fit_curve(
    first: nn.Module,
    second: nn.Module,
    batches: data.Batches,
    *,
    steps: int,
    generator: torch.Generator,
    through: Mapping[str, Tensor] | None = None,
    learning_rate: float = LEARNING_RATE,
) -> Path:
    """Train the control point for the mean loss over the curve: `E_t L(theta(t))`.

    The curve's middle is at first that of the line, or goes `through` another point: a line between weights that point
    apart has its middle near zero, where no gradient leads anywhere.
    `generator` draws the places t, on the CPU. Raises `ValueError` for other architectures, `FloatingPointError` where
    training diverges.
    """
    ends = point_of(first), point_of(second)
    check_alike(*ends)
    middle = {name: (value + ends[1][name]) / 2 for name, value in ends[0].items()}
    control = {name: value if through is None else 2 * through[name] - value for name, value in middle.items()}
    curve = Curve(copy.deepcopy(network_at(first, control)), *ends, generator=generator)
    optimizer = torch.optim.SGD(curve.parameters(), lr=learning_rate, momentum=MOMENTUM)
    replica = engine.Replica(
        name="curve", network=curve, objective=engine.cross_entropy, optimizer=optimizer, batches=batches
    )
    (end,) = engine.fit([replica], steps=steps, progress=False, side_by_side=False)
    if end.diverged_step is not None:
        raise FloatingPointError(f"the curve diverged at step {end.diverged_step}")
    return bezier(ends[0], point_of(curve.control), ends[1])
