"""Frame potential: closed forms, bounds, and greedy orders against recomputing."""

import math

import pytest
import torch

from spareparts.redundancy import contributions, frame_potential, pruning_order


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def random_rows(units, features, seed=0):
    return torch.randn(units, features, generator=draw(seed))


ANGLES = torch.arange(5) * torch.pi / 5
KNOWN = {
    "orthogonal rows of any length: n": (torch.diag(torch.tensor([1.0, 0.1, 7.0])), 3),
    "parallel rows: n^2": (torch.tensor([[1.0, 2.0]]) * torch.tensor([[1.0], [-3.0], [0.5], [2.0]]), 16),
    "a tight frame: n^2 / d": (torch.stack([ANGLES.cos(), ANGLES.sin()], 1), 25 / 2),
    "two orthonormal bases: n^2 / d": (torch.cat([torch.eye(3), torch.linalg.qr(random_rows(3, 3)).Q]), 6**2 / 3),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_frames_have_their_potential_and_equal_contributions(name):
    rows, potential = KNOWN[name]
    assert frame_potential(rows).item() == pytest.approx(potential)
    assert contributions(rows).tolist() == pytest.approx([potential / len(rows)] * len(rows))


@pytest.mark.parametrize("units, features", [(30, 8), (8, 30)])
def test_contributions_sum_to_the_frame_potential_and_bounds_hold(units, features):
    rows = random_rows(units, features)
    potential = frame_potential(rows).item()
    assert contributions(rows).sum().item() == pytest.approx(potential)
    assert max(units, units**2 / features) <= potential <= units**2


def test_removing_a_unit_lowers_the_frame_potential_by_twice_its_contribution_minus_one():
    rows = random_rows(12, 5)
    own, before = contributions(rows), frame_potential(rows)
    for unit in range(12):
        left = torch.cat([rows[:unit], rows[unit + 1 :]])
        assert (before - frame_potential(left)).item() == pytest.approx(2 * own[unit].item() - 1)


def recomputed_order(rows, *, largest):
    """What the greedy order is by definition: contributions anew after each removal."""
    left, order = list(range(len(rows))), []
    while left:
        own = contributions(rows[left])
        place = int(own.argmax() if largest else own.argmin())
        order.append(left.pop(place))
    return order


@pytest.mark.parametrize("first", ["smallest", "largest"])
def test_the_greedy_order_is_that_of_recomputing(first):
    rows = random_rows(40, 6, seed=3)
    order = pruning_order(rows, criterion="frame_potential", first=first)
    assert order.tolist() == recomputed_order(rows, largest=first == "largest")


def test_norms_are_sorted_with_ties_to_the_lower_index_and_a_random_order_is_the_generators():
    rows = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, -2.0], [1.0, 0.0]])
    assert pruning_order(rows, criterion="norm").tolist() == [1, 3, 0, 2]
    assert pruning_order(rows, criterion="norm", first="largest").tolist() == [0, 2, 1, 3]
    rows = random_rows(9, 2)
    order = pruning_order(rows, criterion="random", generator=draw(1))
    assert sorted(order.tolist()) == list(range(9))
    assert torch.equal(order, pruning_order(rows, criterion="random", generator=draw(1)))


def test_dead_units_contribute_nothing_and_copies_are_told_apart_by_index_and_not_by_rounding():
    rows = random_rows(6, 4)
    rows[[1, 4]] = 0
    assert contributions(rows)[[1, 4]].tolist() == [0, 0]
    assert frame_potential(rows).item() == pytest.approx(frame_potential(rows[[0, 2, 3, 5]]).item())
    for criterion in ("norm", "frame_potential"):
        assert pruning_order(rows, criterion=criterion).tolist()[:2] == [1, 4]
        assert pruning_order(rows, criterion=criterion, first="largest").tolist()[-2:] == [1, 4]
    rows = random_rows(3, 50).repeat_interleave(4, 0) * 2.0 ** torch.arange(12)[:, None]
    order = pruning_order(rows, criterion="frame_potential").tolist()
    for group in (range(0, 4), range(4, 8), range(8, 12)):
        assert [unit for unit in order if unit in group] == list(group)


@pytest.mark.parametrize(
    ("value", "settings", "message"),
    [
        (1.0, {"criterion": "size"}, "criterion must be one of"),
        (1.0, {"criterion": "norm", "first": "best"}, "first must be one of"),
        (1.0, {"criterion": "random"}, "must have a generator"),
        (math.nan, {"criterion": "norm"}, r"rows must be finite, got nan at \[1, 0\]"),
        (math.inf, {"criterion": "frame_potential"}, r"rows must be finite, got inf at \[1, 0\]"),
    ],
)
def test_other_names_and_units_that_are_not_finite_have_no_order(value, settings, message):
    rows = random_rows(3, 2)
    rows[1, 0] = value
    with pytest.raises(ValueError, match=message):
        pruning_order(rows, **settings)
