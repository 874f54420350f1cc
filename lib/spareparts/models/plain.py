"""Plain networks, those of the redundancy chapter: LeNet-300-100, and 3x3 filters in Conv-2 to Conv-6 and VGG-19."""

import functools
import itertools
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from .. import checks
from .layers import convolution, initialize, linear


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
    checks.whole(1, in_features=in_features, classes=classes, width=width)
    network = nn.Sequential(_classifier([in_features, width, 100, classes]))
    return initialize(network, initialization, generator=generator)


def vgg(
    blocks: Sequence[Sequence[int]],
    *,
    hidden: Sequence[int],
    generator: torch.Generator,
    initialization: str = "glorot_normal",
    image_shape: tuple[int, int, int] = (3, 32, 32),
    classes: int = 10,
    batch_norm: bool = False,
    average: bool = False,
) -> nn.Sequential:
    """Blocks of 3x3 convolutions, a 2x2 maximum after each block, then hidden layers and a classifier.

    Layers are named `conv1`, ..., `fc1`, ...; `batch_norm` follows each convolution, `average` pools the rest of the
    image to one pixel. Raises `ValueError` for an unknown initialization, images that the blocks halve away, and sizes
    below 1.
    """
    channels, height, width = image_shape
    halved = 2 ** len(blocks)
    if min(height, width) < halved:
        raise ValueError(f"images must be at least {halved} pixels wide for {len(blocks)} blocks, got {height}x{width}")
    checks.whole(1, channels=channels, classes=classes, filters=min(itertools.chain(*blocks)), hidden=min(hidden))
    layers = _convolutions(blocks, channels, batch_norm=batch_norm)
    if average:
        layers["average"] = nn.AdaptiveAvgPool2d(1)
    pixels = 1 if average else (height // halved) * (width // halved)
    layers |= _classifier([blocks[-1][-1] * pixels, *hidden, classes])
    return initialize(nn.Sequential(layers), initialization, generator=generator)


def _convolutions(blocks: Sequence[Sequence[int]], channels: int, *, batch_norm: bool) -> OrderedDict[str, nn.Module]:
    """Blocks of convolutions, numbered throughout, with a ReLU after each and a maximum after the block."""
    layers, number = OrderedDict(), 0
    for place, block in enumerate(blocks, start=1):
        for filters in block:
            number += 1
            layers[f"conv{number}"] = convolution(channels, filters, size=3, bias=not batch_norm)
            if batch_norm:
                layers[f"norm{number}"] = nn.BatchNorm2d(filters)
            layers[f"conv_relu{number}"], channels = nn.ReLU(), filters
        layers[f"pool{place}"] = nn.MaxPool2d(2)
    return layers


def _classifier(widths: Sequence[int]) -> OrderedDict[str, nn.Module]:
    """Linear layers with ReLU between them."""
    layers = OrderedDict(flatten=nn.Flatten())
    for number, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        layers |= {f"fc{number}": linear(inputs, outputs), f"relu{number}": nn.ReLU()}
    layers.popitem()  # the ReLU after the last
    return layers


conv_2 = functools.partial(vgg, ((64, 64),), hidden=(256, 256))
conv_4 = functools.partial(vgg, ((64, 64), (128, 128)), hidden=(256, 256))
conv_6 = functools.partial(vgg, ((64, 64), (128, 128), (256, 256)), hidden=(256, 256))
vgg_19 = functools.partial(
    vgg, ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4), hidden=(512, 512), average=True
)
