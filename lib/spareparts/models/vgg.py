"""Plain convolutional networks of 3x3 filters: Conv-2, Conv-4, Conv-6 and VGG-19, those of the redundancy chapter."""

import functools
import itertools
from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils import skip_init

from .initialization import initialize


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
    if min(channels, classes, *hidden, *itertools.chain(*blocks)) < 1:
        raise ValueError(f"sizes must be at least 1, got {image_shape}, {blocks}, {hidden} and {classes} classes")
    layers = OrderedDict(_convolutions(blocks, channels=channels, batch_norm=batch_norm))
    if average:
        layers["average"] = nn.AdaptiveAvgPool2d(1)
    pixels = 1 if average else (height // halved) * (width // halved)
    layers |= _classifier([blocks[-1][-1] * pixels, *hidden, classes])
    return initialize(nn.Sequential(layers), initialization, generator=generator)


def _convolutions(blocks: Sequence[Sequence[int]], *, channels: int, batch_norm: bool) -> OrderedDict[str, nn.Module]:
    layers, number = OrderedDict(), 0
    for place, block in enumerate(blocks, start=1):
        for filters in block:
            number += 1
            # weights come from the generator alone: PyTorch's own draw would use and move the global state
            layers[f"conv{number}"] = skip_init(nn.Conv2d, channels, filters, 3, padding=1, bias=not batch_norm)
            if batch_norm:
                layers[f"norm{number}"] = nn.BatchNorm2d(filters)
            layers[f"conv_relu{number}"] = nn.ReLU()
            channels = filters
        layers[f"pool{place}"] = nn.MaxPool2d(2)
    return layers


def _classifier(widths: Sequence[int]) -> OrderedDict[str, nn.Module]:
    layers = OrderedDict(flatten=nn.Flatten())
    for number, (inputs, outputs) in enumerate(itertools.pairwise(widths), start=1):
        if number > 1:
            layers[f"relu{number - 1}"] = nn.ReLU()
        layers[f"fc{number}"] = skip_init(nn.Linear, inputs, outputs)
    return layers


conv_2 = functools.partial(vgg, ((64, 64),), hidden=(256, 256))
conv_4 = functools.partial(vgg, ((64, 64), (128, 128)), hidden=(256, 256))
conv_6 = functools.partial(vgg, ((64, 64), (128, 128), (256, 256)), hidden=(256, 256))
vgg_19 = functools.partial(
    vgg, ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4), hidden=(512, 512), average=True
)
