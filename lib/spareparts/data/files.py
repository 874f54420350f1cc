"""The one form of a data set on disk, `<root>/<name>.npz` and `<name>.json`."""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import platformdirs

SPLITS = ("train", "test")
_LEFT = "The file was left as it is; to fetch the data again, move it away first"
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


class DataMissing(FileNotFoundError):
    """A data set is not where it was looked for; the message names the folder and the command that fetches it."""


class DataCorrupt(ValueError):
    """A file of a data set is truncated or altered; the message names it, with what was expected and what was found."""


class DownloadFailed(OSError):
    """A data set could not be downloaded; the message says which, why, and that nothing was changed."""


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
    for key, kind, words in (("classes", list, "a list of names"), ("sha256", str, "a text of 64 hex digits")):
        if not isinstance(about[key], kind):
            raise DataCorrupt(f"{path}: {key} must be {words}, got {about[key]!r}")
    return about


def identity(about: Mapping[str, Any]) -> str:
    """The sha256 (64 hex digits) of one's own set: of its arrays' fingerprint and the names of its classes."""
    text = json.dumps([about["sha256"], list(map(str, about["classes"]))])
    return hashlib.sha256(text.encode()).hexdigest()


def read_arrays(path: Path, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays of a data set's file, those that it holds; DataCorrupt if the file cannot be read."""
    try:
        with zipfile.ZipFile(path):  # NumPy would take anything else for a pickle, and advise to allow it
            pass
        with path.open("rb") as file, np.load(file) as stored:
            return {key: stored[key] for key in keys if key in stored}
    except Exception as error:  # a damaged archive can raise nearly anything
        raise DataCorrupt(f"{path} ({path.stat().st_size:,} bytes) cannot be read: {error}") from error


def check_size(path: Path, most: int) -> None:
    """DataCorrupt where a file would unpack to more than `most` bytes; what cannot be read is told by its reader."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return
    if size > most:
        raise DataCorrupt(f"{path} unpacks to {size:,} bytes, where the set has at most {most:,}. {_LEFT}")


def intact(read: Callable[[], object]) -> bool | None:
    """Whether what is read is whole; None where it is not there."""
    try:
        return bool(read())
    except DataMissing:
        return None
    except DataCorrupt:
        return False


def check_set_name(name: str) -> None:
    """ValueError unless a name is of letters, digits, _ and -: it becomes part of paths and pages."""
    if not is_set_name(name):
        raise ValueError(f"a data set's name must be of letters, digits, _ and -, got {name!r}")


def is_set_name(name: object) -> bool:
    """Whether a name is of letters, digits, _ and -."""
    return isinstance(name, str) and re.fullmatch(r"\w[\w-]*", name) is not None


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


def verify(path: Path, expected: str) -> None:
    """DataCorrupt, with what was expected and found, unless the file's arrays have the expected fingerprint."""
    try:
        found = contents(path).sha256
    except DataCorrupt as error:
        raise DataCorrupt(f"{error}; expected arrays with sha256 {expected}. {_LEFT}") from error
    check_fingerprint(path, expected, found)


def check_fingerprint(what: object, expected: str, found: str) -> None:
    """DataCorrupt unless both are the same."""
    if found != expected:
        raise DataCorrupt(f"{what} is not the expected data: sha256 expected {expected}, found {found}. {_LEFT}")


def check_form(name: str, images: np.ndarray, labels: np.ndarray, num_classes: int) -> None:
    """ValueError unless the arrays are of the one form."""
    grey_or_colour = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)
    if images.dtype != np.uint8 or not grey_or_colour:
        raise ValueError(
            f"images of {name!r} must be uint8, (n, h, w) or (n, h, w, 3), got {images.dtype}, {images.shape}"
        )
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        raise ValueError(f"labels of {name!r} must be int64, ({len(images)},), got {labels.dtype}, {labels.shape}")
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(f"labels of {name!r} must lie in 0..{num_classes - 1}, got {labels.min()}..{labels.max()}")
    if len(np.unique(labels)) < 2:
        raise ValueError(f"labels of {name!r} must be of at least two classes, got {np.unique(labels).tolist()}")


def check_shapes(name: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """ValueError unless the images of both parts have one shape."""
    train, test = (shapes[f"{split}_images"][1:] for split in SPLITS)
    if train != test:
        raise ValueError(f"images of {name!r} must be of one size, got {train} to train on and {test} to test on")


def save(
    name: str,
    arrays: Mapping[str, np.ndarray],
    *,
    classes: Sequence[str],
    source: str = "not stated",
    licence: str = "not stated",
    fidelity: str = "not stated",
) -> Path:
    """Write a set in the one form under `root()`, each file whole or not at all; ValueError if it has not that form.

    The arrays are `ARRAYS`: (n, h, w) or (n, h, w, 3) uint8 images and (n,) int64 labels in 0..classes-1.
    """
    check_set_name(name)
    for split in SPLITS:
        check_form(name, arrays[f"{split}_images"], arrays[f"{split}_labels"], len(classes))
    check_shapes(name, {key: array.shape for key, array in arrays.items()})
    about = {"name": name, "classes": list(classes), "sha256": digest(arrays)}
    about |= {"source": source, "licence": licence, "fidelity": fidelity}
    path = root() / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        np.savez(file, **arrays)
    with replacing(path.with_suffix(".json")) as file:
        file.write(json.dumps(about, indent=1).encode())
    return path
