"""The command line: python -m benchmarks --help."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch: one thread a process, on both sides

import difflib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

import benchmarks
from benchmarks.compare import RESULTS, compare, merge, read
from benchmarks.row import Row, Skipped
from spareparts.engine import one_thread
from spareparts.records import RecordError

Outcome = tuple[str, dict[str, Any] | Skipped]


def subjects() -> dict[str, Callable[[], Row]]:
    """Every row that can be measured: the public functions of this folder's files that are annotated `-> Row`."""
    found = {}
    for file in pkgutil.iter_modules(benchmarks.__path__):
        if file.name == "__main__":
            continue
        module = importlib.import_module(f"benchmarks.{file.name}")
        for name, member in vars(module).items():
            if not inspect.isfunction(member) or member.__module__ != module.__name__ or name.startswith("_"):
                continue
            if member.__annotations__.get("return") is Row:
                found[name] = member
    return found


def choose(names: list[str], known: dict[str, Callable[[], Row]]) -> dict[str, Callable[[], Row]]:
    """The rows of those names, all where none is named; ValueError for an unknown name."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise ValueError(f"there is no row {name!r}: {hint}")
    return {name: known[name] for name in names or known}


def measure(chosen: dict[str, Callable[[], Row]], *, seconds: float, output: Path) -> Iterator[Outcome]:
    """Measure row by row, each written as soon as it is there; one that cannot be measured here gives its reason."""
    for place, (name, prepare) in enumerate(chosen.items(), start=1):
        try:
            found = measure_one(name, prepare, seconds=seconds, label=f"{place} of {len(chosen)}: {name}")
        except Skipped as reason:
            yield name, reason
            continue
        merge([found], output)
        yield name, found


def measure_one(name: str, prepare: Callable[[], Row], *, seconds: float, label: str) -> dict[str, Any]:
    """Prepare and compare both sides with one thread, under a progress bar."""
    with Progress(console=Console(stderr=True), transient=True) as progress, one_thread():
        task = progress.add_task(label, total=1.0)
        return compare(name, prepare(), seconds=seconds, tick=lambda done: progress.update(task, completed=done))


def table(outcomes: list[Outcome]) -> Table:
    """What was measured, beside the goals, and what was skipped, with its reason."""
    drawn = Table("row", "ours", "other", "unit", "ratio", "goal", "reached")
    for name, found in outcomes:
        if isinstance(found, Skipped):
            drawn.add_row(name, Text(f"skipped: {found}", style="yellow"), *[""] * 5)
            continue
        reached = found["ratio"] >= found["goal"]
        numbers = [f"{found[key]:.4g}" for key in ("ours", "other")]
        last = Text("yes", style="green") if reached else Text("no", style="red")
        drawn.add_row(name, *numbers, found["unit"], f"{found['ratio']:.3g}", f"{found['goal']:.3g}", last)
    return drawn


def run(
    names: Annotated[list[str] | None, typer.Argument(help="rows to measure [all]")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="time for each row, after one round of warm-up")] = 40,
    output: Annotated[Path, typer.Option(help="file that the rows are merged into")] = RESULTS,
    show: Annotated[bool, typer.Option("--list", help="name the rows, measure nothing")] = False,
) -> None:
    """Compare our speed with the alternatives', both in this one run with one thread each, and record the ratios."""
    chosen, console = choose(names or [], subjects()), Console()
    if show:
        for name, prepare in chosen.items():
            console.print(f"{name}: {inspect.getdoc(prepare)}", highlight=False, markup=False)
        return
    read(output)  # a file that cannot be merged into is told now
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if busy > 0.5:
        console.print(f"This machine is busy (load {busy:.1f}): do not keep what is measured now.", style="yellow")
    outcomes = []
    for name, found in measure(chosen, seconds=seconds, output=output):
        outcomes.append((name, found))
        result = f"skipped: {found}" if isinstance(found, Skipped) else f"ratio {found['ratio']:.3g}"
        console.print(f"{name}: {result}", highlight=False, markup=False)
    console.print(table(outcomes))
    console.print(
        f"Written to {output}" if any(isinstance(found, dict) for _, found in outcomes) else "Nothing written"
    )


def main() -> None:
    """Run the command line; what a user can mend is told in one line, with status 2."""
    app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    app.command()(run)
    try:
        app(prog_name="python -m benchmarks")
    except (ValueError, OSError, RecordError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
