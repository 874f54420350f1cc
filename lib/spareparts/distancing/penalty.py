"""The penalty on small distances to checkpoints, with its gradient in closed form over all parameters at once.

And what can be computed of it without training: where the push comes to rest.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor, nn

from .. import checks
from .config import Config
from .paths import Point, check_alike, point_of


@dataclasses.dataclass(frozen=True)
class Kernel:
    """How high and how wide the hill on a checkpoint is; `ValueError` for settings that make no hill."""

    strength: float = 1.0  #: s
    width: float = 1000.0  #: sigma^2
    reduction: str = "mean"  #: over checkpoints; or sum, as Eq. 2.8 has it
    halved_exponent: bool = False  #: exp(-d / (2 sigma^2)), as Eq. 2.3 has it

    def __post_init__(self) -> None:
        checks.at_least(0, strength=self.strength)
        checks.positive(width=self.width)
        checks.one_of(("mean", "sum"), reduction=self.reduction)

    @property
    def spread(self) -> float:
        """What the squared distance is divided by."""
        return 2 * self.width if self.halved_exponent else self.width

    def share(self, checkpoints: int) -> float:
        """Height of each hill."""
        return self.strength / checkpoints if self.reduction == "mean" and checkpoints else self.strength


def kernel_of(settings: Any) -> Kernel:
    """The hill that a config, or the row of a record, has the settings of."""
    return Kernel(settings.strength, settings.width, settings.reduction, settings.halved_exponent)


def checkpoint_penalty(
    parameters: Iterable[Tensor], checkpoints: Iterable[Iterable[Tensor]], **settings: float | str
) -> Float[Tensor, ""]:
    """Hills on the checkpoints, to be added to a loss: `s/c sum_c exp(-||theta - theta_c||^2 / sigma^2)`, from 0 to s.

    The settings are those of `Kernel`. This is the final form of Eq. 2.8-2.9, `width` being sigma^2; the draft sums
    (`reduction`), and divides by 2 sigma^2 (`halved_exponent`, Eq. 2.3). The gradient, `-2s/(c sigma^2) sum_c (theta -
    theta_c) exp(...)`, is known in closed form, so that autograd keeps nothing of the parameters; at a checkpoint it is
    exactly 0. Without checkpoints the penalty is 0. Raises `ValueError` for checkpoints of another architecture or
    device, a negative strength, and a width that is not positive.
    """
    kernel = Kernel(**settings)
    own, *others = (
        {f"tensor {place}": tensor for place, tensor in enumerate(tensors, start=1)}
        for tensors in (parameters, *checkpoints)
    )
    if not own:
        raise ValueError("parameters must be at least one tensor, got none")
    for number, checkpoint in enumerate(others, start=1):
        check_alike(own, checkpoint, of=f"the parameters and checkpoint {number}")
    return _Penalty.apply(kernel, [list(checkpoint.values()) for checkpoint in others], *own.values())


@torch.no_grad()
def add_gradient(
    gradients: Sequence[Tensor], parameters: Sequence[Tensor], checkpoints: Sequence[Sequence[Tensor]], kernel: Kernel
) -> Float[Tensor, ""]:
    """Add the penalty's gradient to these tensors, in place and without a read from the device; gives the penalty."""
    value, share = parameters[0].new_zeros(()), kernel.share(len(checkpoints))
    for checkpoint in checkpoints:
        moved = torch._foreach_sub(parameters, checkpoint)
        squared = torch.stack(torch._foreach_norm(moved)).square().sum()
        height = share * torch.exp(-squared / kernel.spread)
        torch._foreach_mul_(moved, height * (-2 / kernel.spread))
        torch._foreach_add_(gradients, moved)
        value += height
    return value


class _Penalty(torch.autograd.Function):
    """The penalty for autograd, which is given the gradient instead of a way to it."""

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, checkpoints: Sequence[Sequence[Tensor]], *parameters: Tensor) -> Tensor:
        """The penalty."""
        gradients = [torch.zeros_like(parameter) for parameter in parameters]
        value = add_gradient(gradients, parameters, checkpoints, kernel)
        ctx.save_for_backward(*gradients)
        return value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient of all parameters."""
        return None, None, *torch._foreach_mul(ctx.saved_tensors, scale)


class Push:
    """Hook between the backward pass and the step: adds the penalty's gradient to each `.grad` of a network.

    What is left with `leave` is pushed away from; before that nothing is. Fits `engine.Replica.adjust`.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel, self.checkpoints = kernel, list[Point]()

    def leave(self, network: nn.Module) -> None:
        """Leave a checkpoint where the network is now."""
        self.checkpoints.append(point_of(network))

    def __call__(self, network: nn.Module) -> None:
        """Push once; a parameter without a gradient does not move, and so adds nothing to the distance."""
        if not self.checkpoints or not self.kernel.strength:
            return
        moving = {name: value for name, value in network.named_parameters() if value.grad is not None}
        checkpoints = [[point[name] for name in moving] for point in self.checkpoints]
        gradients = [value.grad for value in moving.values()]
        add_gradient(gradients, list(moving.values()), checkpoints, self.kernel)


DIRECTIONS = ("alignment", "loss_gradient_norm", "push_norm")


class Directions:
    """Hook around a push that looks at every so many steps how it changes the gradient.

    `read` gives, averaged over the steps since it was last called: the cosine of the loss's gradient g and the push p
    (`alignment`, from -1 to 1, 0 for p = 0), `||g||` and `||p||`.
    """

    def __init__(self, push: Push, *, every: int) -> None:
        self.push, self.every, self.steps = push, every, 0
        self.seen: list[Tensor] = []  # `<g, g>`, `<g, p>` and `<p, p>`, on the device

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> None:
        """Push once."""
        self.steps += 1
        if self.steps % self.every:
            self.push(network)
            return
        gradients = [value.grad for value in network.parameters() if value.grad is not None]
        before = [gradient.clone() for gradient in gradients]
        self.push(network)
        pushes = torch._foreach_sub(gradients, before)
        pairs = ((before, before), (before, pushes), (pushes, pushes))
        products = [torch.stack([(a * b).sum() for a, b in zip(*pair, strict=True)]).sum() for pair in pairs]
        self.seen.append(torch.stack(products))

    def read(self) -> dict[str, float]:
        """Means of the steps that were looked at since the last reading; NaN where there were none."""
        if not self.seen:
            return dict.fromkeys(DIRECTIONS, math.nan)
        loss, both, push = torch.stack(self.seen).double().cpu().T
        self.seen.clear()
        alignment = both / (loss * push).sqrt().clamp_min(torch.finfo(loss.dtype).tiny)
        means = torch.stack([alignment, loss.sqrt(), push.sqrt()], dim=1).mean(0)
        return dict(zip(DIRECTIONS, means.tolist(), strict=True))


# Without training


def shell(kernel: Kernel, *, weight_decay: float = Config.weight_decay) -> float:
    """Squared distance from a single checkpoint at which the push is as strong as weight decay on what has moved.

    Their gradients are `-2 s / sigma^2 exp(-d / sigma^2)` and `lambda` times the displacement, so that this is
    `d = sigma^2 ln(2 s / (lambda sigma^2))`: 0 where the push is nowhere the stronger, infinite without weight decay.
    """
    steepness = steepness_of(kernel, weight_decay)
    return kernel.spread * math.log(steepness) if steepness > 1 else 0.0


def mirror(length: float, kernel: Kernel, *, weight_decay: float = Config.weight_decay) -> float:
    """Squared distance from a single checkpoint `theta_c` of this length at which push and weight decay cancel.

    Weight decay also acts on `theta_c` itself, so on a flat loss only `theta = (1 - u) theta_c` is at rest, with
    `lambda (u - 1) = 2 s / sigma^2 u exp(-u^2 ||theta_c||^2 / sigma^2)`. That has one solution with u >= 1, on the
    other side of zero, and it is the only stable one: from those with u < 0 the least step sideways leads away.
    Infinite without weight decay. Raises `ValueError` for a length that is not positive.
    """
    checks.positive(length=length)
    steepness = steepness_of(kernel, weight_decay)
    if math.isinf(steepness):
        return math.inf
    widths = length**2 / kernel.spread

    def excess(u: float) -> float:
        """Weight decay's pull less the push, in units of the decay."""
        return u - 1 - steepness * u * math.exp(-(u**2) * widths)

    beyond = 1 + steepness / math.sqrt(2 * math.e * widths)  # the push is nowhere stronger than there
    return (brentq(excess, 1.0, beyond) if steepness else 1.0) ** 2 * length**2


def steepness_of(kernel: Kernel, weight_decay: float) -> float:
    """How many times as strong as weight decay the push is near the checkpoint: `2 s / (lambda sigma^2)`.

    Raises `ValueError` for a negative weight decay.
    """
    checks.at_least(0, weight_decay=weight_decay)
    return 2 * kernel.share(1) / kernel.spread / weight_decay if weight_decay else math.inf
