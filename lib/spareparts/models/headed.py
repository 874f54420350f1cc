"""Networks put together from a body, which gives features, and a classifier: an MLP, DenseNet, those for ImageNet."""

from collections import OrderedDict
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from .. import checks
from .layers import Headed, Images, Maps, convolution, initialize, linear, normalized

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

    Raises `ValueError`, with the names that there are, for another one.
    """
    checks.one_of(LARGE, name=name)
    seed = int(torch.randint(2**62, (), generator=generator))
    return _torchvision(*LARGE[name], seed=seed, num_classes=classes)


def _torchvision(builder: str, last: str, *, seed: int, **options: Any) -> Headed:
    import torchvision  # slow to import, and rarely needed

    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global random state
        torch.manual_seed(seed)
        body = getattr(torchvision.models, builder)(**options)
    classifier = getattr(body, last)
    setattr(body, last, nn.Identity())
    return Headed(body, classifier)


# Densely connected networks for small images (Huang et al. 2017, DenseNet-BC), of torchvision's blocks: bottlenecks of
# four times the growth rate, and transitions that halve the filters


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
    sizes = {"growth_rate": growth, "block_config": ((depth - 4) // 6,) * 3, "num_init_features": 2 * growth}
    network = _torchvision("DenseNet", "classifier", seed=0, **sizes)
    stem = convolution(channels, 2 * growth, size=3)  # in the place of one that halves the image twice
    layers = list(network.body.features.named_children())[4:]
    network.body.features = nn.Sequential(OrderedDict(stem=stem) | dict(layers))
    network.classifier = linear(network.classifier.in_features, classes)
    return initialize(network, "he_normal", generator=generator)


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

    def forward(self, images: Images) -> Maps:
        """Features, at half the size where the unit goes down."""
        new = self.layers(images)
        if self.down:
            return functional.relu(torch.cat((functional.avg_pool2d(images, 3, stride=2, padding=1), new), dim=1))
        return functional.relu(images + new)
