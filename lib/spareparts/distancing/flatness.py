"""How flat a minimum is: the loss under random steps as long, filter by filter, as a given share of the weights."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import checks
from .points import Point, measure, network_at, point_of

SIZES = (0.1, 0.2, 0.4)
DRAWS = 10


def random_direction(point: Mapping[str, Tensor], *, generator: torch.Generator) -> Point:
    """A Gaussian direction with each filter as long as the point's own (Li et al. 2018, Sec. 4).

    Biases and BatchNorm's parameters, which have one axis, do not move. Without the scaling a network of larger filters
    would look flatter for its size alone.
    """
    return {name: _like(value, generator=generator) for name, value in point.items()}


def _like(value: Tensor, *, generator: torch.Generator) -> Tensor:
    if value.dim() < 2:
        return torch.zeros_like(value)
    drawn = torch.randn(value.shape, generator=generator, dtype=value.dtype, device=generator.device).to(value.device)
    lengths = [torch.linalg.vector_norm(each.flatten(1), dim=1) for each in (value, drawn)]
    return drawn * (lengths[0] / lengths[1]).view(-1, *[1] * (value.dim() - 1))


def perturbed_losses(
    network: nn.Module,
    images: Float[Tensor, "batch *shape"],
    labels: Int[Tensor, " batch"],
    *,
    statistics: Float[Tensor, "samples *shape"] | None,
    generator: torch.Generator,
    sizes: Sequence[float] = SIZES,
    draws: int = DRAWS,
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
