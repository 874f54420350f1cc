"""Units of one network matched to those of another, by their weights (Ainsworth et al. 2023, Algorithm 1)."""

import copy
from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from ..models.units import Group, Place, unit_groups
from .paths import check_alike, point_of

ROUNDS = 100  # over all groups; a few are enough


def match(
    first: nn.Module, second: nn.Module, *, generator: torch.Generator, groups: list[Group] | None = None
) -> nn.Module:
    """A copy of the second network, which computes the same, with its units in the order of the first one's.

    Coordinate ascent: one group of units after the other, in an order drawn anew each round, is permuted so that the
    sum of products with the first network's weights is largest, until nothing changes. The distance never grows, but
    may end in a local minimum. Raises `ValueError` for other architectures, and for networks whose units are not known.
    """
    target, groups = point_of(first), unit_groups(second) if groups is None else groups
    check_alike(target, point_of(second))
    target = {name: value.double() for name, value in target.items()}
    state = {name: value.detach().clone() for name, value in second.state_dict().items()}
    for _ in range(ROUNDS):
        order = torch.randperm(len(groups), generator=generator).tolist()
        if not any([_improve(target, state, groups[place]) for place in order]):
            break
    matched = copy.deepcopy(second)
    matched.load_state_dict(state)
    return matched.eval()


def _improve(target: Mapping[str, Tensor], state: dict[str, Tensor], group: Group) -> bool:
    """Permute one group as well as can be; whether that brought it nearer."""
    places = [place for place in group if place.name in target]  # statistics count for nothing
    products = sum(_rows(target[each.name], each) @ _rows(state[each.name].double(), each).T for each in places)
    _, best = linear_sum_assignment(products.cpu().numpy(), maximize=True)
    permutation = torch.from_numpy(best).to(products.device)
    gain = float(products.gather(1, permutation[:, None]).sum() - products.trace())
    if gain <= 1e-12 * float(products.abs().max()):  # another order of equal units would never end
        return False
    permute(state, group, permutation.cpu())
    return True


def _rows(value: Tensor, place: Place) -> Float[Tensor, "units entries"]:
    """All that an entry holds of each unit."""
    units, repeats = place.positions.shape
    chosen = value.index_select(place.axis, place.positions.flatten().to(value.device))
    return chosen.movedim(place.axis, 0).reshape(units, repeats, -1).flatten(1)


def permute(state: dict[str, Tensor], group: Group, permutation: Int[Tensor, " units"]) -> None:
    """Give each unit of a group the place that the permutation says: unit `permutation[i]` comes to place i."""
    for place in group:
        value = state[place.name]
        to, source = (rows.flatten().to(value.device) for rows in (place.positions, place.positions[permutation]))
        state[place.name] = value.index_copy(place.axis, to, value.index_select(place.axis, source))
