"""Dropout whose masks come from a generator."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


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
        kept = self.draw(inputs.shape, device=inputs.device) if self.mask is None else self.mask
        return torch.where(kept, inputs / (1 - self.probability), 0)

    def extra_repr(self) -> str:
        """What a printed network shows of it."""
        return f"probability={self.probability}"
