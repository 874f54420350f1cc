"""What networks are made of: layers and weights that come from a generator alone, and an exchangeable classifier.

PyTorch's own draw of weights would use and move the global random state, so that layers are made without: `skip_init`.
"""

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torch.nn import init
from torch.nn.utils import skip_init

from .. import checks

Images = Float[Tensor, "batch channels height width"]
Units = Float[Tensor, "batch *units"]
Maps = Float[Tensor, "batch filters new_height new_width"]


class Headed(nn.Module):
    """A body, then a classifier that can be exchanged."""

    def __init__(self, body: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.body, self.classifier = body, classifier

    def features(self, images: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch features"]:
        """What the classifier sees."""
        return self.body(images)

    def forward(self, images: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.classifier(self.features(images))


def linear(features: int, classes: int) -> nn.Module:
    """A linear layer, whose weights are not drawn yet."""
    return skip_init(nn.Linear, features, classes)


def convolution(
    channels: int, filters: int, *, size: int, stride: int = 1, groups: int = 1, bias: bool = False
) -> nn.Module:
    """A convolution that keeps the image's size at stride 1; its weights are not drawn yet."""
    options = {"stride": stride, "padding": size // 2, "groups": groups, "bias": bias}
    return skip_init(nn.Conv2d, channels, filters, size, **options)


def normalized(channels: int, filters: int, **options: int) -> nn.Sequential:
    """A `convolution` and BatchNorm."""
    return nn.Sequential(convolution(channels, filters, **options), nn.BatchNorm2d(filters))


INITIALIZATIONS = ("glorot_normal", "he_normal", "pytorch")


@torch.no_grad()
def initialize(network: nn.Module, initialization: str, *, generator: torch.Generator) -> nn.Module:
    """Draw the weights of all linear and convolutional layers anew, in the order of the layers; gives the network.

    `glorot_normal`: weights N(0, 2 / (fan_in + fan_out)), biases 0. `pytorch`: PyTorch's default, both uniform in
    +-1 / sqrt(fan_in). `he_normal`: that for linear layers, and filters N(0, 2 / fan_out), groups left out of
    account. Raises `ValueError` for another name.
    """
    checks.one_of(INITIALIZATIONS, initialization=initialization)
    for layer in network.modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        if initialization == "glorot_normal":
            init.xavier_normal_(layer.weight, generator=generator)
        elif initialization == "he_normal" and isinstance(layer, nn.Conv2d):
            init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        else:
            init.kaiming_uniform_(layer.weight, a=5**0.5, generator=generator)
        if layer.bias is not None and initialization == "glorot_normal":
            init.zeros_(layer.bias)
        elif layer.bias is not None:
            bound = layer.weight[0].numel() ** -0.5
            init.uniform_(layer.bias, -bound, bound, generator=generator)
    return network


class Dropout(nn.Module):
    """Dropout with masks of its own generator, so that nothing depends on the global random state.

    Raises `ValueError` unless the probability lies in [0, 1).
    """

    def __init__(self, probability: float, *, generator: torch.Generator) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise ValueError(f"probability must lie in [0, 1), got {probability}")
        self.probability, self.generator = probability, generator

    def forward(self, inputs: Units) -> Units:
        """The inputs; in training a share of them is zero and the rest is scaled up to the same mean."""
        if not self.training or self.probability == 0:
            return inputs
        uniform = torch.rand(inputs.shape, generator=self.generator, device=self.generator.device)
        return self.drop(inputs, (uniform >= self.probability).to(inputs.device, non_blocking=True))

    def drop(self, inputs: Units, kept: Bool[Tensor, "batch *units"]) -> Units:
        """The inputs with only `kept` units left."""
        return torch.where(kept, inputs / (1 - self.probability), 0)
