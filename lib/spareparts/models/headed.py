"""Networks put together from a body, which gives features, and a classifier that can be exchanged."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .layers import initialize
from .mobilenet import normalized
from .resnet import initialize_convolutional

LARGE = {  # torchvision's builder of a network for images of 224 pixels, and the name of its last layer
    "resnet_50": ("resnet50", "fc"),
    "densenet_169": ("densenet169", "classifier"),
}


class Headed(nn.Module):
    """A body, then a classifier."""

    def __init__(self, body: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.body, self.classifier = body, classifier

    def features(self, images: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch features"]:
        """What the classifier sees."""
        return self.body(images)

    def forward(self, images: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.classifier(self.features(images))


def mlp(
    *, generator: torch.Generator, in_features: int, units: int = 128, features: int = 64, classes: int = 10
) -> Headed:
    """Two hidden layers with ReLU, the second of them the features; for images of a few pixels.

    Raises `ValueError` for sizes below 1.
    """
    if min(in_features, units, features, classes) < 1:
        raise ValueError(f"sizes must be at least 1, got {in_features}, {units}, {features} and {classes}")
    # skip_init: PyTorch's own draw would use and move the global random state
    layers = [skip_init(nn.Linear, *sizes) for sizes in ((in_features, units), (units, features), (features, classes))]
    network = Headed(nn.Sequential(nn.Flatten(), layers[0], nn.ReLU(), layers[1], nn.ReLU()), layers[2])
    initialize(network, "pytorch", generator=generator)
    return network


def large(name: str, *, generator: torch.Generator, classes: int = 1000) -> Headed:
    """torchvision's network of that name, untrained, its classifier apart from its body.

    Raises `ValueError` for other names.
    """
    if name not in LARGE:
        raise ValueError(f"name must be one of {', '.join(LARGE)}, got {name!r}")
    import torchvision  # slow to import, and rarely needed

    builder, last = LARGE[name]
    seed = int(torch.randint(2**62, (), generator=generator))
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the global random state
        torch.manual_seed(seed)
        body = getattr(torchvision.models, builder)(weights=None, num_classes=classes)
    classifier = getattr(body, last)
    setattr(body, last, nn.Identity())
    return Headed(body, classifier)


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
            # too few filters to be grouped come in at first
            parts.append(
                Unit(width, filters, groups=groups, first_groups=1 if width == STEM else groups, down=not place)
            )
            width = filters
    body = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network = Headed(body, skip_init(nn.Linear, width, classes))
    initialize_convolutional(network, generator)
    return network


class Unit(nn.Module):
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
