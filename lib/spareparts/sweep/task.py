"""What a worker does: execute one notebook in a kernel of its own, and see that the kernel ends when it should."""

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Callable, Iterator

from ..execute import RUNS, NotebookError, execute, kill_kernels
from .estimate import show_duration
from .grid import Cell

WATCH = 0.5  # seconds between looks at the clock and at the scheduler's wishes
GRACE = 20.0  # seconds that a notebook has to end once its kernel was killed


class Overdue(Exception):
    """A notebook did not end though its kernel was killed."""


class KernelDied(RuntimeError):
    """A kernel ended before its notebook; in words, because an error of its libraries may not survive being sent."""


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
    started = time.monotonic()
    with watched(deadline, wanted=_wanted()) as late:
        message = _message(cell, late, deadline)
    return Outcome(
        cell=cell,
        state="failed" if message else "finished",
        seconds=time.monotonic() - started,
        message=message,
        worker=get_worker().address,
    )


def _message(cell: Cell, late: threading.Event, deadline: float | None) -> str:
    """Execute the cell's notebook, and say why where it fails; `KernelDied` where another try may help."""
    passed = f"{cell.notebook} was ended: its deadline of {show_duration(deadline)} had passed"
    until = () if cell.pages else (RUNS,)
    try:
        within(deadline, lambda: execute(cell.notebook, cell.output, cell.given, until=until))
    except Overdue:
        return passed
    except NotebookError as error:
        return str(error)
    except Exception as error:
        if late.is_set():
            return passed
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if isinstance(error, RuntimeError):  # the kernel died: a DeadKernelError, or one while it started
            raise KernelDied(text) from None
        return f"{cell.notebook}: {text}"
    return ""


def within(deadline: float | None, work: Callable[[], object]) -> None:
    """Do work in a thread that is left alone, with `Overdue`, where it does not end `GRACE` after its deadline.

    At the deadline its kernel is killed, and mostly that ends it; `deadline` is in seconds, None for none.
    """
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(None if deadline is None else deadline + GRACE)
    if thread.is_alive():
        raise Overdue(f"{show_duration(deadline)} and {show_duration(GRACE)} of grace have passed")
    for error in errors:
        raise error


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


def _wanted() -> Callable[[], bool]:
    """Whether the scheduler still wants the task that calls this: a cancelled one would go on in its thread."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    return wanted
