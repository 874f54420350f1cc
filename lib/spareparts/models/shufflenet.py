"""ShuffleNet with grouped pointwise convolutions (Zhang et al. 2017), which torchvision does not have."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .headed import Headed
from .resnet import initialize_convolutional

STAGES = {1: (144, 288, 576), 2: (200, 400, 800), 3: (240, 480, 960), 4: (272, 544, 1088), 8: (384, 768, 1536)}
REPEATS = (4, 8, 4)
STEM = 24


def shufflenet(*, generator: torch.Generator, groups: int = 3, classes: int = 1000) -> Headed:
    """ShuffleNet 1x for images of 224 pixels; `ValueError` for a number of groups without published sizes."""
    if groups not in STAGES:
        raise ValueError(f"groups must be one of {', '.join(map(str, STAGES))}, got {groups}")
    parts = [*_normalized(3, STEM, size=3, stride=2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    width = STEM
    for filters, repeats in zip(STAGES[groups], REPEATS, strict=True):
        for place in range(repeats):
            # too few filters to be grouped come in at first
            parts.append(
                Unit(width, filters, groups=groups, first_groups=1 if width == STEM else groups, down=not place)
            )
            width = filters
    body = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Headed(body, skip_init(nn.Linear, width, classes))
    initialize_convolutional(network, generator)
    return network


def _normalized(channels: int, filters: int, *, size: int, stride: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    """A convolution without bias that keeps the image's size at stride 1, and its BatchNorm."""
    form = {"stride": stride, "padding": size // 2, "groups": groups, "bias": False}
    return skip_init(nn.Conv2d, channels, filters, size, **form), nn.BatchNorm2d(filters)


class Unit(nn.Module):
    """Grouped 1x1, shuffle, 3x3 by filter, grouped 1x1; added to its input, or put behind it at half the size."""

    def __init__(self, channels: int, filters: int, *, groups: int, first_groups: int, down: bool) -> None:
        super().__init__()
        inner, new, stride = filters // 4, filters - channels * down, 1 + down
        self.down = down
        self.layers = nn.Sequential(
            *_normalized(channels, inner, size=1, groups=first_groups),
            nn.ReLU(),
            nn.ChannelShuffle(groups),
            *_normalized(inner, inner, size=3, stride=stride, groups=inner),
            *_normalized(inner, new, size=1, groups=groups),
        )

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters new_height new_width"]:
        """Features, at half the size where the unit goes down."""
        new = self.layers(images)
        if self.down:
            return functional.relu(torch.cat((functional.avg_pool2d(images, 3, stride=2, padding=1), new), dim=1))
        return functional.relu(images + new)
