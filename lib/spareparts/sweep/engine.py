"""Hands cells to Dask and takes their outcomes back. Dask decides what runs where, when, and again."""

import os
from collections.abc import Iterator
from pathlib import Path

from distributed import Client, Future, as_completed

from .grid import Cell
from .survey import Survey
from .task import Outcome, run_cell

RETRIES = 2  # for a kernel that dies; a lost worker's notebook is moved to another one by Dask itself
FOLDERS = ("SPAREPARTS_RECORDS", "SPAREPARTS_DATA", "SPAREPARTS_CACHE")


class SchedulerLost(ConnectionError):
    """The scheduler of a cluster ended before the sweep."""


def outcomes(cells: list[Cell], found: Survey, client: Client, *, deadline: float | None = None) -> Iterator[Outcome]:
    """Execute the cells, yielding each as it ends; whoever stops iterating cancels the rest.

    Cells that need the same missing run go one after the other, so that it is made once.
    """
    futures: list[Future] = []
    for cell, before in zip(cells, predecessors(cells, found), strict=True):
        after = [futures[place] for place in before]
        # impure: Dask must not answer from what an earlier sweep of the same cells left behind
        futures.append(client.submit(run_cell, cell, environment(), deadline, *after, retries=RETRIES, pure=False))
    cell_of = dict(zip(futures, cells, strict=True))
    address = client.scheduler.address
    try:
        for future in as_completed(futures):
            if future.status in ("lost", "cancelled"):
                raise SchedulerLost(f"the scheduler at {address} is gone: start it again, and the same command goes on")
            yield _outcome(future, cell_of[future])
    finally:
        client.cancel([future for future in futures if not future.done()], force=True)


def predecessors(cells: list[Cell], found: Survey) -> list[list[int]]:
    """For each cell the places of the earlier ones that it has to wait for, because they make a run that it needs."""
    last: dict[tuple[str, str], int] = {}
    places = []
    for place, cell in enumerate(cells):
        missing = [(run.word, run.key) for run in found.get(cell.output, ()) if not run.recorded]
        places.append(sorted({last[run] for run in missing if run in last}))
        last |= dict.fromkeys(missing, place)
    return places


def _outcome(future: Future, cell: Cell) -> Outcome:
    if future.status == "finished":
        return future.result()
    error = future.exception()
    return Outcome(cell=cell, state="failed", seconds=0.0, message=f"{cell.notebook}: {type(error).__name__}: {error}")


def environment() -> dict[str, str]:
    """What kernels need to know wherever they run: one process and one thread each, and the folders of this sweep."""
    folders = {name: str(Path(os.environ[name]).expanduser().resolve()) for name in FOLDERS if os.environ.get(name)}
    return {"SPAREPARTS_WORKER": "1", "OMP_NUM_THREADS": "1"} | folders
