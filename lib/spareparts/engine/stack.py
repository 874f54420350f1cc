"""Replicas in one tensor each: parameters, buffers and optimizer states, and what each step is fed."""

import warnings
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor, nn

from ..data import Batch, Batches
from .groups import Probe
from .replica import Replica, Run
from .updates import KINDS, numbers


class Stack:
    """The tensors of replicas stacked along a first axis, as long as they train side by side.

    Each replica's module and optimizer hold views, so that whatever reads or changes them sees the replica as it is.
    """

    def __init__(self, replicas: Sequence[Replica], *, unused: Collection[str]) -> None:
        self.replicas = list(replicas)
        named = [dict(replica.network.named_parameters()) for replica in self.replicas]
        self.trained: dict[str, Tensor] = {}
        self.constant: dict[str, Tensor] = {}  # not trained, or changed by the forward pass alone
        for name, parameter in named[0].items():
            kept = self.trained if parameter.requires_grad and name not in unused else self.constant
            kept[name] = torch.stack([parameters[name].detach() for parameters in named])
        for name, buffer in self.replicas[0].network.named_buffers():
            if buffer is not None:
                self.constant[name] = torch.stack([each.network.get_buffer(name) for each in self.replicas])
        self.groups = parameter_groups(self.replicas[0])
        self.states = {name: self._state(name) for name in self.trained if name in self.groups}
        self._point(lambda stacked, place: stacked[place])

    def _state(self, name: str) -> dict[str, Tensor]:
        """The optimizer's state of one parameter; what it has not begun to keep starts from 0."""
        optimizer, stacked = self.replicas[0].optimizer, self.trained[name]
        keys = KINDS[type(optimizer)].state
        if keys == ("momentum_buffer",) and not any(has_momentum(each.optimizer) for each in self.replicas):
            return {}
        found = {key: torch.zeros_like(stacked) for key in keys}
        if "step" in found:
            found["step"] = torch.zeros(len(stacked), device=stacked.device)
        for place, replica in enumerate(self.replicas):
            own = replica.optimizer.state.get(replica.network.get_parameter(name), {})
            for key in keys:
                if own.get(key) is not None:
                    found[key][place] = own[key]
        return found

    def tensors(self) -> Iterator[Tensor]:
        """All that a step changes."""
        yield from self.trained.values()
        yield from self.constant.values()
        for state in self.states.values():
            yield from state.values()

    def release(self) -> None:
        """Give each replica tensors of its own again."""
        self._point(lambda stacked, place: stacked[place].clone())

    @torch.no_grad()
    def _point(self, share) -> None:
        for place, replica in enumerate(self.replicas):
            for name, stacked in (self.trained | self.constant).items():
                owner, leaf = owner_of(replica.network, name)
                if leaf in owner._parameters:
                    owner._parameters[leaf].data = share(stacked, place)
                    owner._parameters[leaf].grad = None
                else:
                    owner._buffers[leaf] = share(stacked, place)
            for name, state in self.states.items():
                own = replica.optimizer.state[replica.network.get_parameter(name)]
                own.update({key: share(stacked, place) for key, stacked in state.items()})


def owner_of(network: nn.Module, name: str) -> tuple[nn.Module, str]:
    """The submodule that holds a parameter or buffer, and its name there."""
    path, _, leaf = name.rpartition(".")
    return network.get_submodule(path), leaf


def has_momentum(optimizer: torch.optim.Optimizer) -> bool:
    """Whether any parameter group of an SGD has momentum."""
    return any(group["momentum"] for group in optimizer.param_groups)


def parameter_groups(replica: Replica) -> dict[str, int]:
    """Number of the optimizer's parameter group of each parameter that it trains."""
    place = {id(p): number for number, group in enumerate(replica.optimizer.param_groups) for p in group["params"]}
    return {name: place[id(p)] for name, p in replica.network.named_parameters() if id(p) in place}


# What each step is fed: hyperparameters, batches and masks, one of each for every replica


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
