"""How far apart two networks are, also with units matched, how differently they behave, and how flat the loss is."""

import copy
import math
from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int, Shaped
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional

from .. import checks
from ..models.units import Group, Place, unit_groups
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
    """`||theta_1 - theta_2|| / ||theta_1||`: how far, by the first network's own length; `ValueError` if that is 0."""
    length = float(sum(value.double().square().sum() for value in first.values()))
    checks.positive(first_length=length)
    return (squared_distance(first, second) / length) ** 0.5


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


# Units of one network matched to those of another, by their weights (Ainsworth et al. 2023, Algorithm 1)

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
