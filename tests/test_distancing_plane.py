"""The plane of a path, and the loss on it."""

import pytest
import torch
from sklearn.decomposition import PCA

from spareparts.data import generator
from spareparts.distancing.journey_plane import grid_around, plane_of, surface
from spareparts.distancing.points import flattened, measure, network_at, point_of
from spareparts.models import lenet_300_100

IMAGES = torch.randn(20, 1, 3, 3, generator=generator(1))
LABELS = torch.randint(4, (20,), generator=generator(2))


def network(seed):
    return lenet_300_100(generator=generator(seed), in_features=9, classes=4, width=5)


def path(count=6):
    """Points of a random walk."""
    draw, points = generator(3), [point_of(network(1))]
    for _ in range(count - 1):
        step = {name: torch.randn(value.shape, generator=draw) for name, value in points[-1].items()}
        points.append({name: value + 0.1 * step[name] for name, value in points[-1].items()})
    return points


def test_directions_are_orthogonal_and_of_length_1_and_the_origin_is_the_end():
    plane = plane_of(path())
    first, second = flattened(plane.directions).double()
    assert float(first.norm()) == pytest.approx(1) and float(second.norm()) == pytest.approx(1)
    assert float(first @ second) == pytest.approx(0, abs=1e-6)
    assert plane.coordinates[-1].tolist() == [0, 0]


def test_around_its_mean_the_plane_is_scikit_learns():
    points = path()
    mean = {name: torch.stack([point[name] for point in points]).mean(0) for name in points[0]}
    plane = plane_of([*points, mean])
    reference = PCA(2).fit(flattened(points).double())
    found = plane.coordinates[:-1].abs()
    expected = torch.from_numpy(reference.transform(flattened(points).double().numpy())).abs()
    assert torch.allclose(found, expected, atol=1e-4)
    assert plane.explained == pytest.approx(tuple(reference.explained_variance_ratio_), abs=1e-5)


def test_points_of_the_plane_are_where_their_coordinates_say():
    plane = plane_of(path())
    assert plane.project(plane.at(0.3, -0.7)) == pytest.approx((0.3, -0.7), abs=1e-5)
    assert plane.project(path()[2]) == pytest.approx(tuple(plane.coordinates[2].tolist()), abs=1e-5)


def test_a_path_within_a_plane_is_explained_wholly():
    first, second, third = path(3)
    middle = {name: (first[name] + second[name]) / 2 for name in first}
    assert sum(plane_of([first, middle, second, third]).explained) == pytest.approx(1)


def test_lines_and_two_points_span_no_plane():
    first, second, _ = path(3)
    middle = {name: (first[name] + second[name]) / 2 for name in first}
    with pytest.raises(ValueError, match="a path along a line spans no plane"):
        plane_of([first, middle, second])
    with pytest.raises(ValueError, match="a path must have at least 3 points, got 2"):
        plane_of([first, second])


def test_the_surface_at_the_origin_is_the_networks_own():
    points = path()
    plane = plane_of(points)
    losses, errors = surface(network(1), plane, IMAGES, LABELS, across=[-1.0, 0.0, 1.0], up=[0.0, 2.0], statistics=None)
    assert losses.shape == errors.shape == (2, 3)
    own = measure(network_at(network(1), points[-1]), IMAGES, LABELS)
    assert (float(losses[0, 1]), float(errors[0, 1])) == pytest.approx(own)


def test_the_grid_covers_the_path():
    plane = plane_of(path())
    across, up = grid_around(plane, columns=7, rows=5)
    assert (len(across), len(up)) == (7, 5)
    for axis, places in enumerate((across, up)):
        assert places[0] < plane.coordinates[:, axis].min() and plane.coordinates[:, axis].max() < places[-1]
