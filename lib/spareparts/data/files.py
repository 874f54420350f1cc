"""The one form of a data set on disk, `<root>/<name>.npz` and `<name>.json`."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import platformdirs

SPLITS = ("train", "test")
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class DataMissing(FileNotFoundError):
    """A data set is not where it was looked for; the message names the folder and the command that fetches it."""


class DataCorrupt(ValueError):
    """A file of a data set is truncated or altered; the message names it, with what was expected and what was found."""


class Contents(NamedTuple):
    """What a data set's file holds: the fingerprint of its arrays, and the shape of each."""

    sha256: str
    shapes: dict[str, tuple[int, ...]]


def root() -> Path:
    """Folder of the data sets: `$SPAREPARTS_DATA`, else `spareparts/data` in the user's cache folder."""
    chosen = os.environ.get("SPAREPARTS_DATA")
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("spareparts") / "data"


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Fingerprint of a data set: sha256 (64 hex digits) of the bytes of images then labels, train then test."""
    total = hashlib.sha256()
    for key in ARRAYS:
        total.update(np.ascontiguousarray(arrays[key]).reshape(-1).view(np.uint8))
    return total.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once it is whole and synced; on an error nothing is left behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_about(path: Path) -> dict:
    """The JSON beside a data set, with at least `classes` and `sha256`; DataCorrupt if it is not that."""
    try:
        about = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataCorrupt(f"{path} is not whole JSON: {error}") from error
    missing = {"classes", "sha256"} - set(about if isinstance(about, dict) else ())
    if missing:
        raise DataCorrupt(f"{path} must hold {' and '.join(sorted(missing))}")
    return about


def read_arrays(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays of a data set's file, those that it holds; DataCorrupt if the file cannot be read."""
    try:
        with np.load(path) as stored:
            return {key: stored[key] for key in keys if key in stored}
    except (zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
        raise DataCorrupt(f"{path} ({path.stat().st_size:,} bytes) cannot be read: {error}") from error


def contents(path: Path) -> Contents:
    """Fingerprint and shapes of a set's file, read once per process unless the file changes, or DataCorrupt."""
    stat = path.stat()
    return _contents(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _contents(path: Path, modified: int, size: int) -> Contents:
    arrays = read_arrays(path, ARRAYS)
    missing = set(ARRAYS) - set(arrays)
    if missing:
        raise DataCorrupt(f"{path} lacks {', '.join(sorted(missing))}")
    return Contents(digest(arrays), {key: array.shape for key, array in arrays.items()})
