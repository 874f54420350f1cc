"""What training keeps on disk: trained weights, and the state that it goes on from."""

import contextlib
import io
import time
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..whole import replacing
from .replica import Outcome, Run, generators

# Trained weights in the cache, so that a later instrument needs no training


class DamagedFile(ValueError):
    """A cached file cannot be read, or does not hold what was written; the message names it."""


def save_weights(network: nn.Module, path: Path, *, commit: str = "unknown") -> None:
    """Write a network's state whole, with the commit of the code that made it; warn where it cannot be written."""
    write({**network.state_dict(), "commit": commit}, path)


def write(content: dict[str, Any], path: Path) -> None:
    """Write a file for `read`; warn where it cannot be written."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    try:
        with replacing(path) as file:
            file.write(buffer.getvalue())
    except OSError as error:
        warnings.warn(f"weights not cached in {path}: {error.strerror or error}", stacklevel=3)


def read(path: Path) -> dict[str, Any]:
    """What `write` was given, on the CPU; `DamagedFile` for anything else."""
    try:
        with zipfile.ZipFile(path) as archive:  # whose checksums torch.load does not look at
            damaged = archive.testzip()
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever torch.load makes of a file that is none of its own
        raise DamagedFile(f"{path} cannot be read ({type(error).__name__})") from error
    if damaged:
        raise DamagedFile(f"{path} is damaged: the checksum of {damaged} in it is wrong")
    return content


def cached_weights(network: nn.Module, path: Path) -> nn.Module | None:
    """The network with the weights of a file, or None where they have to be made; a damaged file is warned of."""
    if (weights := _found(path, "trained again")) is None:
        return None
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    return network


def _found(path: Path, consequence: str) -> dict[str, Any] | None:
    """What a file holds, or None; what follows from a damaged one is told."""
    try:
        return read(path) if path.exists() else None
    except DamagedFile as error:
        warnings.warn(f"{consequence}: {error}", stacklevel=3)


# Training that was cut off goes on where its last checkpoint was taken

REVISION = 2  # of the file's form


def state_of(run: Run) -> dict[str, Any]:
    """All that a run needs to go on, copied to the CPU."""
    replica = run.replica
    return copied(
        {
            "end": vars(run.end),
            "network": replica.network.state_dict(),
            "parts": [part.state_dict() for part in parts(run)],
            "generators": [draw.get_state() for draw in generators(replica.network)],
        }
    )


def restore(run: Run, state: dict[str, Any]) -> None:
    """Bring a run to the state that was taken of it."""
    run.replica.network.load_state_dict(state["network"])
    for part, saved in zip(parts(run), state["parts"], strict=True):
        part.load_state_dict(saved)
    for draw, saved in zip(generators(run.replica.network), state["generators"], strict=True):
        draw.set_state(saved)
    run.end = Outcome(**state["end"])


def parts(run: Run) -> list[Any]:
    """What of a run has a state beside the network: optimizer, schedule, batches, some callbacks."""
    own = (run.replica.optimizer, run.replica.schedule, run.replica.batches, *run.callbacks)
    return [part for part in own if hasattr(part, "state_dict") and hasattr(part, "load_state_dict")]


def copied(value: Any) -> Any:
    """The same with tensors of its own on the CPU: a view would bring its whole stack into the file."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return type(value)(copied(item) for item in value) if isinstance(value, list | tuple) else value


class Opening(NamedTuple):
    """So many first steps that several trainings have in common, and the file that keeps the state after them."""

    steps: int
    path: Path


class Checkpoint:
    """The file of a call of `fit`, written every so many seconds between stretches, removed when all is done.

    The state after an `opening` is written to a file that stays; who finds it and has no own file begins there.
    """

    def __init__(
        self, path: Path | None, runs: Sequence[Run], *, seconds: float, opening: Opening | None = None, **identity: Any
    ) -> None:
        self.path, self.runs, self.seconds, self.opening = path, runs, seconds, opening
        names = [run.replica.name for run in runs]
        self.identity = {"revision": REVISION, "replicas": names} | identity
        self.written = time.perf_counter()

    @property
    def _common(self) -> dict[str, Any]:
        """What trainings with the same opening share of their identity."""
        return {name: value for name, value in self.identity.items() if name not in ("replicas", "steps")}

    def restore(self) -> None:
        """Go on from the file where there is one of the same training; another one is told and left out."""
        path, identity = self.path, self.identity
        if self.opening is not None and not (path is not None and path.exists()):
            path, identity = self.opening.path, self._common
        if path is None or (saved := _found(path, "training starts anew")) is None:
            return
        if (found := saved.get("identity")) != identity:
            warnings.warn(f"training starts anew: {path} belongs to {found}", stacklevel=3)
            return
        for run, state in zip(self.runs, saved["runs"], strict=True):
            restore(run, state)

    def tick(self) -> None:
        """Write the files whose time has come."""
        if self.opening is not None and all(
            run.end.steps == self.opening.steps and run.end.outcome is None for run in self.runs
        ):
            self._write(self.opening.path, self._common)
        if self.path is not None and time.perf_counter() - self.written >= self.seconds:
            self._write(self.path, self.identity)
            self.written = time.perf_counter()

    def _write(self, path: Path, identity: dict[str, Any]) -> None:
        write({"identity": identity, "runs": [state_of(run) for run in self.runs]}, path)

    def remove(self) -> None:
        """Remove the training's own file."""
        if self.path is not None:
            with contextlib.suppress(OSError):  # a cache that cannot be written was told when it was written to
                self.path.unlink()
