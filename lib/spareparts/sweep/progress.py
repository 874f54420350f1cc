"""What a sweep shows: a live table while it runs, the runs that it stands for, and a summary."""

import dataclasses
import itertools
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .survey import PlannedRun, cost, grouped, show_duration
from .task import Outcome


class Board(Live):
    """A live table of a sweep; each notebook that ends leaves a line above it, which a log file keeps."""

    def __init__(self, total: int, *, workers: Callable[[], int], console: Console) -> None:
        self.total, self.workers, self.began = total, workers, time.monotonic()
        self.outcomes: list[Outcome] = []
        super().__init__(get_renderable=self._table, console=console, refresh_per_second=2, transient=True)

    def add(self, outcome: Outcome) -> None:
        """Take note of a notebook that ended."""
        self.outcomes.append(outcome)
        colour = "green" if outcome.state == "finished" else "red"
        line = Text.assemble((f"{outcome.state:<9}", colour), outcome.cell.name, f"  {show_duration(outcome.seconds)}")
        # Unwrapped: a path is copied from here.
        self.console.print(Group(line, Text(outcome.message)) if outcome.message else line, soft_wrap=True)

    def _table(self) -> Table:
        states = Counter(outcome.state for outcome in self.outcomes)
        remaining = self.total - len(self.outcomes)
        running = min(remaining, self.workers())
        table = Table("done", "running", "failed", "remaining", "estimated end")
        counts = (states["finished"], running, states["failed"], remaining - running)
        table.add_row(*map(str, counts), self._end(remaining))
        return table

    def _end(self, remaining: int) -> str:
        if not self.outcomes:
            return "known after the first"
        elapsed = time.monotonic() - self.began
        left = elapsed / len(self.outcomes) * remaining
        return f"{time.strftime('%H:%M', time.localtime(time.time() + left))} (in {show_duration(left)})"


def summary(outcomes: list[Outcome], *, total: int, already: int, seconds: float) -> str:
    """One sentence on how the sweep ended."""
    if not total:
        return f"all {already} notebooks had been done before: nothing to do"
    states = Counter(outcome.state for outcome in outcomes)
    before = f"{already} had been done before, " if already else ""
    left = total - len(outcomes)
    rest = f", {left} not started or cut off: the same command resumes" if left else ""
    done = f"{states['finished']} of {total} notebooks finished"
    return f"{before}{done}, {states['failed']} failed{rest}; {show_duration(seconds)}"


def runs_table(runs: list[PlannedRun], *, title: str = "") -> Table:
    """The runs of a plan, one line for those that differ only in their seed, with the time that missing ones take."""
    table = Table("settings", *(["seeds"] if runs and "seed" in runs[0].config else []), title=title)
    for column in ("runs", "recorded", "missing", "missing ones take"):
        table.add_column(column, justify="right")
    for settings, members in grouped(runs):
        seeds = [spans(run.config["seed"] for run in members)] if "seed" in members[0].config else []
        table.add_row(settings_words(settings, usual=members[0].usual), *seeds, *counts(members))
    table.add_section()
    table.add_row("total", *[""] * (len(table.columns) - 5), *counts(runs))
    return table


def settings_words(settings: dict[str, Any], *, usual: Collection[str] = ()) -> str:
    """The first setting and all that are not the usual ones: names stand for themselves, numbers have theirs."""
    told = [name for place, name in enumerate(settings) if place == 0 or name not in usual]
    return ", ".join(settings[name] if isinstance(settings[name], str) else f"{name} {settings[name]}" for name in told)


def counts(runs: list[PlannedRun]) -> list[str]:
    """Number of runs, of those recorded and missing, and the time that the missing take one after another."""
    recorded = sum(run.recorded for run in runs)
    missing = len(runs) - recorded
    return [str(len(runs)), str(recorded), str(missing), show_duration(cost(runs)) if missing else "-"]


def spans(numbers: Iterable[int]) -> str:
    """Whole numbers with two dots where they follow one another: `1..5,7`."""
    counted = enumerate(sorted(set(numbers)))
    parts = [[number for _, number in part] for _, part in itertools.groupby(counted, lambda item: item[1] - item[0])]
    return ",".join(str(part[0]) if len(part) == 1 else f"{part[0]}..{part[-1]}" for part in parts)


def as_plain(runs: Iterable[PlannedRun]) -> list[dict[str, Any]]:
    """The runs in JSON's types."""
    return [dataclasses.asdict(run) | {"usual": sorted(run.usual)} for run in runs]


def outcome_plain(outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON's types."""
    cell = outcome.cell
    where = {"notebook": str(cell.notebook), "cell": cell.name, "output": str(cell.output)}
    how = {name: getattr(outcome, name) for name in ("state", "message", "worker")}
    return where | how | {"seconds": round(outcome.seconds, 2)}
