"""Residual networks for small images: ResNet (He et al. 2016, Sec. 4.2) and MobileNetV2 (Sandler et al. 2018)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import checks
from .layers import Headed, Images, Maps, convolution, initialize, linear, normalized

SHORTCUTS = ("padding", "projection")
WIDTHS = (16, 32, 64)


class Residual(Headed):
    """A stem, residual blocks, a last layer or none, the image's mean, and a classifier; features are not negative."""

    def __init__(self, stem: nn.Module, blocks: nn.Sequential, last: nn.Module, classifier: nn.Module) -> None:
        nn.Module.__init__(self)  # no body: the parts keep their names in the state
        self.stem, self.blocks, self.last, self.classifier = stem, blocks, last, classifier

    def features(self, images: Images) -> Float[Tensor, "batch features"]:
        """The mean over the last maps."""
        return self.last(self.blocks(self.stem(images))).mean((2, 3))


def resnet(
    depth: int,
    *,
    generator: torch.Generator,
    classes: int = 10,
    channels: int = 3,
    shortcut: str = "padding",
    features: int = WIDTHS[-1],
) -> Residual:
    """A residual network of that depth with weights from the generator: 20, 32, 44, 56 or another 6n + 2.

    `shortcut` is where the width changes: `padding` with zeros (the paper's option A, no parameters) or a `projection`
    (option B, a 1x1 convolution with BatchNorm). The three stages have 16 and 32 filters, and as many as the classifier
    sees features: 64 in the paper. Raises `ValueError` for other depths, shortcuts and sizes below 1.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6n + 2 with n at least 1 (8, 14, 20, ...), got {depth}")
    checks.one_of(SHORTCUTS, shortcut=shortcut)
    checks.whole(1, classes=classes, channels=channels, features=features)
    stem = nn.Sequential(convolution(channels, WIDTHS[0], size=3), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
    blocks, width = [], WIDTHS[0]
    for stage, filters in enumerate((*WIDTHS[:2], features)):
        for place in range((depth - 2) // 6):
            stride = 2 if place == 0 and stage else 1
            blocks.append(Block(width, filters, stride=stride, shortcut=shortcut))
            width = filters
    network = Residual(stem, nn.Sequential(*blocks), nn.Identity(), linear(width, classes))
    return initialize(network, "he_normal", generator=generator)


class Block(nn.Module):
    """Two 3x3 convolutions with BatchNorm, added to a shortcut; ReLU after the first and after the sum."""

    def __init__(self, channels: int, filters: int, *, stride: int, shortcut: str) -> None:
        super().__init__()
        self.convolution1 = convolution(channels, filters, size=3, stride=stride)
        self.normalization1 = nn.BatchNorm2d(filters)
        self.convolution2 = convolution(filters, filters, size=3)
        self.normalization2 = nn.BatchNorm2d(filters)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 and shortcut == "padding":
            self.shortcut = Padding(channels, filters)
        elif stride != 1:
            self.shortcut = normalized(channels, filters, size=1, stride=stride)

    def forward(self, images: Images) -> Maps:
        """Features, at half the size where the stride is 2."""
        hidden = functional.relu(self.normalization1(self.convolution1(images)))
        return functional.relu(self.normalization2(self.convolution2(hidden)) + self.shortcut(images))


class Padding(nn.Module):
    """Shortcut without parameters: every other pixel, the new filters zero, half of them on each side.

    To fewer filters it passes on those in the middle.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.before = (filters - channels) // 2
        self.after = filters - channels - self.before

    def forward(self, images: Images) -> Maps:
        """The images at half the size."""
        return functional.pad(images[:, :, ::2, ::2], (0, 0, 0, 0, self.before, self.after))


# MobileNetV2 for images of 32 x 32: as usual there, with less striding than for ImageNet

STEM, LAST = 32, 1280  # filters of the first and the last convolution
# The paper's Table 2, with stride 1 in the stem and in the second stage: how much wider than its input a block is
# inside, its filters, the blocks of the stage, and the stride of the first of them
STAGES = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def mobilenet_v2(
    *,
    generator: torch.Generator,
    classes: int = 10,
    channels: int = 3,
    stages: Sequence[tuple[int, int, int, int]] = STAGES,
) -> Residual:
    """MobileNetV2 for CIFAR: 2,296,922 parameters for ten classes, 1280 features, a last map of 4 x 4 pixels.

    Weights are PyTorch's default, from the generator; other `stages` make a network of another name.
    Raises `ValueError` for sizes below 1.
    """
    checks.whole(1, classes=classes, channels=channels)
    blocks, width = [], STEM
    for expansion, filters, count, first_stride in stages:
        for place in range(count):
            stride = first_stride if place == 0 else 1
            blocks.append(InvertedResidual(width, filters, expansion=expansion, stride=stride))
            width = filters
    stem = nn.Sequential(normalized(channels, STEM, size=3), nn.ReLU())
    last = nn.Sequential(normalized(width, LAST, size=1), nn.ReLU())
    network = Residual(stem, nn.Sequential(*blocks), last, linear(LAST, classes))
    return initialize(network, "pytorch", generator=generator)


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

    def forward(self, images: Images) -> Maps:
        """Features, at half the size where the stride is 2."""
        hidden = functional.relu(self.depthwise(functional.relu(self.expand(images))))
        features = self.project(hidden)
        return features if self.shortcut is None else features + self.shortcut(images)
