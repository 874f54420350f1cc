"""The network: a convolutional feature extractor, a linear gate, and experts with one hidden layer each."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional, init


class MixtureOutput(NamedTuple):
    """What a forward pass gives: gates, the experts' logits, and the extractor's block outputs."""

    gates: Float[Tensor, "batch experts"]  # probabilities
    logits: Float[Tensor, "batch experts classes"]
    blocks: tuple[Float[Tensor, "batch filters height width"], ...]  # empty without an extractor
    features: Float[Tensor, "batch features"]  # what gate and experts see
    hidden: Float[Tensor, "batch experts hidden"]  # the experts' activations


def full(values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The same values in float32 where a forward pass in bfloat16 gave them."""
    return values.float() if values.dtype == torch.bfloat16 else values


class Block(nn.Module):
    """Conv(3x3) - BatchNorm - ReLU - MaxPool(2).

    Pooling comes before the ReLU: both orders give the same values and gradients, this one rectifies a quarter.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, filters, kernel_size=3, padding=1)
        self.normalization = nn.BatchNorm2d(filters)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch filters pooled_height pooled_width"]:
        """Features at half the height and width."""
        return functional.relu(functional.max_pool2d(self.normalization(self.convolution(images)), 2))


class Mixture(nn.Module):
    """Mixture of experts on the features of two convolutional blocks (Fig. 1 and 3), experts' weights stacked.

    With `extractor=False` gate and experts see the pixels; with `uniform_gates=True` they form a traditional ensemble
    (Eq. 3). Weights come from `generator` alone: hidden layers Kaiming, output layers Xavier, the rest PyTorch's way.
    """

    def __init__(
        self,
        *,
        channels: int,
        size: int,
        classes: int,
        experts: int,
        hidden_units: int,
        generator: torch.Generator,
        extractor: bool = True,
        uniform_gates: bool = False,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(channels, 32), Block(32, 64)] if extractor else [])
        features = 64 * (size // 4) ** 2 if extractor else channels * size**2
        self.uniform_gates = uniform_gates
        self.gate = nn.Linear(features, experts)
        self.hidden_weight = nn.Parameter(torch.empty(experts, hidden_units, features))
        self.hidden_bias = nn.Parameter(torch.zeros(experts, hidden_units))
        self.output_weight = nn.Parameter(torch.empty(experts, classes, hidden_units))
        self.output_bias = nn.Parameter(torch.zeros(experts, classes))
        self._initialize(generator)

    @torch.no_grad()
    def _initialize(self, generator: torch.Generator) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                bound = layer.weight[0].numel() ** -0.5
                init.uniform_(layer.weight, -bound, bound, generator=generator)
                init.uniform_(layer.bias, -bound, bound, generator=generator)
        for hidden, output in zip(self.hidden_weight, self.output_weight, strict=True):
            init.kaiming_normal_(hidden, nonlinearity="relu", generator=generator)
            init.xavier_normal_(output, generator=generator)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> MixtureOutput:
        """Gates, expert logits, block outputs, features and hidden activations of a batch."""
        blocks, current = [], images
        for block in self.blocks:
            current = block(current)
            blocks.append(current)
        features = current.flatten(1)
        scores = self.gate(features)
        gates = full(torch.zeros_like(scores) if self.uniform_gates else scores).softmax(1)
        # one product for all experts: (batch, features) x (features, experts * hidden)
        flat = functional.linear(features, self.hidden_weight.flatten(0, 1), self.hidden_bias.flatten())
        hidden = functional.relu(flat).unflatten(1, self.hidden_bias.shape)
        logits = torch.einsum("bkh,kch->bkc", hidden, self.output_weight) + self.output_bias
        return MixtureOutput(gates, full(logits), tuple(blocks), features, hidden)

    def predict(self, output: MixtureOutput) -> Float[Tensor, "batch classes"]:
        """Class scores: those of the expert with the largest gate (Eq. 4), or the mean of an ensemble (Eq. 3)."""
        if self.uniform_gates:
            return output.logits.softmax(2).mean(1)
        chosen = output.gates.argmax(1)
        return output.logits[torch.arange(len(chosen), device=chosen.device), chosen]
