"""What a worker does: execute one notebook in a kernel of its own, and see that the kernel ends when it should."""

import dataclasses
import os
import threading
import time
from collections.abc import Callable

from ..execute import RUNS, NotebookError, execute, kill_kernels
from .grid import Cell
from .survey import show_duration

WATCH = 0.5  # seconds between looks at the clock and at the scheduler's wishes
GRACE = 20.0  # seconds that a notebook has to end once its kernel was killed


class Overdue(Exception):
    """A notebook's deadline has passed."""


class KernelDied(RuntimeError):
    """A kernel ended before its notebook; in words, because an error of its libraries may not survive being sent."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a cell ended: `finished`, or `failed` with the reason."""

    cell: Cell
    state: str
    seconds: float
    message: str = ""
    worker: str = ""  #: its address


def run_cell(cell: Cell, environment: dict[str, str], deadline: float | None, *after: Outcome) -> Outcome:
    """Execute a cell's notebook once those `after` ended; a kernel that dies raises, so that Dask tries again."""
    from distributed import get_worker

    os.environ.update(environment)
    for part in cell.output.parent.glob(f".{cell.output.stem}.*.ipynb"):
        part.unlink(missing_ok=True)  # of a worker that was killed
    started, worker = time.monotonic(), get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:  # else the task was cancelled, which would go on in its thread
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    message = failure(cell, deadline, wanted=wanted)
    ended = {"state": "failed" if message else "finished", "message": message}
    return Outcome(cell=cell, **ended, seconds=time.monotonic() - started, worker=worker.address)


def failure(cell: Cell, deadline: float | None, *, wanted: Callable[[], bool] = lambda: True) -> str:
    """Execute the cell's notebook and say why it fails, or nothing; `KernelDied` where another try may help."""
    until = () if cell.pages else (RUNS,)
    try:
        watched(lambda: execute(cell.notebook, cell.output, cell.given, until=until), deadline, wanted=wanted)
    except Overdue:
        return f"{cell.notebook} was ended: its deadline of {show_duration(deadline)} had passed"
    except NotebookError as error:
        return str(error)
    except Exception as error:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if isinstance(error, RuntimeError):  # the kernel died: a DeadKernelError, or one while it started
            raise KernelDied(text) from None
        return f"{cell.notebook}: {text}"
    return ""


def watched(work: Callable[[], object], deadline: float | None, *, wanted: Callable[[], bool]) -> None:
    """Do work in a thread, and kill this process's kernels when the deadline (s) passes or nobody wants it any more.

    Raises what the work raises, or `Overdue`; work that does not end with its kernel within `GRACE` is left alone.
    """
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    thread, end = threading.Thread(target=attempt, daemon=True), time.monotonic() + (deadline or float("inf"))
    thread.start()
    late = False
    while thread.is_alive() and time.monotonic() < end + GRACE:
        thread.join(WATCH)
        late = late or (thread.is_alive() and time.monotonic() > end)
        if late or not wanted():
            kill_kernels()
    if thread.is_alive() or (late and errors):
        raise Overdue
    for error in errors:
        raise error
