"""Fetching data sets: official files are downloaded and checked, then put in the one form."""

import hashlib
import io
import pickle
import shutil
import tarfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
from jaxtyping import Int64, Shaped

from .collection import read_set
from .files import SPLITS, DataCorrupt, DownloadFailed, check_fingerprint, digest, replacing, root, save, verify
from .known import KNOWN
from .known_tables import KNOWN_TABLES
from .known_texts import KNOWN_TEXTS, PARTS, check_part, text_path
from .sets import check_known_size
from .tabular import TABLE_ARRAYS, table_digest, table_fingerprint, table_path

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


# The tabular sets: the collection's one archive, converted set by set and checked against fingerprints


UCI_ARCHIVE = "https://persoal.citius.usc.es/manuel.fernandez.delgado/papers/jmlr/data.tar.gz"  # 195 MB
UCI_SHA1 = "252603f2a5bf8d7975a392cdf5f84fb1c5d9b5c2"  # of the archive, as those who fetched it in 2014 wrote it down
UCI_MOST_BYTES = 4_000_000_000  # of what is unpacked


def fetch_tables(*, progress: bool = True) -> Path:
    """Download the UCI sets into `root()/uci`, those that are there excepted, and return that folder.

    DownloadFailed without a network; DataCorrupt that names every set which could not be made as its fingerprint asks,
    once all others are in place. A file that is there is never replaced.
    """
    folder = root() / "uci"
    wanted = [name for name in KNOWN_TABLES if not table_path(name).exists()]
    if not wanted:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=root(), prefix=".uci.") as temporary:
        unpacked = _unpacked(Path(temporary), wanted, progress=progress)
        failed = {name: why for name in wanted if (why := _kept(unpacked, name, progress=progress))}
    if failed:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise DataCorrupt(f"{len(failed)} of {len(wanted)} sets of {UCI_ARCHIVE} were not kept. {reasons}")
    return folder


def _unpacked(temporary: Path, wanted: list[str], *, progress: bool) -> Path:
    """The folder of the wanted sets' folders, from the archive; nothing else of it is unpacked."""
    try:
        if progress:
            print(f"Downloading {UCI_ARCHIVE}: 195 MB", flush=True)
        with urlopen(UCI_ARCHIVE, timeout=60) as response, (temporary / "archive").open("wb") as file:
            check_secure(response)
            shutil.copyfileobj(response, file)
        tell_checksum(temporary / "archive")
        with tarfile.open(temporary / "archive") as archive:
            archive.extractall(temporary / "sets", _members(archive, wanted), filter="data")
    except (OSError, tarfile.TarError) as error:
        raise DownloadFailed(
            f"could not download the UCI sets from {UCI_ARCHIVE}: {' '.join(str(error).split())}. Nothing there was "
            f"changed. Without a network, put their .npz files from another machine into {root() / 'uci'}; the sets "
            "named generated-... need no file"
        ) from error
    return temporary / "sets"


def check_secure(response: Any) -> None:
    """OSError where a server has led from https to an address that anybody on the way could answer for."""
    if not getattr(response, "url", UCI_ARCHIVE).startswith("https://"):
        raise OSError(f"the server leads to {response.url}, which is not https")


def tell_checksum(path: Path) -> None:
    """Warn where the archive is not the one that is known; what is kept of it is checked set by set all the same."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha1").hexdigest()
    if found != UCI_SHA1:
        warnings.warn(
            f"{UCI_ARCHIVE} is not the archive of 2014: sha1 expected {UCI_SHA1}, found {found}. Of it only sets "
            "are kept that have their known fingerprint",
            stacklevel=4,
        )


def _members(archive: tarfile.TarFile, wanted: list[str]) -> list[tarfile.TarInfo]:
    """The plain files of the wanted sets; TarError where they are larger than the collection."""
    members = [entry for entry in archive if entry.isfile() and set(Path(entry.name).parts[:-1]) & set(wanted)]
    if (size := sum(member.size for member in members)) > UCI_MOST_BYTES:
        raise tarfile.TarError(f"it unpacks to {size:,} bytes, at most {UCI_MOST_BYTES:,}")
    return members


def _kept(unpacked: Path, name: str, *, progress: bool) -> str:
    """Convert, check and save one set; why not, where it cannot be."""
    folder = next((path for path in sorted(unpacked.rglob(name)) if path.is_dir()), None)
    if folder is None:
        return "not in the archive"
    try:
        arrays = read_set(folder)
        check_fingerprint(name, table_fingerprint(name), table_digest(arrays))
    except (OSError, ValueError, KeyError, IndexError) as error:
        return " ".join(str(error).split())
    with replacing(table_path(name)) as file:
        np.savez_compressed(file, **{key: arrays[key] for key in TABLE_ARRAYS})
    if progress:
        print(f"{name}: {len(arrays['y']):,} rows", flush=True)
    return ""


# WikiText-2: the authors' archive, whose parts are checked one by one


# The first author's own copy; the archive's first address no longer answers.
TEXT_ARCHIVE = "https://wikitext.smerity.com/wikitext-2-v1.zip"  # 4.5 MB
TEXT_MOST_BYTES = 20_000_000  # of a part; the largest has 10.8 million
AGENT = "Mozilla/5.0 (spareparts)"  # the server refuses Python's own name


def fetch_text(*, progress: bool = True) -> Path:
    """Download WikiText-2 into `root()/text/wikitext-2`, parts that are there excepted, and return that folder.

    DownloadFailed without a network, DataCorrupt where a part has not the known checksum; nothing is then kept. A file
    that is there is checked and never replaced.
    """
    known = KNOWN_TEXTS["wikitext_2"]
    folder, absent = root() / "text" / known.folder, []
    for part in PARTS:
        path = text_path("wikitext_2", part)
        if path.exists():
            check_part(path, path.read_bytes(), known.sha1[part])
        else:
            absent.append(part)
    contents = _parts(absent, progress=progress) if absent else {}
    for part, content in contents.items():
        check_part(f"{part} as downloaded", content, known.sha1[part])
    folder.mkdir(parents=True, exist_ok=True)
    for part, content in contents.items():
        with replacing(text_path("wikitext_2", part)) as file:
            file.write(content)
    return folder


def _parts(parts: list[str], *, progress: bool) -> dict[str, bytes]:
    """The named parts from the archive."""
    try:
        if progress:
            print(f"Downloading {TEXT_ARCHIVE}: 4.5 MB", flush=True)
        with urlopen(Request(TEXT_ARCHIVE, headers={"User-Agent": AGENT}), timeout=60) as response:
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
        members = {part: archive.getinfo(f"wikitext-2/wiki.{part}.tokens") for part in parts}
        for part, member in members.items():
            if member.file_size > TEXT_MOST_BYTES:
                raise DataCorrupt(
                    f"{part} of {TEXT_ARCHIVE} unpacks to {member.file_size:,} bytes, at most {TEXT_MOST_BYTES:,}"
                )
        return {part: archive.read(member) for part, member in members.items()}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        by_hand = f"put train.txt, valid.txt and test.txt (wiki.*.tokens) into {root() / 'text' / 'wikitext-2'}"
        raise DownloadFailed(
            f"could not download WikiText-2 from {TEXT_ARCHIVE}: {' '.join(str(error).split())}. Nothing was changed. "
            f"Without a network, {by_hand}"
        ) from error
