"""Notebooks that are executed, and the chapters with parameters of one's own."""

import ast
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import matplotlib
import nbformat
import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from spareparts import execute as execution
from spareparts.execute import REQUESTED, ROOT, RUNS, NotebookError, execute, last_tagged, toc_notebooks
from spareparts.parameters import checked, defaults_in, parameter_defaults, read_notebook
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
chapters:
- file: book/executed/b
  sections:
  - file: book/executed/c
- file: book/run
- file: book/executed/a
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.py"
    path.write_text(NOTEBOOK)
    return path


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "spareparts", *arguments], capture_output=True, text=True)


def test_a_wrong_type_a_default_that_has_to_be_computed_and_a_kernel_that_is_not_there_are_refused(notebook):
    for given in ({"STEPS": True}, {"STEPS": 1.0}, {"SEEDS": ["1"]}, {"MISSING": None}):
        with pytest.raises(ValueError, match="must be"):
            execute(notebook, Path("out.ipynb"), given)
    assert sorted(os.listdir()) == ["tiny.py"]
    notebook.write_text(NOTEBOOK.replace("STEPS = 10", "STEPS = 5 * 2"))
    with pytest.raises(ValueError, match="the default of STEPS must be a plain literal"):
        execute(notebook, Path("out.ipynb"))
    notebook.write_text(NOTEBOOK.replace("name: python3", "name: cobol"))
    with pytest.raises(ValueError, match=r"asks for the kernel 'cobol', which is not installed; there are .*python3"):
        execute(notebook, Path("out.ipynb"))


def test_the_executed_notebook_holds_the_outputs_the_defaults_and_what_was_given_and_runs_again(notebook):
    output = execute(notebook, Path("deep/out.ipynb"), {"STEPS": 2})
    made = nbformat.read(output, as_version=4).cells
    assert made[-1].outputs[0].text == "6\n"
    cells = {cell.metadata.tags[0]: cell for cell in made if cell.metadata.get("tags")}
    assert all("hide-input" in cell.metadata.tags for cell in cells.values())
    assert cells["injected-parameters"].source == "# Parameters\nSTEPS = 2"
    assert "STEPS = 10  # steps" in cells["parameters"].source
    assert os.listdir("deep") == ["out.ipynb"]
    again = nbformat.read(execute(output, Path("again.ipynb"), {"STEPS": 3}), as_version=4).cells
    assert [cell.source for cell in again if "STEPS = " in cell.source][1:] == ["# Parameters\nSTEPS = 3"]
    assert again[-1].outputs[0].text == "9\n"


def test_setting_one_parameter_leaves_the_others_as_they_are_and_a_value_arrives_as_it_was_meant(notebook):
    odd = "PAIR = (1, 2)\nRATES = {0: 0.1}\nSETS = {1}\nLIMIT: int | None = None\n\n# %%\n"
    shown = "print(repr([STEPS, PAIR, RATES, SETS, LIMIT]))\n"
    notebook.write_text(NOTEBOOK.replace("\n# %%\nfrom", odd + shown + "# %%\nfrom"))

    def said(**given):
        cells = nbformat.read(execute(notebook, Path("out.ipynb"), given), as_version=4).cells
        return next(cell.outputs[0].text for cell in cells if cell.source == shown.strip())

    assert said(STEPS=3) == "[3, (1, 2), {0: 0.1}, {1}, None]\n"
    given = {"PAIR": (3, 4), "RATES": {1: 0.5}, "SETS": {2}, "LIMIT": 7}
    assert said(**given) == "[10, (3, 4), {1: 0.5}, {2}, 7]\n"


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ("tiny.py", r"the output must be a file \*\.ipynb, got .*tiny\.py"),
        ("out.html", r"the output must be a file \*\.ipynb"),
        ("folder.ipynb", r"folder\.ipynb is a folder"),
        ("tiny.py/out.ipynb", r"out\.ipynb cannot be written: (File exists|Not a directory)"),
        ("/proc/out.ipynb", r"/proc/out\.ipynb cannot be written"),
    ],
)
def test_where_nothing_can_be_written_nothing_starts(notebook, output, complaint):
    Path("folder.ipynb").mkdir()
    with pytest.raises((ValueError, OSError), match=complaint):
        execute(notebook, Path(output))
    assert notebook.read_text() == NOTEBOOK and not Path("started").exists()


def test_without_a_kernelspec_or_a_parameter_pythons_kernel_takes_the_defaults_which_are_folded(notebook):
    notebook.write_text(NOTEBOOK.removeprefix(HEADER))
    cells = nbformat.read(execute(notebook, Path("{braces}/out.ipynb")), as_version=4).cells
    assert [cell.metadata.tags for cell in cells if cell.metadata.get("tags")] == [["parameters", "hide-input"]]


def test_what_stands_behind_the_last_cell_asked_for_is_not_executed(notebook):
    makes = NOTEBOOK.replace("# %%\nfrom pathlib", '# %% tags=["runs"]\nfrom pathlib')
    notebook.write_text(makes)
    output = execute(notebook, Path("out.ipynb"), {"STEPS": 2}, until=(REQUESTED, RUNS))
    cells = nbformat.read(output, as_version=4).cells
    assert cells[-1].source == "from pathlib import Path" and cells[-1].execution_count
    assert not Path("started").exists()
    notebook.write_text(makes + '\n# %% tags=["requested"]\nresults.requested()\n\n# %%\n1\n')
    node = read_notebook(notebook)
    assert node.cells[last_tagged(node, (REQUESTED, RUNS)) - 1].source == "results.requested()"
    assert last_tagged(node, ["no such tag"]) is None


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
    left = notebook.parent / "out.failed.ipynb"
    line = """line 3, 'raise ValueError(f"steps must be positive, got {STEPS}")'"""
    assert str(caught.value) == (
        f"{notebook}, cell [4], {line}: ValueError: steps must be positive, got -1; "
        f"the notebook with its traceback: {left}"
    )
    assert "Traceback" in left.read_text()
    assert Path("out.ipynb").read_text() == "an earlier, whole result"
    assert not list(Path().glob(".*"))


@pytest.mark.parametrize("form", ["py", "ipynb"])
def test_the_place_of_an_error_is_right_after_magics_in_identical_cells_and_in_other_alphabets(notebook, form):
    cells = '# %%\n# %time word = "é"\nif STEPS == 1:\n    1 / 0\nSTEPS -= 1\n\n'
    notebook.write_text(NOTEBOOK.partition("# %%\nfrom")[0] + 2 * cells, encoding="utf-8")
    if form == "ipynb":
        jupytext.write(read_notebook(notebook), notebook.with_suffix(".ipynb"))
    with pytest.raises(NotebookError, match=r"cell \[4\], line 3, '1 / 0': ZeroDivisionError"):
        execute(notebook.with_suffix(f".{form}"), Path("out.ipynb"), {"STEPS": 2})


def test_a_kernel_that_is_killed_is_told_with_its_notebook_and_cell(notebook):
    notebook.write_text(NOTEBOOK.replace('Path("started").touch()', "import os\nos.kill(os.getpid(), 9)"))
    done = command("run", "tiny.py")
    assert done.returncode == 1
    assert "error: tiny.py, cell [3]: its kernel was killed, perhaps as the memory was full" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_toc_gives_the_notebooks_in_its_order_and_every_one_exists(tmp_path):
    toc = tmp_path / "_toc.yml"
    toc.write_text(TOC)
    assert [path.name for path in toc_notebooks(toc)] == ["b.py", "c.py", "a.py"]
    there = {path.stem for path in toc_notebooks() if path.is_file()}
    assert len(there) == len(list(toc_notebooks())) and set(papers()) <= there


def test_the_command_line_runs_a_notebook_and_a_terminal_that_lacks_a_sign_gets_another_for_it(notebook, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = command("run", str(notebook), "--set", "STEPS=3", "--set", "SEEDS=1..4", "--output", "é.ipynb")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(notebook.parent / "?.ipynb")
    assert nbformat.read("é.ipynb", as_version=4).cells[-1].outputs[0].text == "30\n"


def left_by(run):
    """Folders of sockets that a process made."""
    with execution.socket_folder() as own:
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


INTERRUPTED = """
import asyncio.events, os, signal
from nbclient import NotebookClient
from spareparts.__main__ import main

begin, step, due = NotebookClient._async_poll_kernel_alive, asyncio.events.Handle._run, []
NotebookClient._async_poll_kernel_alive = lambda client: due.append(True) or begin(client)

def interrupted(handle):
    if due and due.pop():
        os.kill(os.getpid(), signal.SIGINT)
    step(handle)

asyncio.events.Handle._run = interrupted
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


def test_an_interruption_before_what_waits_for_the_kernel_has_begun_is_told_in_one_line_as_well(notebook):
    words = [sys.executable, "-c", INTERRUPTED, "run", "tiny.py"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    assert done.returncode == 130
    assert [line for line in done.stderr.splitlines() if line and "Executing" not in line] == [
        "interrupted: runs that have their record are kept, the same command makes the others"
    ]


def test_the_folder_of_sockets_is_private_and_short_and_removed_with_those_of_the_dead(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 25)))
    with execution.socket_folder() as own:
        assert len(str(own / "kernel-99")) < 104 and own.stat().st_mode & 0o077 == 0
        host = own.name.split("-")[0]
        gone, alive = (own.with_name(f"{host}-{pid}-test{os.getpid()}") for pid in (2**22 + 1, os.getppid()))
        gone.mkdir()
        alive.mkdir()
        with execution.socket_folder():
            assert own.exists() and alive.exists() and not gone.exists()
        alive.rmdir()
    assert not own.exists()
    monkeypatch.setattr(execution, "MOST_BASE", 1)
    complaint = r"a folder whose path has at most 1 bytes: set TMPDIR, now .*long"
    with pytest.raises(OSError, match=complaint), execution.socket_folder():
        pass


def test_the_command_line_tells_an_error_in_one_line(notebook):
    done = command("run", "nowhere.py")
    assert (done.returncode, done.stderr) == (2, "error: there is no notebook nowhere.py\n")
    done = command("run", "tiny.py", "--set", "STEPS=-1")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "ValueError: steps must be positive, got -1; the notebook" in done.stderr


SEEDS = {"DATASETS": ["digits"], "SEEDS": [2, 3], "MISSING": "run"}
# By chapter: what is asked of it; a word of the table of those runs, and what it names too.
CHAPTERS = {
    "class_rates": (
        {"DATASETS": ["generated-led-display"], "ACTIVATIONS": ["relu"], "EPOCHS": 2, "MISSING": "run"},
        "test accuracy",
        ("baseline", "class_rates", "untrained"),
    ),
    "distancing": (SEEDS | {"EPOCHS": [4], "CHECKPOINT": [2]}, "length of the weights", ("strength", "training loss")),
    "experts": (SEEDS | {"STEPS": 20}, "live experts", ("baseline", "snnl")),
    "fixed_classifiers": (
        SEEDS
        | {"NETWORKS": ["mlp"], "HEADS": ["learned", "orthonormal"], "EPOCHS": [2]}
        | {"TRAIN_SAMPLES": [200], "PRECISION": ["float32"]},
        "on training images, %",
        ("learned", "orthonormal"),
    ),
    "redundancy": (SEEDS | {"ITERATIONS": [20], "TRAIN_SAMPLES": [200]}, "area, smallest norm first", ()),
    "cross_examination": (SEEDS | {"ARMS": ["control", "pushed"], "EPOCHS": [2]}, "removable", ("control", "pushed")),
}


@pytest.fixture
def shell(tmp_path):
    """What a kernel runs cells in, without the kernel, which imports everything anew."""
    matplotlib.use("agg")
    with matplotlib.rc_context():
        yield (shell := InteractiveShell.instance(ipython_dir=str(tmp_path)))
        shell.restore_sys_module_state()
        InteractiveShell.clear_instance()


def shown_by_papermill(word, parameters, folder):
    """What a chapter shows up to the table of the runs that were asked for."""
    done = execute(ROOT / "notebooks" / f"{word}.py", folder / f"{word}.ipynb", parameters, until=(REQUESTED,))
    outputs = [output for cell in nbformat.read(done, 4).cells for output in cell.get("outputs", [])]
    return [str(text) for output in outputs for text in output.get("data", {}).values()]


def shown_here(shell, word, parameters):
    """The same of the same cells, in this process."""
    node = read_notebook(ROOT / "notebooks" / f"{word}.py")
    execution._inject(node, checked(parameters, parameter_defaults(node)))
    cells = node.cells[: last_tagged(node, (REQUESTED,))]
    with capture_output() as captured:
        for cell in cells:
            if cell.cell_type == "code":
                shell.run_cell(cell.source, store_history=True).raise_error()
    return [str(text) for output in captured.outputs for text in output.data.values()]


@pytest.mark.parametrize("word", CHAPTERS)
def test_runs_that_were_asked_for_stand_before_the_chapter_on_the_committed_ones(word, tmp_path, shell):
    parameters, column, rows = CHAPTERS[word]
    # What stands behind the table no parameter changes (see below), and the book's own test executes it.
    # One has a kernel of its own, as papermill does it.
    texts = shown_by_papermill(word, parameters, tmp_path) if word == "experts" else shown_here(shell, word, parameters)
    assert "The runs that you asked for" in next(text for text in texts if "<h2" in text)
    table = next(text for text in texts if column in text and "<table" in text)
    assert all(name in table for name in rows)
    assert not any("These records do not" in text for text in texts)


@pytest.mark.parametrize("word", CHAPTERS)
def test_what_follows_the_runs_depends_on_no_parameter_but_those_of_demonstrations(word):
    cells = read_notebook(ROOT / "notebooks" / f"{word}.py").cells
    after = next(place for place, cell in enumerate(cells) if REQUESTED in cell.metadata.get("tags", [])) + 1
    sources = [ast.parse(cell.source) for cell in cells[after:] if cell.cell_type == "code"]
    used = {node.id for source in sources for node in ast.walk(source) if isinstance(node, ast.Name)}
    parameters = defaults_in(ROOT / "notebooks" / f"{word}.py")
    assert all(name.startswith("DEMO_") for name in used & parameters.keys())
