"""What a comparison consists of: two sides that measure themselves, and what to say about them."""

import dataclasses
import importlib.util
import time
from collections.abc import Callable, Mapping

import torch

Side = Callable[[], float]  # does some work and gives what it took, in the row's unit: the less the better


class Skipped(Exception):
    """A row cannot be measured here; the message says why."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison; its ratio is other / ours, so that a larger one is better for us."""

    ours: Side
    other: Side | Mapping[str, Side]  # of several by name, the one with the best median counts
    goal: float  # least ratio that is good enough
    unit: str
    note: str  # what is compared, for a reader of the book
    device: str = "cpu"
    cores: int | None = None  # how many processors both sides may use, with all their processes; None: all there are
    libraries: tuple[str, ...] = ()  # whose versions matter, besides torch


def timed(work: Callable[[], object], *, steps: int = 1, device: str = "cpu") -> Side:
    """A side that does `work`, which takes `steps` steps, and gives milliseconds a step."""
    synchronize = torch.get_device_module(device).synchronize

    def side() -> float:
        started = time.perf_counter()
        work()
        synchronize()
        return 1000 * (time.perf_counter() - started) / steps

    return side


def require(library: str) -> None:
    """Raise `Skipped` with the command that helps where a library of the extra `bench` is not installed."""
    if importlib.util.find_spec(library) is None:
        raise Skipped(f"{library} is not installed: pip install -c constraints.txt -e '.[bench]'")
