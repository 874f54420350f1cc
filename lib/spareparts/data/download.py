"""Fetching a data set: torchvision downloads and checks the official files; they are then put in the one form."""

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Int64, Shaped

from .download_tables import fetch_tables
from .download_texts import fetch_text
from .files import SPLITS, DataCorrupt, DownloadFailed, digest, root, save, verify
from .known import KNOWN
from .sets import check_known_size

TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR10", "cifar100": "CIFAR100"}


def fetch(name: str, *, progress: bool = True) -> Path:
    """Download a set into `root()` unless it is there, and return its file; up to 540 MB of disk while it works.

    `uci` stands for all tabular sets together and `wikitext_2` for a text, whose folders are returned.

    ValueError for a name that cannot be fetched, DownloadFailed without a network, DataCorrupt if the file that is
    there, or what was downloaded, has not the known fingerprint. A file that is there is never replaced by another.
    """
    if name == "uci":
        return fetch_tables(progress=progress)
    if name == "wikitext_2":
        return fetch_text(progress=progress)
    if name not in TORCHVISION:
        raise ValueError(
            f"cannot fetch {name!r}; what can be: {', '.join(TORCHVISION)}, uci, wikitext_2 "
            "(digits comes with scikit-learn)"
        )
    path, known = root() / f"{name}.npz", KNOWN[name]
    if path.exists():
        check_known_size(path)
        verify(path, known.sha256)
        if path.with_suffix(".json").exists():
            return path
    arrays, classes = _downloaded(name, progress)
    found = digest(arrays)
    if found != known.sha256:
        raise DataCorrupt(f"{name} as downloaded: sha256 expected {known.sha256}, found {found}; it was not kept")
    return save(
        name, arrays, classes=classes, source=known.source, licence=known.licence, fidelity=known.fidelity
    )  # fmt: skip


def file_name_order(
    labels: Int64[np.ndarray, " samples"], file_names: Shaped[np.ndarray, " samples"]
) -> Int64[np.ndarray, " samples"]:
    """The order that keeps the sequence of labels and puts each class's samples by file name."""
    order = np.empty_like(labels)
    order[np.argsort(labels, kind="stable")] = np.lexsort((file_names, labels))
    return order


def _downloaded(name: str, progress: bool) -> tuple[dict[str, np.ndarray], list[str]]:
    try:
        root().mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root(), prefix=f".{name}.") as folder, _shown(progress):
            return _converted(name, Path(folder))
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DownloadFailed(
            f"could not download {name!r} into {root()}: {reason}. Nothing there was changed. It needs a network "
            f"connection; without one, put {name}.npz and {name}.json from another machine into that folder"
        ) from error


def _converted(name: str, folder: Path) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays and class names of a set whose official files torchvision puts into the folder, checked."""
    from torchvision import datasets

    arrays: dict[str, np.ndarray] = {}
    for split in SPLITS:
        part = getattr(datasets, TORCHVISION[name])(folder, train=split == "train", download=True)
        images, labels = np.asarray(part.data, np.uint8), np.asarray(part.targets, np.int64)
        found = {"images": images, "labels": labels}
        if name == "cifar100":
            found = _reordered(images, labels, folder / part.base_folder / split)
        arrays |= {f"{split}_{key}": np.ascontiguousarray(array) for key, array in found.items()}
    return arrays, [label.split(" - ")[0] for label in part.classes]  # MNIST's are "0 - zero"


def _reordered(images: np.ndarray, labels: np.ndarray, official: Path) -> dict[str, np.ndarray]:
    """CIFAR-100's split in the project's order, with the superclasses, which only the official file has."""
    # torchvision has just checked this file, so it is safe to unpickle.
    with official.open("rb") as file:
        entry = pickle.load(file, encoding="latin1")
    order = file_name_order(labels, np.asarray(entry["filenames"]))
    coarse = np.asarray(entry["coarse_labels"], np.int64)
    return {"images": images[order], "labels": labels[order], "coarse": coarse[order]}


@contextmanager
def _shown(progress: bool) -> Iterator[None]:
    """torchvision's progress bars have no switch; without progress, what it prints is dropped."""
    if progress:
        yield
        return
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield
