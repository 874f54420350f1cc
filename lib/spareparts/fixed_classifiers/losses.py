"""The cosine losses, without softmax, scale or bias; and the least that a scale lets the cross entropy be."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import checks

POWERS = {"cosine_absolute": 1, "cosine_squared": 2}


def cosine_loss(
    cosines: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"], *, loss: str, other_target: float = -1.0
) -> Float[Tensor, ""]:
    """Mean over samples of `|q_y x^ - 1|^p` for the true class plus the sum of `|q_i x^ - t|^p` over the others.

    `cosine_absolute` has p = 1, `cosine_squared` p = 2, and t is `other_target`; the paper's formula is lost, so that t
    is a reading. With orthonormal rows the squares of the cosines add up to at most 1: t = 0 can be met by `x^ = q_y`,
    where the loss is 0. t = -1 cannot, and is smallest where the true cosine is `1 / sqrt(C)` and the others
    `-1 / sqrt(C)`. Range 0 to `2^p C` for unit rows and C classes. Raises `ValueError` for another loss, a target
    outside [-1, 1), and labels that are not one a sample, of the classes.
    """
    checks.one_of(POWERS, loss=loss)
    if not -1 <= other_target < 1:
        raise ValueError(f"other_target is a cosine below 1, at least -1, got {other_target}")
    checks.equally_many(cosines=cosines, labels=labels)
    checks.labels(labels, count=cosines.shape[1])
    classes = torch.arange(cosines.shape[1], device=cosines.device)
    targets = torch.where(labels[:, None] == classes, 1.0, other_target)
    return (cosines - targets).abs().pow(POWERS[loss]).sum(1).mean()


def least_loss(scale: float, *, classes: int) -> float:
    """Least mean cross entropy (nats) that orthonormal rows and a scale s allow over balanced classes, C <= N.

    `log(1 + (C - 1) exp(-s sqrt(C / (C - 1))))`: a feature of length 1 can put at most `sqrt(C / (C - 1))` between the
    true cosine and all others, which are then equal. Biases, the same for all samples, cannot lower the mean.
    """
    return math.log1p((classes - 1) * math.exp(-scale * math.sqrt(classes / (classes - 1))))
