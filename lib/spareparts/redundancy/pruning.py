"""Units of a layer removed: by which criterion, what accuracy is left after each, and the network without them."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped, UInt
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .. import checks

# A layer, and all that its units feed


class Parts(NamedTuple):
    """A network cut at a layer: `tail(consumer(between(head(images))))`."""

    head: nn.Sequential  #: up to the layer, which is its last module
    between: nn.Sequential  #: normalization, ReLU, pooling, flattening
    consumer: nn.Linear | nn.Conv2d  #: the next layer with weights, whose input the units are
    tail: nn.Sequential

    @property
    def layer(self) -> nn.Linear | nn.Conv2d:
        """The layer itself."""
        return self.head[-1]


def cut(network: nn.Sequential, layer: str) -> Parts:
    """Cut a network at the layer of that name; `ValueError` where it has no units that a later layer takes."""
    if not isinstance(network, nn.Sequential):
        raise ValueError(f"network must be a Sequential, got a {type(network).__name__}")
    names = weighted(network)
    if layer not in names[:-1]:
        raise ValueError(f"layer must be one of {', '.join(names[:-1])}, got {layer!r}")
    places = list(network._modules)
    start, stop = places.index(layer) + 1, places.index(names[names.index(layer) + 1])
    parts = Parts(network[:start], network[start:stop], network[stop], network[stop + 1 :])
    if isinstance(parts.consumer, nn.Conv2d) and parts.consumer.groups != 1:
        raise ValueError(f"convolutions must have one group, got {parts.consumer.groups} in {places[stop]}")
    return parts


def halves(network: nn.Sequential, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
    """What comes before a layer, and the network from that layer on; `ValueError` as of `cut`."""
    before = len(cut(network, layer).head) - 1
    return network[:before], network[before:]


def weighted(network: nn.Sequential) -> list[str]:
    """Names of the fully connected and convolutional layers, in order."""
    return [name for name, module in network.named_children() if isinstance(module, nn.Linear | nn.Conv2d)]


def by_unit(parts: Parts) -> Tensor:
    """The consumer's weights as (outputs, units, ...): pixels of a flattened filter along the last axis."""
    weight = parts.consumer.weight
    return weight if weight.dim() == 4 else weight.unflatten(1, (len(parts.layer.weight), -1))


# Criteria

Rows = Float[Tensor, "units features"]
CRITERIA = ("norm", "frame_potential", "random")
DIRECTIONS = ("smallest", "largest")
TIE = 1e-9  # contributions this close are equal: rounding must not choose between units that are copies


def unit_rows(weight: Float[Tensor, "units *fan_in"]) -> Rows:
    """A layer's weights with one row a unit or filter, whatever the layer."""
    return weight.detach().flatten(1)


def normalized(rows: Rows) -> Rows:
    """Rows of length 1, in double; those of units without weights, which have no direction, stay zero."""
    return functional.normalize(rows.detach().double(), dim=1, eps=1e-300)


def frame_potential(rows: Rows) -> Float[Tensor, ""]:
    """`FP = sum_ij <w_i, w_j>^2` of the normalized rows (Sec. 3.1).

    It lies between max(n, n^2 / d) and n^2 for n rows, none of them zero, of d entries.
    """
    unit = normalized(rows)
    products = unit @ unit.T if len(unit) <= unit.shape[1] else unit.T @ unit  # of equal Frobenius norm
    return products.square().sum()


def contributions(rows: Rows) -> Float[Tensor, " units"]:
    """`c_i = sum_j <w_i, w_j>^2` of the normalized rows, j = i included: 1 to n; 0 for a dead unit (Sec. 3.1)."""
    return _squares(rows).sum(1)


def pruning_order(
    rows: Rows, *, criterion: str, first: str = "smallest", generator: torch.Generator | None = None
) -> Int[Tensor, " units"]:
    """All units in the order in which they are removed: by `norm`, by contribution to the `frame_potential`, `random`.

    Greedy: contributions are those within what is left. Of equal units the one with the lower index goes first; dead
    units have norm and contribution 0. A random order has no direction. Raises `ValueError` for other names, for
    weights that are not finite, and for a random order without a generator.
    """
    checks.one_of(CRITERIA, criterion=criterion)
    checks.one_of(DIRECTIONS, first=first)
    checks.finite(rows=rows)
    if criterion == "random":
        if generator is None:
            raise ValueError("criterion 'random' must have a generator, got None")
        return torch.randperm(len(rows), generator=generator, device=generator.device).to(rows.device)
    if criterion == "norm":
        return rows.detach().norm(dim=1).sort(stable=True, descending=first == "largest").indices
    order = _greedy(_squares(rows).cpu().numpy(), sign=1 if first == "smallest" else -1)
    return torch.from_numpy(order).to(rows.device)


def _squares(rows: Rows) -> Float[Tensor, "units units"]:
    """Squared inner products of the normalized rows, in place: 8 n^2 bytes and no more."""
    unit = normalized(rows)
    return (unit @ unit.T).square_()


def _greedy(squares: Float[np.ndarray, "units units"], *, sign: int) -> Int[np.ndarray, " units"]:
    """Remove the least contribution (the largest for sign -1) again and again: `c_j -= <w_r, w_j>^2`, O(n) each."""
    left = sign * squares.sum(1)  # signed contributions; infinite once removed
    order = np.empty(len(left), dtype=np.int64)
    for place in range(len(left)):
        least = left[left.argmin()]
        chosen = np.argmax(left <= least + TIE)
        order[place] = chosen
        left -= sign * squares[chosen]
        left[chosen] = np.inf
    return order


# Accuracy after every removal

COLUMNS = 16  # numbers of single precision that the processor multiplies at once


@torch.inference_mode()
def pruning_curves(
    network: nn.Sequential,
    images: Shaped[Tensor, "batch *shape"],
    labels: Int[Tensor, " batch"],
    orders: Sequence[Int[Tensor, " units"]],
    *,
    layer: str,
    masked_bias: bool = True,
    batch_size: int = 1000,
) -> Int[Tensor, "orders removals"]:
    """Images classified correctly with 0, 1, ..., all units of a layer removed, in each of the orders.

    Exact: the next layer's input is summed unit by unit from the last removal to the first, and only what follows is
    computed anew. A removed unit gives 0, after BatchNorm where there is one; without `masked_bias` it goes on giving
    what its bias alone does. Raises `ValueError` for a layer that feeds no other, for what is no order, and for labels
    that are not one an image.
    """
    checks.labels(labels)
    checks.equally_many(images=images, labels=labels)
    units = len((parts := cut(network, layer)).layer.weight)
    for order in orders:
        if not torch.equal(order.sort().values, torch.arange(units, device=order.device)):
            raise ValueError(f"an order must name each of the {units} units once, got {order.tolist()}")
    training, parts = network.training, parts._replace(tail=_padded(parts.tail))
    network.eval()
    counts = torch.zeros(len(orders), units + 1, dtype=torch.long, device=images.device)
    for chunk, truth in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        counts += _counts(parts, chunk, truth, [order.tolist() for order in orders], masked_bias=masked_bias)
    network.train(training)
    return counts


def _padded(tail: nn.Sequential) -> nn.Sequential:
    """The same with scores of minus infinity beside the classes: 16 columns take half as long to multiply as 10."""
    if not len(tail) or not isinstance(tail[-1], nn.Linear) or tail[-1].bias is None:
        return tail
    last, more = tail[-1], -tail[-1].out_features % COLUMNS
    wider = skip_init(nn.Linear, last.in_features, last.out_features + more, device=last.weight.device)
    wider.weight.copy_(functional.pad(last.weight, (0, 0, 0, more)))
    wider.bias.copy_(functional.pad(last.bias, (0, more), value=-torch.inf))
    return nn.Sequential(*tail[:-1], wider)


def _counts(parts: Parts, images: Tensor, labels: Tensor, orders: list[list[int]], *, masked_bias: bool) -> Tensor:
    """What one batch adds to the counts."""
    before = parts.head(images)
    hidden, rest = parts.between(before), _rest(parts, before[:1], masked_bias=masked_bias)
    add = _adder(parts, hidden - rest)
    start = parts.consumer(rest).expand(len(images), *[-1] * (parts.consumer.weight.dim() - 1))
    counts = torch.zeros(len(orders), len(orders[0]) + 1, dtype=torch.long, device=images.device)
    for order, own in zip(orders, counts, strict=True):
        received = start.clone(memory_format=torch.contiguous_format)
        for removed in range(len(order), -1, -1):
            if removed < len(order):
                add(received, order[removed])
            own[removed] = (parts.tail(received).argmax(1) == labels).sum()
    return counts


def _rest(parts: Parts, before: Tensor, *, masked_bias: bool) -> Tensor:
    """What the next layer is given of removed units."""
    given = torch.zeros_like(before)
    if parts.layer.bias is not None:
        given += parts.layer.bias.view(1, -1, *[1] * (before.dim() - 2))
    given = parts.between(given)
    return torch.zeros_like(given) if masked_bias else given


def _adder(parts: Parts, hidden: Tensor) -> Callable[[Tensor, int], object]:
    """A function that adds a unit to what the next layer receives."""
    consumer = parts.consumer
    weight = by_unit(parts)
    if isinstance(consumer, nn.Conv2d):
        form = {"stride": consumer.stride, "padding": consumer.padding, "dilation": consumer.dilation}
        return lambda received, unit: received.add_(
            functional.conv2d(hidden[:, unit : unit + 1], weight[:, unit : unit + 1], **form)
        )
    inputs = hidden.unflatten(1, weight.shape[1:]).transpose(0, 1).contiguous()
    columns = weight.permute(1, 2, 0).contiguous()
    return lambda received, unit: received.addmm_(inputs[unit], columns[unit])


def area(
    counts: Int[np.ndarray, "*orders removals"], *, images: int, share: float = 1.0
) -> Float[np.ndarray, "*orders"]:
    """Area under accuracy against units removed, up to a share of the units: a mean accuracy, in %.

    Raises `ValueError` for a share that is not in (0, 1], and for no images.
    """
    checks.whole(1, images=images)
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], got {share}")
    stop = max(1, round(share * (counts.shape[-1] - 1)))
    return 100 * np.asarray(np.trapezoid(counts[..., : stop + 1], axis=-1)) / (stop * images)


# Smaller networks


@torch.no_grad()
def compact(network: nn.Sequential, kept: Mapping[str, Int[Tensor, " units"]]) -> nn.Sequential:
    """A copy with only these units of these layers, which gives what the network gives with the others masked.

    Raises `ValueError` for a layer that feeds no other, and for units that are none, repeated, or not of the layer.
    """
    smaller = copy.deepcopy(network)
    for name, units in kept.items():
        parts = cut(smaller, name)
        count = len(parts.layer.weight)
        chosen = sorted(set(units.tolist()))
        if not chosen or len(chosen) < len(units) or not 0 <= chosen[0] <= chosen[-1] < count:
            raise ValueError(f"kept units of {name} must be some of 0..{count - 1}, each once, got {units.tolist()}")
        _keep(parts, torch.tensor(chosen, device=parts.layer.weight.device))
    return smaller


def _keep(parts: Parts, chosen: Tensor) -> None:
    """Leave these units in a layer, in what normalizes it, and among the inputs of the next layer."""
    columns = by_unit(parts)[:, chosen]
    normalizations = [module for module in parts.between if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    for module in (parts.layer, *normalizations):
        for name, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            if tensor.dim():  # all but BatchNorm's count of batches
                smaller = tensor[chosen].clone(memory_format=torch.contiguous_format)
                setattr(module, name, nn.Parameter(smaller) if isinstance(tensor, nn.Parameter) else smaller)
        for size in ("out_features", "out_channels", "num_features"):
            if hasattr(module, size):
                setattr(module, size, len(chosen))
    convolution = isinstance(parts.consumer, nn.Conv2d)
    columns = columns if convolution else columns.flatten(1)
    setattr(parts.consumer, "in_channels" if convolution else "in_features", columns.shape[1])
    parts.consumer.weight = nn.Parameter(columns.clone(memory_format=torch.contiguous_format))


# For a record

RANDOM_ORDERS = 5
GREEDY = tuple(f"{criterion}_{first}" for criterion in CRITERIA[:2] for first in DIRECTIONS)
ORDERS = (*GREEDY, *(f"random_{number}" for number in range(1, RANDOM_ORDERS + 1)))  # the rows of a record's curves


def measure_pruning(
    network: nn.Sequential,
    images: Tensor,
    labels: Int[Tensor, " batch"],
    *,
    layer: str,
    generator: torch.Generator,
    masked_bias: bool = True,
    half: bool = False,
) -> tuple[dict[str, float], UInt[np.ndarray, "orders removals"]]:
    """Areas under accuracy (%, and those of its first `half`), and counts of correct images with a row for each order.

    The orders are `ORDERS`; divide counts by the number of images. Random orders have a mean and a standard deviation.
    """
    rows, number = unit_rows(cut(network, layer).layer.weight), len(labels)
    orders = [pruning_order(rows, criterion=kind, first=first) for kind in CRITERIA[:2] for first in DIRECTIONS]
    orders += [pruning_order(rows, criterion="random", generator=generator) for _ in range(RANDOM_ORDERS)]
    counts = pruning_curves(network, images, labels, orders, layer=layer, masked_bias=masked_bias).cpu().numpy()
    metrics: dict[str, float] = {}
    shares = {"area": 1.0, "half_area": 0.5} if half else {"area": 1.0}
    for name, share in shares.items():
        areas = area(counts, images=number, share=share)
        random = areas[len(GREEDY) :]
        metrics |= {f"{name}_{order}": float(value) for order, value in zip(GREEDY, areas, strict=False)}
        metrics |= {f"{name}_random": float(random.mean()), f"{name}_random_deviation": float(random.std(ddof=1))}
    return metrics, counts.astype(np.uint16 if number < 2**16 else np.uint32)
