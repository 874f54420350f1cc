"""The cosine losses: a classifier without softmax, scale or bias."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import checks

POWERS = {"cosine_absolute": 1, "cosine_squared": 2}


def cosine_loss(
    cosines: Float[Tensor, "batch classes"], labels: Int[Tensor, " batch"], *, loss: str
) -> Float[Tensor, ""]:
    """Mean over samples of `|q_y x^ - 1|^p` for the true class plus the sum of `|q_i x^ + 1|^p` over the others.

    `cosine_absolute` has p = 1, `cosine_squared` p = 2; 0 to 2^p C for unit rows and C classes. Our reading: the seed's
    formula is lost. A mean over classes would be the same loss with a learning rate of a Cth. With orthonormal rows
    both are smallest where the true cosine is `1 / sqrt(C)` and the others `-1 / sqrt(C)`. Raises `ValueError` for
    another loss, and for labels that are not one a sample, of the classes.
    """
    checks.one_of(POWERS, loss=loss)
    checks.equally_many(cosines=cosines, labels=labels)
    checks.labels(labels, count=cosines.shape[1])
    classes = torch.arange(cosines.shape[1], device=cosines.device)
    targets = torch.where(labels[:, None] == classes, 1.0, -1.0)
    return (cosines - targets).abs().pow(POWERS[loss]).sum(1).mean()
