"""The network: a feature extractor, a linear gate, and experts with one hidden layer each.

The extractor is the paper's two convolutional blocks, or two transformer blocks of the same feature size.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional, init

PATCH = 4  # pixels
CHANNELS = 64  # of a token: 49 or 64 tokens then give the convolutional extractor's 3136 or 4096 features
HEADS = 4


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


class Patches(nn.Module):
    """Images cut into square patches, each mapped linearly to a token, plus a learned vector for its place."""

    def __init__(self, channels: int, *, size: int) -> None:
        super().__init__()
        self.embedding = nn.Conv2d(channels, CHANNELS, kernel_size=PATCH, stride=PATCH)
        self.place = nn.Parameter(torch.zeros((size // PATCH) ** 2, CHANNELS))

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch tokens features"]:
        """Tokens of the images."""
        return self.embedding(images).flatten(2).transpose(1, 2) + self.place


class Attention(nn.Module):
    """Pre-normalized transformer block: self-attention with four heads, then a network of twice the width (GELU)."""

    def __init__(self) -> None:
        super().__init__()
        self.first_norm, self.second_norm = nn.LayerNorm(CHANNELS), nn.LayerNorm(CHANNELS)
        self.project, self.join = nn.Linear(CHANNELS, 3 * CHANNELS), nn.Linear(CHANNELS, CHANNELS)
        self.widen, self.narrow = nn.Linear(CHANNELS, 2 * CHANNELS), nn.Linear(2 * CHANNELS, CHANNELS)

    def forward(self, tokens: Float[Tensor, "batch tokens features"]) -> Float[Tensor, "batch tokens features"]:
        """Tokens that have looked at each other."""
        heads = self.project(self.first_norm(tokens)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads
        # written out, since vmap knows no rule for the fused kernel on a CPU
        attention = (query @ key.transpose(2, 3) * query.shape[3] ** -0.5).softmax(3)
        tokens = tokens + self.join((attention @ value).transpose(1, 2).flatten(2))
        return tokens + self.narrow(functional.gelu(self.widen(self.second_norm(tokens))))


def blocks_of(extractor: str | None, *, channels: int, size: int, filters: int) -> tuple[list[nn.Module], int]:
    """The blocks of an extractor for square images, and how many features they give; the pixels without one."""
    if extractor is None:
        return [], channels * size**2
    if extractor == "convolutional":
        return [Block(channels, filters), Block(filters, 2 * filters)], 2 * filters * (size // 4) ** 2
    return [nn.Sequential(Patches(channels, size=size), Attention()), Attention()], CHANNELS * (size // PATCH) ** 2


class MixtureOutput(NamedTuple):
    """What a forward pass gives: gates, the experts' logits, and the extractor's block outputs."""

    gates: Float[Tensor, "batch experts"]  #: probabilities
    logits: Float[Tensor, "batch experts classes"]
    blocks: tuple[Float[Tensor, "batch ..."], ...]  #: empty without an extractor
    features: Float[Tensor, "batch features"]  #: what gate and experts see
    hidden: Float[Tensor, "batch experts hidden"]  #: the experts' activations
    scores: Float[Tensor, "batch experts"]  #: of the gate, before the softmax
    temperature: Float[Tensor, ""] | None  #: of the SNNL, where it is learned


def full(values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The same values in float32 where a forward pass in bfloat16 gave them."""
    return values.float() if values.dtype == torch.bfloat16 else values


class RunningMean(nn.Module):
    """Mean of the features over the batches of the training so far, each weighing 0.9 of the one after it.

    `m_n = sum_i 0.9^(n-i) b_i / sum_i 0.9^(n-i)` of the batch means b; after the first batch its mean, before it 0.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(features))
        self.register_buffer("weight", torch.zeros(()))

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, " features"]:
        """The mean, a batch in training mode counted in; no gradient passes through it."""
        if self.training:
            with torch.no_grad():
                self.total.mul_(0.9).add_(0.1 * full(features.detach()).mean(0))
                self.weight.mul_(0.9).add_(0.1)
        return self.total / self.weight.clamp(min=1e-6)


class Mixture(nn.Module):
    """Mixture of experts on the features of two blocks (Fig. 1 and 3), experts' weights stacked.

    Without an `extractor` gate and experts see the pixels; with `uniform_gates=True` they form a traditional ensemble
    (Eq. 3); with `chosen_experts` an image is shared by those of the largest scores only; a `normalised_gate` sees
    features of length 1, a `centred_gate` sees them less that share of their running mean. Weights come from
    `generator` alone: hidden layers Kaiming, output layers Xavier, the rest PyTorch's way.
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
        extractor: str | None = "convolutional",
        filters: int = 32,
        uniform_gates: bool = False,
        chosen_experts: int | None = None,
        normalised_gate: bool = False,
        centred_gate: float = 0.0,
        learned_temperature: bool = False,
    ) -> None:
        super().__init__()
        blocks, features = blocks_of(extractor, channels=channels, size=size, filters=filters)
        self.blocks = nn.ModuleList(blocks)
        self.uniform_gates, self.chosen_experts = uniform_gates, chosen_experts
        self.normalised_gate, self.centred_gate = normalised_gate, centred_gate
        self.mean, self.gate = RunningMean(features) if centred_gate else None, nn.Linear(features, experts)
        self.hidden_weight = nn.Parameter(torch.empty(experts, hidden_units, features))
        self.hidden_bias = nn.Parameter(torch.zeros(experts, hidden_units))
        self.output_weight = nn.Parameter(torch.empty(experts, classes, hidden_units))
        self.output_bias = nn.Parameter(torch.zeros(experts, classes))
        self.log_temperature = nn.Parameter(torch.zeros(())) if learned_temperature else None
        self.initialize(generator)

    @torch.no_grad()
    def initialize(self, generator: torch.Generator) -> None:
        """Draw all weights; the vectors of places are Gaussians of SD 0.02."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                bound = layer.weight[0].numel() ** -0.5
                init.uniform_(layer.weight, -bound, bound, generator=generator)
                init.uniform_(layer.bias, -bound, bound, generator=generator)
            elif isinstance(layer, Patches):
                init.normal_(layer.place, std=0.02, generator=generator)
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
        seen = features if self.mean is None else features - self.centred_gate * self.mean(features)
        scores = full(self.gate(functional.normalize(seen) if self.normalised_gate else seen))
        # one product for all experts: (batch, features) x (features, experts * hidden)
        flat = functional.linear(features, self.hidden_weight.flatten(0, 1), self.hidden_bias.flatten())
        hidden = functional.relu(flat).unflatten(1, self.hidden_bias.shape)
        logits = full(torch.einsum("bkh,kch->bkc", hidden, self.output_weight) + self.output_bias)
        temperature = None if self.log_temperature is None else self.log_temperature.exp()
        return MixtureOutput(self.gates(scores), logits, tuple(blocks), features, hidden, scores, temperature)

    def gates(self, scores: Float[Tensor, "batch experts"]) -> Float[Tensor, "batch experts"]:
        """Probabilities of the experts: the softmax of the scores, of the largest only where few are chosen."""
        if self.uniform_gates:
            scores = torch.zeros_like(scores)
        elif self.chosen_experts is not None:
            # by their places, since several scores may equal the least of the chosen
            best = scores.topk(self.chosen_experts, dim=1).indices
            scores = torch.full_like(scores, -torch.inf).scatter(1, best, scores.gather(1, best))
        return scores.softmax(1)

    def predict(self, output: MixtureOutput) -> Float[Tensor, "batch classes"]:
        """Class scores: those of the expert with the largest gate (Eq. 4), or the mean of an ensemble (Eq. 3)."""
        if self.uniform_gates:
            return output.logits.softmax(2).mean(1)
        chosen = output.gates.argmax(1)
        return output.logits[torch.arange(len(chosen), device=chosen.device), chosen]
