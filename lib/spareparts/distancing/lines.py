"""Loss and error along a path between two networks, and the barrier on it."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .points import Point, check_alike, measure, network_at

Path = Callable[[float], Point]
POSITIONS = tuple(np.linspace(0, 1, 25).tolist())


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """Loss (nats) and error (%) at some positions from 0 to 1 of a path."""

    positions: list[float]
    losses: list[float]
    errors: list[float]


def line(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> Path:
    """The straight line `(1 - t) theta_1 + t theta_2`; raises `ValueError` for other architectures."""
    check_alike(first, second)
    return lambda position: {name: torch.lerp(value, second[name], position) for name, value in first.items()}


def networks_along(
    network: nn.Module,
    path: Path,
    *,
    statistics: Float[Tensor, "samples *shape"],
    positions: Sequence[float] = POSITIONS,
) -> Iterator[nn.Module]:
    """Networks along a path, each with BatchNorm statistics estimated anew on the training images `statistics`.

    With the statistics of one end, or a mean of both, a barrier would be an artefact of them.
    """
    for position in positions:
        yield network_at(network, path(position), statistics=statistics)


def profile(
    network: nn.Module,
    path: Path,
    images: Float[Tensor, "batch *shape"],
    labels: Int[Tensor, " batch"],
    *,
    statistics: Float[Tensor, "samples *shape"],
    positions: Sequence[float] = POSITIONS,
) -> Profile:
    """Loss and error of the `networks_along` a path."""
    along = networks_along(network, path, statistics=statistics, positions=positions)
    losses, errors = zip(*(measure(each, images, labels) for each in along), strict=True)
    return Profile(positions=list(positions), losses=list(losses), errors=list(errors))


def barrier(positions: Sequence[float], heights: Sequence[float]) -> float:
    """`max_t h(t) - ((1 - t) h(0) + t h(1))`: how far a path rises above its ends' own line; 0 where it does not.

    In the unit of the heights. Raises `ValueError` unless there is one at each position, of which the first is 0 and
    the last 1.
    """
    places, values = np.asarray(positions, float), np.asarray(heights, float)
    if len(places) != len(values) or len(places) < 2 or places[0] != 0 or places[-1] != 1:
        raise ValueError(f"positions must run from 0 to 1, one a height, got {list(positions)} for {len(values)}")
    return float((values - ((1 - places) * values[0] + places * values[-1])).max())
