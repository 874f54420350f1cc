"""One process a core: the same results, as soon as they are there, and every failure by its name."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import work

from spareparts import engine, experts, records
from spareparts.engine.processes import WorkerDied, worker_count


@pytest.fixture
def spread(monkeypatch):
    """As a user runs it, on a machine with two cores: not inside a sweep's worker, where tests are."""
    monkeypatch.delenv("SPAREPARTS_WORKER")
    monkeypatch.setattr("spareparts.engine.processes.cores", lambda: 2)


def configs(count: int, **special: dict) -> list[dict]:
    return [{"number": number} | special.get(f"at_{number}", {}) for number in range(count)]


def squares(found) -> list[int]:
    return sorted(result["square"] for _, result in found)


def test_each_config_comes_as_soon_as_it_is_done_from_two_processes_of_one_thread(spread, tmp_path):
    asked = configs(5, at_0={"nested": True, "until": str(tmp_path / "the others are here")})
    found = []
    for one in engine.each(work.square, asked, workers=2):
        found.append(one)
        if len(found) == 4:
            Path(asked[0]["until"]).touch()
    assert found[-1][0] == asked[0]
    assert sorted((config["number"], result["square"]) for config, result in found) == [(n, n * n) for n in range(5)]
    processes = {result["process"] for _, result in found}
    assert len(processes) == 2
    assert os.getpid() not in processes
    assert {result["threads"] for _, result in found} == {1}
    # a worker starts no workers of its own
    assert next(result["inner"] for config, result in found if config["number"] == 0) == [("a/b", "b"), ("c/d", "d")]


def test_what_fails_is_told_by_its_config_once_all_others_are_done(spread):
    accidents = {"at_1": {"dies": True}, "at_2": {"exits": True}, "at_3": {"fails": True}, "at_4": {"odd": True}}
    asked = configs(7, **accidents)
    rest = engine.each(work.square, asked, workers=2)
    assert squares([next(rest) for _ in range(3)]) == [0, 25, 36]
    with pytest.raises((WorkerDied, ValueError, RuntimeError)) as caught:
        next(rest)
    kinds = {1: "WorkerDied", 2: "WorkerDied", 3: "ValueError", 4: "RuntimeError"}  # the last could not travel
    assert sorted(caught.value.__notes__) == [f"failed: {asked[n]!r} ({kind})" for n, kind in kinds.items()]


def test_an_error_stops_no_other_run_in_this_process_and_a_killed_one_is_told_with_its_signal(spread):
    told = r"the process that ran {.*'dies': True} died \(killed by signal 9, often for lack"
    with pytest.raises(WorkerDied, match=told):
        list(engine.each(work.square, configs(2, at_0={"dies": True}), workers=2))
    asked = configs(4, at_1={"fails": True}, at_2={"fails": True})
    rest = engine.each(work.square, asked, workers=1)
    assert squares([next(rest), next(rest)]) == [0, 9]
    with pytest.raises(ValueError, match="cannot square 1") as caught:
        next(rest)
    assert caught.value.__notes__ == [f"failed: {asked[n]!r} (ValueError)" for n in (1, 2)]


def test_processes_end_when_nobody_wants_more(spread):
    rest = engine.each(work.square, configs(4, at_1={"wait": 60}), workers=2)
    _, result = next(rest)
    rest.close()
    with pytest.raises(ProcessLookupError):
        os.kill(result["process"], 0)


PARENT = """
import work
from spareparts.engine import processes

processes.cores = lambda: 2
asked = [{"number": number, "started": f"started-{number}", "wait": 3600} for number in range(2)]
list(processes.each(work.square, asked, workers=2))
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_processes_in_the_midst_of_their_work_end_when_their_parent_is_killed(spread, tmp_path, name):
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path})
    while len(written := [file.read_text() for file in tmp_path.glob("started-*")]) < 2 or "" in written:
        assert parent.poll() is None
        time.sleep(0.1)
    workers = [psutil.Process(int(text)) for text in written]
    parent.send_signal(getattr(signal, name))
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=120)
    assert not alive


def test_there_is_a_worker_for_each_core_but_one_or_inside_a_sweeps_worker_it_is_this_process(spread, monkeypatch):
    assert worker_count(None) == 2
    with pytest.warns(UserWarning, match="3 workers share 2 cores: each will be the slower for it"):
        assert worker_count(3) == 3
    assert list(engine.each(work.square, [], workers=2)) == []
    for wrong in (0, True):
        with pytest.raises(ValueError, match="workers must be at least 1, or None for one a core, got"):
            list(engine.each(work.square, configs(1), workers=wrong))
    assert {result["process"] for _, result in engine.each(work.square, configs(2), workers=1)} == {os.getpid()}
    on_gpu = engine.each(work.square, configs(2), workers=2, device="cuda")  # whose memory processes would share
    assert {result["process"] for _, result in on_gpu} == {os.getpid()}
    monkeypatch.setenv("SPAREPARTS_WORKER", "1")
    assert {result["process"] for _, result in engine.each(work.square, configs(2), workers=2)} == {os.getpid()}
    assert worker_count(8) == 1


def test_runs_in_two_processes_are_those_in_this_one_to_the_last_bit(spread):
    small = {"dataset": "digits", "steps": 6, "batch_size": 16}
    asked = [experts.Config(**small, arm="baseline", seed=2), experts.Config(**small, arm="snnl", seed=3)]
    here = dict(experts.run(asked, device="cpu", workers=1, progress=False))
    there = dict(experts.run(asked, device="cpu", workers=2, progress=False))
    assert here.keys() == there.keys() == set(asked)
    for config in asked:
        one, other = (dataclasses.replace(found[config], seconds=0.0) for found in (here, there))
        assert records.store.document(config, one)["metrics"] == records.store.document(config, other)["metrics"]
        assert one.arrays.keys() == other.arrays.keys()
        assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)
