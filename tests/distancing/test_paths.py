"""Points, distances, lines, curves and flatness of networks, and units matched by their weights."""

import copy
import math

import pytest
import torch
from torch import nn

from spareparts.data import Batches, generator
from spareparts.distancing import barrier, bezier, fit_curve, great_circle, line, normalized_distance, squared_distance
from spareparts.distancing.measures import match, permute, perturbed_losses, random_direction, relative_distance
from spareparts.distancing.paths import flattened, length_of, measure, network_at, point_of
from spareparts.models import lenet_300_100, mlp, mobilenet_v2, resnet, vgg
from spareparts.models.units import unit_groups

IMAGES = torch.randn(40, 3, 8, 8, generator=generator(1))
LABELS = torch.randint(4, (40,), generator=generator(2))


def small(seed, width=8):
    """A plain network without BatchNorm."""
    return lenet_300_100(generator=generator(seed), in_features=192, classes=4, width=width)


def residual(seed):
    return resnet(8, generator=generator(seed), classes=4)


def test_a_network_at_its_own_point_is_a_copy_and_equal_scores_lose_the_logarithm_of_the_classes():
    network = small(1)
    moved = network_at(network, point_of(network))
    assert torch.equal(moved(IMAGES), network(IMAGES))
    moved.fc1.weight.data.zero_()
    assert network.fc1.weight.abs().sum() > 0
    network = small(1)
    nn.init.zeros_(network.fc3.weight)
    found = measure(network, IMAGES, torch.zeros(40, dtype=torch.long))
    assert (found.loss, found.error) == pytest.approx((math.log(4), 0))


def test_statistics_are_those_of_the_images_so_that_the_length_of_filters_does_not_count():
    network = residual(1)
    moved = network_at(network, point_of(network), statistics=IMAGES)
    given = network.stem[0](IMAGES)
    assert moved.stem[1].running_mean == pytest.approx(given.mean((0, 2, 3)).detach(), abs=1e-5)
    assert moved.stem[1].running_var == pytest.approx(given.var((0, 2, 3)).detach(), rel=1e-4)
    assert network.stem[1].num_batches_tracked == 0
    longer = {name: value * (5 if value.dim() == 4 else 1) for name, value in point_of(network).items()}
    losses = losses_along(network, line(point_of(network), longer), (0, 1))
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_the_distance_is_that_of_the_flat_vectors_and_normalized_does_not_see_the_length_of_filters():
    first, second = point_of(residual(1)), point_of(residual(2))
    one, other = flattened([first, second]).double()
    assert squared_distance(first, second) == pytest.approx(float((one - other).square().sum()))
    assert relative_distance(first, second) == pytest.approx(float((one - other).norm() / one.norm()))
    first = point_of(residual(1))
    longer = {name: value * (3 if value.dim() > 1 else 1) for name, value in first.items()}
    assert normalized_distance(first, longer) == pytest.approx(0, abs=1e-12)
    assert normalized_distance(first, {name: -value for name, value in first.items()}) == pytest.approx(4)
    assert normalized_distance(first, point_of(residual(2))) == pytest.approx(2, abs=0.1)  # independent filters
    assert math.isnan(normalized_distance({"bias": torch.ones(2)}, {"bias": torch.ones(2)}))


def losses_along(network, path, positions):
    """Losses of the networks along a path, each with statistics of its own."""
    return [measure(network_at(network, path(place), statistics=IMAGES), IMAGES, LABELS).loss for place in positions]


def test_a_line_begins_and_ends_at_its_networks_and_is_a_curve_with_its_control_in_the_middle():
    first, second = point_of(small(1)), point_of(small(2))
    path = line(first, second)
    assert squared_distance(path(0.0), first) == squared_distance(path(1.0), second) == 0
    assert squared_distance(first, path(0.25)) == pytest.approx(squared_distance(first, second) / 16, rel=1e-4)
    curved = bezier(first, path(0.5), second)
    for position in (0.0, 0.3, 1.0):
        assert squared_distance(curved(position), path(position)) == pytest.approx(0, abs=1e-9)


def test_a_great_circle_keeps_the_length_and_turns_evenly_but_not_between_opposite_points():
    first, second = point_of(small(1)), point_of(small(2))
    circle = great_circle(first, second)
    assert squared_distance(circle(0.0), first) == pytest.approx(0, abs=1e-9)
    assert squared_distance(circle(1.0), second) == pytest.approx(0, abs=1e-9)
    expected = (3 * length_of(first) + length_of(second)) / 4
    assert length_of(circle(0.25)) == pytest.approx(expected, rel=1e-6)
    one, middle, other = (nn.functional.normalize(row, dim=0) for row in flattened([first, circle(0.5), second]))
    assert float(one @ middle) == pytest.approx(float(middle @ other), rel=1e-5)
    point = point_of(small(1))
    with pytest.raises(ValueError, match="neither aligned nor opposite, got a cosine of -"):
        great_circle(point, {name: -value for name, value in point.items()})
    for compare in (great_circle, relative_distance):
        with pytest.raises(ValueError, match="first_length must be positive, got 0"):
            compare({name: 0 * value for name, value in point.items()}, point)


def test_a_barrier_is_measured_from_the_line_between_the_ends_and_a_linear_network_has_none():
    assert barrier([0, 0.5, 1], [1.0, 5.0, 3.0]) == 3
    assert barrier([0, 0.5, 1], [1.0, 2.0, 3.0]) == 0
    assert barrier([0, 0.5, 1], [1.0, 0.0, 3.0]) == 0
    with pytest.raises(ValueError, match="positions must run from 0 to 1"):
        barrier([0, 0.5], [1.0, 2.0])
    first, second = (nn.Sequential(nn.Flatten(), nn.Linear(192, 4)) for _ in range(2))
    for network, seed in ((first, 1), (second, 2)):
        nn.init.normal_(network[1].weight, generator=generator(seed))
    places = [0, 0.25, 0.5, 0.75, 1]
    assert barrier(places, losses_along(first, line(point_of(first), point_of(second)), places)) == 0


def test_a_fitted_curve_keeps_its_ends_and_lies_lower_than_the_line():
    first = small(1)
    batches = Batches(IMAGES, LABELS, batch_size=20, generator=generator(3))
    optimizer = torch.optim.Adam(first.parameters(), lr=0.01)
    for _ in range(40):
        batch = next(batches)
        optimizer.zero_grad()
        nn.functional.cross_entropy(first(batch.inputs), batch.labels).backward()
        optimizer.step()
    second = copy.deepcopy(first)
    second.fc1.weight.data = second.fc1.weight.data.flip(0)  # units in another order: a barrier between equals
    second.fc1.bias.data = second.fc1.bias.data.flip(0)
    second.fc2.weight.data = second.fc2.weight.data.flip(1)
    ends = point_of(first), point_of(second)
    curve = fit_curve(first, second, batches, steps=150, generator=generator(4), learning_rate=0.05)
    assert squared_distance(curve(0.0), ends[0]) == squared_distance(curve(1.0), ends[1]) == 0
    places = [0, 0.25, 0.5, 0.75, 1]
    heights = [barrier(places, losses_along(first, each, places)) for each in (line(*ends), curve)]
    assert heights[1] < heights[0] / 2


def test_a_curve_may_begin_through_a_point_of_ones_own_and_one_that_diverges_is_none():
    first, second = small(1), small(2)
    middle = great_circle(point_of(first), point_of(second))(0.5)
    batches = Batches(IMAGES, LABELS, batch_size=20, generator=generator(3))
    still = {"steps": 1, "generator": generator(4), "learning_rate": 1e-12}
    curve = fit_curve(first, second, batches, through=middle, **still)
    assert squared_distance(curve(0.5), middle) == pytest.approx(0, abs=1e-6)
    batches = Batches(IMAGES, LABELS, batch_size=20, generator=generator(3))
    with pytest.raises(FloatingPointError, match="the curve diverged at step"):
        fit_curve(small(1), small(2), batches, steps=6, generator=generator(4), learning_rate=1e12)


def test_a_random_step_is_as_long_as_each_filter_so_that_flatness_does_not_see_their_length():
    point = point_of(residual(1))
    direction = random_direction(point, generator=generator(1))
    for name, value in point.items():
        lengths = [each.flatten(1).norm(dim=1) if value.dim() > 1 else each.abs() for each in (value, direction[name])]
        expected = lengths[0] if value.dim() > 1 else torch.zeros_like(value)
        assert torch.allclose(lengths[1], expected, rtol=1e-5)
    network, how = residual(1), {"statistics": IMAGES, "sizes": (0.2,), "draws": 2}
    longer = copy.deepcopy(network)
    longer.stem[0].weight.data *= 4
    found = [perturbed_losses(each, IMAGES, LABELS, generator=generator(5), **how) for each in (network, longer)]
    assert torch.allclose(*found, rtol=1e-3)


def test_a_steeper_minimum_loses_more():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(192, 4, bias=False))
    nn.init.normal_(flat[1].weight, std=0.01, generator=generator(1))
    steep = copy.deepcopy(flat)
    steep[1].weight.data *= 100
    best = [each(IMAGES).argmax(1) for each in (flat, steep)]  # labels that both get right
    rises = [
        perturbed_losses(each, IMAGES, labels, statistics=None, generator=generator(5), sizes=(0.5,), draws=3).mean()
        - measure(each, IMAGES, labels).loss
        for each, labels in zip((flat, steep), best, strict=True)
    ]
    assert rises[1] > 10 * rises[0].abs()


def perturbed(**wrong):
    return perturbed_losses(small(1), IMAGES, LABELS, statistics=None, generator=generator(1), **wrong)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: perturbed(draws=0), "draws must be at least 1, got 0"),
        (lambda: perturbed(sizes=(0.1, -1)), "sizes must be positive, got -1"),
        (lambda: perturbed(sizes=(0.1, math.nan)), "sizes must be positive, got nan"),
        (lambda: squared_distance(point_of(small(1)), point_of(residual(1))), "only one of them has"),
        (lambda: line(point_of(small(1)), point_of(small(1, width=9))), r"of shape \(8, 192\) and \(9, 192\)"),
    ],
)
def test_no_draws_steps_backwards_and_points_of_other_architectures_are_refused(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()


NETWORKS = {
    "lenet": lambda seed: lenet_300_100(generator=generator(seed), in_features=192, classes=4, width=30),
    "convolutional": lambda seed: vgg(
        ((6, 6),), hidden=(12, 9), generator=generator(seed), image_shape=(3, 8, 8), classes=4
    ),
    "vgg with BatchNorm": lambda seed: vgg(
        ((6, 6), (8,)), hidden=(12,), generator=generator(seed), image_shape=(3, 8, 8), classes=4, batch_norm=True
    ),
    "with a head": lambda seed: mlp(generator=generator(seed), in_features=192, classes=4),
    "mobilenet": lambda seed: mobilenet_v2(generator=generator(seed), classes=4),
    "resnet, padded": lambda seed: resnet(14, generator=generator(seed), classes=4),
    "resnet, projected": lambda seed: resnet(14, generator=generator(seed), classes=4, shortcut="projection"),
}
SMALL = [name for name in NETWORKS if name != "mobilenet"]  # its 1280 features take seconds to match


def made(name, seed):
    """A network whose every entry is its own, the statistics of BatchNorm too."""
    network = NETWORKS[name](seed)
    draw = generator(100 + seed)
    for value in network.state_dict().values():
        if value.dim() == 1:
            value.copy_(torch.rand(value.shape, generator=draw) + 0.5)
    return network.eval()


def shuffled(network, *, generator):
    """A copy that computes the same with all its units in random order."""
    copied = copy.deepcopy(network)
    state = copied.state_dict()
    for group in unit_groups(network):
        permute(state, group, torch.randperm(len(group[0].positions), generator=generator))
    copied.load_state_dict(state)
    return copied


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_with_their_units_in_another_order_compute_the_same_elsewhere(name):
    network = made(name, 1)
    other = shuffled(network, generator=generator(2))
    assert torch.allclose(other(IMAGES), network(IMAGES), atol=1e-4, rtol=1e-4)
    assert squared_distance(point_of(network), point_of(other)) > 1


@pytest.mark.parametrize("name", SMALL)
def test_matching_finds_the_order_of_a_shuffled_network_and_brings_others_nearer(name):
    network = made(name, 1)
    other = shuffled(network, generator=generator(2))
    matched = match(network, other, generator=generator(3))
    assert squared_distance(point_of(network), point_of(matched)) == 0
    found = matched.state_dict()  # with the statistics of BatchNorm, which had no say
    assert all(torch.equal(value, found[name]) for name, value in network.state_dict().items())
    first, second = made(name, 1), made(name, 2)
    matched = match(first, second, generator=generator(3))
    assert torch.allclose(matched(IMAGES), second(IMAGES), atol=1e-4, rtol=1e-4)
    distances = [squared_distance(point_of(first), point_of(each)) for each in (second, matched)]
    assert distances[1] < distances[0]


@pytest.mark.parametrize(
    ("name", "count"),
    [("lenet", 2), ("resnet, padded", 6 + 3), ("resnet, projected", 6 + 3), ("mobilenet", 17 + 8 + 1)],
)
def test_groups_are_hidden_layers_blocks_and_streams(name, count):
    groups = unit_groups(made(name, 1))
    assert len(groups) == count
    for group in groups:
        assert len({len(place.positions) for place in group}) == 1
        assert len({place.name for place in group}) == len(group)
    if name == "resnet, padded":  # as wide as what each stage adds
        assert [len(group[0].positions) for group in groups[-3:]] == [16, 16, 32]


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="units can be matched in plain networks, ResNets and MobileNetV2, got Linear"):
        match(nn.Linear(2, 2), nn.Linear(2, 2), generator=generator(1))
    with pytest.raises(ValueError, match="networks must share one architecture"):
        match(made("lenet", 1), made("convolutional", 1), generator=generator(1))
