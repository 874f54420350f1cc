"""Who makes a run: `.<hash>.lock` beside its record-to-be holds host, process id and start of its owner.

It is touched as long as its owner lives, as another host's processes cannot be asked after: `STALE` seconds without
that, by the folder's own clock, and it was left behind.
"""

import contextlib
import json
import os
import platform
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

BEAT, STALE = 15.0, 120.0  # seconds


def owner() -> dict[str, Any]:
    """This process: its host, its id, and when it started, as ids are given again."""
    return {"host": platform.node(), "pid": os.getpid(), "start": psutil.Process().create_time()}


def is_left_behind(path: Path) -> bool:
    """Whether there is a lock whose owner is no more."""
    try:
        found, touched = json.loads(path.read_text()), path.stat().st_mtime
        if found["host"] == platform.node():
            return not _lives(found["pid"], found["start"])
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError):  # being written, or nothing of ours
        touched = path.stat().st_mtime if path.exists() else float("inf")
    return _now(path.parent) - touched > STALE


def _lives(pid: int, start: float) -> bool:
    try:
        owner = psutil.Process(pid)  # killed, and not yet missed by its parent, it has a time still
        return owner.status() != psutil.STATUS_ZOMBIE and abs(owner.create_time() - start) < 5  # clocks may be set
    except psutil.Error:
        return False


def _now(folder: Path) -> float:
    """The time by the clock of the folder's host."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".part") as file:
        return os.stat(file.name).st_mtime


def _take_away(path: Path) -> None:
    """Remove a lock that was left behind, unless another process has just put its own in its place."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        if not is_left_behind(aside):
            with contextlib.suppress(FileExistsError), path.open("x") as file:
                file.write(aside.read_text())
        aside.unlink()


class Claims:
    """The locks that this process holds, touched until they are released; in the end those left are given back."""

    def __init__(self) -> None:
        self.paths, self.over = set[Path](), threading.Event()

    def __enter__(self) -> "Claims":
        threading.Thread(target=self._touch, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        for path in tuple(self.paths):
            self.release(path)

    def _touch(self) -> None:
        while not self.over.wait(BEAT):
            for path in tuple(self.paths):
                with contextlib.suppress(OSError):
                    os.utime(path)

    def acquire(self, path: Path) -> bool:
        """Whether the lock is ours from now on: it was ours or free, or its owner is no more."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_left_behind(path):
            _take_away(path)
        with contextlib.suppress(FileExistsError), path.open("x") as file:
            json.dump(owner(), file)
            self.paths.add(path)
        return path in self.paths

    def release(self, path: Path) -> None:
        """Give a lock back."""
        self.paths.discard(path)
        with contextlib.suppress(FileNotFoundError):
            if path.read_text() == json.dumps(owner()):  # else it was taken over while this process stood still
                path.unlink()
