"""A run is made once, however many processes are asked for it, and what a dead one left behind holds nobody up."""

import json
import os
import subprocess
import sys

import pytest
from toy import Toy, result

from spareparts import records
from spareparts.records import claim, store

OTHER = """
import os, sys
from toy import Toy, result
from spareparts import records
from spareparts.records import claim, store

with claim.Claims() as held:
    assert held.acquire(store.lock_path(Toy(seed=1)))
    print("held", flush=True)
    sys.stdin.readline()
    records.save(Toy(seed=1), result(0.75))
    os.kill(os.getpid(), 9) if "dies" in sys.argv else None
"""


@pytest.fixture
def lock(records_folder):
    path = store.lock_path(Toy(seed=1))
    path.parent.mkdir(parents=True)
    return path


def runner(made):
    def run(configs):
        for config in configs:
            made.append(config.seed)
            yield config, result()

    return run


def test_what_another_process_makes_is_waited_for_and_not_made_again(lock, monkeypatch, capsys):
    words = [sys.executable, "-c", OTHER]
    made, pipes = [], {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, cwd=os.path.dirname(__file__), **pipes) as other:
        assert other.stdout.readline() == "held\n"
        # Only once this process waits does the other one end.
        monkeypatch.setattr(store.time, "sleep", lambda seconds: other.communicate("\n"))
        found = records.load_or_run([Toy(seed=seed) for seed in (1, 2)], runner(made), missing="run")
    assert made == [2] and found.accuracy.tolist() == [0.75, 0.25]
    assert "another process makes 1 of these runs" in capsys.readouterr().out
    assert not list(lock.parent.glob(".*"))


@pytest.mark.parametrize(
    ("owner", "seconds_ago", "is_left"),
    [
        ({}, 10**6, False),  # this process, which holds it
        ({"start": 0.0}, 0, True),  # another process had this id
        ({"pid": 2**22 + 1}, 0, True),  # there is none
        ({"host": "elsewhere"}, 0, False),
        ({"host": "elsewhere"}, 10**6, True),  # nobody has touched it
    ],
)
def test_a_lock_is_left_behind_when_its_owner_is_no_more(lock, owner, seconds_ago, is_left):
    lock.write_text(json.dumps(claim.owner() | owner))
    touched = lock.stat().st_mtime - seconds_ago
    os.utime(lock, (touched, touched))
    assert claim.is_left_behind(lock) == is_left
    assert claim.Claims().acquire(lock) == is_left
    assert (json.loads(lock.read_text()) == claim.owner()) == (is_left or not owner)
    lock.write_text("")  # by another process, that is just writing it
    assert not claim.Claims().acquire(lock)


def test_a_run_whose_maker_was_killed_is_made(lock):
    words = [sys.executable, "-c", OTHER.replace("records.save(Toy(seed=1), result(0.75))", ""), "dies"]
    other = subprocess.run(words, input="\n", cwd=os.path.dirname(__file__), capture_output=True, text=True)
    assert other.stdout == "held\n" and lock.exists()
    made = []
    assert len(records.load_or_run([Toy(seed=1)], runner(made), missing="run")) == 1
    assert made == [1] and not lock.exists()


def test_locks_are_given_back_when_a_run_fails_or_its_generator_yields_nothing(lock):
    def fails(configs):
        assert lock.exists()
        raise OSError("no disk")
        yield

    with pytest.raises(OSError, match="no disk"):
        records.load_or_run([Toy(seed=1)], fails, missing="run")
    assert not lock.exists()
    assert records.load_or_run([Toy(seed=1)], lambda configs: iter(()), missing="run").empty
    assert not lock.exists()


def test_only_ones_own_lock_is_given_back(lock):
    with claim.Claims() as held:
        assert held.acquire(lock)
        lock.write_text(json.dumps(claim.owner() | {"host": "elsewhere"}))  # which took it over
    assert json.loads(lock.read_text())["host"] == "elsewhere"
