"""What a worker does: execute one notebook in a kernel of its own, and see that the kernel ends when it should."""

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator

import psutil

from ..execute import RUNS, NotebookError, execute
from .durations import show_duration
from .grid import Cell

WATCH = 0.5  # seconds between looks at the clock and at the scheduler's wishes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a cell ended: `finished`, or `failed` with the reason."""

    cell: Cell
    state: str
    seconds: float
    message: str = ""
    worker: str = ""  # its address


def run_cell(cell: Cell, environment: dict[str, str], deadline: float | None, *after: Outcome) -> Outcome:
    """Execute a cell's notebook; an error in one of its cells, or a deadline that passes, is an outcome.

    A kernel that dies raises instead, so that Dask tries again. `after` are cells that make runs which this one needs
    too: they have to end first. `deadline` is in seconds for the whole notebook.
    """
    from distributed import get_worker

    os.environ.update(environment)
    for part in cell.output.parent.glob(f".{cell.output.stem}.*.ipynb"):
        part.unlink(missing_ok=True)  # of a worker that was killed
    started, message = time.monotonic(), ""
    with watched(deadline, wanted=_wanted()) as late:
        try:
            execute(cell.notebook, cell.output, cell.parameters, until=None if cell.pages else RUNS)
        except NotebookError as error:
            message = str(error)
        except RuntimeError:  # the kernel died: a DeadKernelError, or one while it started
            if not late.is_set():
                raise
            message = f"{cell.notebook} was ended: its deadline of {show_duration(deadline)} had passed"
    return Outcome(
        cell=cell,
        state="failed" if message else "finished",
        seconds=time.monotonic() - started,
        message=message,
        worker=get_worker().address,
    )


@contextlib.contextmanager
def watched(deadline: float | None, *, wanted: Callable[[], bool]) -> Iterator[threading.Event]:
    """Kill this process's kernels when the deadline passes (the event is then set) or the work is wanted no more."""
    late, over = threading.Event(), threading.Event()
    end = time.monotonic() + (deadline or float("inf"))

    def watch() -> None:
        while not over.wait(WATCH):
            if time.monotonic() > end:
                late.set()
            if late.is_set() or not wanted():
                kill_kernels()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield late
    finally:
        over.set()
        watcher.join()


def kill_kernels() -> None:
    """Kill the kernels that this process started, and what they started. Workers have one thread: all are its own.

    When this process itself is killed, nobody needs to: a kernel looks every second whether its parent still lives.
    """
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("ipykernel" in word for word in child.cmdline()):
                for process in [*child.children(recursive=True), child]:
                    process.kill()


def _wanted() -> Callable[[], bool]:
    """Whether the scheduler still wants the task that calls this: a cancelled one would go on in its thread."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    return wanted
