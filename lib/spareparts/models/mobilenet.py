"""MobileNetV2 (Sandler et al. 2018) for images of 32 x 32: as usual there, with less striding than for ImageNet."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .layers import initialize


class Stage(NamedTuple):
    """Blocks that share a width."""

    expansion: int  # of a block's channels inside it
    filters: int
    blocks: int
    stride: int  # of the first block


STEM, LAST = 32, 1280  # filters of the first and the last convolution
STAGES = (  # the paper's Table 2, with stride 1 in the stem and in the second stage
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 1),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)


def mobilenet_v2(
    *, generator: torch.Generator, classes: int = 10, channels: int = 3, stages: Sequence[Stage] = STAGES
) -> "MobileNetV2":
    """MobileNetV2 for CIFAR: 2,296,922 parameters for ten classes, a last map of 4 x 4 pixels of 32 x 32.

    Weights are PyTorch's default, from the generator; other `stages` make a network of another name.
    Raises `ValueError` for sizes below 1.
    """
    if min(classes, channels) < 1:
        raise ValueError(f"classes and channels must be at least 1, got {classes} and {channels}")
    network = MobileNetV2(classes=classes, channels=channels, stages=stages)
    initialize(network, "pytorch", generator=generator)
    return network


def normalized(channels: int, filters: int, *, size: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution without bias that keeps the image's size at stride 1, and BatchNorm."""
    convolution = skip_init(
        nn.Conv2d, channels, filters, size, stride=stride, padding=size // 2, groups=groups, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(filters))


class InvertedResidual(nn.Module):
    """Channels are expanded, convolved each by itself, and projected; at stride 1 a shortcut is added.

    The shortcut is a 1x1 convolution with BatchNorm where the width changes. Nothing is cut off after the projection.
    """

    def __init__(self, channels: int, filters: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        inner = expansion * channels
        self.expand = normalized(channels, inner, size=1)
        self.depthwise = normalized(inner, inner, size=3, stride=stride, groups=inner)
        self.project = normalized(inner, filters, size=1)
        self.shortcut: nn.Module | None = None
        if stride == 1:
            self.shortcut = nn.Identity() if channels == filters else normalized(channels, filters, size=1)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters new_height new_width"]:
        """Features, at half the size where the stride is 2."""
        hidden = functional.relu(self.depthwise(functional.relu(self.expand(images))))
        features = self.project(hidden)
        return features if self.shortcut is None else features + self.shortcut(images)


class MobileNetV2(nn.Module):
    """A stem, stages of inverted residual blocks, a wide 1x1 convolution, the image's mean, and a linear classifier."""

    def __init__(self, *, classes: int, channels: int, stages: Sequence[Stage]) -> None:
        super().__init__()
        self.stem = nn.Sequential(normalized(channels, STEM, size=3), nn.ReLU())
        blocks, width = [], STEM
        for stage in stages:
            for place in range(stage.blocks):
                stride = stage.stride if place == 0 else 1
                blocks.append(InvertedResidual(width, stage.filters, expansion=stage.expansion, stride=stride))
                width = stage.filters
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Sequential(normalized(width, LAST, size=1), nn.ReLU())
        self.classifier: nn.Module = skip_init(nn.Linear, LAST, classes)

    def features(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features"]:
        """What the classifier sees: 1280 numbers, not negative."""
        return self.last(self.blocks(self.stem(images))).mean((2, 3))

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.classifier(self.features(images))
