"""LeNet-300-100, the fully connected network of the redundancy chapter."""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn.utils import skip_init

from .initialization import initialize


def lenet_300_100(
    *,
    generator: torch.Generator,
    initialization: str = "glorot_normal",
    in_features: int = 784,
    classes: int = 10,
    width: int = 300,
) -> nn.Sequential:
    """LeNet-300-100: two hidden layers of 300 and 100 ReLU units on flattened images, named `fc1`, `fc2`, `fc3`.

    Another `width` of the first layer makes it a network of another name. Raises `ValueError` for an unknown
    initialization and for sizes below 1.
    """
    if min(in_features, classes, width) < 1:
        raise ValueError(f"sizes must be at least 1, got {in_features} and {classes}, width {width}")
    network = nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            # weights come from the generator alone: PyTorch's own draw would use and move the global state
            fc1=skip_init(nn.Linear, in_features, width),
            relu1=nn.ReLU(),
            fc2=skip_init(nn.Linear, width, 100),
            relu2=nn.ReLU(),
            fc3=skip_init(nn.Linear, 100, classes),
        )
    )
    return initialize(network, initialization, generator=generator)
