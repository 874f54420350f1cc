"""Parameters, buffers and optimizer states of replicas in one tensor each; the replicas' own become views into them."""

from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor, nn

from .replica import Replica
from .updates import KINDS


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
