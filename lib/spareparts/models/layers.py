"""Layers that draw from a generator alone: dropout, and the weights of a whole network drawn anew."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import init


class Dropout(nn.Module):
    """Dropout with masks of its own generator, so that nothing depends on the global random state.

    Replicas side by side find their masks in the buffer `mask`, drawn before the step by `draw`; else the forward pass
    draws them. Raises `ValueError` unless the probability lies in [0, 1).
    """

    mask: Tensor | None

    def __init__(self, probability: float, *, generator: torch.Generator) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise ValueError(f"probability must lie in [0, 1), got {probability}")
        self.probability, self.generator = probability, generator
        self.register_buffer("mask", None, persistent=False)

    def draw(self, shape: tuple[int, ...], *, device: torch.device) -> Bool[Tensor, "batch *units"]:
        """Which units stay; without dropout all do, and nothing is drawn."""
        if self.probability == 0:
            return torch.ones(shape, dtype=torch.bool, device=device)
        uniform = torch.rand(shape, generator=self.generator, device=self.generator.device)
        return (uniform >= self.probability).to(device, non_blocking=True)

    def forward(self, inputs: Float[Tensor, "batch *units"]) -> Float[Tensor, "batch *units"]:
        """The inputs; in training a share of them is zero and the rest is scaled up to the same mean."""
        if not self.training or self.probability == 0:
            return inputs
        return self.drop(inputs, self.draw(inputs.shape, device=inputs.device) if self.mask is None else self.mask)

    def drop(
        self, inputs: Float[Tensor, "batch *units"], kept: Bool[Tensor, "batch *units"]
    ) -> Float[Tensor, "batch *units"]:
        """The inputs with only `kept` units left."""
        return torch.where(kept, inputs / (1 - self.probability), 0)

    def extra_repr(self) -> str:
        """What a printed network shows of it."""
        return f"probability={self.probability}"


INITIALIZATIONS = ("glorot_normal", "pytorch")


@torch.no_grad()
def initialize(network: nn.Module, initialization: str, *, generator: torch.Generator) -> nn.Module:
    """Draw the weights of all linear and convolutional layers anew, in the order of the layers; gives the network.

    `glorot_normal`: weights N(0, 2 / (fan_in + fan_out)), biases 0. `pytorch`: PyTorch's default, both uniform in
    +-1 / sqrt(fan_in). Raises `ValueError` for another name.
    """
    if initialization not in INITIALIZATIONS:
        raise ValueError(f"initialization must be one of {', '.join(INITIALIZATIONS)}, got {initialization!r}")
    for layer in network.modules():
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        if initialization == "glorot_normal":
            init.xavier_normal_(layer.weight, generator=generator)
            if layer.bias is not None:
                init.zeros_(layer.bias)
        else:
            init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
            if layer.bias is not None:
                bound = layer.weight[0].numel() ** -0.5
                init.uniform_(layer.bias, -bound, bound, generator=generator)
    return network
