"""Image sets by name, as whole tensors with their fingerprint checked."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from .digits import digits
from .files import (
    SPLITS,
    DataCorrupt,
    DataMissing,
    check_fingerprint,
    check_form,
    check_shapes,
    contents,
    digest,
    identity,
    read_about,
    read_arrays,
    root,
    verify,
)
from .known import KNOWN
from .streaming import folder_classes, folder_fingerprint, is_folder


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """One split of a data set: images as stored, labels 0..classes-1, and what identifies the data."""

    name: str
    split: str
    images: UInt8[Tensor, "samples height width *channels"]
    labels: Int[Tensor, " samples"]
    classes: tuple[str, ...]
    fingerprint: str  # sha256 of both splits' arrays, as `digest` computes it, and of one's own set's classes
    fidelity: str  # how the arrays relate to the official files
    coarse_labels: Int[Tensor, " samples"] | None = None  # superclasses, where the set has them (cifar100)


class Row(NamedTuple):
    """One line of `listing`; what cannot be known without the file is None."""

    name: str
    present: bool
    path: Path | None  # None: comes with scikit-learn
    samples: tuple[int, int] | None  # train, test
    shape: tuple[int, ...] | None  # of one image
    intact: bool | None  # the fingerprint is the expected one


def load(name: str, split: str, *, device: torch.device | str = "cpu") -> Dataset:
    """A split ("train" or "test") of a known set, or of one's own in the same form under `root()`.

    ValueError for an unknown name or split, DataMissing if it has not been fetched, DataCorrupt if it is not the data
    that its fingerprint promises. Nothing is ever downloaded or deleted.
    """
    if _in_folders(name):
        raise ValueError(f"{name!r} is a folder of images, which is streamed: take load_folder")
    _check_name(name)
    if split not in SPLITS:
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    keys = {"images": f"{split}_images", "labels": f"{split}_labels", "coarse_labels": f"{split}_coarse"}
    arrays, classes = _digits() if name == "digits" else _stored(name, tuple(keys.values()))
    check_form(name, arrays[keys["images"]], arrays[keys["labels"]], len(classes))
    tensors = {field: torch.from_numpy(arrays[key]).to(device) for field, key in keys.items() if key in arrays}
    about = {"classes": classes, "fingerprint": fingerprint(name), "fidelity": fidelity(name)}
    return Dataset(name=name, split=split, **tensors, **about)


def fingerprint(name: str) -> str:
    """The sha256 (64 hex digits) that identifies a set; of a known set it needs no files.

    Of a known set it is that of its arrays, whose classes this package knows; one's own set has its classes in it.
    """
    if _in_folders(name):
        return folder_fingerprint(name)
    _check_name(name)
    return KNOWN[name].sha256 if name in KNOWN else identity(read_about(root() / f"{name}.json"))


def fidelity(name: str) -> str:
    """How a set's arrays relate to the official files, in words; known without the files, as `fingerprint` is."""
    if _in_folders(name):
        return "a folder of images, known by their names and sizes"
    _check_name(name)
    return KNOWN[name].fidelity if name in KNOWN else read_about(root() / f"{name}.json").get("fidelity", "not stated")


def classes(name: str) -> tuple[str, ...]:
    """Names of a set's classes, in the order of the labels; of a known set they need no files."""
    if _in_folders(name):
        return folder_classes(name)
    _check_name(name)
    return KNOWN[name].classes if name in KNOWN else load(name, "test").classes


def listing() -> list[Row]:
    """A row for each known set and each of one's own under `root()`, its fingerprint checked (0.5 s a set)."""
    return [_row(name) for name in (*KNOWN, *_own_names())]


def _row(name: str) -> Row:
    if name == "digits":
        return Row(name, True, None, (1437, 360), (8, 8), digest(digits()) == fingerprint(name))
    path = root() / f"{name}.npz"
    if not _present(path):
        return Row(name, False, path, None, None, None)
    try:
        found = contents(path)
        intact = found.sha256 == _expected(name)
    except DataCorrupt:
        return Row(name, True, path, None, None, False)
    samples = (found.shapes["train_labels"][0], found.shapes["test_labels"][0])
    return Row(name, True, path, samples, found.shapes["train_images"][1:], intact)


def _present(path: Path) -> bool:
    return path.exists() and path.with_suffix(".json").exists()


def _own_names() -> list[str]:
    """Names of the user's sets under the root; a leading dot marks an unfinished file."""
    found = sorted(path.stem for path in root().glob("[!.]*.npz") if _present(path))
    return [name for name in found if name not in KNOWN]


def _in_folders(name: str) -> bool:
    return name not in KNOWN and isinstance(name, str) and is_folder(name)


def _check_name(name: str) -> None:
    if name in KNOWN:
        return
    names = [*KNOWN, *_own_names()]
    if name in names:
        return
    near = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"unknown data set {name!r}{hint} Known: {', '.join(names)} (own sets are looked for in {root()})")


def _digits() -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    arrays = digits()
    check_fingerprint("scikit-learn's digits", fingerprint("digits"), digest(arrays))
    return arrays, KNOWN["digits"].classes


def _stored(name: str, keys: tuple[str, ...]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The named arrays and the classes of a set on disk, once its file is there with the right fingerprint."""
    path = root() / f"{name}.npz"
    if not _present(path):
        raise DataMissing(
            f"data set {name!r} is not there: neither {path.name} with {name}.json in {root()}. "
            f"Fetch it with: python -m spareparts data fetch {name}"
        )
    verify(path, _expected(name))
    check_shapes(name, contents(path).shapes)
    named = KNOWN[name].classes if name in KNOWN else read_about(path.with_suffix(".json"))["classes"]
    return read_arrays(path, keys), tuple(map(str, named))


def _expected(name: str) -> str:
    """The sha256 that the arrays of a set on disk must have."""
    return KNOWN[name].sha256 if name in KNOWN else read_about(root() / f"{name}.json")["sha256"]
