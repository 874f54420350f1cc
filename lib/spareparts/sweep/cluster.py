"""Where a sweep runs: this machine's cores or GPUs, a Dask cluster that runs already, or SLURM; and what it runs."""

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from distributed import Client, Future, Nanny, Scheduler, Security, SpecCluster, as_completed

from ..documents import read_yaml
from ..processor import cores
from ..whole import chosen_folder
from .grid import Cell
from .survey import Survey
from .task import Outcome, run_cell

PATIENCE = 10  # seconds for a scheduler to answer
STARTS = 3  # of a cluster here, where a worker was killed while it started
# Ctrl-C in a terminal reaches workers too; it is the sweep that ends them. Not SIG_IGN, which kernels would inherit.
LEAVE_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, lambda *_: None)"
NO_FIXED_PORT = "127.0.0.1:0"  # so that sweeps side by side do not meet
SLURM = {
    # As here: no limit that counts the worker's memory and not its kernel's, one notebook a worker.
    "cores": 1,
    "processes": 1,
    "worker_extra_args": ["--memory-limit", "0"],
    "scheduler_options": {"dashboard_address": NO_FIXED_PORT},
    # Jobs listen on the network; their certificates lie beside the sweep while it runs, for its owner alone.
    "security": True,
}


@contextlib.contextmanager
def connect(
    *,
    scheduler: str | None = None,
    certificates: Sequence[Path | None] = (),
    slurm: Path | None = None,
    workers: int | None = None,
) -> Iterator[Client]:
    """A client of the cluster, which is closed at the end if it was started here.

    Without an address or a SLURM file: one worker per GPU, or, where there is none, per core (`workers` of them). Every
    worker has one thread, because a notebook has its worker for itself. A cluster that is started here speaks TLS with
    certificates of its own, as whoever can talk to a scheduler can run code as its owner; `certificates` (authority,
    certificate, key) are for an address `tls://`. Raises OSError where nothing answers.
    """
    if sum(choice is not None for choice in (scheduler, slurm, workers)) > 1:
        raise ValueError("give one of --scheduler, --slurm and --workers: the first two bring their own workers")
    if any(certificates) and scheduler is None:
        raise ValueError("certificates are for --scheduler tls://...; other sweeps make their own")
    if scheduler is not None:
        with _reach(scheduler, client_security(scheduler, certificates)) as client:
            yield client
        return
    with slurm_cluster(slurm) if slurm is not None else local_cluster(workers) as cluster, Client(cluster) as client:
        yield client


@contextlib.contextmanager
def _reach(address: str, security: Security) -> Iterator[Client]:
    # That a scheduler is lost is told in words; how the client took it, some seconds later, is of no use to anyone.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE, security=security)
    except (OSError, ValueError) as error:
        raise OSError(f"no Dask scheduler answers at {address}; start one with: dask scheduler") from error
    with client:
        crowded = [worker for worker, threads in client.nthreads().items() if threads != 1]
        if crowded:
            raise ValueError(f"start every worker with --nthreads 1; {crowded[0]} has more")
        yield client


def client_security(address: str, certificates: Sequence[Path | None]) -> Security:
    """What a client needs to talk to a scheduler: certificates given here, or those of Dask's own configuration."""
    names = ("tls_ca_file", "tls_client_cert", "tls_client_key")
    given = {name: str(path) for name, path in zip(names, certificates, strict=False) if path is not None}
    for path in given.values():
        if not Path(path).is_file():
            raise FileNotFoundError(f"there is no certificate file {path}")
    security, secret = Security(**given), address.startswith("tls://")
    if given and not secret:
        raise ValueError(f"certificates are for an address that begins with tls://, got {address}")
    if secret and not (security.tls_ca_file and security.tls_client_cert):
        raise ValueError(
            f"{address} needs --tls-ca-file, --tls-cert and --tls-key, those that dask scheduler was given"
        )
    return security


def local_cluster(workers: int | None = None) -> SpecCluster:
    """Single-threaded worker processes on this machine, each with a GPU of its own where there are any."""
    if workers is not None and workers < 1:
        raise ValueError(f"the number of workers must be at least 1, got {workers}")
    count = workers or len(visible_gpus()) or cores()
    secret = {"security": Security.temporary(), "protocol": "tls://", "host": "127.0.0.1"}
    for _ in range(STARTS):
        try:
            return SpecCluster(
                {number: {"cls": Nanny, "options": worker_options(number) | secret} for number in range(count)},
                scheduler={"cls": Scheduler, "options": {"dashboard_address": NO_FIXED_PORT} | secret},
                security=secret["security"],
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as error:  # a worker was killed while it started
            failed = error
    raise OSError(f"the sweep's workers do not start: {' '.join(str(failed).split())}") from failed


def worker_options(number: int) -> dict[str, Any]:
    """A worker here: one thread, a GPU where there are any, and no memory limit, which would not see its kernel's."""
    gpus = visible_gpus()
    environment = {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else {}
    return {
        "nthreads": 1,
        "memory_limit": 0,
        "dashboard": False,
        "dashboard_address": NO_FIXED_PORT,
        "silence_logs": logging.CRITICAL,
        "env": environment,
        "preload": [LEAVE_INTERRUPTS],
    }


def visible_gpus() -> list[str]:
    """Names of the GPUs as CUDA_VISIBLE_DEVICES takes them: those that it names now, else all."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = torch.cuda.device_count()
    return named.split(",")[:found] if named else [str(number) for number in range(found)]


def slurm_cluster(path: Path) -> Any:
    """Workers that SLURM starts, as a YAML file says: `jobs`, and what dask_jobqueue.SLURMCluster takes."""
    jobs, options = slurm_options(path)
    if shutil.which("sbatch") is None:
        raise OSError("there is no sbatch on this machine: start the sweep where jobs are submitted")
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise OSError("dask-jobqueue is not installed: pip install -c constraints.txt -e '.[slurm]'") from error
    try:
        cluster = SLURMCluster(**options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    cluster.scale(jobs=jobs)
    return cluster


def slurm_options(path: Path) -> tuple[int, dict[str, Any]]:
    """The number of jobs in a SLURM file, and its options for SLURMCluster; `ValueError` where they cannot be."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no SLURM file {path}")
    try:
        options = read_yaml(Path(path).read_text(encoding="utf-8"))
        if not isinstance(options, dict) or "jobs" not in options:
            raise ValueError("it must be a mapping with jobs, the number of jobs, and the options of SLURMCluster")
        jobs = options.pop("jobs")
        if type(jobs) is not int or jobs < 1:
            raise ValueError(f"jobs must be a whole number of at least 1, got {jobs!r}")
        options = SLURM | {"shared_temp_directory": os.getcwd()} | options
        if options["cores"] != options["processes"]:
            raise ValueError("a worker has one thread, so cores and processes must be equal")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return jobs, options


# Cells are handed to Dask, and their outcomes come back: it decides what runs where, when, and again

RETRIES = 2  # for a kernel that dies; a lost worker's notebook is moved to another one by Dask itself
FOLDERS = ("SPAREPARTS_RECORDS", "SPAREPARTS_DATA", "SPAREPARTS_CACHE")


class SchedulerLost(ConnectionError):
    """The scheduler of a cluster ended before the sweep."""


def outcomes(cells: list[Cell], found: Survey, client: Client, *, deadline: float | None = None) -> Iterator[Outcome]:
    """Execute the cells, yielding each as it ends, those that need the same missing run one after the other."""
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
            cell, error = cell_of[future], future.exception()
            message = f"{cell.notebook}: {type(error).__name__}: {error}"
            yield Outcome(cell=cell, state="failed", seconds=0.0, message=message) if error else future.result()
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


def environment() -> dict[str, str]:
    """What kernels need to know wherever they run: one process and one thread each, and the folders of this sweep."""
    folders = {name: str(folder.resolve()) for name in FOLDERS if (folder := chosen_folder(name))}
    return {"SPAREPARTS_WORKER": "1", "OMP_NUM_THREADS": "1"} | folders
