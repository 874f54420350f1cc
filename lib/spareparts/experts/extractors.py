"""Feature extractors: the paper's two convolutional blocks, and two transformer blocks of the same feature size."""

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


class Transformer(nn.Module):
    """The first of two transformer blocks, with the cutting of patches before it."""

    def __init__(self, channels: int, *, size: int) -> None:
        super().__init__()
        self.patches, self.attention = Patches(channels, size=size), Attention()

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch tokens features"]:
        """Tokens of the images after one block."""
        return self.attention(self.patches(images))


def blocks_of(extractor: str | None, *, channels: int, size: int, filters: int) -> tuple[list[nn.Module], int]:
    """The blocks of an extractor for square images, and how many features they give; the pixels without one."""
    if extractor is None:
        return [], channels * size**2
    if extractor == "convolutional":
        return [Block(channels, filters), Block(filters, 2 * filters)], 2 * filters * (size // 4) ** 2
    return [Transformer(channels, size=size), Attention()], CHANNELS * (size // PATCH) ** 2


@torch.no_grad()
def initialize(module: nn.Module, *, generator: torch.Generator) -> None:
    """PyTorch's default for convolutions and linear layers, from the generator; places as Gaussians of SD 0.02."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            bound = layer.weight[0].numel() ** -0.5
            init.uniform_(layer.weight, -bound, bound, generator=generator)
            init.uniform_(layer.bias, -bound, bound, generator=generator)
        elif isinstance(layer, Patches):
            init.normal_(layer.place, std=0.02, generator=generator)
