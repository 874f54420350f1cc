"""Replicas in one tensor each: parameters, buffers and momenta, their optimizer's step, and what each step is fed."""

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data import Batch, Batches
from .replica import Replica, Run

NUMBERS = ("lr", "momentum", "weight_decay")  # of a parameter group, each replica's own


class Stack:
    """The tensors of replicas stacked along a first axis; each replica's module and optimizer hold views of them."""

    def __init__(self, replicas: Sequence[Replica], *, unused: Collection[str]) -> None:
        self.replicas = list(replicas)
        networks = [replica.network for replica in self.replicas]
        self.trained: dict[str, Tensor] = {}
        self.constant: dict[str, Tensor] = {}  # not trained, or changed by the forward pass alone
        for name, parameter in networks[0].named_parameters():
            kept = self.trained if parameter.requires_grad and name not in unused else self.constant
            kept[name] = torch.stack([network.get_parameter(name).detach() for network in networks])
        for name, _ in networks[0].named_buffers():
            self.constant[name] = torch.stack([network.get_buffer(name) for network in networks])
        options = self.replicas[0].optimizer.param_groups
        group_of = {id(p): number for number, group in enumerate(options) for p in group["params"]}
        named = {name: id(networks[0].get_parameter(name)) for name in self.trained}
        self.groups = {name: group_of[place] for name, place in named.items() if place in group_of}
        moving = any(group["momentum"] for replica in self.replicas for group in replica.optimizer.param_groups)
        self.momenta = {name: self._momentum(name) for name in self.groups} if moving else {}
        self._point(lambda stacked, place: stacked[place])

    def _momentum(self, name: str) -> Tensor:
        """The stacked momenta of one parameter; what an optimizer has not begun to keep starts from 0."""
        momentum = torch.zeros_like(self.trained[name])
        for place, replica in enumerate(self.replicas):
            own = replica.optimizer.state.get(replica.network.get_parameter(name), {}).get("momentum_buffer")
            if own is not None:
                momentum[place] = own
        return momentum

    def tensors(self) -> list[Tensor]:
        """All that a step changes."""
        return [*self.trained.values(), *self.constant.values(), *self.momenta.values()]

    @torch.no_grad()
    def update(self, gradients: dict[str, Tensor], values: Float[Tensor, "groups numbers replicas"]) -> None:
        """One step of SGD, `g += decay p; m = momentum m + g; p -= lr m`, m from 0; `values` as `NUMBERS`."""
        for name, group in self.groups.items():
            parameter = self.trained[name]
            axes = (-1, *[1] * (parameter.dim() - 1))
            lr, momentum, weight_decay = (row.to(parameter.dtype).view(axes) for row in values[group])
            step = gradients[name] + weight_decay * parameter
            if name in self.momenta:
                step = self.momenta[name].mul_(momentum).add_(step)
            parameter.sub_(lr * step)

    def release(self) -> None:
        """Give each replica tensors of its own again."""
        self._point(lambda stacked, place: stacked[place].clone())

    @torch.no_grad()
    def _point(self, share: Callable[[Tensor, int], Tensor]) -> None:
        """Let each replica's module and optimizer hold its share of every stacked tensor."""
        for place, replica in enumerate(self.replicas):
            for name, stacked in (self.trained | self.constant).items():
                path, _, leaf = name.rpartition(".")
                owner = replica.network.get_submodule(path)
                if isinstance(held := getattr(owner, leaf), nn.Parameter):
                    held.data, held.grad = share(stacked, place), None
                else:
                    setattr(owner, leaf, share(stacked, place))
            for name, stacked in self.momenta.items():
                parameter = replica.network.get_parameter(name)
                replica.optimizer.state[parameter]["momentum_buffer"] = share(stacked, place)


class Feed:
    """Draws for each replica from its own generators what it would draw alone.

    Where all replicas take plain rows of the same tensors, a step is fed row numbers and gathers the samples itself.
    """

    def __init__(self, group: Sequence[Run]) -> None:
        self.group, self.first = list(group), group[0].replica
        self.by_rows = all(plain(run.replica.batches, like=self.first.batches) for run in group)
        self.batch_type: type = Batch

    def steps(self, count: int) -> Iterator[tuple[Tensor, ...]]:
        """What `count` steps are fed: hyperparameters (groups, numbers, replicas), then what `unpack` takes."""
        schedule = self.schedule(count)
        if self.by_rows:
            drawn = [torch.stack([run.replica.batches.draw_rows() for _ in range(count)]) for run in self.group]
            yield from zip(schedule, torch.stack(drawn, 1), strict=True)
            return
        for values in schedule:
            batches = [next(run.batches) for run in self.group]
            self.batch_type = type(batches[0])
            yield (values, *map(torch.stack, zip(*batches, strict=True)))

    def schedule(self, count: int) -> Tensor:
        """Hyperparameters of the next steps, (steps, groups, numbers, replicas), read from each replica's optimizer."""
        table = []
        with warnings.catch_warnings():
            # the optimizers are never stepped here, of which PyTorch's schedules would warn
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            for _ in range(count):
                options = [run.replica.optimizer.param_groups for run in self.group]
                table.append([[[float(group[name]) for name in NUMBERS] for group in groups] for groups in options])
                for run in self.group:
                    if run.replica.schedule is not None:
                        run.replica.schedule.step()
        return torch.tensor(table, dtype=torch.float64).permute(0, 2, 3, 1).contiguous().to(self.first.device)

    def unpack(self, parts: Sequence[Tensor]) -> Any:
        """The stacked batch."""
        if self.by_rows:
            (rows,) = parts
            samples = self.first.batches.inputs, self.first.batches.labels
            return Batch(*(part.index_select(0, rows.flatten()).unflatten(0, rows.shape) for part in samples))
        return self.batch_type(*parts) if hasattr(self.batch_type, "_fields") else tuple(parts)


def plain(batches: Any, *, like: Any) -> bool:
    """Whether these are whole batches of rows of the same tensors, as they are."""
    if type(batches) is not Batches or type(like) is not Batches or batches.augment is not None:
        return False
    whole = batches.drop_last or len(batches.inputs) % batches.batch_size == 0
    return whole and batches.inputs is like.inputs and batches.labels is like.labels
