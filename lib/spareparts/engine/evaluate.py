"""Evaluation in batches, with nothing kept for a backward pass."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn


@torch.inference_mode()
def predict(
    network: nn.Module,
    inputs: Shaped[Tensor, "batch *shape"],
    *,
    batch_size: int = 500,
    read: Callable[[Any], tuple[Tensor, ...]] = lambda output: (output,),
) -> tuple[Tensor, ...]:
    """Outputs of a network in evaluation mode over all inputs, each tensor of `read(output)` joined over batches."""
    training = network.training
    network.eval()
    parts = [read(network(chunk)) for chunk in inputs.split(batch_size)]
    network.train(training)
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))
