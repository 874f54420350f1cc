"""Batches of this chapter: two views of an image where a loss compares them, progress where a schedule needs it."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .. import data
from .config import Config


class TimedBatch(NamedTuple):
    """A batch with the share of the training that is done."""

    inputs: Float[Tensor, "batch ..."]
    labels: Int[Tensor, " batch"]
    progress: Float[Tensor, ""]  # 0 at the first step, below 1 at the last


Batch = data.Batch | TimedBatch


class Timed(Iterator[TimedBatch]):
    """Batches of a training that has so many steps, each with its progress."""

    def __init__(self, batches: data.Batches, *, steps: int) -> None:
        self.batches, self.steps, self.step = batches, steps, 0
        self.batch_size = batches.batch_size

    def __len__(self) -> int:
        return len(self.batches)

    def __next__(self) -> TimedBatch:
        batch = next(self.batches)
        progress = torch.tensor(self.step / self.steps, device=batch.inputs.device)
        self.step += 1
        return TimedBatch(*batch, progress)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return self.batches.state_dict() | {"step": self.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.batches.load_state_dict(state)
        self.step = state["step"]


def two_views(
    images: Float[Tensor, "batch channels height width"], *, generator: torch.Generator
) -> Float[Tensor, "batch views channels height width"]:
    """Each image cropped and flipped twice."""
    return torch.stack([data.crop_and_flip(images, generator=generator) for _ in range(2)], dim=1)


def batches_of(config: Config, images: Tensor, labels: Tensor, *, generator: torch.Generator) -> data.Batches | Timed:
    """The batches that a config trains on."""
    augment = None
    if config.augment:
        augment = two_views if config.arm == "simclr" else data.crop_and_flip
    batches = data.Batches(images, labels, batch_size=config.batch_size, generator=generator, augment=augment)
    scheduled = config.weight_schedule != "constant" or config.temperature_schedule == "annealed"
    return Timed(batches, steps=config.steps) if scheduled else batches
