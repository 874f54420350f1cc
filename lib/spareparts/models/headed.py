"""Networks put together from a body, which gives features, and a classifier: an MLP, DenseNet, those for ImageNet."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import checks
from .layers import Headed, convolution, initialize, linear, normalized

LARGE = {  # torchvision's builder of a network for images of 224 pixels, and the name of its last layer
    "resnet_50": ("resnet50", "fc"),
    "densenet_169": ("densenet169", "classifier"),
}


def mlp(
    *, generator: torch.Generator, in_features: int, units: int = 128, features: int = 64, classes: int = 10
) -> Headed:
    """Two hidden layers with ReLU, the second of them the features; for images of a few pixels.

    Raises `ValueError` for sizes below 1.
    """
    checks.whole(1, in_features=in_features, units=units, features=features, classes=classes)
    body = nn.Sequential(nn.Flatten(), linear(in_features, units), nn.ReLU(), linear(units, features), nn.ReLU())
    return initialize(Headed(body, linear(features, classes)), "pytorch", generator=generator)


def large(name: str, *, generator: torch.Generator, classes: int = 1000) -> Headed:
    """torchvision's network of that name, untrained, its classifier apart from its body.

    Raises `ValueError` for other names.
    """
    checks.one_of(LARGE, name=name)
    import torchvision  # slow to import, and rarely needed

    builder, last = LARGE[name]
    seed = int(torch.randint(2**62, (), generator=generator))
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global random state
        torch.manual_seed(seed)
        body = getattr(torchvision.models, builder)(weights=None, num_classes=classes)
    classifier = getattr(body, last)
    setattr(body, last, nn.Identity())
    return Headed(body, classifier)


# Densely connected networks for small images with bottlenecks and compression (Huang et al. 2017, DenseNet-BC)

BLOCKS = 3
BOTTLENECK = 4  # filters of a 1x1 convolution, in units of the growth rate
COMPRESSION = 2  # filters in front of a transition for one behind it


def densenet_bc(
    depth: int = 100, *, generator: torch.Generator, growth: int = 12, classes: int = 10, channels: int = 3
) -> Headed:
    """A DenseNet-BC with weights from the generator; depth 6n + 4, such as 100, with `growth` new filters a layer.

    Its features are not negative, of depth 100 with growth 12 there are 342. Raises `ValueError` for other depths and
    sizes below 1.
    """
    if depth < 10 or depth % 6 != 4:
        raise ValueError(f"depth must be 6n + 4 with n at least 1 (10, 16, ..., 100), got {depth}")
    checks.whole(1, growth=growth, classes=classes, channels=channels)
    filters = 2 * growth
    parts: list[nn.Module] = [convolution(channels, filters, size=3)]
    for block in range(BLOCKS):
        if block:
            parts += [*_activated(filters, filters // COMPRESSION, size=1), nn.AvgPool2d(2)]
            filters //= COMPRESSION
        for _ in range((depth - 4) // 6):
            parts.append(DenseLayer(filters, growth))
            filters += growth
    body = nn.Sequential(*parts, nn.BatchNorm2d(filters), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return initialize(Headed(body, linear(filters, classes)), "he_normal", generator=generator)


def _activated(channels: int, filters: int, *, size: int) -> tuple[nn.Module, ...]:
    return nn.BatchNorm2d(channels), nn.ReLU(), convolution(channels, filters, size=size)


class DenseLayer(nn.Module):
    """BatchNorm, ReLU and a 1x1 convolution, then the same with 3x3; its new filters stand behind its input."""

    def __init__(self, filters: int, growth: int) -> None:
        super().__init__()
        inner = BOTTLENECK * growth
        self.layers = nn.Sequential(*_activated(filters, inner, size=1), *_activated(inner, growth, size=3))

    def forward(
        self, images: Float[Tensor, "batch filters height width"]
    ) -> Float[Tensor, "batch more_filters height width"]:
        """The input and the new filters."""
        return torch.cat((images, self.layers(images)), dim=1)


# ShuffleNet with grouped pointwise convolutions (Zhang et al. 2017), which torchvision does not have

STAGES = {1: (144, 288, 576), 2: (200, 400, 800), 3: (240, 480, 960), 4: (272, 544, 1088), 8: (384, 768, 1536)}
REPEATS = (4, 8, 4)
STEM = 24


def shufflenet(*, generator: torch.Generator, groups: int = 3, classes: int = 1000) -> Headed:
    """ShuffleNet 1x for images of 224 pixels; `ValueError` for a number of groups without published sizes."""
    if groups not in STAGES:
        raise ValueError(f"groups must be one of {', '.join(map(str, STAGES))}, got {groups}")
    parts = [*normalized(3, STEM, size=3, stride=2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    width = STEM
    for filters, repeats in zip(STAGES[groups], REPEATS, strict=True):
        for place in range(repeats):
            first = 1 if width == STEM else groups  # too few filters to be grouped come in at first
            parts.append(ShuffledUnit(width, filters, groups=groups, first_groups=first, down=not place))
            width = filters
    body = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return initialize(Headed(body, linear(width, classes)), "he_normal", generator=generator)


class ShuffledUnit(nn.Module):
    """Grouped 1x1, shuffle, 3x3 by filter, grouped 1x1; added to its input, or put behind it at half the size."""

    def __init__(self, channels: int, filters: int, *, groups: int, first_groups: int, down: bool) -> None:
        super().__init__()
        inner, new, stride = filters // 4, filters - channels * down, 1 + down
        self.down = down
        self.layers = nn.Sequential(
            *normalized(channels, inner, size=1, groups=first_groups),
            nn.ReLU(),
            nn.ChannelShuffle(groups),
            *normalized(inner, inner, size=3, stride=stride, groups=inner),
            *normalized(inner, new, size=1, groups=groups),
        )

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters new_height new_width"]:
        """Features, at half the size where the unit goes down."""
        new = self.layers(images)
        if self.down:
            return functional.relu(torch.cat((functional.avg_pool2d(images, 3, stride=2, padding=1), new), dim=1))
        return functional.relu(images + new)
