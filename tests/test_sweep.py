import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from unittest.mock import MagicMock

import psutil
import pytest
from distributed import Client, Security
from sweep_kills import ended

from spareparts.sweep import cluster, task
from spareparts.sweep.cluster import connect
from spareparts.sweep.grid import Cell

NOTEBOOK = """\
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
MAKES_RUNS = NOTEBOOK.replace("# %%\nimport os", '# %% tags=["runs"]\nimport os')


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("modes.py").write_text(NOTEBOOK)
    return Path("modes.py")


def command(*words):
    return [sys.executable, "-m", "spareparts", "sweep", "modes.py", *words]


def swept(*words):
    """What a sweep of the notebook that is waited for ends with."""
    return subprocess.run(command(*words), capture_output=True, text=True)


def started(mode):
    """Ids of the kernels that came to that mode."""
    return [int(path.name.rsplit("-", 1)[1]) for path in Path().glob(f"started-{mode}-*")]


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_every_page_ends_as_it_should_and_what_finished_is_not_repeated(notebook):
    notebook.write_text(MAKES_RUNS)
    done = swept("--grid", "MODE=fine,error,dies", "--workers", "3", "--json", "--pages")
    assert done.returncode == 1, done.stderr
    ends = {end["cell"]: end for end in json.loads(done.stdout)["notebooks"]}
    states = {"MODE=fine": "finished", "MODE=error": "failed", "MODE=dies": "failed"}
    assert {name: end["state"] for name, end in ends.items()} == states
    place = """modes.py, cell [4], line 2, 'raise ValueError("no such mode")': ValueError: no such mode"""
    assert place in ends["MODE=error"]["message"]
    left = ends["MODE=error"]["output"].replace(".ipynb", ".failed.ipynb")
    assert Path(left).parent.name == "pages" and left in ends["MODE=error"]["message"] and Path(left).exists()
    assert "DeadKernelError" in ends["MODE=dies"]["message"]
    # A kernel that dies is tried twice again; an error in a cell is not.
    assert [len(started(mode)) for mode in ("fine", "error", "dies")] == [1, 1, 3]
    again = swept("--grid", "MODE=fine", "--json", "--pages")
    assert json.loads(again.stdout) == {"status": 0, "already": 1, "notebooks": []}
    assert again.returncode == 0 and len(started("fine")) == 1


def test_a_sweep_stops_after_the_runs_where_no_pages_are_asked_for(notebook):
    notebook.write_text(MAKES_RUNS)
    done = swept("--grid", "MODE=error", "--workers", "1", "--json")
    (end,) = json.loads(done.stdout)["notebooks"]
    assert done.returncode == 0 and end["state"] == "finished" and Path(end["output"]).is_file()


def test_a_notebook_past_its_deadline_is_ended_and_not_tried_again(notebook):
    done = swept("--grid", "MODE=slow", "--workers", "1", "--deadline", "10s", "--json")
    (end,) = json.loads(done.stdout)["notebooks"]
    assert end["state"] == "failed" and "its deadline of 10 s had passed" in end["message"]
    # On a busy machine it passes before the cell is reached.
    assert len(started("slow")) <= 1 and not any(psutil.pid_exists(kernel) for kernel in started("slow"))


def test_ctrl_c_ends_the_kernels_and_keeps_what_finished(notebook):
    words = command("--grid", "MODE=fine,slow", "--workers", "2")
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
def elsewhere(tmp_path, *options):
    """A Dask cluster that was not started by the sweep: a scheduler and one worker."""
    file, dask = tmp_path / "scheduler.json", [sys.executable, "-m", "dask"]
    common = ["--scheduler-file", str(file), "--no-dashboard", "--host", "127.0.0.1", *options]
    with ended(*dask, "scheduler", "--port", "0", *common) as scheduler:
        wait_until(file.exists)
        with ended(*dask, "worker", "--nthreads", "1", "--memory-limit", "0", *common):
            yield json.loads(file.read_text())["address"], scheduler


def test_a_cluster_of_ones_own_is_used_and_freed_when_the_sweep_is_killed(notebook, tmp_path):
    with elsewhere(tmp_path) as (address, _):
        words = command("--grid", "MODE=slow", "--scheduler", address)
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sweep:
            wait_until(lambda: started("slow"))
            sweep.kill()
        wait_until(lambda: not any(psutil.pid_exists(kernel) for kernel in started("slow")))
        assert swept("--grid", "MODE=fine", "--scheduler", address).returncode == 0


def test_a_scheduler_that_is_lost_is_told_in_words(notebook, tmp_path):
    with elsewhere(tmp_path) as (address, scheduler):
        words = command("--grid", "MODE=slow", "--scheduler", address)
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as sweep:
            wait_until(lambda: started("slow"))
            scheduler.kill()
            output, errors = sweep.communicate(timeout=200)
    said = " ".join((output + errors).split())
    assert sweep.returncode == 1 and "NoneType" not in said and "Traceback" not in said
    assert f"the scheduler at {address} is gone: start it again, and the same command goes on" in said
    assert "0 of 1 notebooks finished" in said


@pytest.fixture
def certificates(tmp_path):
    """Options of Dask for certificates of one's own, and the same of a stranger."""
    options = {}
    for owner in ("mine", "strange"):
        security = Security.temporary()
        parts = {"ca-file": security.tls_ca_file, "cert": security.tls_client_cert, "key": security.tls_client_key}
        for name, text in parts.items():
            (tmp_path / f"{owner}-{name}.pem").write_text(text)
        options[owner] = [word for name in parts for word in (f"--tls-{name}", str(tmp_path / f"{owner}-{name}.pem"))]
    return options


def test_a_scheduler_with_certificates_serves_only_who_has_them(notebook, tmp_path, certificates):
    with elsewhere(tmp_path, "--protocol", "tls", *certificates["mine"]) as (address, _):
        assert address.startswith("tls://")
        words = ["--grid", "MODE=fine", "--scheduler", address]
        done = swept(*words, *certificates["strange"])
        assert done.returncode == 2 and done.stderr.startswith(f"error: no Dask scheduler answers at {address}")
        done = swept(*words)
        assert done.returncode == 2 and "needs --tls-ca-file, --tls-cert and --tls-key" in done.stderr
        done = swept(*words, *certificates["mine"])
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("protocol", ["tcp://", "tls://"])
def test_nobody_without_the_sweeps_own_certificates_can_talk_to_its_scheduler_or_workers(protocol):
    with connect(workers=1) as client:
        for address in (client.scheduler.address, *client.scheduler_info()["workers"]):
            assert address.startswith("tls://127.0.0.1:")
            stranger = Security.temporary() if protocol == "tls://" else None
            with pytest.raises(OSError, match=r"."):
                Client(address.replace("tls://", protocol), security=stranger, timeout=1)


def test_a_worker_that_is_killed_while_it_starts_does_not_end_the_sweep(tmp_path, monkeypatch):
    first = tmp_path / "first"
    once = f"import os, pathlib; p = pathlib.Path({str(first)!r}); p.exists() or (p.touch(), os.kill(os.getpid(), 9))"
    monkeypatch.setattr(cluster, "LEAVE_INTERRUPTS", once)
    with connect(workers=1) as client:
        assert client.submit(abs, -1).result() == 1
    assert first.exists()
    monkeypatch.setattr(cluster, "LEAVE_INTERRUPTS", "import os; os.kill(os.getpid(), 9)")
    monkeypatch.setattr(cluster, "STARTS", 1)
    with pytest.raises(OSError, match="the sweep's workers do not start"), connect(workers=1):
        pass


def test_a_deadline_holds_without_the_kernel_and_a_kernel_that_nobody_wants_is_killed(monkeypatch):
    monkeypatch.setattr(task, "GRACE", 0.0)
    never = threading.Event()
    with pytest.raises(task.Overdue):
        task.watched(never.wait, 0.01, wanted=lambda: True)
    with pytest.raises(ValueError, match="as it was"):
        task.watched(lambda: int("as it was"), None, wanted=lambda: True)
    killed = threading.Event()
    monkeypatch.setattr(task, "kill_kernels", killed.set)
    task.watched(killed.wait, None, wanted=lambda: False)
    assert killed.is_set()


class Untold(Exception):
    """An error that cannot be unpickled, as those of a kernel's libraries may be."""

    def __reduce__(self):
        return Untold, ("too", "many", "arguments")


@pytest.mark.parametrize(
    ("error", "ending"),
    [(Untold("no socket"), "failed"), (RuntimeError("Kernel died"), "tried again"), (OSError("disk full"), "failed")],
)
def test_an_error_of_a_kernel_reaches_the_worker_as_text(tmp_path, monkeypatch, error, ending):
    monkeypatch.setattr(task, "execute", MagicMock(side_effect=error))
    cell = Cell(notebook=Path("a.py"), parameters={}, varied={}, output=tmp_path / "a.ipynb")
    told = f"{type(error).__name__}: {error}"
    if ending == "tried again":
        with pytest.raises(task.KernelDied) as caught:
            task.failure(cell, None)
        assert str(pickle.loads(pickle.dumps(caught.value))) == told and caught.value.__cause__ is None
    else:
        assert task.failure(cell, None) == f"a.py: {told}"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["--grid", "MODE=fine,slow", "--dry-run"], 0, "2 notebooks, 0 of them done. Nothing was started."),
        (["--grid", "MODES=fine"], 2, "error: the notebook has no parameter MODES: did you mean MODE?"),
        (["--grid", "MODE=fine", "--deadline", ""], 2, "error: a duration is written like 90s, 10m or 1.5h, got ''"),
    ],
)
def test_a_dry_run_starts_nothing_nor_does_what_cannot_be_swept_which_is_told(notebook, words, status, told):
    done = swept(*words)
    assert done.returncode == status and told in done.stdout + done.stderr
    assert done.stderr.count("\n") == (1 if status else 0)
    assert os.listdir() == ["modes.py"]


@pytest.mark.parametrize(
    ("where", "complaint"),
    [
        ({"scheduler": "tcp://127.0.0.1:9"}, "no Dask scheduler answers at tcp://127.0.0.1:9"),
        ({"scheduler": "nonsense"}, "no Dask scheduler answers at nonsense"),
        ({"slurm": Path("nowhere.yaml")}, "there is no SLURM file nowhere.yaml"),
        ({"workers": 0}, "at least 1, got 0"),
        ({"workers": 1, "scheduler": "tcp://127.0.0.1:9"}, "give one of"),
        ({"workers": 1, "certificates": [Path("ca.pem")]}, "certificates are for --scheduler tls"),
        ({"scheduler": "tcp://127.0.0.1:9", "certificates": [Path(__file__)]}, "begins with tls://, got tcp"),
        ({"scheduler": "tls://127.0.0.1:9", "certificates": [Path("nowhere.pem")]}, "no certificate file nowhere"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_named(where, complaint, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises((OSError, ValueError), match=complaint), connect(**where):
        pass


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("queue: main", "jobs, the number of jobs"),
        ("jobs: 1\ncores: 4", "cores and processes must be equal"),
        ("jobs: true", "jobs must be a whole number of at least 1, got True"),
        ("jobs: 1\njobs: 2", 'line 2: found duplicate key "jobs"'),
    ],
)
def test_a_slurm_file_that_cannot_be_is_refused_and_a_wall_time_needs_no_quotes(tmp_path, text, complaint):
    path = tmp_path / "slurm.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"slurm\.yaml: .*{complaint}"):
        cluster.slurm_cluster(path)
    path.write_text("jobs: 1\nwalltime: 12:00:00")
    assert cluster.slurm_options(path)[1]["walltime"] == "12:00:00"


def test_every_gpu_gets_workers_that_see_no_other(monkeypatch):
    monkeypatch.setattr(cluster, "visible_gpus", lambda: ["3", "5"])
    options = [cluster.worker_options(number)["env"] for number in range(3)]
    assert options == [{"CUDA_VISIBLE_DEVICES": name} for name in ("3", "5", "3")]
