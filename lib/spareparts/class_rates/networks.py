"""Fully connected networks as Table 1 lists them: SELU with alpha dropout, ReLU and tanh with dropout."""

import functools
import itertools

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional, init

from .. import checks, models

SELU_FLOOR = -1.7580993408473766  # -scale * alpha of SELU: where its units saturate
ACTIVATIONS = {"selu": functional.selu, "relu": functional.relu, "tanh": torch.tanh}
OWN = {"selu": "lecun", "relu": "he", "tanh": "glorot"}  # what each is initialized with
# Normal weights of variance 1 / fan_in, 2 / fan_in and 2 / (fan_in + fan_out)
INITIALIZATIONS = {
    "lecun": functools.partial(init.kaiming_normal_, nonlinearity="linear"),
    "he": functools.partial(init.kaiming_normal_, nonlinearity="relu"),
    "glorot": init.xavier_normal_,
}


def hidden_widths(*, layers: int, width: int, shape: str, classes: int) -> list[int]:
    """Units of each hidden layer: all `width`, or (conic) shrinking geometrically so that `classes` would be next."""
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


class FullyConnected(nn.Module):
    """Hidden layers, each followed by its activation and dropout, and a linear output layer.

    Weights are drawn from `generator`, dropout masks from a second one that it seeds; biases begin with 0. Raises
    `ValueError` for an unknown activation or initialization.
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
        initialization = OWN[activation] if initialization == "activation" else initialization
        checks.one_of(INITIALIZATIONS, initialization=initialization)
        self.activate = ACTIVATIONS[activation]
        pairs = itertools.pairwise([features, *widths, classes])
        layers = [nn.utils.skip_init(nn.Linear, *pair) for pair in pairs]
        for layer in layers:
            INITIALIZATIONS[initialization](layer.weight, generator=generator)
            init.zeros_(layer.bias)
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
