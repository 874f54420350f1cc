"""How far apart two networks are, how differently they behave, and how flat the loss is around one."""

import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional

from .. import checks
from .paths import Point, check_alike, measure, network_at, point_of


def squared_distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """`d = sum_i (theta_1i - theta_2i)^2` (Eq. 2.2) over all parameters; `ValueError` for other architectures."""
    check_alike(first, second)
    return float(sum((value.double() - second[name].double()).square().sum() for name, value in first.items()))


def normalized_distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """Mean of `2 - 2 cos` over filters, which BatchNorm makes of any length: 0 to 4, 2 by chance, NaN without filters.

    Parameters with one axis are left out; a filter of zeros is at distance 2 from all but another one.
    """
    check_alike(first, second)
    filters = [name for name in first if first[name].dim() > 1]
    pairs = [(first[name].double().flatten(1), second[name].double().flatten(1)) for name in filters]
    apart = [(2 - 2 * functional.cosine_similarity(*pair)).where((pair[0] != pair[1]).any(1), 0) for pair in pairs]
    return float(torch.cat(apart).mean()) if apart else math.nan


def relative_distance(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> float:
    """`||theta_1 - theta_2|| / ||theta_1||`: how far, measured by the first network's own length."""
    length = sum(value.double().square().sum() for value in first.values())
    return (squared_distance(first, second) / float(length)) ** 0.5


def disagreement(first: Shaped[Tensor, " batch"], second: Shaped[Tensor, " batch"]) -> float:
    """Share of images that two networks put into different classes, 0 to 1.

    Raises `ValueError` for other than two equally long, not empty lists of classes.
    """
    checks.equally_many(first=first, second=second)
    checks.labels(first, name="predictions")
    checks.labels(second, name="predictions")
    return float((first != second).double().mean())


def error_correlation(first: Bool[Tensor, " batch"], second: Bool[Tensor, " batch"]) -> float:
    """Correlation of two networks' errors (the phi coefficient, -1 to 1): 0 where errors are independent.

    NaN where a network is wrong everywhere or nowhere, which leaves nothing to correlate. Raises `ValueError` where
    they are not equally many.
    """
    checks.equally_many(first=first, second=second)
    errors = torch.stack([first, second]).double()
    if (errors.amin(1) == errors.amax(1)).any():
        return math.nan
    return float(torch.corrcoef(errors)[0, 1].clamp(-1, 1))


SIZES = (0.1, 0.2, 0.4)


def random_direction(point: Mapping[str, Tensor], *, generator: torch.Generator) -> Point:
    """A Gaussian direction with each filter as long as the point's own (Li et al. 2018, Sec. 4).

    Biases and BatchNorm's parameters, which have one axis, do not move. Without the scaling a network of larger filters
    would look flatter for its size alone.
    """
    direction = {name: torch.zeros_like(value) for name, value in point.items()}
    for name, value in point.items():
        if value.dim() > 1:
            drawn = torch.randn(value.shape, generator=generator, dtype=value.dtype, device=generator.device)
            rows = [each.to(value.device).flatten(1) for each in (value, drawn)]
            own, other = (torch.linalg.vector_norm(each, dim=1, keepdim=True) for each in rows)
            direction[name] = (rows[1] * (own / other)).view(value.shape)
    return direction


def perturbed_losses(
    network: nn.Module,
    images: Float[Tensor, "batch *shape"],
    labels: Int[Tensor, " batch"],
    *,
    statistics: Float[Tensor, "samples *shape"] | None,
    generator: torch.Generator,
    sizes: Sequence[float] = SIZES,
    draws: int = 10,
) -> Float[Tensor, "draws sizes"]:
    """Mean cross entropy (nats) after steps of each relative size along each of some random directions.

    BatchNorm's statistics are estimated anew on the training images `statistics`; with None they are kept, and what is
    measured is how well old statistics fit new filters. A generator of the same seed gives every network the same
    directions but for their filters' lengths. Raises `ValueError` for fewer than one draw and sizes that are not
    positive.
    """
    checks.whole(1, draws=draws)
    for size in sizes:
        checks.positive(sizes=size)
    point, losses = point_of(network), []
    for _ in range(draws):
        direction = random_direction(point, generator=generator)
        for size in sizes:
            moved = {name: value + size * direction[name] for name, value in point.items()}
            losses.append(measure(network_at(network, moved, statistics=statistics), images, labels).loss)
    return torch.tensor(losses, dtype=torch.float64).view(draws, len(sizes))
