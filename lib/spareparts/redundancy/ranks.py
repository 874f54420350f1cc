"""Accuracy with only the top directions of a fully connected layer, without a product of its weights for each rank."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from .. import checks

RANKS = (1, 2, 4, 8, 10, 16, 32, 64, 128, 256)


@torch.inference_mode()
def rank_accuracies(
    network: nn.Sequential,
    inputs: Float[Tensor, "batch fan_in"],
    labels: Int[Tensor, " batch"],
    *,
    initial: Float[Tensor, "units fan_in"] | None = None,
    ranks: Sequence[int] = RANKS,
) -> list[float]:
    """Accuracy (%) of a network that begins with a linear layer, with `Z + U_k U_k^T (W - Z)` in its place, for each k.

    U holds the left singular vectors of `W - Z`; without initial weights Z = 0, and the layer is W_k. Both act on what
    the layer gives: `x W_k^T = (x W^T) U_k U_k^T`, so that the inputs are multiplied once. Ranks from that of the layer
    on keep everything. Raises `ValueError` for negative ranks and for labels that are not one an input.
    """
    checks.labels(labels)
    checks.equally_many(inputs=inputs, labels=labels)
    for rank in ranks:
        checks.whole(0, ranks=rank)
    layer, rest = network[0], network[1:].eval()
    before = functional.linear(inputs, layer.weight)
    start = torch.zeros_like(before) if initial is None else functional.linear(inputs, initial)
    change = (layer.weight if initial is None else layer.weight - initial).double()
    directions = torch.linalg.eigh(change @ change.T).eigenvectors.flip(1).to(before.dtype)
    accuracies = []
    for rank in ranks:
        kept = directions[:, :rank]
        scores = rest(start + (before - start) @ kept @ kept.T + layer.bias)
        accuracies.append(100 * float((scores.argmax(1) == labels).double().mean()))
    return accuracies
