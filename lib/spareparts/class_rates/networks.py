"""Fully connected networks as Table 1 lists them: SELU with alpha dropout, ReLU and tanh with dropout."""

import itertools

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional, init

from .. import checks, models
from .config import ACTIVATIONS, INITIALIZATIONS

SHAPES = ("conic", "rectangular")
SELU_FLOOR = -1.7580993408473766  # -scale * alpha of SELU: where its units saturate


def hidden_widths(*, layers: int, width: int, shape: str, classes: int) -> list[int]:
    """Units of each hidden layer: all `width`, or shrinking geometrically so that the next would be `classes` (conic).

    Raises `ValueError` for another shape, and for fewer than one layer or unit.
    """
    checks.one_of(SHAPES, shape=shape)
    checks.whole(1, layers=layers, width=width, classes=classes)
    if shape == "rectangular":
        return [width] * layers
    return [round(width * (classes / width) ** (layer / layers)) for layer in range(layers)]


class SeededDropout(models.Dropout):
    """Dropout whose masks come from a generator: zeros with the rest scaled up, or alpha dropout.

    Alpha dropout (Klambauer et al. 2017) sets units to SELU's floor and then shifts and scales all of them, which keeps
    mean 0 and variance 1.
    """

    def __init__(self, *, probability: float, alpha: bool, generator: torch.Generator) -> None:
        super().__init__(probability, generator=generator)
        kept = 1 - probability
        floor = SELU_FLOOR if alpha else 0.0
        self.scale = (kept * (1 + probability * floor**2)) ** -0.5 if alpha else 1 / kept
        self.fill = self.scale * (floor - probability * floor)  # a dropped unit's value
        self.shift = -self.scale * probability * floor  # added to a kept unit

    def drop(
        self, inputs: Float[Tensor, "batch units"], kept: Bool[Tensor, "batch units"]
    ) -> Float[Tensor, "batch units"]:
        """The inputs with only `kept` units left."""
        return torch.where(kept, inputs * self.scale + self.shift, self.fill)


def initialize(layer: nn.Linear, *, initialization: str, generator: torch.Generator) -> None:
    """Normal weights of variance 1 / fan_in (lecun), 2 / fan_in (he) or 2 / (fan_in + fan_out) (glorot); no bias."""
    with torch.no_grad():
        if initialization == "glorot":
            init.xavier_normal_(layer.weight, generator=generator)
        else:
            nonlinearity = "relu" if initialization == "he" else "linear"
            init.kaiming_normal_(layer.weight, nonlinearity=nonlinearity, generator=generator)
        layer.bias.zero_()


class FullyConnected(nn.Module):
    """Hidden layers, each followed by its activation and dropout, and a linear output layer.

    Weights are drawn from `generator`, dropout masks from a second one that it seeds. Raises `ValueError` for an
    unknown activation.
    """

    def __init__(
        self,
        *,
        features: int,
        widths: list[int],
        classes: int,
        activation: str,
        dropout: float,
        generator: torch.Generator,
        initialization: str = "activation",
    ) -> None:
        super().__init__()
        checks.one_of(ACTIVATIONS, activation=activation)
        checks.one_of(INITIALIZATIONS, initialization=initialization)
        own = {"selu": "lecun", "relu": "he", "tanh": "glorot"}[activation]
        self.activate = {"selu": functional.selu, "relu": functional.relu, "tanh": torch.tanh}[activation]
        sizes = [features, *widths, classes]
        layers = [nn.utils.skip_init(nn.Linear, *pair) for pair in itertools.pairwise(sizes)]
        for layer in layers:
            initialize(
                layer, initialization=own if initialization == "activation" else initialization, generator=generator
            )
        self.hidden, self.output = nn.ModuleList(layers[:-1]), layers[-1]
        masks = torch.Generator().manual_seed(int(torch.randint(2**31, (), generator=generator)))
        self.dropout = SeededDropout(probability=dropout, alpha=activation == "selu", generator=masks)

    def activations(self, inputs: Float[Tensor, "batch features"]) -> list[Float[Tensor, "batch _"]]:
        """Every hidden layer's units after the activation, before dropout."""
        found: list[Tensor] = []
        for layer in self.hidden:
            found.append(self.activate(layer(self.dropout(found[-1]) if found else inputs)))
        return found

    def forward(self, inputs: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        """Class scores (logits)."""
        return self.output(self.dropout(self.activations(inputs)[-1]))
