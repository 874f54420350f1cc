"""Files of data sets: where they lie, how they are read and checked, and what is wrong with them."""

import hashlib
import json
import zipfile
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import numpy as np
import platformdirs

from ..whole import chosen_folder

Known = TypeVar("Known")
SPLITS = ("train", "test")
IMAGE_ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
TABLE_ARRAYS = ("X", "y", "splits")
MANIFEST = json.loads(Path(__file__).with_name("known.json").read_text(encoding="utf-8"))  # all sets that are known
_LEFT = "The file was left as it is; to fetch the data again, move it away first"


class DataMissing(FileNotFoundError):
    """A data set is not where it was looked for; the message names the folder and the command that fetches it."""


class DataCorrupt(ValueError):
    """A file of a data set is truncated or altered; the message names it, with what was expected and what was found."""


class DownloadFailed(OSError):
    """A data set could not be downloaded; the message says which, why, and that nothing was changed."""


def root() -> Path:
    """Folder of the data sets: `$SPAREPARTS_DATA`, else `spareparts/data` in the user's cache folder."""
    return chosen_folder("SPAREPARTS_DATA") or platformdirs.user_cache_path("spareparts") / "data"


def digest(arrays: Mapping[str, np.ndarray], keys: Collection[str] = IMAGE_ARRAYS) -> str:
    """Fingerprint of a data set: sha256 (64 hex digits) of the bytes of these arrays, one after the other."""
    total = hashlib.sha256()
    for key in keys:
        total.update(np.ascontiguousarray(arrays[key]).reshape(-1).view(np.uint8))
    return total.hexdigest()


def read_arrays(path: Path, keys: Collection[str], *, most_bytes: int | None = None) -> dict[str, np.ndarray]:
    """The named arrays of a file; DataCorrupt if it would unpack to more than `most_bytes`, or cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:  # NumPy would take anything else for a pickle, and advise to allow it
            size = sum(member.file_size for member in archive.infolist())
        if most_bytes is not None and size > most_bytes:
            raise ValueError(f"it unpacks to {size:,} bytes, where the set has at most {most_bytes:,}")
        with path.open("rb") as file, np.load(file) as stored:
            return {key: stored[key] for key in keys}
    except Exception as error:  # a damaged archive can raise nearly anything
        raise DataCorrupt(f"{path} ({path.stat().st_size:,} bytes) cannot be read: {error}. {_LEFT}") from error


def check_fingerprint(what: object, expected: str, found: str) -> None:
    """DataCorrupt unless both checksums are the same."""
    if found != expected:
        hint = f". {_LEFT}" if isinstance(what, Path) else ""
        raise DataCorrupt(f"{what} is not the expected data: checksum expected {expected}, found {found}{hint}")


def present(path: Path, what: str, how: str) -> Path:
    """The path of a set's file; DataMissing, with what is missing and what to do, where it is not there."""
    if not path.exists():
        raise DataMissing(f"{what} is not there: no {path.name} in {path.parent}. {how}")
    return path


def look_up(kind: str, name: str, known: Mapping[str, Known]) -> Known:
    """What is known by a name; ValueError, with the nearest one, for an unknown name."""
    if name not in known:
        raise unknown(kind, name, known)
    return known[name]


def unknown(kind: str, name: object, names: Collection[str]) -> ValueError:
    """The error for a name that is not known: with the nearest one, and all."""
    near = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return ValueError(f"unknown {kind} {name!r}{hint} Known: {', '.join(names)}")
