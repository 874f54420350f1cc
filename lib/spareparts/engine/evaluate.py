"""Evaluation in batches, with nothing kept for a backward pass."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from .. import checks
from ..data import ImagePart

BATCH = 500
IN_CACHE = 100  # images at once, of which a processor's cache holds what a convolution gives
Inputs, Outputs = Shaped[Tensor, "batch *shape"], tuple[Tensor, ...]
Read = Callable[[Any], Outputs]


def images_at_once(device: torch.device) -> int:
    """How many images to evaluate at once: few on a processor."""
    return IN_CACHE if device.type == "cpu" else BATCH


@torch.inference_mode()
def predict(network: nn.Module, inputs: Inputs, *, read: Read = lambda output: (output,)) -> Outputs:
    """Outputs of a network in evaluation mode over all inputs, each tensor of `read(output)` joined over batches."""
    training = network.training
    network.eval()
    size = images_at_once(inputs.device) if inputs.ndim > 2 else BATCH
    parts = [read(network(chunk)) for chunk in inputs.split(size)]
    network.train(training)
    return tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True))


def accuracy(network: nn.Module, part: ImagePart) -> float:
    """Images classified correctly, in %; `ValueError` for labels that are not one an image."""
    checks.equally_many(**part._asdict())
    (scores,) = predict(network, part.images)
    return 100 * float((scores.argmax(1) == part.labels).double().mean())
