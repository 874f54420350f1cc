"""Training that was cut off goes on where its last checkpoint was taken."""

import contextlib
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .probe import DrawsMask
from .replica import Outcome, Run
from .weights import write

REVISION = 1  # of the file's form


def state_of(run: Run) -> dict[str, Any]:
    """All that a run needs to go on, copied to the CPU."""
    replica = run.replica
    return copied(
        {
            "done": run.done,
            "seconds": run.seconds,
            "losses": list(run.losses),
            "outcome": None if run.outcome is None else vars(run.outcome),
            "network": replica.network.state_dict(),
            "parts": [part.state_dict() for part in parts(run)],
            "generators": [draw.get_state() for draw in generators(run)],
        }
    )


def restore(run: Run, state: dict[str, Any]) -> None:
    """Bring a run to the state that was taken of it."""
    run.replica.network.load_state_dict(state["network"])
    for part, saved in zip(parts(run), state["parts"], strict=True):
        part.load_state_dict(saved)
    for draw, saved in zip(generators(run), state["generators"], strict=True):
        draw.set_state(saved)
    run.done, run.seconds, run.losses = state["done"], state["seconds"], list(state["losses"])
    run.outcome = None if state["outcome"] is None else Outcome(**state["outcome"])


def parts(run: Run) -> list[Any]:
    """What of a run keeps a state beside the network: optimizer, schedule, batches, and callbacks that have one."""
    own = (run.replica.optimizer, run.replica.schedule, run.replica.batches, *run.callbacks)
    return [part for part in own if hasattr(part, "state_dict") and hasattr(part, "load_state_dict")]


def generators(run: Run) -> list[torch.Generator]:
    """The generators that the network's masks come from."""
    return [module.generator for module in run.replica.network.modules() if isinstance(module, DrawsMask)]


def copied(value: Any) -> Any:
    """The same with tensors of its own on the CPU: a view would bring its whole stack into the file."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return type(value)(copied(item) for item in value) if isinstance(value, list | tuple) else value


class Checkpoint:
    """The file of a call of `fit`, written every so many seconds between stretches, removed when all is done."""

    def __init__(self, path: Path | None, runs: Sequence[Run], *, seconds: float, **identity: Any) -> None:
        self.path, self.runs, self.seconds = path, runs, seconds
        names = [run.replica.name for run in runs]
        self.identity = {"revision": REVISION, "replicas": names} | identity
        self.written = time.perf_counter()

    def restore(self) -> None:
        """Go on from the file where there is one of the same training; another one is told and left out."""
        if self.path is None or not self.path.exists():
            return
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            found = saved["identity"]
        except Exception as error:  # whatever torch.load makes of a file that is none of its own
            warnings.warn(f"training starts anew: {self.path} cannot be read ({type(error).__name__})", stacklevel=3)
            return
        if found != self.identity:
            warnings.warn(f"training starts anew: {self.path} belongs to {found}", stacklevel=3)
            return
        for run, state in zip(self.runs, saved["runs"], strict=True):
            restore(run, state)

    def tick(self) -> None:
        """Write the file where its time has come."""
        if self.path is not None and time.perf_counter() - self.written >= self.seconds:
            write({"identity": self.identity, "runs": [state_of(run) for run in self.runs]}, self.path)
            self.written = time.perf_counter()

    def remove(self) -> None:
        """Remove the file."""
        if self.path is not None:
            with contextlib.suppress(OSError):  # a cache that cannot be written was told when it was written to
                self.path.unlink()
