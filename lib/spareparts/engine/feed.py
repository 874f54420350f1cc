"""What each step of stacked replicas is fed: hyperparameters, batches and masks, one of each for every replica."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from ..data import Batch, Batches
from .probe import Probe
from .replica import Run
from .updates import KINDS, numbers


class Feed:
    """Draws for each replica from its own generators what it would draw alone.

    Where all replicas take plain rows of the same tensors, a step is fed row numbers and gathers the samples itself.
    """

    def __init__(self, group: Sequence[Run], found: Probe) -> None:
        self.group, self.device = list(group), group[0].replica.device
        self.masks = found.masks
        sources = [run.replica.batches for run in group]
        first = sources[0]
        self.by_rows = not found.masks and all(plain(source, like=first) for source in sources)
        self.tensors = (first.inputs, first.labels) if self.by_rows else ()
        self.batch_type: type = Batch

    def steps(self, count: int) -> Iterator[tuple[Tensor, ...]]:
        """What `count` steps are fed: hyperparameters (groups, numbers, replicas), then what `unpack` takes."""
        schedule = self.schedule(count)
        if self.by_rows:
            drawn = [torch.stack([run.replica.batches.draw_rows() for _ in range(count)]) for run in self.group]
            yield from zip(schedule, torch.stack(drawn, 1), strict=True)
            return
        for values in schedule:
            parts = zip(*(self._draw(run) for run in self.group), strict=True)
            yield (values, *map(torch.stack, parts))

    def _draw(self, run: Run) -> list[Tensor]:
        """A replica's batch, then its masks in the order in which its modules ask for them."""
        batch = next(run.batches)
        self.batch_type = type(batch)
        modules = ((run.replica.network.get_submodule(name), shape) for name, shape in self.masks.items())
        return [*batch, *(module.draw((len(batch[0]), *shape[1:]), device=self.device) for module, shape in modules)]

    def schedule(self, count: int) -> Tensor:
        """Hyperparameters of the next steps, (steps, groups, numbers, replicas), read from each replica's optimizer."""
        table = []
        with warnings.catch_warnings():
            # the optimizers are never stepped here, of which PyTorch's schedules would warn
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            for _ in range(count):
                table.append([self._numbers(run) for run in self.group])
                for run in self.group:
                    if run.replica.schedule is not None:
                        run.replica.schedule.step()
        return torch.tensor(table, dtype=torch.float64).permute(0, 2, 3, 1).contiguous().to(self.device)

    @staticmethod
    def _numbers(run: Run) -> list[list[float]]:
        optimizer = run.replica.optimizer
        return [numbers(group, KINDS[type(optimizer)]) for group in optimizer.param_groups]

    def unpack(self, parts: Sequence[Tensor]) -> tuple[Any, dict[str, Tensor]]:
        """The stacked batch, and the stacked masks by the names of their buffers."""
        if self.by_rows:
            (rows,) = parts
            return Batch(*(gather(tensor, rows) for tensor in self.tensors)), {}
        split = len(parts) - len(self.masks)
        masks = {f"{name}.mask": mask for name, mask in zip(self.masks, parts[split:], strict=True)}
        batch = parts[:split]
        return (self.batch_type(*batch) if hasattr(self.batch_type, "_fields") else tuple(batch)), masks


def gather(
    samples: Shaped[Tensor, "samples *shape"], rows: Int[Tensor, "replicas batch"]
) -> Shaped[Tensor, "replicas batch *shape"]:
    """The samples of those numbers."""
    return samples.index_select(0, rows.flatten()).unflatten(0, rows.shape)


def plain(batches: Any, *, like: Any) -> bool:
    """Whether these are whole batches of rows of the same tensors, as they are."""
    if type(batches) is not Batches or type(like) is not Batches or batches.augment is not None:
        return False
    whole = batches.drop_last or len(batches.inputs) % batches.batch_size == 0
    return whole and batches.inputs is like.inputs and batches.labels is like.labels
