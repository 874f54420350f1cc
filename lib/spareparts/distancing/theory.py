"""What can be computed without training: where the push comes to rest, and what the draft's misprints would do."""

import math

import torch
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor

from .. import checks
from .config import Config
from .penalty import Kernel

Parameters = Float[Tensor, " parameters"]


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
    `lambda (u - 1) = 2 s / sigma^2 u exp(-u^2 ||theta_c||^2 / sigma^2)`. That has one solution, and it has u >= 1: on
    the other side of zero. Infinite without weight decay. Raises `ValueError` for a length that is not positive.
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


def kernel_gradient(parameters: Parameters, checkpoint: Parameters, *, width: float) -> Parameters:
    """Gradient of Eq. 2.3's kernel: `(theta_c - theta)/sigma^2 exp(-||theta_c - theta||^2 / (2 sigma^2))`."""
    moved = checkpoint - parameters
    return moved / width * torch.exp(-moved.square().sum() / (2 * width))


def printed_gradient(parameters: Parameters, checkpoint: Parameters, *, width: float) -> Parameters:
    """The same as Eq. 2.13-2.18 have it, with each coordinate's own distance in the exponent; no gradient of 2.3.

    It is that of the sum of the coordinates' kernels, and equals `kernel_gradient` in one dimension alone.
    """
    moved = checkpoint - parameters
    return moved / width * torch.exp(-moved.square() / (2 * width))
