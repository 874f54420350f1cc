"""What trains replicas: one as one would without an engine, or several in one pass over stacked parameters."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .device import autocast
from .groups import probe
from .replica import Run
from .stack import Feed, Stack


class Alone:
    """Trainer of one replica by its own optimizer."""

    def __init__(self, group: Sequence[Run], *, precision: str) -> None:
        (self.run,) = group
        self.precision, network = precision, self.run.replica.network
        if any(isinstance(module, nn.Conv2d) for module in network.modules()):
            network.to(memory_format=torch.channels_last)  # in which a step took a third less time here

    def stretch(self, steps: int) -> Float[Tensor, "1 steps"]:
        """Take `steps` steps and give their losses, without a read from the device."""
        replica, losses = self.run.replica, torch.empty(1, steps, device=self.run.replica.device)
        network, optimizer, schedule = replica.network.train(), replica.optimizer, replica.schedule
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for step in range(steps):
            batch = next(self.run.batches)
            with autocast(self.precision, replica.device):
                loss = replica.objective(network, batch, replica.settings)
            for parameter in parameters:  # what zero_grad does, without its 30 microseconds
                parameter.grad = None
            loss.backward()
            if replica.adjust is not None:
                replica.adjust(network)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            losses[0, step] = loss.detach()
        return losses

    def finite(self) -> Bool[Tensor, " 1"]:
        """Whether all parameters are finite."""
        sums = [parameter.detach().sum() for parameter in self.run.replica.network.parameters()]
        return torch.stack(sums).isfinite().all()[None]

    def close(self) -> None:
        """Nothing to give back."""


class SideBySide:
    """Trainer of a group of replicas by `torch.func.vmap` and a stacked step; on CUDA a step is one graph."""

    def __init__(self, group: Sequence[Run], *, precision: str) -> None:
        self.precision = precision
        self.unused, _ = probe(group[0].replica, precision=precision)
        self._begin(group)

    def _begin(self, group: Sequence[Run]) -> None:
        self.replicas = [run.replica for run in group]
        self.first = self.replicas[0]
        self.stack, self.feed = Stack(self.replicas, unused=self.unused), Feed(group)
        like = {"dtype": next(iter(self.stack.trained.values())).dtype, "device": self.first.device}
        names = self.first.settings
        self.settings = {name: torch.tensor([own.settings[name] for own in self.replicas], **like) for name in names}
        on_cuda = self.first.device.type == "cuda"
        self.step = Captured(self._step, self.stack.tensors()) if on_cuda else self._step

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
        self._begin(survivors)

    def close(self) -> None:
        """Give each replica tensors of its own again."""
        self.stack.release()

    def _step(self, values: Tensor, *parts: Tensor) -> Float[Tensor, " replicas"]:
        backward = vmap(grad_and_value(self._loss))
        batch = self.feed.unpack(parts)
        gradients, losses = backward(self.stack.trained, self.stack.constant, self.settings, batch)
        self.stack.update(gradients, values)
        return losses

    def _loss(self, trained: Mapping, constant: Mapping, settings: Mapping[str, Tensor], batch: Any) -> Tensor:
        def network(*inputs: Any, **named: Any) -> Any:
            return functional_call(self.first.network, (trained, constant), inputs, named)

        with autocast(self.precision, self.first.device), FullBatchNorm():
            return self.first.objective(network, batch, settings)


class FullBatchNorm(TorchFunctionMode):
    """BatchNorm of bfloat16 in float32, as its kernels compute it, which on a CPU `vmap` keeps them from."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function, with its input in float32 where that is needed."""
        if function is functional.batch_norm and args[0].dtype == torch.bfloat16:
            return function(args[0].float(), *args[1:], **kwargs or {}).to(torch.bfloat16)
        return function(*args, **kwargs or {})


WARM_UP = 3  # steps before a capture, in which libraries choose and allocate


class Captured:
    """A step as one CUDA graph, which the host starts with a single call instead of one for each of its kernels.

    It reads what it is fed and changes `state` in place, and is captured when it is first called. A capture that fails
    is told, and the step goes on kernel by kernel; so does a step that is fed other shapes.
    """

    def __init__(self, step: Callable[..., Tensor], state: Sequence[Tensor]) -> None:
        self.step, self.state = step, state
        self.graph: torch.cuda.CUDAGraph | None = None
        self.failed = False
        self.feed: tuple[Tensor, ...] = ()

    def __call__(self, *feed: Tensor) -> Tensor:
        """Take one step and give its losses, which the next call overwrites."""
        if self.graph is None and not self.failed:
            self._capture(feed)
        if self.failed or any(new.shape != old.shape for new, old in zip(feed, self.feed, strict=True)):
            return self.step(*feed)
        for old, new in zip(self.feed, feed, strict=True):
            old.copy_(new)
        self.graph.replay()
        return self.losses

    def _capture(self, feed: tuple[Tensor, ...]) -> None:
        self.feed, before = tuple(part.clone() for part in feed), [tensor.clone() for tensor in self.state]
        try:
            graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):  # one of its own, as a capture demands
                for _ in range(WARM_UP):
                    self.step(*self.feed)
            torch.cuda.current_stream().wait_stream(stream)
            with torch.cuda.graph(graph):
                self.losses = self.step(*self.feed)
            self.graph = graph
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self.failed = True
            warnings.warn(f"no CUDA graph, training goes on without: {error}", stacklevel=2)
        finally:
            for tensor, saved in zip(self.state, before, strict=True):
                tensor.copy_(saved)
