"""What a sweep costs over papermill alone."""

import functools
import os
import tempfile
import time
from pathlib import Path

import jupytext
import papermill

from spareparts.sweep.command import sweep
from spareparts.sweep.grid import from_options

from .row import Row

NOTEBOOKS = 64
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
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder, "trivial.py")
        notebook.write_text(TRIVIAL)
        before = Path.cwd()
        os.chdir(folder)
        try:
            return _seconds(
                functools.partial(sweep, from_options(notebook, [f"NUMBER=1..{NOTEBOOKS}"]), workers=2), NOTEBOOKS
            )
        finally:
            os.chdir(before)


def alone() -> float:
    """Seconds a notebook."""
    with tempfile.TemporaryDirectory() as folder:
        node = jupytext.reads(TRIVIAL, fmt="py:percent")

        def work() -> None:
            for number in range(ALONE):
                output = str(Path(folder, f"{number}.ipynb"))
                papermill.execute_notebook(node, output, {"NUMBER": number}, progress_bar=False)

        return _seconds(work, ALONE)


def _seconds(work, count: int) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) / count
