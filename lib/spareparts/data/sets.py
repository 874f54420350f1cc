"""Image sets by name: what identifies them, which of them are there, and their files with the fingerprint checked."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .files import (
    ARRAYS,
    SPLITS,
    DataCorrupt,
    DataMissing,
    check_fingerprint,
    check_form,
    check_set_name,
    check_shapes,
    check_size,
    contents,
    digest,
    identity,
    is_set_name,
    read_about,
    read_arrays,
    root,
    verify,
)
from .known import KNOWN, digits, is_known_file

# Folders of images: `<root>/<name>/train/<class>/<image>`, and `val` in place of `train`

FOLDERS = {"train": "train", "test": "val"}  # the folder of each split


def is_folder(name: str) -> bool:
    """Whether a set of that name lies under the root as folders of images."""
    return (root() / name / FOLDERS["train"]).is_dir()


def folder_classes(name: str) -> tuple[str, ...]:
    """Names of the class folders, sorted: label 0 is the first."""
    return tuple(sorted(path.name for path in (root() / name / FOLDERS["train"]).iterdir() if path.is_dir()))


def folder_fingerprint(name: str) -> str:
    """Sha256 (64 hex digits) of the images' names and sizes in bytes; what is in them is not read."""
    return _fingerprint(root() / name)


@lru_cache(maxsize=8)
def _fingerprint(folder: Path) -> str:
    total = hashlib.sha256()
    for split in FOLDERS.values():
        for path in sorted((folder / split).glob("*/*")):
            total.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
    return total.hexdigest()


# Sets by name


class Row(NamedTuple):
    """One line of `listing`; what cannot be known without the file is None."""

    name: str
    present: bool
    path: Path | None  # None: comes with scikit-learn
    samples: tuple[int, int] | None  # train, test
    shape: tuple[int, ...] | None  # of one image
    intact: bool | None  # the fingerprint is the expected one


def fingerprint(name: str) -> str:
    """The sha256 (64 hex digits) that identifies a set; of a known set it needs no files.

    Of a known set it is that of its arrays, whose classes this package knows; one's own set has its classes in it.
    """
    if in_folders(name):
        return folder_fingerprint(name)
    check_name(name)
    return KNOWN[name].sha256 if name in KNOWN else identity(read_about(root() / f"{name}.json"))


def fidelity(name: str) -> str:
    """How a set's arrays relate to the official files, in words; known without the files, as `fingerprint` is."""
    if in_folders(name):
        return "a folder of images, known by their names and sizes"
    check_name(name)
    return KNOWN[name].fidelity if name in KNOWN else read_about(root() / f"{name}.json").get("fidelity", "not stated")


def classes(name: str) -> tuple[str, ...]:
    """Names of a set's classes, in the order of the labels; of a known set they need no files."""
    if in_folders(name):
        return folder_classes(name)
    check_name(name)
    return KNOWN[name].classes if name in KNOWN else stored(name, ())[1]


def listing() -> list[Row]:
    """A row for each known set and each of one's own under `root()`, its fingerprint checked, side by side."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(_row, (*KNOWN, *_own_names())))


def _row(name: str) -> Row:
    if name == "digits":
        intact = is_known_file() or digest(digits()) == fingerprint(name)
        return Row(name, True, None, (1437, 360), (8, 8), intact)
    path = root() / f"{name}.npz"
    if not _present(path):
        return Row(name, False, path, None, None, None)
    try:
        check_known_size(path)
        found = contents(path)
    except DataCorrupt:
        return Row(name, True, path, None, None, False)
    intact = _loads(name)
    samples = (found.shapes["train_labels"][0], found.shapes["test_labels"][0])
    return Row(name, True, path, samples, found.shapes["train_images"][1:], intact)


def _loads(name: str) -> bool:
    """Whether `load` takes both parts of a set on disk."""
    try:
        arrays, named = stored(name, ARRAYS)
        for split in SPLITS:
            check_form(name, arrays[f"{split}_images"], arrays[f"{split}_labels"], len(named))
    except ValueError:
        return False
    return True


def _present(path: Path) -> bool:
    return path.exists() and path.with_suffix(".json").exists()


def _own_names() -> list[str]:
    """Names of the user's sets under the root; a leading dot marks an unfinished file."""
    found = sorted(path.stem for path in root().glob("[!.]*.npz") if _present(path))
    return [name for name in found if name not in KNOWN and is_set_name(name)]


def check_known_size(path: Path) -> None:
    """DataCorrupt where a known set's file would unpack to more than its arrays, asked before they are read."""
    if path.stem in KNOWN:
        check_size(path, KNOWN[path.stem].most_bytes)


def in_folders(name: str) -> bool:
    """Whether a set is a folder of images."""
    return name not in KNOWN and is_set_name(name) and is_folder(name)


def check_name(name: str) -> None:
    """ValueError, with the nearest known name, for an unknown set."""
    if name in KNOWN:
        return
    check_set_name(name)
    names = [*KNOWN, *_own_names()]
    if name in names:
        return
    if (alone := root() / f"{name}.npz").exists():
        raise DataMissing(f"{alone} needs {name}.json beside it, with its name, classes and sha256 (see book/run.md)")
    near = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"unknown data set {name!r}{hint} Known: {', '.join(names)} (own sets are looked for in {root()})")


def known_digits() -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The arrays and the classes of scikit-learn's digits, their fingerprint checked."""
    arrays = digits()
    check_fingerprint("scikit-learn's digits", fingerprint("digits"), digest(arrays))
    return arrays, KNOWN["digits"].classes


def stored(name: str, keys: tuple[str, ...]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The named arrays and the classes of a set on disk, once its file is there with the right fingerprint."""
    path = root() / f"{name}.npz"
    if not _present(path):
        raise DataMissing(
            f"data set {name!r} is not there: neither {path.name} with {name}.json in {root()}. "
            f"Fetch it with: python -m spareparts data fetch {name}"
        )
    check_known_size(path)
    verify(path, _expected(name))
    check_shapes(name, contents(path).shapes)
    named = KNOWN[name].classes if name in KNOWN else read_about(path.with_suffix(".json"))["classes"]
    return read_arrays(path, keys), tuple(map(str, named))


def _expected(name: str) -> str:
    """The sha256 that the arrays of a set on disk must have."""
    return KNOWN[name].sha256 if name in KNOWN else read_about(root() / f"{name}.json")["sha256"]
