"""Densely connected networks for small images with bottlenecks and compression (Huang et al. 2017, DenseNet-BC)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init

from .resnet import convolution, initialize_convolutional

BLOCKS = 3
BOTTLENECK = 4  # filters of a 1x1 convolution, in units of the growth rate
COMPRESSION = 2  # filters in front of a transition for one behind it


def densenet_bc(
    depth: int = 100,
    *,
    generator: torch.Generator,
    growth: int = 12,
    classes: int = 10,
    channels: int = 3,
) -> "DenseNet":
    """A DenseNet-BC with weights from the generator; depth 6n + 4, such as 100, with `growth` new filters a layer.

    Raises `ValueError` for other depths and sizes below 1.
    """
    if depth < 10 or depth % 6 != 4:
        raise ValueError(f"depth must be 6n + 4 with n at least 1 (10, 16, ..., 100), got {depth}")
    if min(growth, classes, channels) < 1:
        raise ValueError(f"growth, classes and channels must be at least 1, got {growth}, {classes} and {channels}")
    network = DenseNet(layers=(depth - 4) // 6, growth=growth, classes=classes, channels=channels)
    initialize_convolutional(network, generator)
    return network


class DenseLayer(nn.Module):
    """BatchNorm, ReLU and a 1x1 convolution, then the same with 3x3; its new filters stand behind its input."""

    def __init__(self, filters: int, growth: int) -> None:
        super().__init__()
        self.normalization1 = nn.BatchNorm2d(filters)
        self.convolution1 = convolution(filters, BOTTLENECK * growth, size=1)
        self.normalization2 = nn.BatchNorm2d(BOTTLENECK * growth)
        self.convolution2 = convolution(BOTTLENECK * growth, growth, size=3)

    def forward(
        self, images: Float[Tensor, "batch filters height width"]
    ) -> Float[Tensor, "batch more_filters height width"]:
        """The input and the new filters."""
        hidden = self.convolution1(functional.relu(self.normalization1(images)))
        return torch.cat((images, self.convolution2(functional.relu(self.normalization2(hidden)))), dim=1)


class Transition(nn.Module):
    """BatchNorm, ReLU, a 1x1 convolution to half the filters, and the mean over 2x2 pixels."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.normalization = nn.BatchNorm2d(filters)
        self.convolution = convolution(filters, filters // COMPRESSION, size=1)

    def forward(
        self, images: Float[Tensor, "batch filters height width"]
    ) -> Float[Tensor, "batch fewer_filters half_height half_width"]:
        """Half the filters at half the size."""
        return functional.avg_pool2d(self.convolution(functional.relu(self.normalization(images))), 2)


class DenseNet(nn.Module):
    """A stem, three dense blocks with transitions between them, the mean over the image, and a linear classifier."""

    def __init__(self, *, layers: int, growth: int, classes: int, channels: int) -> None:
        super().__init__()
        filters = 2 * growth
        self.stem = convolution(channels, filters, size=3)
        parts: list[nn.Module] = []
        for block in range(BLOCKS):
            for _ in range(layers):
                parts.append(DenseLayer(filters, growth))
                filters += growth
            if block < BLOCKS - 1:
                parts.append(Transition(filters))
                filters //= COMPRESSION
        self.blocks = nn.Sequential(*parts)
        self.normalization = nn.BatchNorm2d(filters)
        self.classifier: nn.Module = skip_init(nn.Linear, filters, classes)

    def features(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features"]:
        """What the classifier sees: numbers of at least 0, of depth 100 with growth 12 there are 342."""
        return functional.relu(self.normalization(self.blocks(self.stem(images)))).mean((2, 3))

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.classifier(self.features(images))
