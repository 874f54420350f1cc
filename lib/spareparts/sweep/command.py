"""The commands `sweep` and `status`, from checked cells to an exit status."""

import contextlib
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import processor
from ..execute import ROOT, check_output
from ..parameters import defaults_in, field_of
from ..records.store import check_writable
from .grid import Cell, from_file, from_options, with_pages
from .progress import Board, as_plain, counts, outcome_plain, runs_table, spans, summary
from .survey import (
    PlannedRun,
    Survey,
    cost,
    distinct,
    in_bfloat16,
    is_done,
    paper_module,
    planned,
    show_duration,
    survey,
)
from .task import Outcome

INTERRUPTED = 130  # the exit status that shells expect after Ctrl-C
ASKED = 3600.0  # seconds from which on somebody is asked before they are spent


def cells_of(target: Path, grid: list[str], settings: list[str], *, pages: bool = False) -> list[Cell]:
    """The cells of a notebook with grids, or of a sweep file; with `pages` their chapters are executed to the end."""
    is_file = target.suffix in (".yaml", ".yml")
    if is_file and grid:
        raise ValueError(f"{target} holds its own grids; --grid goes with a notebook")
    cells = from_file(target, settings) if is_file else from_options(target, grid, settings)
    return with_pages(cells) if pages else cells


def announce(runs: list[PlannedRun], console: Console, *, yes: bool = True) -> bool:
    """Say what is about to be made and how long that takes; whether to go on, asked on a terminal from an hour on."""
    missing, seconds = sum(not run.recorded for run in runs), cost(runs)
    if not missing:
        return True
    check_writable({run.word for run in runs})
    time = "nobody knows how long, as no record is like them"
    time = time if seconds is None else f"about {show_duration(seconds)}"
    console.print(f"{missing} of {len(runs)} runs have no record: made one after another they take {time}.")
    if processor.lacks_bfloat16() and any(in_bfloat16(run.config) for run in runs if not run.recorded):
        console.print(f"Some compute in bfloat16: {processor.SLOW}.")
    if yes or seconds is None or seconds < ASKED or not sys.stdin.isatty():
        return True
    return console.input("Make them? \\[y/N] ").strip().lower() in ("y", "yes")


def check_run(notebook: Path, parameters: dict[str, Any], console: Console, *, yes: bool) -> bool:
    """Whether to execute a notebook: its plan is made, so that what cannot be run is refused, and its cost is told."""
    values = defaults_in(notebook) | parameters
    cell = Cell(notebook=notebook, parameters=values, varied={}, output=Path())
    if values.get("MISSING") == "run":
        return announce(distinct(survey([cell])), console, yes=yes)
    if module := paper_module(notebook.stem):
        planned(module, values)
    return True


def table_command(cells: list[Cell], found: Survey) -> str:
    """The command that shows the runs of a sweep in one table; none where they are of several papers, or of none."""
    papers = {run.word for runs in found.values() for run in runs}
    if len(papers) != 1:
        return ""
    word, where = papers.pop(), []
    for name in [name for name in cells[0].given if all(name in cell.given for cell in cells)]:
        given = [cell.given[name] for cell in cells]
        values = [value for some in given for value in (some if isinstance(some, list) else [some])]
        with contextlib.suppress(ValueError):  # what is no setting of a run, as MISSING
            field_of(name, paper_module(word).Config)
            numbers = all(type(value) is int for value in values)
            text = spans(values) if numbers else ",".join(dict.fromkeys(map(str, values)))
            where += ["--where", f"{name}={text}"]
    return shlex.join(["python", "-m", "spareparts", "table", word, *where])


def dry_run(cells: list[Cell], *, as_json: bool = False) -> None:
    """Show the runs that the cells stand for and what the missing ones would cost; start nothing."""
    found = survey(cells)
    runs, todo = distinct(found), [cell for cell in cells if not is_done(cell, found)]
    if as_json:
        print(json.dumps({"notebooks": len(cells), "to_do": len(todo), "seconds": cost(runs), "runs": as_plain(runs)}))
        return
    console = Console()
    if runs:
        console.print(runs_table(runs))
    else:
        console.print(f"{cells[0].notebook.name} has no plan: its notebooks are counted, not its runs.")
    console.print(f"{len(cells)} notebooks, {len(cells) - len(todo)} of them done. Nothing was started.")


def sweep(
    cells: list[Cell],
    *,
    as_json: bool = False,
    deadline: float | None = None,
    console: Console | None = None,
    yes: bool = True,
    **where: Any,
) -> int:
    """Execute what is left of the cells, `where` as `cluster.connect` has it; exit status 0, 1 (some fail) or 130."""
    found = survey(cells)
    todo = [cell for cell in cells if not is_done(cell, found)]
    console = console or Console(stderr=as_json)
    for cell in todo[:1]:
        check_output(cell.output, ".ipynb")
    if not announce(distinct(found), console, yes=yes):
        return INTERRUPTED
    started, already = time.monotonic(), len(cells) - len(todo)
    ended, status = _run(todo, found, console, deadline, **where) if todo else ([], 0)
    console.print(summary(ended, total=len(todo), already=already, seconds=time.monotonic() - started))
    if made := table_command(cells, found):
        console.print(f"The runs in one table: {made}", soft_wrap=True, highlight=False)
    if as_json:
        print(json.dumps({"status": status, "already": already, "notebooks": [outcome_plain(end) for end in ended]}))
    return status


def _run(
    todo: list[Cell], found: Survey, console: Console, deadline: float | None, **where: Any
) -> tuple[list[Outcome], int]:
    # Dask, which a dry run and `status` do without, takes a second to import.
    from .cluster import SchedulerLost, connect, outcomes

    with (
        connect(**where) as client,
        Board(len(todo), workers=lambda: len(client.scheduler_info().get("workers", ())), console=console) as board,
    ):
        try:
            for outcome in outcomes(todo, found, client, deadline=deadline):
                board.add(outcome)
        except KeyboardInterrupt:
            return board.outcomes, INTERRUPTED
        except SchedulerLost as error:
            console.print(str(error), soft_wrap=True)
            return board.outcomes, 1
    return board.outcomes, int(any(outcome.state != "finished" for outcome in board.outcomes))


def status(folder: Path = ROOT / "notebooks" / "sweeps", *, as_json: bool = False) -> None:
    """Show, for each paper's sweep file, which of its runs have records."""
    found = {path.stem: distinct(survey(from_file(path))) for path in sorted(folder.glob("*.yaml"))}
    if as_json:
        plain = {word: {"seconds": cost(runs), "runs": as_plain(runs)} for word, runs in found.items()}
        print(json.dumps(plain))
        return
    console = Console()
    for word, runs in found.items():
        console.print(runs_table(runs, title=word) if runs else f"{word}: {', '.join(counts(runs))}")
