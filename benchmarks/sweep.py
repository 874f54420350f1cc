"""What a sweep costs over papermill alone, and over its runs."""

import contextlib
import dataclasses
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import jupytext
import papermill
from rich.console import Console

from spareparts import class_rates
from spareparts.execute import ROOT, RUNS, execute
from spareparts.records import RunConfig, key
from spareparts.sweep.command import sweep
from spareparts.sweep.grid import Cell, from_options
from spareparts.sweep.survey import distinct, grouped, survey

from .row import Row

NOTEBOOKS = 64
CHAPTER = "class_rates"
SETS = ["twonorm", "ringnorm", "waveform", "car", "yeast"]
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
        ours=lambda: beyond_the_runs((RUNS,)),
        other=lambda: beyond_the_runs(()),
        goal=2.0,
        unit="s/notebook",
        note=f"The chapter {CHAPTER} with all its runs recorded: a kernel, the libraries, the plan and the look at the "
        "records, against the chapter to its end. The goal is 6 s beyond the runs; with a chapter of 13 s that is 2.",
        libraries=("papermill", "ipykernel"),
    )


def beyond_the_runs(until: tuple[str, ...]) -> float:
    """Seconds that a cell takes whose runs have been made."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        execute(ROOT / "notebooks" / f"{CHAPTER}.py", Path(folder, "cell.ipynb"), {"MISSING": "list"}, until=until)
        return time.perf_counter() - started


def status() -> Row:
    """What `status` does for each record: of 50,000 records of a paper against 2,500."""
    return Row(
        ours=lambda: looked_at(50_000),
        other=lambda: looked_at(2_500),
        goal=0.5,
        unit="ms/record",
        note="The runs of one notebook found among a paper's records, half of them missing and estimated. "
        "A ratio near 1 says that the time grows with the number of records and not with its square.",
    )


def looked_at(count: int) -> float:
    """Milliseconds a record, where so many runs have one and as many have none."""
    seeds = list(range(1_000, 1_000 + 2 * count // len(SETS)))  # that no committed record has
    plan = {"ACTIVATIONS": ["selu"], "ARMS": ["baseline"], "SEEDS": seeds}
    with tempfile.TemporaryDirectory() as folder, records_in(Path(folder)):
        configs = class_rates.plan(**{name.lower(): value for name, value in plan.items()}, datasets=SETS)
        for config in configs[::2]:
            write_record(Path(folder), config)
        notebook = ROOT / "notebooks" / "class_rates.py"
        cell = Cell(
            notebook=notebook, parameters=plan | {"DATASETS": SETS}, varied={}, output=Path(folder, "out.ipynb")
        )
        started = time.perf_counter()
        runs = distinct(survey([cell]))
        grouped(runs)
        assert sum(run.recorded for run in runs) == len(configs) // 2
        return 1000 * (time.perf_counter() - started) / count


def write_record(folder: Path, config: RunConfig) -> None:
    """A record as small as it may be."""
    about = {"word": config.word, "revision": config.revision, "config": dataclasses.asdict(config), "seconds": 1.0}
    about |= {"metrics": {}, "outcome": "finished", "protocol": "reduced", "fingerprint": config.fingerprint}
    path = folder / config.word / f"{key(config)}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(about))


@contextlib.contextmanager
def records_in(folder: Path) -> Iterator[None]:
    """Records are read from this folder, beside the committed ones."""
    before = os.environ.get("SPAREPARTS_RECORDS")
    os.environ["SPAREPARTS_RECORDS"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("SPAREPARTS_RECORDS") if before is None else os.environ.update(SPAREPARTS_RECORDS=before)
