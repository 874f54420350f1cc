"""The draft's figures, and its equations and algorithms as printed beside what is meant."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from .. import checks

MINIMUM = 2 / 3  # of Figure 2.1's function


def valley(x: Float[Tensor, " points"]) -> Float[Tensor, " points"]:
    """Figure 2.1's function `x^3 - x^2`, with a local minimum at 2/3."""
    return x**3 - x**2


def with_hill(x: Float[Tensor, " points"]) -> Float[Tensor, " points"]:
    """The same with a hill on the minimum, `x^3 - x^2 + exp(-(x - 2/3)^2)`: it grows everywhere, so has no minimum.

    With u = x - 2/3 its slope is `3 u^2 + 2 u (1 - exp(-u^2))`, which is 0 at u = 0 alone.
    """
    return valley(x) + torch.exp(-((x - MINIMUM) ** 2))


def figure_2_1(*, lowest: float = -1.0, highest: float = 2.0, points: int = 301) -> pd.DataFrame:
    """Both functions of Figure 2.1: columns `x`, `valley`, `with_hill`."""
    x = torch.linspace(lowest, highest, points, dtype=torch.float64)
    return pd.DataFrame({"x": x, "valley": valley(x), "with_hill": with_hill(x)})


def figure_2_2(
    *, deviations: Sequence[float] = (0.5, 1.0, 2.0), furthest: float = 5.0, points: int = 201
) -> pd.DataFrame:
    """The kernel of one coordinate, as Figure 2.2 says, `exp(-x^2 / sigma^2)`, and as Eq. 2.3 does, with `2 sigma^2`.

    Columns `x`, `deviation`, `figure`, `equation`. Raises `ValueError` for deviations that are not positive.
    """
    x, parts = np.linspace(-furthest, furthest, points), []
    for deviation in deviations:
        checks.positive(deviations=deviation)
        figure, equation = (np.exp(-(x**2) / (factor * deviation**2)) for factor in (1, 2))
        parts.append(pd.DataFrame({"x": x, "deviation": deviation, "figure": figure, "equation": equation}))
    return pd.concat(parts, ignore_index=True)


def kernel_gradient(
    parameters: Float[Tensor, " parameters"], checkpoint: Float[Tensor, " parameters"], *, width: float
) -> Float[Tensor, " parameters"]:
    """Gradient of Eq. 2.3's kernel: `(theta_c - theta)/sigma^2 exp(-||theta_c - theta||^2 / (2 sigma^2))`."""
    moved = checkpoint - parameters
    return moved / width * torch.exp(-moved.square().sum() / (2 * width))


def printed_gradient(
    parameters: Float[Tensor, " parameters"], checkpoint: Float[Tensor, " parameters"], *, width: float
) -> Float[Tensor, " parameters"]:
    """The same as Eq. 2.13-2.18 have it, with each coordinate's own distance in the exponent; no gradient of 2.3.

    It is that of the sum of the coordinates' kernels, and equals `kernel_gradient` in one dimension alone.
    """
    moved = checkpoint - parameters
    return moved / width * torch.exp(-moved.square() / (2 * width))


def forces(*, dimensions: Sequence[int], move: float = 0.05, width: float = 1000.0) -> pd.DataFrame:
    """What is left of the kernel and of its gradient after the same move in each of so many coordinates.

    Columns `dimension`, `kernel` (0 to 1), `gradient` and `printed` (norms). The kernel reaches as far as a squared
    distance of 2 sigma^2, whatever the dimension: with the same move for each weight a larger network leaves it sooner.
    Raises `ValueError` for dimensions below 1.
    """
    for count in dimensions:
        checks.whole(1, dimensions=count)
    count = np.asarray(dimensions, dtype=float)
    kernel, length = np.exp(-count * move**2 / (2 * width)), np.sqrt(count) * move / width
    printed = length * np.exp(-(move**2) / (2 * width))
    return pd.DataFrame({"dimension": count, "kernel": kernel, "gradient": length * kernel, "printed": printed})


def losses(*, points: int = 99) -> pd.DataFrame:
    """Cross entropy by the true class's probability, `-log p` (Eq. 2.5) and as Eq. 2.7-2.9 have it, without the minus.

    Columns `probability`, `meant`, `printed`: what is printed falls as the true class becomes less likely.
    """
    probability = np.linspace(0, 1, points + 2)[1:-1]
    return pd.DataFrame({"probability": probability, "meant": -np.log(probability), "printed": np.log(probability)})


def descent(
    gradient: Callable[[float], float],
    start: float,
    *,
    learning_rate: float = 0.02,
    momentum: float = 0.9,
    steps: int = 40,
    as_printed: bool = False,
) -> list[float]:
    """Positions of SGD with momentum from the start on: `v = alpha v - epsilon g`, then `theta = theta + v`.

    Algorithm 2 prints `theta - v`, which climbs.
    """
    position, velocity, path = start, 0.0, [start]
    for _ in range(steps):
        velocity = momentum * velocity - learning_rate * gradient(position)
        position = position - velocity if as_printed else position + velocity
        path.append(position)
    return path


def algorithm_2(*, start: float = 1.2, steps: int = 12, **settings: float) -> pd.DataFrame:
    """Both readings of Algorithm 2 in Figure 2.1's valley: columns `step`, `meant`, `printed` (values of the function).

    `settings` are those of `descent`.
    """

    def gradient(x: float) -> float:
        return 3 * x**2 - 2 * x

    columns = {}
    for name, as_printed in (("meant", False), ("printed", True)):
        path = np.array(descent(gradient, start, steps=steps, as_printed=as_printed, **settings))
        columns[name] = path**3 - path**2
    return pd.DataFrame({"step": range(steps + 1)} | columns)
