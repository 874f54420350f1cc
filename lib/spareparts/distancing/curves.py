"""A curve of low loss between two networks: a Bezier curve whose control point is trained (Garipov et al.)."""

import copy
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from .. import data, engine
from .lines import Path
from .points import Point, check_alike, network_at, point_of

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


def cross_entropy(network: nn.Module, batch: data.Batch, settings: Mapping[str, float]) -> Float[Tensor, ""]:
    """Mean cross entropy."""
    return functional.cross_entropy(network(batch.inputs), batch.labels)


def fit_curve(
    first: nn.Module,
    second: nn.Module,
    batches: data.Batches,
    *,
    steps: int,
    generator: torch.Generator,
    through: Mapping[str, Tensor] | None = None,
    learning_rate: float = LEARNING_RATE,
    progress: bool = False,
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
    replica = engine.Replica(name="curve", network=curve, objective=cross_entropy, optimizer=optimizer, batches=batches)
    (end,) = engine.fit([replica], steps=steps, progress=progress, side_by_side=False)
    if end.diverged_step is not None:
        raise FloatingPointError(f"the curve diverged at step {end.diverged_step}")
    return bezier(ends[0], point_of(curve.control), ends[1])
