"""Many runs on the cores of a CPU: one process of one thread on each, wherever processes are started by spawn too."""

import collections
import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar
from unittest import mock

import torch
from tqdm import tqdm

from ..processor import cores
from .device import one_thread

Config, Result = TypeVar("Config"), TypeVar("Result")
PATIENCE = 10.0  # seconds that a process has to end by itself
MARK = "SPAREPARTS_WORKER"  # set to 1 in a process that is one of many already


class WorkerDied(RuntimeError):
    """A worker ended without a result; the message names what it ran."""


def each(
    function: Callable[[Config], Result],
    configs: Iterable[Config],
    *,
    workers: int | None = None,
    device: str = "cpu",
    progress: bool = False,
) -> Iterator[tuple[Config, Result]]:
    """Yield each config with `function(config)`, both picklable, as soon as it is there, in whatever order.

    With one worker, on a GPU (`device`), and inside the worker of a sweep, this process does the work. What fails does
    not stop the others: the first error is raised after their results, with notes that name every config that failed;
    `WorkerDied` where a process was killed.
    """
    configs = list(configs)
    count = 1 if torch.device(device).type == "cuda" else min(worker_count(workers), len(configs))
    failures: list[tuple[Config, Exception]] = []
    with tqdm(total=len(configs), unit="run", disable=not progress or len(configs) < 2, leave=False) as bar:
        for config, result, error in (_here if count <= 1 else _spread)(function, configs, count):
            bar.update()
            if error is None:
                yield config, result
            else:
                failures.append((config, error))
    if failures:
        _, first = failures[0]
        for config, error in failures:
            first.add_note(f"failed: {config!r} ({type(error).__name__})")
        raise first


def each_group(
    function: Callable[..., Iterable[tuple[Config, Result]]],
    groups: Iterable[Sequence[Config]],
    *,
    device: str,
    workers: int | None = None,
    progress: bool = False,
) -> Iterator[tuple[Config, Result]]:
    """What `function(group, device=, progress=)` yields of groups that train side by side; on a CPU `each` config's."""
    work = functools.partial(function, device=device, progress=progress)
    if torch.device(device).type != "cuda":
        configs = [config for group in groups for config in group]
        yield from each(functools.partial(_alone, work), configs, workers=workers, progress=progress)
        return
    for group in groups:
        with one_thread():
            yield from work(group)


def _alone(function: Callable[[list[Config]], Iterable[tuple[Config, Result]]], config: Config) -> Result:
    ((_, result),) = function([config])
    return result


def worker_count(workers: int | None) -> int:
    """Processes to use: those asked for, or one a core; one inside a process that is one of many already."""
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ValueError(f"workers must be at least 1, or None for one a core, got {workers!r}")
    if multiprocessing.current_process().daemon or os.environ.get(MARK) == "1":
        return 1
    if workers is not None and workers > cores():
        warnings.warn(f"{workers} workers share {cores()} cores: each will be the slower for it", stacklevel=3)
    return workers or cores()


def _attempt(function: Callable, config: Any) -> tuple[Any, Exception | None]:
    try:
        return function(config), None
    except Exception as error:
        return None, error


def _here(function: Callable, configs: Sequence[Any], count: int) -> Iterator[tuple[Any, Any, Exception | None]]:
    """Do the work in this process: each config with its result, or with its error."""
    for config in configs:
        with one_thread():
            result, error = _attempt(function, config)
        yield config, result, error


def _spread(function: Callable, configs: Sequence[Any], count: int) -> Iterator[tuple[Any, Any, Exception | None]]:
    """Do the work in `count` processes, each of which is handed a config as soon as it is free."""
    pending, busy = collections.deque(configs), {}
    try:
        for _ in range(count):
            worker = Worker(function)
            busy[worker.connection] = worker.begin(pending.popleft())
        while busy:
            for connection in wait(list(busy)):
                worker = busy.pop(connection)
                config, (result, error) = worker.config, worker.answer()
                if pending:
                    worker = worker if worker.lives else Worker(function)
                    busy[worker.connection] = worker.begin(pending.popleft())
                else:
                    worker.stop()
                yield config, result, error
    finally:
        for worker in busy.values():
            worker.process.terminate()
            worker.stop()


class Worker:
    """A process that runs one config after another."""

    def __init__(self, function: Callable) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(target=serve, args=(function, theirs), daemon=True)
        with mock.patch.dict(os.environ, {"OMP_NUM_THREADS": "1", MARK: "1"}), _interrupts_ignored():
            self.process.start()
        theirs.close()  # so that its death shows as the end of the connection
        self.config: Any = None
        self.lives = True

    def begin(self, config: Any) -> "Worker":
        """Hand it a config."""
        self.config = config
        with contextlib.suppress(OSError):  # of a dead process `answer` tells
            self.connection.send(config)
        return self

    def answer(self) -> tuple[Any, Exception | None]:
        """What came of its config: a result, or the error."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.lives = False
            self.process.join()
            code = self.process.exitcode
            cause = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            lack = ", often for lack of memory" if code == -signal.SIGKILL else ""
            return None, WorkerDied(f"the process that ran {self.config!r} died ({cause}{lack})")

    def stop(self) -> None:
        """Let the process end, for want of anybody to listen to."""
        self.connection.close()
        self.process.join(PATIENCE)
        self.process.kill()
        self.process.join()


def serve(function: Callable, connection: Connection) -> None:
    """What a worker does: run what it is handed, answer with the result or the error, until nobody listens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted too, and ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    with contextlib.suppress(EOFError, OSError):
        while True:
            result, error = _attempt(function, connection.recv())
            connection.send((result, None if error is None else _portable(error)))


def _end_with_parent() -> None:
    """End this process with its parent, of whose death its connection tells only between two configs."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _portable(error: Exception) -> Exception:
    """The error, or where it cannot be sent to another process, one that tells the same."""
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """What is started here ignores Ctrl-C from its first moment on, and not only once its libraries are imported."""
    if threading.current_thread() is not threading.main_thread():  # which alone may set what a signal does
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
