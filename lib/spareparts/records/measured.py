"""From a measurement to its result: timed, with numbers of few digits, or diverged."""

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .store import Result

DIGITS = 5  # significant ones, of the numbers in a record


class Diverged(Exception):
    """Training stopped being finite; carries the step, from 1."""

    def __init__(self, step: int) -> None:
        super().__init__(f"training diverged at step {step}")
        self.step = step


def measured(work: Callable[[], tuple[dict[str, Any], dict[str, np.ndarray]]], *, device: str) -> Result:
    """The metrics and arrays that the work gives, with the seconds that it took; a run that diverged is a result too.

    `device` is what the work runs on, in words.
    """
    started = time.perf_counter()
    try:
        metrics, arrays = work()
        ended: dict[str, Any] = {}
    except Diverged as error:
        metrics, arrays, ended = {}, {}, {"outcome": "diverged", "diverged_step": error.step}
    seconds = time.perf_counter() - started
    return Result(metrics=rounded(metrics), arrays=arrays, seconds=seconds, device=device, **ended)


def rounded(value: Any) -> Any:
    """The same with floats of few digits, in lists and tables too."""
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    return value
