import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from spareparts.sweep import cluster
from spareparts.sweep.cluster import connect

NOTEBOOK = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["parameters"]
MODE = "fine"

# %%
import os, time
from pathlib import Path

Path(f"started-{MODE}-{os.getpid()}").touch()

# %%
if MODE == "error":
    raise ValueError("no such mode")
if MODE == "slow":
    time.sleep(600)
if MODE == "dies":
    os.kill(os.getpid(), 9)
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("modes.py").write_text(NOTEBOOK)
    return Path("modes.py")


def command(*words):
    return [sys.executable, "-m", "spareparts", "sweep", *words]


def started(mode):
    """Ids of the kernels that came to that mode."""
    return [int(path.name.rsplit("-", 1)[1]) for path in Path().glob(f"started-{mode}-*")]


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_every_notebook_ends_as_it_should_and_what_finished_is_not_repeated(notebook):
    words = command("modes.py", "--grid", "MODE=fine,error,dies", "--workers", "3", "--json")
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    ends = {end["cell"]: end for end in json.loads(done.stdout)["notebooks"]}
    assert {name: end["state"] for name, end in ends.items()} == {
        "MODE=fine": "finished",
        "MODE=error": "failed",
        "MODE=dies": "failed",
    }
    assert "modes.py, cell [4], line 20: ValueError: no such mode" in ends["MODE=error"]["message"]
    left = ends["MODE=error"]["output"].replace(".ipynb", ".failed.ipynb")
    assert left in ends["MODE=error"]["message"] and Path(left).exists()
    assert "DeadKernelError" in ends["MODE=dies"]["message"]
    # A kernel that dies is tried twice again; an error in a cell is not.
    assert [len(started(mode)) for mode in ("fine", "error", "dies")] == [1, 1, 3]
    again = subprocess.run(command("modes.py", "--grid", "MODE=fine", "--json"), capture_output=True, text=True)
    assert json.loads(again.stdout) == {"status": 0, "already": 1, "notebooks": []}
    assert again.returncode == 0 and len(started("fine")) == 1


def test_a_sweep_stops_after_the_runs_unless_pages_are_asked_for(notebook):
    notebook.write_text(NOTEBOOK.replace("# %%\nimport os", '# %% tags=["runs"]\nimport os'))
    words = command("modes.py", "--grid", "MODE=error", "--workers", "1", "--json")
    done = subprocess.run(words, capture_output=True, text=True)
    (end,) = json.loads(done.stdout)["notebooks"]
    assert done.returncode == 0 and end["state"] == "finished" and Path(end["output"]).is_file()
    done = subprocess.run([*words, "--pages"], capture_output=True, text=True)
    (page,) = json.loads(done.stdout)["notebooks"]
    assert done.returncode == 1 and "no such mode" in page["message"] and page["output"] != end["output"]


def test_a_notebook_past_its_deadline_is_ended_and_not_tried_again(notebook):
    words = command("modes.py", "--grid", "MODE=slow", "--workers", "1", "--deadline", "10s", "--json")
    done = subprocess.run(words, capture_output=True, text=True)
    (end,) = json.loads(done.stdout)["notebooks"]
    assert end["state"] == "failed" and "its deadline of 10 s had passed" in end["message"]
    # On a busy machine it passes before the cell is reached.
    assert len(started("slow")) <= 1 and not any(psutil.pid_exists(kernel) for kernel in started("slow"))


def test_ctrl_c_ends_the_kernels_and_keeps_what_finished(notebook):
    words = command("modes.py", "--grid", "MODE=fine,slow", "--workers", "2")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes, start_new_session=True) as sweep:
        assert any("MODE=fine" in line for line in sweep.stdout)  # the sweep has heard of it
        wait_until(lambda: started("slow"))
        os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does: its workers are told too
        output, errors = sweep.communicate(timeout=300)
    assert sweep.returncode == 130, errors
    assert "1 of 2 notebooks finished, 0 failed, 1 not started or cut off: the same command resumes" in " ".join(
        output.split()
    )
    assert "Traceback" not in errors
    wait_until(lambda: not any(psutil.pid_exists(kernel) for kernel in started("slow")))
    assert len(list(Path("_build/sweeps/modes").glob("*.ipynb"))) == 1


@contextlib.contextmanager
def elsewhere(tmp_path):
    """A Dask cluster that was not started by the sweep: a scheduler and one worker."""
    file = tmp_path / "scheduler.json"
    common = ["--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1"]
    parts = [["scheduler", "--port", "0", *common], ["worker", "--nthreads", "1", "--memory-limit", "0", *common]]
    running = []
    try:
        for part in parts:
            program = [sys.executable, "-m", "dask", *part]
            running.append(subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait_until(file.exists)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait(timeout=30)


def test_a_cluster_of_ones_own_is_used_and_freed_when_the_sweep_is_killed(notebook, tmp_path):
    with elsewhere(tmp_path) as address:
        words = command("modes.py", "--grid", "MODE=slow", "--scheduler", address)
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sweep:
            wait_until(lambda: started("slow"))
            sweep.kill()
        wait_until(lambda: not any(psutil.pid_exists(kernel) for kernel in started("slow")))
        done = subprocess.run(command("modes.py", "--grid", "MODE=fine", "--scheduler", address), capture_output=True)
        assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["modes.py", "--grid", "MODES=fine"], "the notebook has no parameter MODES: did you mean MODE?"),
        (["nowhere.py", "--grid", "MODE=fine"], "there is no notebook nowhere.py"),
        (["modes.py", "--grid", "MODE=fine", "--deadline", "soon"], "a duration is written like 90s, 10m or 1.5h"),
    ],
)
def test_what_cannot_be_swept_is_told_in_one_line_and_nothing_starts(notebook, words, complaint):
    done = subprocess.run(command(*words), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {complaint}") and done.stderr.count("\n") == 1
    assert os.listdir() == ["modes.py"]


def test_a_dry_run_starts_nothing(notebook):
    done = subprocess.run(command("modes.py", "--grid", "MODE=fine,slow", "--dry-run"), capture_output=True, text=True)
    assert done.returncode == 0 and "2 notebooks, 0 of them done. Nothing was started." in done.stdout
    assert os.listdir() == ["modes.py"]


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ({"scheduler": "tcp://127.0.0.1:9"}, "no Dask scheduler answers at tcp://127.0.0.1:9"),
        ({"scheduler": "nonsense"}, "no Dask scheduler answers at nonsense"),
        ({"slurm": Path("nowhere.yaml")}, "there is no SLURM file nowhere.yaml"),
        ({"workers": 0}, "at least 1, got 0"),
        ({"workers": 1, "scheduler": "tcp://127.0.0.1:9"}, "give one of"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_named(where, complaint, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises((OSError, ValueError), match=complaint), connect(**where):
        pass


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("queue: main", "jobs, the number of jobs"), ("jobs: 1\ncores: 4", "cores and processes must be equal")],
)
def test_a_slurm_file_that_cannot_be_is_refused(tmp_path, text, complaint):
    path = tmp_path / "slurm.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        cluster.slurm_cluster(path)


def test_every_gpu_gets_workers_that_see_no_other(monkeypatch):
    monkeypatch.setattr(cluster, "visible_gpus", lambda: ["3", "5"])
    options = [cluster.worker_options(number)["env"] for number in range(3)]
    assert options == [{"CUDA_VISIBLE_DEVICES": name} for name in ("3", "5", "3")]
