"""The commands `sweep` and `status`, from checked cells to an exit status."""

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from ..execute import ROOT
from .grid import Cell, from_file, from_options, with_pages
from .progress import Board, as_plain, counts, outcome_plain, runs_table, summary
from .survey import Survey, cost, distinct, is_done, survey
from .task import Outcome

INTERRUPTED = 130  # the exit status that shells expect after Ctrl-C


def cells_of(target: Path, grid: list[str], settings: list[str], *, pages: bool = False) -> list[Cell]:
    """The cells of a notebook with grids, or of a sweep file; with `pages` their chapters are executed to the end."""
    is_file = target.suffix in (".yaml", ".yml")
    if is_file and grid:
        raise ValueError(f"{target} holds its own grids; --grid goes with a notebook")
    cells = from_file(target, settings) if is_file else from_options(target, grid, settings)
    return with_pages(cells) if pages else cells


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
    **where: Any,
) -> int:
    """Execute what is left of the cells; exit status 0 if all is there in the end, 1 if not, 130 after Ctrl-C.

    `where` goes to `cluster.connect`.
    """
    found = survey(cells)
    todo = [cell for cell in cells if not is_done(cell, found)]
    console, started = console or Console(stderr=as_json), time.monotonic()
    ended, status = _run(todo, found, console, deadline, **where) if todo else ([], 0)
    seconds = time.monotonic() - started
    console.print(summary(ended, total=len(todo), already=len(cells) - len(todo), seconds=seconds))
    if as_json:
        already = len(cells) - len(todo)
        print(json.dumps({"status": status, "already": already, "notebooks": [outcome_plain(end) for end in ended]}))
    return status


def _run(
    todo: list[Cell], found: Survey, console: Console, deadline: float | None, **where: Any
) -> tuple[list[Outcome], int]:
    # Dask, which a dry run and `status` do without, takes a second to import.
    from .cluster import connect
    from .engine import SchedulerLost, outcomes

    with (
        connect(**where) as client,
        Board(len(todo), workers=lambda: len(client.scheduler_info()["workers"]), console=console) as board,
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
