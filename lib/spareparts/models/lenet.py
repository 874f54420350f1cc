"""Networks that more than one chapter trains, built from a generator alone."""

import math
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import init
from torch.nn.utils import skip_init

INITIALIZATIONS = ("glorot_normal", "pytorch")


def lenet_300_100(
    *,
    generator: torch.Generator,
    initialization: str = "glorot_normal",
    in_features: int = 784,
    classes: int = 10,
) -> nn.Sequential:
    """LeNet-300-100: two hidden layers of 300 and 100 ReLU units on flattened images, named `fc1`, `fc2`, `fc3`.

    Raises `ValueError` for an unknown initialization and for sizes below 1.
    """
    if min(in_features, classes) < 1:
        raise ValueError(f"in_features and classes must be at least 1, got {in_features} and {classes}")
    network = nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            # weights come from the generator alone: PyTorch's own draw would use and move the global state
            fc1=skip_init(nn.Linear, in_features, 300),
            relu1=nn.ReLU(),
            fc2=skip_init(nn.Linear, 300, 100),
            relu2=nn.ReLU(),
            fc3=skip_init(nn.Linear, 100, classes),
        )
    )
    return initialize(network, initialization, generator=generator)


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
