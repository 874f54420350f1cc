"""Records on disk: whole or not at all, made once however many ask, one folder over another, and what is no record."""

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from toy import Toy, result

import spareparts
from spareparts import records
from spareparts.records import RecordError, claim, key, load, load_or_run, save, store
from spareparts.sweep.cluster import environment

PACKAGE = Path(spareparts.__file__).parent


def disk_full_at(call: int, monkeypatch) -> None:
    """Let the n-th file that is written find the disk full."""
    calls, sync = [], os.fsync

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) >= call:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def must_not_run(configs):
    raise AssertionError("nothing may be run")
    yield


@pytest.mark.parametrize("call", [1, 2], ids=["arrays", "numbers"])
def test_a_full_disk_leaves_nothing_or_the_record_that_was_there_before(call, records_folder, monkeypatch):
    path = save(Toy(seed=2), result(0.25))
    before = {path, path.with_suffix(".npz")}
    disk_full_at(call, monkeypatch)
    for config in (Toy(), Toy(seed=2)):
        with pytest.raises(RecordError, match=rf"cannot write .*{key(config)}.*No space left on device"):
            save(config, result(0.75))
    assert set(path.parent.iterdir()) == before
    assert load(Toy()) is None and load(Toy(seed=2))["metrics"]["accuracy"] == 0.25


def test_a_full_disk_or_a_folder_that_cannot_be_written_is_found_before_anything_runs(tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(RecordError, match="No space left on device"):
        disk_full_at(1, patch)
        load_or_run([Toy()], must_not_run, missing="run")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(tmp_path / "file" / "records"))
    with pytest.raises(RecordError, match=r"cannot write .*file/records"):
        load_or_run([Toy()], must_not_run, missing="run")


def test_a_cut_off_write_never_shows_under_the_records_name(records_folder, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.extend(path.name for path in (records_folder / "toy").iterdir()))
    save(Toy(), result())
    assert len(seen) == 3  # the arrays' temporary file; then the arrays, and the numbers' temporary file
    assert not any(name.endswith(".json") for name in seen)


@pytest.fixture
def committed(tmp_path, monkeypatch):
    """A stand-in for the committed folder."""
    monkeypatch.setattr(store, "COMMITTED", tmp_path / "committed")
    return tmp_path / "committed"


def test_records_are_read_from_the_committed_folder_and_over_it_from_ones_own(committed, records_folder, monkeypatch):
    monkeypatch.delenv("SPAREPARTS_RECORDS")
    save(Toy(seed=1), result(0.1))
    save(Toy(seed=2), result(0.2))
    monkeypatch.setenv("SPAREPARTS_RECORDS", str(records_folder))
    assert load(Toy(seed=1))["metrics"]["accuracy"] == 0.1
    save(Toy(seed=2), result(0.7))
    save(Toy(seed=3), result(0.3))
    rows = records.frame("toy").set_index("seed")
    assert rows.accuracy.to_dict() == {1: 0.1, 2: 0.7, 3: 0.3}
    assert load(Toy(seed=2))["metrics"]["accuracy"] == 0.7
    assert records.arrays("toy", key(Toy(seed=1))).keys() == {"points"}


def test_ones_own_folder_is_written_as_in_a_shell_and_else_the_committed(committed, records_folder, monkeypatch):
    assert save(Toy(), result()).is_relative_to(records_folder)
    assert not committed.exists()
    monkeypatch.setenv("SPAREPARTS_RECORDS", "")
    assert save(Toy(), result()).is_relative_to(committed)
    monkeypatch.setenv("SPAREPARTS_RECORDS", "~/own")
    monkeypatch.setenv("SPAREPARTS_CACHE", "~/cache")
    assert records.folders()[0] == Path.home() / "own"
    assert records.weights_path(Toy()) == Path.home() / "cache" / "weights" / "toy" / f"{key(Toy())}.pt"
    assert environment()["SPAREPARTS_RECORDS"] == str((Path.home() / "own").resolve())


def test_two_states_of_the_code_share_no_checkpoint(monkeypatch, tmp_path):
    module = tmp_path / "spareparts" / "records" / "store.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(store, "__file__", str(module))
    names = set()
    for text in ("a = 1", "a = 2", "a = 1"):
        module.write_text(text)
        store.code.cache_clear()
        names.add(records.checkpoint_path([Toy()]).name)
    store.code.cache_clear()
    assert len(names) == 2


FOREIGN = {
    "truncated": lambda record: json.dumps(record)[:40],
    "empty": lambda record: "",
    "bytes": lambda record: "\udcff\udcfe\0",
    "list": lambda record: "[1, 2]",
    "number": lambda record: "7",
    "lacking": lambda record: json.dumps({name: value for name, value in record.items() if name != "outcome"}),
    "another_paper": lambda record: json.dumps(record | {"word": "experts"}),
    "misshapen": lambda record: json.dumps(record | {"config": [1, 2]}),
    "not_finite": lambda record: json.dumps(record | {"config": {"seed": math.nan}}),
    "timeless": lambda record: json.dumps(record | {"seconds": None}),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_a_record_is_named_and_skipped(kind, records_folder):
    record = json.loads(save(Toy(), result()).read_text())
    stray = records_folder / "toy" / f"{kind}.json"
    stray.write_bytes(FOREIGN[kind](record).encode(errors="surrogateescape"))
    with pytest.warns(UserWarning, match=f"skipped .*{kind}.json: not a whole record"):
        assert records.frame("toy").seed.tolist() == [1]


@pytest.mark.parametrize("name", ["{} (copy).json", "copy.json", "0123456789abcdef.json"])
def test_a_record_under_another_name_does_not_count_again(name, records_folder):
    path = save(Toy(), result())
    copy = path.with_name(name.format(path.stem))
    copy.write_bytes(path.read_bytes())
    with pytest.warns(UserWarning, match=f"skipped .*: a record's name must be {key(Toy())}.json"):
        assert records.frame("toy").hash.tolist() == [key(Toy())]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"config": null}', "{}"])
def test_a_truncated_record_in_the_way_of_a_run_is_an_error_that_names_it(text):
    path = save(Toy(), result())
    path.write_text(text)
    with pytest.raises(RecordError, match=f"{path.name} is not a whole record .*; move it away and run again"):
        load_or_run([Toy()], must_not_run, missing="run")
    assert path.read_text() == text  # and it is never deleted silently


def test_the_markup_in_a_records_texts_is_escaped_once_where_records_are_read(records_folder):
    path = save(Toy(seed=1), result())
    record = json.loads(path.read_text())
    record |= {"device": "<img src=x onerror=alert(1)>", "metrics": record["metrics"] | {"<b>": ["a & b", 1.0]}}
    path.write_text(json.dumps(record))
    (row,) = records.frame("toy").to_dict("records")
    assert row["device"] == "&lt;img src=x onerror=alert(1)&gt;"
    assert row["&lt;b&gt;"] == ["a &amp; b", 1.0] and row["accuracy"] == 0.25
    assert load(Toy(seed=1))["device"] == record["device"]  # a record itself is never changed


def test_damaged_arrays_are_refused_by_name(records_folder):
    path = save(Toy(), result()).with_suffix(".npz")
    for content in (path.read_bytes()[:-30], b"<!DOCTYPE html>", b""):
        path.write_bytes(content)
        with pytest.raises(RecordError, match=f"{path} cannot be read"):
            records.arrays("toy", path.stem)


def test_the_commit_of_another_repository_around_the_project_is_not_its_own(tmp_path):
    inner = tmp_path / "outer" / "project"
    copied = inner / "lib" / "spareparts"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "another's"]):
        subprocess.run([*git, *words], cwd=tmp_path / "outer", check=True)
    program = "from spareparts.records import store; print(store.commit())"
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": str(inner / "lib")}, capture_output=True, text=True)
    assert done.stdout == "unknown\n", done.stderr


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
    killed = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = killed.create_time()
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # and not reaped
    lock.write_text(json.dumps(claim.owner() | {"pid": killed.pid, "start": start}))
    assert claim.is_left_behind(lock)
    killed.communicate()
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
