import ast
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from spareparts import kernels
from spareparts.execute import (
    ROOT,
    RUNS,
    NotebookError,
    check_parameters,
    defaults_in,
    execute,
    parameter_defaults,
    parse_parameter,
    read_notebook,
    toc_notebooks,
)
from spareparts.verify import papers

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---
"""
NOTEBOOK = f"""\
{HEADER}
# %% [markdown]
# # A tiny notebook

# %% tags=["parameters"]
STEPS = 10  # steps
SEEDS = [1, 2]
DATASETS = ["mnist"]
RATE = 0.1
SHUFFLE = True
MISSING = "list"

# %%
from pathlib import Path

# %%
Path("started").touch()
if STEPS < 0:
    raise ValueError(f"steps must be positive, got {{STEPS}}")
print(STEPS * sum(SEEDS))
"""
WAITS = """\
import os, time
Path("half").write_text(str(os.getpid()))
Path("half").rename("started")
time.sleep(3600)"""
TOC = """\
format: jb-book
root: book/index
parts:
- caption: First
  chapters:
  - file: book/executed/b
    sections:
    - file: book/executed/c
- caption: Second
  chapters:
  - file: book/run
  - file: book/executed/a
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.py"
    path.write_text(NOTEBOOK)
    return path


@pytest.fixture
def defaults(notebook):
    return parameter_defaults(read_notebook(notebook))


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "spareparts", *arguments], capture_output=True, text=True)


def test_defaults_are_read_from_the_parameters_cell(defaults):
    expected = {"STEPS": 10, "SEEDS": [1, 2], "DATASETS": ["mnist"], "RATE": 0.1, "SHUFFLE": True, "MISSING": "list"}
    assert defaults == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("STEPS=1500", 1500),
        ("STEPS = -3", -3),
        ("SEEDS=1..5", [1, 2, 3, 4, 5]),
        ("SEEDS=1,4..6", [1, 4, 5, 6]),
        ("SEEDS=7", [7]),
        ("DATASETS=mnist,fashion_mnist", ["mnist", "fashion_mnist"]),
        ("RATE=1e-3", 0.001),
        ("RATE=1", 1.0),
        ("SHUFFLE=false", False),
        ("MISSING=run", "run"),
    ],
)
def test_a_value_takes_the_type_of_its_default(defaults, text, value):
    name, parsed = parse_parameter(text, defaults)
    assert name == text.partition("=")[0].strip()
    assert parsed == value and type(parsed) is type(value)
    check_parameters({name: parsed}, defaults)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("STEPS=many", "STEPS must be a whole number, like its default 10, got 'many'"),
        ("STEPS=1.5", "STEPS must be a whole number"),
        ("SEEDS=5..1", "SEEDS must be a list, each a whole number"),
        ("SEEDS=a", "SEEDS must be a list, each a whole number"),
        ("SHUFFLE=maybe", "SHUFFLE must be true or false"),
        ("SEEDS=1..200000000", "SEEDS: a range has at most 100,000 values, and 1..200000000 has 200,000,000"),
        ("STEPS", "a parameter is written NAME=VALUE, got 'STEPS'"),
        ("STEP=1", "no parameter STEP: did you mean STEPS?"),
        ("data_sets=mnist", "did you mean DATASETS?"),
        ("XYZ=1", "it has STEPS, SEEDS"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(defaults, text, complaint):
    with pytest.raises(ValueError, match=complaint.replace("?", r"\?")):
        parse_parameter(text, defaults)


@pytest.mark.parametrize(
    "parameters", [{"STEPS": True}, {"STEPS": 1.0}, {"SEEDS": 1}, {"SEEDS": ["1"]}, {"MISSING": None}, {"RATE": "fast"}]
)
def test_a_wrong_type_is_refused_before_anything_starts(notebook, parameters):
    with pytest.raises(ValueError, match="must be"):
        execute(notebook, Path("out.ipynb"), parameters)
    assert sorted(os.listdir()) == ["tiny.py"]


def test_the_parameters_are_those_of_the_whole_notebook():
    for path in (ROOT / "notebooks").glob("*.py"):
        assert defaults_in(path) == parameter_defaults(read_notebook(path)), path


def test_a_default_that_has_to_be_computed_is_refused(notebook):
    notebook.write_text(NOTEBOOK.replace("STEPS = 10", "STEPS = 5 * 2"))
    with pytest.raises(ValueError, match="the default of STEPS must be a plain literal"):
        execute(notebook, Path("out.ipynb"))


def test_parameters_that_are_no_python_are_refused_in_one_line(notebook):
    notebook.write_text(NOTEBOOK.replace("STEPS = 10", "STEPS = = 10"))
    with pytest.raises(ValueError, match="the cell of the parameters is no Python: invalid syntax"):
        defaults_in(notebook)


def test_a_missing_notebook_is_named():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.py"):
        execute(Path("nowhere.py"), Path("out.ipynb"))


def test_the_executed_notebook_holds_the_outputs_and_every_parameter(notebook):
    output = execute(notebook, Path("deep/out.ipynb"), {"STEPS": 2})
    cells = nbformat.read(output, as_version=4).cells
    assert cells[-1].outputs[0].text == "6\n"
    by_tag = {cell.metadata.tags[0]: cell for cell in cells if cell.metadata.get("tags")}
    assert "remove-cell" in by_tag["parameters"].metadata.tags
    assert "hide-input" in by_tag["injected-parameters"].metadata.tags
    assert 'STEPS = 2\nSEEDS = [1, 2]\nDATASETS = ["mnist"]' in by_tag["injected-parameters"].source
    assert os.listdir("deep") == ["out.ipynb"]


def test_with_no_parameter_given_the_defaults_are_folded(notebook):
    cells = nbformat.read(execute(notebook, Path("out.ipynb")), as_version=4).cells
    assert [cell.metadata.tags for cell in cells if cell.metadata.get("tags")] == [["parameters", "hide-input"]]


def test_what_stands_behind_the_last_cell_asked_for_is_not_executed(notebook):
    notebook.write_text(NOTEBOOK.replace("# %%\nfrom pathlib", '# %% tags=["runs"]\nfrom pathlib'))
    cells = nbformat.read(execute(notebook, Path("out.ipynb"), {"STEPS": 2}, until="runs"), as_version=4).cells
    assert cells[-1].source == "from pathlib import Path" and cells[-1].execution_count
    assert not Path("started").exists()
    execute(notebook, Path("whole.ipynb"), until="no such tag")
    assert Path("started").exists()


@pytest.mark.parametrize("word", papers())
def test_every_papers_notebook_makes_its_runs_in_one_cell_that_shows_nothing(word):
    cells = [cell for cell in read_notebook(ROOT / "notebooks" / f"{word}.py").cells if cell.cell_type == "code"]
    (place,) = [place for place, cell in enumerate(cells) if RUNS in cell.metadata.get("tags", [])]
    assert "records.load_or_run(" in cells[place].source
    assert place == 1, "only the parameters stand before the runs, so that a sweep imports no more"
    last = ast.parse(cells[place].source).body[-1]
    assert not isinstance(last, ast.Expr), "a table of the runs would stand on the page"


def test_an_error_in_a_cell_names_notebook_cell_line_and_what_was_left(notebook):
    Path("out.ipynb").write_text("an earlier, whole result")
    with pytest.raises(NotebookError) as caught:
        execute(notebook, Path("out.ipynb"), {"STEPS": -1})
    line = 1 + NOTEBOOK.splitlines().index('    raise ValueError(f"steps must be positive, got {STEPS}")')
    left = notebook.parent / "out.failed.ipynb"
    assert str(caught.value) == (
        f"{notebook}, cell [4], line {line}: ValueError: steps must be positive, got -1; "
        f"the notebook with its traceback: {left}"
    )
    assert "Traceback" in left.read_text()
    assert Path("out.ipynb").read_text() == "an earlier, whole result"
    assert not list(Path().glob(".*"))


def test_the_toc_gives_the_notebooks_in_its_order(tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text(TOC)
    assert [path.name for path in toc_notebooks(toc)] == ["b.py", "c.py", "a.py"]


def test_every_notebook_of_the_book_exists():
    assert all(path.is_file() for path in toc_notebooks())


def test_the_command_line_runs_a_notebook(notebook):
    done = command("run", str(notebook), "--set", "STEPS=3", "--set", "SEEDS=1..4", "--output", "out.ipynb")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(notebook.parent / "out.ipynb")
    assert nbformat.read("out.ipynb", as_version=4).cells[-1].outputs[0].text == "30\n"


def left_by(run):
    """Folders of sockets that a process made."""
    with kernels.socket_folder() as own:
        return list(own.parent.glob(f"{own.name.split('-')[0]}-{run.pid}-*"))


@pytest.mark.parametrize(
    ("name", "status"), [("SIGKILL", -signal.SIGKILL), ("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)]
)
def test_a_run_that_is_ended_from_outside_leaves_no_kernel_no_socket_and_one_line(notebook, name, status):
    notebook.write_text(NOTEBOOK.replace('Path("started").touch()', WAITS))
    words = [sys.executable, "-m", "spareparts", "run", "tiny.py"]

    def heard():  # where these tests run in the background, Ctrl-C is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, preexec_fn=heard) as run:
        while not Path("started").exists():
            assert run.poll() is None
            time.sleep(0.1)
        kernel = psutil.Process(int(Path("started").read_text()))
        run.send_signal(getattr(signal, name))
        _, errors = run.communicate()
    _, alive = psutil.wait_procs([kernel], timeout=120)
    assert (run.returncode, alive, left_by(run)) == (status, [], [])
    said = [line for line in errors.replace("\r", "\n").splitlines() if line and not line.startswith("Executing")]
    assert [line.partition(":")[0] for line in said] == (["interrupted"] if name == "SIGINT" else [])
    assert name == "SIGKILL" or not list(Path("_build/runs").glob(".*"))


def test_the_folder_of_sockets_is_private_short_and_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 25)))
    with kernels.socket_folder() as folder:
        assert len(str(folder / "kernel-99")) < 104 and folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    monkeypatch.setattr(kernels, "MOST_BASE", 1)
    complaint = r"a folder whose path has at most 1 bytes: set TMPDIR, now .*long"
    with pytest.raises(OSError, match=complaint), kernels.socket_folder():
        pass


def test_folders_of_sockets_of_processes_that_are_no_more_are_removed():
    with kernels.socket_folder() as own:
        host = own.name.split("-")[0]
        gone, alive = (own.with_name(f"{host}-{pid}-test{os.getpid()}") for pid in (2**22 + 1, os.getppid()))
        gone.mkdir()
        alive.mkdir()
        with kernels.socket_folder():
            assert own.exists() and alive.exists() and not gone.exists()
        alive.rmdir()


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (["run", "tiny.py", "--set", "STEP=3"], 2, "error: the notebook has no parameter STEP: did you mean STEPS?\n"),
        (["run", "nowhere.py"], 2, "error: there is no notebook nowhere.py\n"),
        (["run", "tiny.py", "--set", "STEPS=-1"], 1, "ValueError: steps must be positive, got -1; the notebook"),
    ],
)
def test_the_command_line_tells_an_error_in_one_line(notebook, arguments, status, complaint):
    done = command(*arguments)
    assert done.returncode == status
    assert complaint in done.stderr and "Traceback" not in done.stderr
