"""Accuracy after every removal of a unit, by updating the next layer's input."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .. import checks
from .parts import Parts, by_unit, cut

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
        own[len(order)] = _correct(parts, received, labels)
        for removed in range(len(order) - 1, -1, -1):
            add(received, order[removed])
            own[removed] = _correct(parts, received, labels)
    return counts


def _rest(parts: Parts, before: Tensor, *, masked_bias: bool) -> Tensor:
    """What the next layer is given of removed units."""
    if masked_bias or parts.layer.bias is None:
        bias = torch.zeros_like(before)
    else:
        bias = parts.layer.bias.view(1, -1, *[1] * (before.dim() - 2)).expand_as(before)
    given = parts.between(bias)
    return torch.zeros_like(given) if masked_bias else given


def _adder(parts: Parts, hidden: Tensor) -> Callable[[Tensor, int], object]:
    """A function that adds a unit to what the next layer receives."""
    consumer = parts.consumer
    weight = by_unit(parts, consumer.weight)
    if isinstance(consumer, nn.Conv2d):
        form = {"stride": consumer.stride, "padding": consumer.padding, "dilation": consumer.dilation}
        return lambda received, unit: received.add_(
            functional.conv2d(hidden[:, unit : unit + 1], weight[:, unit : unit + 1], **form)
        )
    inputs = hidden.unflatten(1, weight.shape[1:]).transpose(0, 1).contiguous()
    columns = weight.permute(1, 2, 0).contiguous()
    return lambda received, unit: received.addmm_(inputs[unit], columns[unit])


def _correct(parts: Parts, received: Tensor, labels: Tensor) -> Tensor:
    return (parts.tail(received).argmax(1) == labels).sum()


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
