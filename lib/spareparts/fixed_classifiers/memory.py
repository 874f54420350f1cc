"""Bytes that a piece of work holds at once, counted tensor by tensor, the same on every device."""

import weakref
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that were made inside it and are still alive; `peak` is the most so far.

    What an operation of PyTorch takes and frees within itself is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self.known: weakref.WeakSet = weakref.WeakSet()

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        """Do the operation and count what is new."""
        found = function(*args, **(kwargs or {}))
        for value in tree_iter(found):
            if isinstance(value, Tensor):
                self._count(value.untyped_storage())
        return found

    def reset(self) -> None:
        """Begin a new peak at what is alive now."""
        self.peak = self.live

    def _count(self, storage: torch.UntypedStorage) -> None:
        # views share their storage, which keeps its Python object as long as any of them lives
        if storage in self.known:
            return
        self.known.add(storage)
        weakref.finalize(storage, self._free, storage.nbytes())
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)

    def _free(self, size: int) -> None:
        self.live -= size
