"""A picture of a path: the plane of its largest spread, and the loss around it."""

import dataclasses
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .points import Measured, Point, check_alike, flattened, measure, network_at


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plane:
    """Two orthogonal directions of length 1 through an origin, and where the path's points lie on them."""

    origin: Point
    directions: tuple[Point, Point]
    coordinates: Float[Tensor, "points 2"]
    explained: tuple[float, float]  # share of the path's spread around the origin along each direction

    def at(self, across: float, up: float) -> Point:
        """The point of these coordinates."""
        first, second = self.directions
        return {name: value + across * first[name] + up * second[name] for name, value in self.origin.items()}

    def project(self, point: Mapping[str, Tensor]) -> tuple[float, float]:
        """Coordinates of the plane's point that is nearest; raises `ValueError` for another architecture."""
        check_alike(self.origin, point)
        moved = {name: (point[name] - value).double() for name, value in self.origin.items()}
        return tuple(float(sum((moved[name] * each[name]).sum() for name in moved)) for each in self.directions)


def plane_of(path: Sequence[Mapping[str, Tensor]], *, origin: int = -1) -> Plane:
    """The plane through one point of a path (its end by default) that its other points are nearest to: PCA around it.

    Raises `ValueError` for fewer than three points, other architectures, and a path along a line.
    """
    if len(path) < 3:
        raise ValueError(f"a path must have at least 3 points, got {len(path)}")
    points = flattened(path).double()
    moved = points - points[origin]
    # points are few and parameters many: the small matrix of products has the same directions
    values, vectors = torch.linalg.eigh(moved @ moved.T)
    spread, chosen = values.clamp_min(0), vectors[:, [-1, -2]]
    if spread[-2] <= 1e-10 * spread[-1]:
        raise ValueError(f"a path along a line spans no plane, got spread {spread[-1]:.3g} and {spread[-2]:.3g}")
    axes = (moved.T @ chosen) / spread[[-1, -2]].sqrt()
    shares = (spread[[-1, -2]] / spread.sum()).tolist()
    return Plane(
        origin={name: value.clone() for name, value in path[origin].items()},
        directions=(_unflattened(axes[:, 0], path[0]), _unflattened(axes[:, 1], path[0])),
        coordinates=moved @ axes,
        explained=(shares[0], shares[1]),
    )


def _unflattened(vector: Float[Tensor, " parameters"], like: Mapping[str, Tensor]) -> Point:
    parts = vector.split([value.numel() for value in like.values()])
    return {name: part.view_as(value).to(value) for (name, value), part in zip(like.items(), parts, strict=True)}


def surface(
    network: nn.Module,
    plane: Plane,
    images: Float[Tensor, "batch *shape"],
    labels: Int[Tensor, " batch"],
    *,
    across: Sequence[float],
    up: Sequence[float],
    statistics: Float[Tensor, "samples *shape"] | None,
) -> tuple[Float[Tensor, "rows columns"], Float[Tensor, "rows columns"]]:
    """Loss (nats) and error (%) over a grid of the plane, rows being `up`; BatchNorm as in `network_at`."""
    found: list[Measured] = []
    for height in up:
        for place in across:
            found.append(measure(network_at(network, plane.at(place, height), statistics=statistics), images, labels))
    losses, errors = torch.tensor(found, dtype=torch.float64).view(len(up), len(across), 2).unbind(2)
    return losses, errors


def grid_around(plane: Plane, *, columns: int, rows: int, margin: float = 0.25) -> tuple[list[float], list[float]]:
    """Places across and up that cover the path, with a share of its width and height on each side."""
    axes = []
    for axis, count in ((0, columns), (1, rows)):
        low, high = plane.coordinates[:, axis].min(), plane.coordinates[:, axis].max()
        room = margin * (high - low)
        axes.append(torch.linspace(float(low - room), float(high + room), count).tolist())
    return axes[0], axes[1]
