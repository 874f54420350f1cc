"""What a sweep costs over papermill alone, and over its runs."""

import contextlib
import tempfile
import time
from pathlib import Path

import jupytext
import papermill
from rich.console import Console

from spareparts.execute import ROOT, RUNS, execute
from spareparts.sweep.command import sweep
from spareparts.sweep.grid import from_options

from .row import Row

NOTEBOOKS = 64
CHAPTER = "class_rates"
ALONE = 8  # enough for papermill alone, which does the same again and again
TRIVIAL = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
NUMBER = 1

# %%
print(NUMBER)
"""


def sweep_overhead() -> Row:
    """Trivial notebooks: a sweep with two workers against papermill alone, one notebook after the other."""
    return Row(
        ours=swept,
        other=alone,
        goal=1.0,
        unit="s/notebook",
        note=f"{NOTEBOOKS} notebooks that print a number: a sweep from its start to its end, with two workers, against "
        "papermill executing one after the other. Below 0.94 s a notebook, 64 take less than a minute.",
        libraries=("distributed", "papermill", "ipykernel"),
    )


def swept() -> float:
    """Seconds a notebook, in a folder that no sweep has been in."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        notebook = Path("trivial.py")
        notebook.write_text(TRIVIAL)
        cells = from_options(notebook, [f"NUMBER=1..{NOTEBOOKS}"])
        started = time.perf_counter()
        status = sweep(cells, workers=2, console=Console(quiet=True))
        assert status == 0
        return (time.perf_counter() - started) / NOTEBOOKS


def alone() -> float:
    """Seconds a notebook."""
    node = jupytext.reads(TRIVIAL, fmt="py:percent")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        for number in range(ALONE):
            settings = {"progress_bar": False, "extra_arguments": ["--log-level=CRITICAL"]}
            papermill.execute_notebook(node, str(Path(folder, f"{number}.ipynb")), {"NUMBER": number}, **settings)
        return (time.perf_counter() - started) / ALONE


def sweep_cell() -> Row:
    """A cell of a sweep without its runs: up to the cell that makes them, against the whole chapter."""
    return Row(
        ours=lambda: beyond_the_runs(RUNS),
        other=lambda: beyond_the_runs(None),
        goal=7.0,
        unit="s/notebook",
        note=f"The chapter {CHAPTER} with all its runs recorded: a kernel, the libraries, the plan and the look at the "
        "records, against the chapter to its end. The goal is 6 s beyond the runs, where a chapter takes 44 s or more.",
        libraries=("papermill", "ipykernel"),
    )


def beyond_the_runs(until: str | None) -> float:
    """Seconds that a cell takes whose runs have been made."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        execute(ROOT / "notebooks" / f"{CHAPTER}.py", Path(folder, "cell.ipynb"), {"MISSING": "list"}, until=until)
        return time.perf_counter() - started
