"""How far apart two networks are: plainly, and by the directions of their filters alone."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from .points import check_alike


def squared_distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """`d = sum_i (theta_1i - theta_2i)^2` (Eq. 2.2) over all parameters; `ValueError` for other architectures."""
    check_alike(first, second)
    return float(sum((value.double() - second[name].double()).square().sum() for name, value in first.items()))


def normalized_distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Mean squared distance between filters scaled to length 1: `2 - 2 cos`, from 0 to 4, 2 by chance.

    It does not see the length of a filter, which BatchNorm takes out of the network's function too. Parameters with one
    axis (biases, BatchNorm) are left out; a filter of zeros is at distance 2 from all but another one.
    """
    check_alike(first, second)
    distances = [_filters(first[name], second[name]) for name in first if first[name].dim() > 1]
    if not distances:
        raise ValueError(f"networks must have filters, got only {', '.join(first)}")
    return float(torch.cat(distances).mean())


def _filters(first: Tensor, second: Tensor) -> Float[Tensor, " filters"]:
    one, other = first.detach().double().flatten(1), second.detach().double().flatten(1)
    apart = 2 - 2 * functional.cosine_similarity(one, other, dim=1)
    return apart.where((one != other).any(1), 0)


def relative_distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """`||theta_1 - theta_2|| / ||theta_1||`: how far, measured by the first network's own length."""
    length = sum(value.double().square().sum() for value in first.values())
    return (squared_distance(first, second) / float(length)) ** 0.5
