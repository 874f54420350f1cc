"""Weights drawn anew for a whole network, from a generator alone."""

import math

import torch
from torch import nn
from torch.nn import init

INITIALIZATIONS = ("glorot_normal", "pytorch")


@torch.no_grad()
def initialize(network: nn.Module, initialization: str, *, generator: torch.Generator) -> nn.Module:
    """Draw the weights of all linear and convolutional layers anew, in the order of the layers; gives the network.

    `glorot_normal`: weights N(0, 2 / (fan_in + fan_out)), biases 0. `pytorch`: PyTorch's default, both uniform in
    +-1 / sqrt(fan_in). Raises `ValueError` for another name.
    """
    if initialization not in INITIALIZATIONS:
        raise ValueError(f"initialization must be one of {', '.join(INITIALIZATIONS)}, got {initialization!r}")
    for layer in network.modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        if initialization == "glorot_normal":
            init.xavier_normal_(layer.weight, generator=generator)
            if layer.bias is not None:
                init.zeros_(layer.bias)
        else:
            init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            if layer.bias is not None:
                bound = layer.weight[0].numel() ** -0.5
                init.uniform_(layer.bias, -bound, bound, generator=generator)
    return network
