"""Executes one notebook by papermill: parameters checked first, a kernel of its own, a whole result or none."""

import contextlib
import logging
import multiprocessing
import os
import platform
import re
import shutil
import tempfile
import warnings
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import psutil

from .parameters import Notebook, checked, parameter_defaults, read_notebook
from .processor import cores

ROOT = Path(__file__).resolve().parents[2]
EXECUTED = ROOT / "book" / "executed"
RUNS = "runs"  # the tag of the cell that makes the runs
REQUESTED = "requested"  # of the cell that shows them


class NotebookError(RuntimeError):
    """A cell of a notebook raised; the message names notebook, cell, line and where the traceback was left."""


def tagged(notebook: Notebook, tag: str) -> list[int]:
    """The places of the cells with a tag."""
    return [place for place, cell in enumerate(notebook.cells) if tag in cell.metadata.get("tags", [])]


def last_tagged(notebook: Notebook, tags: Iterable[str]) -> int | None:
    """How many cells there are up to the last one with the first of the tags that any has, None where none has one."""
    return next((found[-1] + 1 for tag in tags if (found := tagged(notebook, tag))), None)


def execute(
    notebook: Path,
    output: Path,
    parameters: dict[str, Any] | None = None,
    *,
    until: Iterable[str] = (),
    progress: bool = False,
) -> Path:
    """Execute `notebook` with `parameters` into `output`, which appears only when whole; returns its path.

    `until` has tags of the last cell to execute, the first that there is counts; a notebook without such a cell is
    executed to its end. Raises ValueError before anything starts where a parameter does not fit, NotebookError where a
    cell raised: it is then left beside `output` as *.failed.ipynb.
    """
    import nbformat

    node, output = read_notebook(notebook), Path(output).resolve()
    node.cells = node.cells[: last_tagged(node, until)]
    given = checked(parameters or {}, parameter_defaults(node))
    check_output(output, ".ipynb")
    _check_kernel(notebook, node)
    if given:
        _inject(node, given)
    with _whole_or_failed(notebook, output) as temporary:
        executed = _run(notebook, node, temporary, progress_bar=progress)
        nbformat.write(_tidy(executed, output), temporary)
    return output


def check_output(path: Path, *suffixes: str) -> Path:
    """The path itself, its folder made; ValueError or OSError where no file of these suffixes can be written."""
    if path.suffix not in suffixes:
        raise ValueError(f"the output must be a file {' or '.join(f'*{suffix}' for suffix in suffixes)}, got {path}")
    if path.is_dir():
        raise IsADirectoryError(f"the output must be a file, and {path} is a folder: add a name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except OSError as error:
        raise type(error)(f"the output {path} cannot be written: {error.strerror or error}") from error


def _inject(notebook: Notebook, given: dict[str, Any]) -> None:
    """Put a cell with these values behind the parameters, as papermill does, whose own knows no tuples and no keys."""
    import nbformat

    source = "\n".join(["# Parameters", *(f"{name} = {value!r}" for name, value in given.items())])
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["injected-parameters"]})
    for place in reversed(tagged(notebook, "injected-parameters")):
        del notebook.cells[place]
    notebook.cells.insert(tagged(notebook, "parameters")[0] + 1, cell)


def _check_kernel(path: Path, notebook: Notebook) -> None:
    """ValueError for a kernel that is not installed; a notebook that names none runs in Python's."""
    from jupyter_client.kernelspec import KernelSpecManager

    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    name = notebook.metadata.setdefault("kernelspec", python).setdefault("name", "python3")
    notebook.metadata.kernelspec.setdefault("language", "python")
    known = KernelSpecManager().find_kernel_specs()
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise ValueError(f"{path} asks for the kernel {name!r}, which is not installed; there are {there}")


@contextlib.contextmanager
def _whole_or_failed(notebook: Path, output: Path) -> Iterator[Path]:
    """A temporary path that becomes the output, or the notebook beside it that failed, with its traceback."""
    from papermill.exceptions import PapermillExecutionError

    temporary = output.with_name(f".{output.stem}.{os.getpid()}.ipynb")
    try:
        yield temporary
        os.replace(temporary, output)
    except PapermillExecutionError as error:
        failed = output.with_suffix(".failed.ipynb")
        os.replace(temporary, failed)
        raise NotebookError(f"{_place(notebook, error)}; the notebook with its traceback: {failed}") from error
    finally:
        temporary.unlink(missing_ok=True)


def execute_book(folder: Path) -> Iterator[tuple[Path, float]]:
    """Execute the book's notebooks, one a core, long ones first, the ledger at last; yields each with its seconds."""
    import nbformat

    from .claims import EXECUTED as PLACE

    os.environ[PLACE] = str(Path(folder).resolve())
    notebooks = sorted(toc_notebooks(), key=lambda one: one.stat().st_size, reverse=True)
    last = [notebook for notebook in notebooks if notebook.stem == "ledger"]
    # Spawned, as everywhere: macOS and Windows know no other way.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores(), mp_context=context) as pool:
        try:
            for part in ([notebook for notebook in notebooks if notebook not in last], last):
                tasks = {pool.submit(execute, one, folder / f"{one.stem}.ipynb"): one for one in part}
                for task in as_completed(tasks):
                    executed = nbformat.read(task.result(), as_version=4)
                    yield tasks[task], executed.metadata.papermill["duration"]
        finally:  # after Ctrl-C or a failure no other one is begun
            pool.shutdown(wait=False, cancel_futures=True)


def toc_notebooks(toc: Path = ROOT / "_toc.yml") -> Iterator[Path]:
    """The notebooks whose executed form stands in the book's table of contents, in its order."""
    from sphinx_external_toc.parsing import parse_toc_yaml

    for name in parse_toc_yaml(toc):
        if name.startswith("book/executed/"):
            yield toc.parent / "notebooks" / f"{Path(name).stem}.py"


def _run(path: Path, notebook: Notebook, output: Path, *, progress_bar: bool) -> Any:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from traitlets.config import Config

    begun: list[int] = []
    # Sockets in a folder of this run: notebooks side by side cannot race for a port.
    with socket_folder() as folder:
        manager = {"transport": "ipc", "ip": f"{folder}/k", "connection_file": f"{folder}/kernel.json"}
        plain = re.sub("[{}]", r"\g<0>\g<0>", str(output))  # papermill would put parameters there
        try:
            return papermill.execute_notebook(
                notebook,
                plain,
                config=Config({"KernelManager": manager}),
                # A kernel is interrupted before it is shut down, and would report that on the terminal as an error.
                extra_arguments=["--log-level=CRITICAL"],
                on_cell_execute=lambda cell, cell_index: begun.append(cell_index),
                request_save_on_cell_execute=False,
                progress_bar=progress_bar,
            )
        except DeadKernelError as error:
            place = f"{path}, cell [{len(begun)}]"
            raise DeadKernelError(f"{place}: its kernel was killed, perhaps as the memory was full") from error
        except (KeyboardInterrupt, SystemExit):
            # What waits for the kernel, or was about to, is told by asyncio with a traceback or a warning.
            logging.getLogger("asyncio").disabled = True
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            kill_kernels()
            raise


def _tidy(notebook: Notebook, output: Path) -> Notebook:
    """Fold the cells of the parameters: the defaults, and below them the values that took their places."""
    notebook.metadata.papermill["output_path"] = str(output)
    for tags in (cell.metadata.get("tags", []) for cell in notebook.cells):
        if {"injected-parameters", "parameters"} & set(tags) and "hide-input" not in tags:
            tags.append("hide-input")
    return notebook


def _place(notebook: Path, error: Any) -> str:
    """Where a cell raised and what, of papermill's error: the line is that of the cell, as its traceback has it."""
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    inside = re.search(rf"Cell In\[{error.exec_count}\], line (\d+)", trace)
    lines = dict(enumerate(error.source.splitlines(), start=1))
    number = int(inside[1]) if inside else 0
    line = f", line {number}, {lines[number].strip()!r}" if number in lines else ""
    return f"{notebook}, cell [{error.exec_count}]{line}: {error.ename}: {error.evalue}"


# What a kernel needs around it: a folder for its sockets, and an end where nobody wants it any more

MOST_BASE = 60  # bytes of a folder that sockets can be put below


@contextlib.contextmanager
def socket_folder() -> Iterator[Path]:
    """A private folder with a path short enough for sockets (104 bytes on some systems), removed in the end.

    Those of processes that were killed are removed first. Raises OSError where every temporary folder's is too long.
    """
    bases = [tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"]
    short = [Path(base) for base in bases if len(os.fsencode(base)) <= MOST_BASE and os.access(base, os.W_OK)]
    if not short:
        raise OSError(f"sockets need a folder whose path has at most {MOST_BASE} bytes: set TMPDIR, now {bases[0]}")
    base = short[0]
    host = f"sp{zlib.crc32(platform.node().encode()):08x}"  # a folder may be shared, and an id is of one machine only
    for left in base.glob(f"{host}-*-*"):
        owner = left.name.split("-")[1]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{host}-{os.getpid()}-", dir=base, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def kill_kernels() -> None:
    """Kill the kernels that this process started, and what they started; without their parent they end themselves."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("ipykernel" in word for word in child.cmdline()):
                for process in [*child.children(recursive=True), child]:
                    process.kill()
