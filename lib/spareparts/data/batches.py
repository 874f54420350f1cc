"""Seeded batches: index draws from whole tensors, with nothing between the draw and the step."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from .. import checks


class Batch(NamedTuple):
    """Inputs and labels in the same order, of one step or of a part of a set."""

    inputs: Shaped[Tensor, "batch ..."]
    labels: Int[Tensor, " batch"]


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator on the device that starts from the seed (0 or larger); ValueError otherwise."""
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed must be an integer of at least 0, got {seed!r}")
    return torch.Generator(device=device).manual_seed(seed)


class Batches(Iterator[Batch]):
    """Endless batches of shuffled epochs, each a permutation drawn from the generator; `len` is the steps of an epoch.

    Every sample comes once in an epoch; with `drop_last` the rest that fills no batch is left out of it. `augment` is
    called as `augment(inputs, generator=generator)`. A generator on the tensors' device spares a copy per epoch; one on
    the CPU gives the same order on every device. ValueError if the sizes do not fit each other.
    """

    def __init__(
        self,
        inputs: Shaped[Tensor, "samples ..."],
        labels: Int[Tensor, " samples"],
        *,
        batch_size: int,
        generator: torch.Generator,
        augment: Callable[..., Tensor] | None = None,
        drop_last: bool = True,
    ) -> None:
        checks.equally_many(inputs=inputs, labels=labels)
        if not 1 <= batch_size <= len(inputs):
            raise ValueError(f"batch_size must lie in 1..{len(inputs)}, the number of samples, got {batch_size}")
        self.inputs, self.labels = inputs, labels
        self.batch_size, self.generator = batch_size, generator
        self.augment, self.drop_last = augment, drop_last
        self._epoch_state = generator.get_state()
        self._rows: tuple[Tensor, ...] = ()
        self._position = 0

    def __len__(self) -> int:
        whole, rest = divmod(len(self.inputs), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __next__(self) -> Batch:
        rows = self.draw_rows()
        inputs = self.inputs.index_select(0, rows)
        if self.augment is not None:
            inputs = self.augment(inputs, generator=self.generator)
        return Batch(inputs, self.labels.index_select(0, rows))

    def draw_rows(self) -> Int[Tensor, " batch"]:
        """The samples of the next batch, by number, for a caller that gathers them itself."""
        if self._position == len(self._rows):
            self._start_epoch()
        self._position += 1
        return self._rows[self._position - 1]

    def _start_epoch(self) -> None:
        self._epoch_state = self.generator.get_state()
        order = torch.randperm(len(self.inputs), generator=self.generator, device=self.generator.device)
        self._rows = order.to(self.inputs.device).split(self.batch_size)[: len(self)]
        self._position = 0

    def state_dict(self) -> dict[str, Tensor | int]:
        """All that is needed to go on: the generator at the epoch's start and now, and the steps taken since."""
        return {
            "epoch_generator": self._epoch_state,
            "generator": self.generator.get_state(),
            "position": self._position,
        }

    def load_state_dict(self, state: dict[str, Tensor | int]) -> None:
        """Go on where `state_dict` was taken, with the same tensors and settings; ValueError if it cannot fit."""
        if not 0 <= state["position"] <= len(self):
            raise ValueError(f"position must lie in 0..{len(self)}, the steps of an epoch, got {state['position']}")
        self._rows, self._position = (), 0
        if state["position"]:  # redraw the epoch's permutation
            self.generator.set_state(state["epoch_generator"])
            self._start_epoch()
            self._position = state["position"]
        self.generator.set_state(state["generator"])
