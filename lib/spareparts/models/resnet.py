"""Residual networks for small images (He et al. 2016, Sec. 4.2), of depth 6n + 2."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional, init
from torch.nn.utils import skip_init

SHORTCUTS = ("padding", "projection")
WIDTHS = (16, 32, 64)


def resnet(
    depth: int,
    *,
    generator: torch.Generator,
    classes: int = 10,
    channels: int = 3,
    shortcut: str = "padding",
    features: int = WIDTHS[-1],
) -> "ResNet":
    """A residual network of that depth with weights from the generator: 20, 32, 44, 56 or another 6n + 2.

    `shortcut` is where the width changes: `padding` with zeros (the paper's option A, no parameters) or a `projection`
    (option B, a 1x1 convolution with BatchNorm). The last stage has as many filters as the classifier sees features.
    Raises `ValueError` for other depths, shortcuts and sizes below 1.
    """
    if depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6n + 2 with n at least 1 (8, 14, 20, ...), got {depth}")
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut must be one of {', '.join(SHORTCUTS)}, got {shortcut!r}")
    if min(classes, channels) < 1:
        raise ValueError(f"classes and channels must be at least 1, got {classes} and {channels}")
    if features < 1:
        raise ValueError(f"features must be at least 1, got {features}")
    sizes = {"classes": classes, "channels": channels, "features": features}
    network = ResNet(blocks=(depth - 2) // 6, shortcut=shortcut, **sizes)
    initialize_convolutional(network, generator)
    return network


@torch.no_grad()
def initialize_convolutional(network: nn.Module, generator: torch.Generator) -> None:
    """He's normal for the convolutions, by the units that a filter feeds; PyTorch's uniform for the classifier."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(layer, nn.Linear):
            bound = layer.in_features**-0.5
            init.uniform_(layer.weight, -bound, bound, generator=generator)
            init.uniform_(layer.bias, -bound, bound, generator=generator)


def convolution(channels: int, filters: int, *, size: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the image's size at stride 1; its weights are not drawn yet."""
    # skip_init: PyTorch's own draw would use and move the global random state
    return skip_init(nn.Conv2d, channels, filters, size, stride=stride, padding=size // 2, bias=False)


class Padding(nn.Module):
    """Shortcut without parameters: every other pixel, the new filters zero, half of them on each side.

    To fewer filters it passes on those in the middle.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.before = (filters - channels) // 2
        self.after = filters - channels - self.before

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters half_height half_width"]:
        """The images at half the size."""
        return functional.pad(images[:, :, ::2, ::2], (0, 0, 0, 0, self.before, self.after))


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
            projection = convolution(channels, filters, size=1, stride=stride)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(filters))

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters new_height new_width"]:
        """Features, at half the size where the stride is 2."""
        hidden = functional.relu(self.normalization1(self.convolution1(images)))
        return functional.relu(self.normalization2(self.convolution2(hidden)) + self.shortcut(images))


class ResNet(nn.Module):
    """A stem, three stages of blocks, the mean over the image, and a linear classifier.

    The stages have 16 and 32 filters, and as many as features are wanted: 64 in the paper.
    """

    def __init__(self, *, blocks: int, classes: int, channels: int, shortcut: str, features: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(channels, WIDTHS[0], size=3), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU())
        layers, width = [], WIDTHS[0]
        for stage, filters in enumerate((*WIDTHS[:2], features)):
            for place in range(blocks):
                stride = 2 if place == 0 and stage else 1
                layers.append(Block(width, filters, stride=stride, shortcut=shortcut))
                width = filters
        self.blocks = nn.Sequential(*layers)
        self.classifier: nn.Module = skip_init(nn.Linear, width, classes)

    def features(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features"]:
        """What the classifier sees: numbers of at least 0."""
        return self.blocks(self.stem(images)).mean((2, 3))

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.classifier(self.features(images))
