"""Replicas trained side by side: one pass over stacked parameters for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.func import functional_call, grad_and_value, vmap
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .device import autocast
from .feed import Feed
from .graph import Captured
from .probe import probe
from .replica import Run
from .stack import Stack
from .updates import KINDS, update


class SideBySide:
    """Trainer of a group of replicas by `torch.func.vmap` and stacked updates; on CUDA a step is one graph."""

    def __init__(self, group: Sequence[Run], *, precision: str) -> None:
        self.precision = precision
        self.found = probe(group[0].replica, precision=precision)
        self._begin(group)

    def _begin(self, group: Sequence[Run]) -> None:
        replicas = [run.replica for run in group]
        self.first, self.replicas = replicas[0], replicas
        self.stack, self.feed = Stack(replicas, unused=self.found.unused), Feed(group, self.found)
        first_group = self.first.optimizer.param_groups[0]
        self.kind = type(self.first.optimizer)
        self.shared = {name: bool(first_group.get(name)) for name in KINDS[self.kind].shared}
        dtype = next(iter(self.stack.trained.values())).dtype
        self.settings = {
            name: torch.tensor([replica.settings[name] for replica in replicas], dtype=dtype, device=self.first.device)
            for name in self.first.settings
        }
        # what `adjust` does may depend on the host's state, which a graph would freeze
        graphed = self.first.device.type == "cuda" and not any(replica.adjust for replica in replicas)
        self.step = Captured(self._step, self.stack.tensors()) if graphed else self._step

    def stretch(self, steps: int) -> Float[Tensor, "replicas steps"]:
        """Take `steps` steps and give their losses, without a read from the device."""
        for replica in self.replicas:
            replica.network.train()
        losses = torch.empty(len(self.replicas), steps, device=self.first.device)
        for step, feed in enumerate(self.feed.steps(steps)):
            losses[:, step] = self.step(*feed)
        return losses

    def finite(self) -> Bool[Tensor, " replicas"]:
        """Which replicas' parameters are all finite."""
        sums = [stacked.reshape(len(stacked), -1).sum(1) for stacked in self.stack.trained.values()]
        return torch.stack(sums).isfinite().all(0)

    def keep(self, survivors: Sequence[Run]) -> None:
        """Go on with these runs of the group only; the others stay as they are."""
        self.close()
        if survivors:
            self._begin(survivors)

    def close(self) -> None:
        """Give each replica tensors of its own again."""
        self.stack.release()

    def _step(self, values: Tensor, *parts: Tensor) -> Float[Tensor, " replicas"]:
        batch, masks = self.feed.unpack(parts)
        backward = vmap(grad_and_value(self._loss))
        gradients, losses = backward(self.stack.trained, self.stack.constant, masks, self.settings, batch)
        if any(replica.adjust for replica in self.replicas):
            gradients = self._adjust(gradients)
        for name, state in self.stack.states.items():
            group = values[self.stack.groups[name]]
            update(self.kind, self.stack.trained[name], gradients[name], state, shared=self.shared, values=group)
        return losses

    def _loss(
        self, trained: Mapping, constant: Mapping, masks: Mapping, settings: Mapping[str, Tensor], batch: Any
    ) -> Tensor:
        def network(*inputs: Any, **named: Any) -> Any:
            return functional_call(self.first.network, (trained, constant, masks), inputs, named)

        with autocast(self.precision, self.first.device), FullBatchNorm():
            return self.first.objective(network, batch, settings)

    def _adjust(self, gradients: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Show each replica its gradients, and take what it made of them."""
        changed: dict[str, list[Tensor]] = {name: [] for name in gradients}
        for place, replica in enumerate(self.replicas):
            own = {name: replica.network.get_parameter(name) for name in gradients}
            for name, parameter in own.items():
                parameter.grad = gradients[name][place]
            if replica.adjust is not None:
                replica.adjust(replica.network)
            for name, parameter in own.items():
                changed[name].append(parameter.grad)
                parameter.grad = None
        return {name: torch.stack(each) for name, each in changed.items()}


class FullBatchNorm(TorchFunctionMode):
    """BatchNorm of bfloat16 in float32, as its kernels compute it, which on a CPU `vmap` keeps them from."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, with its input in float32 where that is needed."""
        if function is functional.batch_norm and args[0].dtype == torch.bfloat16:
            return function(args[0].float(), *args[1:], **kwargs or {}).to(torch.bfloat16)
        return function(*args, **kwargs or {})
