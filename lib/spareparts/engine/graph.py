"""One step as one CUDA graph: the host starts it with a single call instead of one for each of its kernels."""

import warnings
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

WARM_UP = 3  # steps before the capture, in which libraries choose and allocate


class Captured:
    """A step that reads what it is fed and changes `state` in place, captured when it is first called.

    A capture that fails is told, and the step goes on kernel by kernel; so does a step that is fed other shapes.
    """

    def __init__(self, step: Callable[..., Tensor], state: Iterable[Tensor]) -> None:
        self.step, self.state = step, list(state)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.failed = False
        self.feed: tuple[Tensor, ...] = ()
        self.losses: Tensor | None = None

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
        self.feed = tuple(part.clone() for part in feed)
        graph = torch.cuda.CUDAGraph()
        try:
            with unchanged(self.state):
                warm_up(lambda: self.step(*self.feed))
            with torch.cuda.graph(graph):
                self.losses = self.step(*self.feed)
            self.graph = graph
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            self.failed = True
            warnings.warn(f"no CUDA graph, training goes on without: {error}", stacklevel=2)


class unchanged:
    """Tensors are inside what they like, and afterwards what they were."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.tensors = list(tensors)

    def __enter__(self) -> None:
        self.saved = [tensor.clone() for tensor in self.tensors]

    def __exit__(self, *error: object) -> None:
        for tensor, saved in zip(self.tensors, self.saved, strict=True):
            tensor.copy_(saved)


def warm_up(step: Callable[[], object]) -> None:
    """Run a step a few times on a stream of its own, as a capture demands."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            step()
    torch.cuda.current_stream().wait_stream(stream)
