"""Measure both sides of a row in turns, and keep what came out."""

import contextlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spareparts.engine import describe
from spareparts.records.store import write_whole

from .row import Row, Side

ROUNDS = 3  # at least, however long they take
RESULTS = Path(__file__).resolve().parents[1] / "book" / "benchmarks.json"


def compare(name: str, row: Row, *, seconds: float, tick: Callable[[float], None] = lambda done: None) -> dict:
    """Measure all sides in turns (A B A B) for about that many seconds, and give the row as the file holds it.

    One round more, the first, only warms up. `tick` is told the share of the time that is gone (0 to 1).
    """
    others = row.other if isinstance(row.other, Mapping) else {"": row.other}
    with confined(row.cores):
        readings = _rounds([row.ours, *others.values()], seconds=seconds, tick=tick)
    ours, *rest = (statistics.median(column) for column in zip(*readings, strict=True))
    other = min(rest)
    paired = [reading[1 + rest.index(other)] / reading[0] for reading in readings]
    medians = ", ".join(f"{label} {value:.3g}" for label, value in zip(others, rest, strict=True) if label)
    return {
        "name": name,
        "ours": _short(ours),
        "other": _short(other),
        "ratio": _short(other / ours),
        "goal": row.goal,
        "unit": row.unit,
        "device": describe(row.device),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("torch", *row.libraries)},
        "note": f"{row.note} {f'The best of: {medians} {row.unit}. ' if medians else ''}{_spread(paired)}",
    }


@contextlib.contextmanager
def confined(cores: int | None) -> Iterator[None]:
    """So many processors for this process and those that it starts, where the system can do that."""
    if cores is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _rounds(sides: list[Side], *, seconds: float, tick: Callable[[float], None]) -> list[list[float]]:
    for side in sides:
        side()
    started, readings = time.perf_counter(), []
    while (gone := time.perf_counter() - started) < seconds or len(readings) < ROUNDS:
        tick(min(gone / max(seconds, 1e-9), len(readings) / ROUNDS, 1))
        readings.append([side() for side in sides])
    return readings


def _spread(paired: list[float]) -> str:
    """How far the rounds lie apart; what is counted, such as bytes, is the same in all, however many they were."""
    if min(paired) == max(paired):
        return "The same in every round."
    return f"Medians of {len(paired)} rounds, single rounds {min(paired):.3g} to {max(paired):.3g}."


def _short(value: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{value:.4g}")


def read(path: Path = RESULTS) -> list[dict[str, Any]]:
    """The rows measured so far, none where there is no file; ValueError where it holds something else."""
    if not path.exists():
        return []
    try:
        rows = json.loads(path.read_text())
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and {"name", "device"} <= set(row) for row in rows):
        raise ValueError(f"{path} must hold a list of measured rows; move it away and measure again")
    return rows


def merge(rows: Iterable[dict[str, Any]], path: Path = RESULTS) -> None:
    """Put rows into the file, whole or not at all: a row replaces that of the same name and device, others stay."""
    kept = {(row["name"], row["device"]): row for row in [*read(path), *rows]}
    text = json.dumps([kept[place] for place in sorted(kept)], indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, text.encode() + b"\n")
