"""Executes one notebook by papermill: parameters checked first, a kernel of its own, a whole result or none."""

import ast
import contextlib
import difflib
import multiprocessing
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import yaml

from .kernels import kill_kernels, socket_folder

Notebook = Any  # an nbformat.NotebookNode; what only plans does without its libraries, which import slowly
ROOT = Path(__file__).resolve().parents[2]
EXECUTED = ROOT / "book" / "executed"
MOST_VALUES = 100_000  # of a range
RUNS = "runs"  # the tag of the cell that makes the runs


class NotebookError(RuntimeError):
    """A cell of a notebook raised; the message names notebook, cell, line and where the traceback was left."""


class TooMany(ValueError):
    """A list of more values than anybody means."""


def read_notebook(path: Path) -> Notebook:
    """The notebook at `path` (percent-format text or .ipynb); FileNotFoundError where there is none."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no notebook {path}")
    import jupytext

    return jupytext.read(path)


def parameter_defaults(notebook: Notebook) -> dict[str, Any]:
    """Names and default values in the cell tagged `parameters`; ValueError for a default that is no plain literal."""
    tagged = (cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    return literals(next(tagged, ""))


def defaults_in(path: Path) -> dict[str, Any]:
    """The same of the notebook at a path; of a text only that cell is read, which spares hundreds of others."""
    if Path(path).suffix != ".py":
        return parameter_defaults(read_notebook(path))
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no notebook {path}")
    cells = re.split(r"^# %%", Path(path).read_text(), flags=re.MULTILINE)
    parts = (cell.partition("\n") for cell in cells)
    return literals(next((source for marker, _, source in parts if '"parameters"' in marker), ""))


def literals(source: str) -> dict[str, Any]:
    """Names and values that a text assigns; ValueError for a value that is no plain literal, and for no Python."""
    found = {}
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ValueError(f"the cell of the parameters is no Python: {error}") from error
    for statement in statements:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, ast.get_source_segment(source, statement.value)
            try:
                found[name] = ast.literal_eval(statement.value)
            except ValueError as error:
                raise ValueError(f"the default of {name} must be a plain literal, got {value}") from error
    return found


def last_tagged(notebook: Notebook, tag: str | None) -> int | None:
    """How many cells there are up to the last one with that tag, None where none has it."""
    places = [place for place, cell in enumerate(notebook.cells, start=1) if tag in cell.metadata.get("tags", [])]
    return max(places, default=None)


def default_of(name: str, defaults: dict[str, Any]) -> Any:
    """The default of a parameter; ValueError for a name that the notebook lacks, with the nearest that it has."""
    if name in defaults:
        return defaults[name]
    near = difflib.get_close_matches(name.upper(), defaults, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(defaults) or 'none'}"
    raise ValueError(f"the notebook has no parameter {name}: {hint}")


def check_parameters(parameters: dict[str, Any], defaults: dict[str, Any]) -> None:
    """ValueError for a name that `defaults` lacks (naming the nearest) or a value of another type than the default."""
    for name, value in parameters.items():
        default = default_of(name, defaults)
        if not _fits(value, default):
            raise ValueError(f"{name} must be {_kind(default)}, like its default {default!r}, got {value!r}")


def parse_parameter(text: str, defaults: dict[str, Any]) -> tuple[str, Any]:
    """Name and value of NAME=VALUE, typed by the default: `SEEDS=1..5`, `DATASETS=mnist,digits`, `STEPS=1500`."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise ValueError(f"a parameter is written NAME=VALUE, got {text!r}")
    default = default_of(name, defaults)
    try:
        return name, _parse(value, default)
    except TooMany as error:
        raise ValueError(f"{name}: {error}") from error
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name} must be {_kind(default)}, like its default {default!r}, got {value!r}") from error


def execute(
    notebook: Path,
    output: Path,
    parameters: dict[str, Any] | None = None,
    *,
    until: str | None = None,
    progress: bool = False,
    **settings: Any,
) -> Path:
    """Execute `notebook` with `parameters` into `output`, which appears only when whole; returns its path.

    `until` is the tag of the last cell to execute; a notebook without such a cell is executed to its end. `settings` go
    to papermill (`execution_timeout`: seconds a cell). Raises ValueError before anything starts where a parameter does
    not fit, NotebookError where a cell raised: it is then left beside `output` as *.failed.ipynb.
    """
    node, parameters, output = read_notebook(notebook), parameters or {}, Path(output).resolve()
    node.cells = node.cells[: last_tagged(node, until)]
    defaults = parameter_defaults(node)
    check_parameters(parameters, defaults)
    output.parent.mkdir(parents=True, exist_ok=True)
    # All values, not only the given ones: the page then shows everything the run stood on.
    given = defaults | parameters if parameters else {}
    with _whole_or_failed(notebook, output) as temporary:
        executed = _run(node, temporary, given, progress_bar=progress, **settings)
        _write(_tidy(executed, output), temporary)
    return output


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


def _write(notebook: Notebook, path: Path) -> None:
    import nbformat

    nbformat.write(notebook, path)


def execute_all(jobs: dict[Path, dict[str, Any]], folder: Path) -> Iterator[tuple[Path, float]]:
    """Execute notebooks with their parameters into `folder`, one a core; yields each when done, with its seconds."""
    import nbformat

    # Spawned, as everywhere: macOS and Windows know no other way.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(jobs)), mp_context=context) as pool:
        tasks = {pool.submit(execute, job, folder / f"{job.stem}.ipynb", jobs[job]): job for job in jobs}
        for task in as_completed(tasks):
            executed = nbformat.read(task.result(), as_version=4)
            yield tasks[task], executed.metadata.papermill["duration"]


def execute_book(folder: Path, parameters: dict[str, dict[str, Any]] | None = None) -> Iterator[tuple[Path, float]]:
    """Execute the notebooks of the table of contents, the ledger last, since it collects what the others decided.

    `parameters` maps a notebook's stem to its parameters.
    """
    from .claims import EXECUTED as PLACE

    os.environ[PLACE] = str(Path(folder).resolve())
    jobs = {notebook: (parameters or {}).get(notebook.stem, {}) for notebook in toc_notebooks()}
    last = {notebook: given for notebook, given in jobs.items() if notebook.stem == "ledger"}
    yield from execute_all({notebook: jobs[notebook] for notebook in jobs if notebook not in last}, folder)
    if last:
        yield from execute_all(last, folder)


def toc_notebooks(toc: Path = ROOT / "_toc.yml") -> Iterator[Path]:
    """The notebooks whose executed form stands in the book's table of contents, in its order."""
    for file in _files(yaml.safe_load(toc.read_text())):
        if file.startswith("book/executed/"):
            yield toc.parent / "notebooks" / f"{Path(file).stem}.py"


def _files(entry: Any) -> Iterator[str]:
    if isinstance(entry, list):
        for item in entry:
            yield from _files(item)
    elif isinstance(entry, dict):
        if "file" in entry:
            yield entry["file"]
        for value in entry.values():
            yield from _files(value)


def _fits(value: Any, default: Any) -> bool:
    if default is None:
        return True
    if isinstance(default, list):
        return isinstance(value, list) and all(_fits(item, default[0]) for item in value if default)
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)


def _kind(default: Any) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "a mapping"}
    if isinstance(default, list):
        return f"a list, each {_kind(default[0])}" if default else "a list"
    return names.get(type(default), "a value")


def _parse(value: str, default: Any) -> Any:
    if isinstance(default, bool):
        return {"true": True, "false": False}[value.lower()]
    if isinstance(default, int | float | str):
        return type(default)(value)
    if not isinstance(default, list):
        return yaml.safe_load(value)
    kind = default[0] if default else None
    return [item for part in value.split(",") if part.strip() for item in _items(part.strip(), kind)]


def _items(part: str, kind: Any) -> list[Any]:
    span = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", part)
    if span and type(kind) in (int, float, type(None)):
        first, last = map(int, span.groups())
        if last < first:
            raise ValueError(f"the range {part} is empty")
        if last - first >= MOST_VALUES:
            raise TooMany(f"a range has at most {MOST_VALUES:,} values, and {part} has {last - first + 1:,}")
        return list(range(first, last + 1))
    return [_parse(part, kind)]


def _run(notebook: Notebook, output: Path, parameters: dict[str, Any], **settings: Any) -> Any:
    import papermill
    from traitlets.config import Config

    # Sockets in a folder of this run: notebooks side by side cannot race for a port.
    with socket_folder() as folder:
        manager = {"transport": "ipc", "ip": f"{folder}/k", "connection_file": f"{folder}/kernel.json"}
        settings["config"] = Config({"KernelManager": manager})
        # A kernel is interrupted before it is shut down, and would report that on the terminal as an error.
        settings["extra_arguments"] = ["--log-level=CRITICAL"]
        try:
            return papermill.execute_notebook(
                notebook, output, parameters, request_save_on_cell_execute=False, **settings
            )
        except (KeyboardInterrupt, SystemExit):
            kill_kernels()
            raise


def _tidy(notebook: Notebook, output: Path) -> Notebook:
    """Fold the cell of the values that the run had; the defaults that they replaced need no place on the page."""
    notebook.metadata.papermill["output_path"] = str(output)
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    injected = any("injected-parameters" in found for found in tags)
    for found in tags:
        if "injected-parameters" in found or ("parameters" in found and not injected):
            found.append("hide-input")
        elif "parameters" in found:
            found.append("remove-cell")
    return notebook


def _place(notebook: Path, error: Any) -> str:
    """Where a cell raised and what, of papermill's error: the line is that of the notebook's text."""
    trace = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    inside = re.search(rf"Cell In\[{error.exec_count}\], line (\d+)", trace)
    before = Path(notebook).read_text().partition(error.source)[0].count("\n")
    line = before + (int(inside[1]) if inside else 1)
    return f"{notebook}, cell [{error.exec_count}], line {line}: {error.ename}: {error.evalue}"
