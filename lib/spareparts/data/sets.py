"""Image sets by name: what identifies them, which of them are there, and their files in the one form.

`<root>/<name>.npz` and, for one's own set, `<name>.json` beside it; or a folder of images, as ImageNet is unpacked.
"""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from . import files
from .files import DataCorrupt, DataMissing, check_fingerprint, digest, present, read_arrays, root, unknown

FOLDERS = {"train": "train", "test": "val"}  # of each split of a set in folders: <root>/<name>/<folder>/<class>/<image>
GREY = ("mnist", "fashion_mnist", "digits")  # whose images networks take in [0, 1], neither normalized nor augmented


@dataclass(frozen=True)
class About:
    """What is true of a set wherever it lies; of one's own set, what its JSON says."""

    sha256: str  #: of its arrays
    classes: tuple[Annotated[str, Field(coerce_numbers_to_str=True)], ...]  #: their names, in the order of the labels
    fidelity: str = "not stated"  #: how the arrays relate to the official files, in words
    most_bytes: int | None = None  #: a byte a pixel, and eight for each of a label, a superclass and a header


OWN = TypeAdapter(About)
KNOWN = TypeAdapter(dict[str, About]).validate_python(files.MANIFEST["images"])


def superclasses() -> dict[str, tuple[int, ...]]:
    """Labels of CIFAR-100's classes in each superclass; both stand in the order of their official numbers."""
    number = KNOWN["cifar100"].classes.index
    return {title: tuple(map(number, names)) for title, names in files.MANIFEST["superclasses"].items()}


def about(name: str) -> About:
    """What is known of a set, or what its JSON says; ValueError, with the nearest known name, for an unknown one."""
    if name in KNOWN:
        return KNOWN[name]
    check_set_name(name)
    path = root() / f"{name}.json"
    if not path.with_suffix(".npz").exists():
        error = unknown("data set", name, [*KNOWN, *own_names()])
        raise ValueError(f"{error} (own sets are looked for in {root()})")
    if not path.exists():
        raise DataMissing(f"{path.with_suffix('.npz')} needs {path.name} beside it, with its classes and sha256")
    try:
        return OWN.validate_json(path.read_bytes())
    except ValidationError as error:
        wanted = "a JSON with `classes`, a list of names, and `sha256`, a text of 64 hex digits"
        raise DataCorrupt(f"{path} must be {wanted}: {error.errors()[0]['msg']}") from error


def check_set_name(name: object) -> None:
    """ValueError unless a name is of letters, digits, _ and -: it becomes part of paths and pages."""
    if not (isinstance(name, str) and re.fullmatch(r"\w[\w-]*", name)):
        raise ValueError(f"a data set's name must be of letters, digits, _ and -, got {name!r}")


def own_names() -> list[str]:
    """Names of the user's sets under the root, whose files have a JSON beside them."""
    found = sorted(path.stem for path in root().glob("*.npz") if path.with_suffix(".json").exists())
    return [name for name in found if name not in KNOWN and re.fullmatch(r"\w[\w-]*", name)]


def is_folder(name: str) -> bool:
    """Whether a set that is not known by name lies under the root as folders of images."""
    if name in KNOWN:
        return False
    check_set_name(name)
    return (root() / name / FOLDERS["train"]).is_dir()


@functools.lru_cache(maxsize=8)
def _names_and_sizes(folder: Path) -> str:
    total = hashlib.sha256()
    for split in FOLDERS.values():
        for path in sorted((folder / split).glob("*/*")):
            total.update(f"{path.relative_to(folder)} {path.stat().st_size}\n".encode())
    return total.hexdigest()


def fingerprint(name: str) -> str:
    """The sha256 (64 hex digits) that identifies a set: of a known one, without files, that of its arrays.

    One's own set has its classes in it; of a folder the images' names and sizes count, and what is in them is not read.
    """
    if is_folder(name):
        return _names_and_sizes(root() / name)
    found = about(name)
    if name in KNOWN:
        return found.sha256
    return hashlib.sha256(json.dumps([found.sha256, list(found.classes)]).encode()).hexdigest()


def fidelity(name: str) -> str:
    """How a set's arrays relate to the official files, in words; known without the files, as `fingerprint` is."""
    return "a folder of images, known by their names and sizes" if is_folder(name) else about(name).fidelity


def classes(name: str) -> tuple[str, ...]:
    """Names of a set's classes, in the order of the labels."""
    if is_folder(name):
        return tuple(sorted(path.name for path in (root() / name / FOLDERS["train"]).iterdir() if path.is_dir()))
    return about(name).classes


def stored(name: str, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """The named arrays of a set, once its file is there with the right fingerprint and form."""
    if name == "digits":
        arrays = digits()
        check_fingerprint("scikit-learn's digits", KNOWN[name].sha256, digest(arrays))
        return {key: arrays[key] for key in keys}
    check_file(name)
    return read_arrays(root() / f"{name}.npz", keys)


def check_file(name: str) -> dict[str, tuple[int, ...]]:
    """Shapes of a set's arrays, read once unless the file changes; DataMissing, DataCorrupt or ValueError without."""
    known, how = about(name), f"Fetch it with: python -m spareparts data fetch {name}"
    path = present(root() / f"{name}.npz", f"data set {name!r}", how)
    stat = path.stat()
    return _shapes(path, known, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=64)
def _shapes(path: Path, known: About, modified: int, size: int) -> dict[str, tuple[int, ...]]:
    try:
        arrays = read_arrays(path, files.IMAGE_ARRAYS, most_bytes=known.most_bytes)
    except DataCorrupt as error:
        raise DataCorrupt(f"{error}; expected arrays with sha256 {known.sha256}") from error
    check_fingerprint(path, known.sha256, digest(arrays))
    check_form(path.stem, arrays, len(known.classes))
    return {key: array.shape for key, array in arrays.items()}


def check_form(name: str, arrays: Mapping[str, np.ndarray], num_classes: int) -> None:
    """ValueError unless the arrays are uint8 images and int64 labels in 0..num_classes-1, to train and to test on."""
    for split in files.SPLITS:
        images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"]
        if images.dtype != np.uint8 or not (images.ndim == 3 or images.shape[3:] == (3,)):
            wrong = f"images must be uint8, (n, h, w) or (n, h, w, 3), got {images.dtype}, {images.shape}"
        elif labels.dtype != np.int64 or labels.shape != images.shape[:1]:
            wrong = f"labels must be int64, ({len(images)},), got {labels.dtype}, {labels.shape}"
        elif labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
            wrong = f"labels must lie in 0..{num_classes - 1}, got {labels.min()}..{labels.max()}"
        elif len(found := np.unique(labels)) < 2:
            wrong = f"labels must be of at least two classes, got {found.tolist()}"
        else:
            continue
        raise ValueError(f"{name!r}, {split}: {wrong}")
    train, test = (arrays[f"{split}_images"].shape[1:] for split in files.SPLITS)
    if train != test:
        raise ValueError(f"images of {name!r} must be of one size, got {train} to train on and {test} to test on")


# scikit-learn's handwritten digits: real images that ship with a dependency, so that a fresh clone has data


def digits() -> dict[str, np.ndarray]:
    """The 1,797 images (8x8, uint8, 0..255) in a stratified split of 1,437 for training and 360 for testing."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    counts, labels = load_digits(return_X_y=True)
    images = np.rint(counts.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    parts = train_test_split(images, labels.astype(np.int64), test_size=360, stratify=labels, random_state=0)
    return dict(zip(("train_images", "test_images", "train_labels", "test_labels"), parts, strict=True))
