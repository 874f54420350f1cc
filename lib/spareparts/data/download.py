"""Fetching data sets: official files are downloaded and checked, then put in the one form."""

import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

import numpy as np

from ..whole import replacing
from .collection import read_set
from .files import SPLITS, TABLE_ARRAYS, DataCorrupt, DownloadFailed, check_fingerprint, digest, root
from .sets import KNOWN, check_file
from .tables import known_table, table_path, tables_on_disk
from .texts import PARTS, check_part, text_path

TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR10", "cifar100": "CIFAR100"}
UCI_ARCHIVE = "https://persoal.citius.usc.es/manuel.fernandez.delgado/papers/jmlr/data.tar.gz"
UCI_MOST_BYTES = 4_000_000_000  # of what is unpacked
# The first author's own copy of WikiText-2; the archive's first address no longer answers.
TEXT_ARCHIVE = "https://wikitext.smerity.com/wikitext-2-v1.zip"
TEXT_MOST_BYTES = 20_000_000  # of a part; the largest has 10.8 million
AGENT = "Mozilla/5.0 (spareparts)"  # one server refuses Python's own name


def fetch(name: str) -> Path:
    """Download a set into `root()` unless it is there, and return its file, or folder of `uci` and `wikitext_2`.

    ValueError for a name that cannot be fetched, DownloadFailed without a network, DataCorrupt if the file that is
    there, or what was downloaded, has not the known fingerprint. A file that is there is never replaced by another.
    """
    if name in ("uci", "wikitext_2"):
        return fetch_tables() if name == "uci" else fetch_text()
    if name not in TORCHVISION:
        known = f"{', '.join(TORCHVISION)}, uci, wikitext_2"
        raise ValueError(f"cannot fetch {name!r}; what can be: {known} (digits comes with scikit-learn)")
    if (path := root() / f"{name}.npz").exists():
        check_file(name)
        return path
    with downloading(name, files=path.name, target=root()) as folder:
        arrays = official_arrays(name, folder)
    check_fingerprint(f"{name} as downloaded", KNOWN[name].sha256, digest(arrays))
    with replacing(path) as file:
        np.savez(file, **arrays)
    return path


@contextmanager
def downloading(name: str, *, files: str, target: Path) -> Iterator[Path]:
    """A folder to download into; what goes wrong with that is told in one line, with what to do."""
    try:
        root().mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root(), prefix=f".{name}.") as folder:
            yield Path(folder)
    except (OSError, RuntimeError, KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DownloadFailed(
            f"could not download {name!r} into {root()}: {' '.join(str(error).split())}. Nothing there was changed. "
            f"It needs a network connection; without one, put {files} from another machine into {target}"
        ) from error


def download(url: str, path: Path, *, size: str) -> None:
    """Save what an address answers; OSError where it leads from https to what anybody on the way could answer for."""
    print(f"Downloading {url}: {size}", flush=True)
    with urlopen(Request(url, headers={"User-Agent": AGENT}), timeout=60) as response, path.open("wb") as file:
        if not response.url.startswith("https://"):
            raise OSError(f"the server leads to {response.url}, which is not https")
        shutil.copyfileobj(response, file)


# Images, whose official files torchvision downloads and checks


def official_arrays(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The arrays of a set whose official files torchvision puts into the folder."""
    from torchvision import datasets

    arrays: dict[str, np.ndarray] = {}
    for split in SPLITS:
        part = getattr(datasets, TORCHVISION[name])(folder, train=split == "train", download=True)
        images, labels = np.asarray(part.data, np.uint8), np.asarray(part.targets, np.int64)
        if name == "cifar100":
            # torchvision has just checked this file, so it is safe to unpickle.
            file_names = pickle.loads((folder / part.base_folder / split).read_bytes(), encoding="latin1")["filenames"]
            # the sequence of labels is kept, and each class's images stand by file name
            order = np.empty_like(labels)
            order[np.argsort(labels, kind="stable")] = np.lexsort((np.asarray(file_names), labels))
            images, labels = images[order], labels[order]
        arrays |= {f"{split}_images": np.ascontiguousarray(images), f"{split}_labels": labels}
    return arrays


# The tabular sets: the collection's one archive, converted set by set and checked against fingerprints


def fetch_tables() -> Path:
    """Download the UCI sets that are not there; DataCorrupt names those that failed, once all others are in place."""
    target = root() / "uci"
    wanted = [name for name in tables_on_disk() if not table_path(name).exists()]
    if not wanted:
        return target
    with downloading("uci", files="the .npz files", target=target) as folder:
        download(UCI_ARCHIVE, folder / "archive", size="195 MB")
        with tarfile.open(folder / "archive") as archive:
            archive.extractall(folder / "sets", _members(archive, wanted), filter="data")
        converted = {name: _converted(folder / "sets", name) for name in wanted}
    failed = {name: why for name, why in converted.items() if isinstance(why, str)}
    for name in wanted:
        if name not in failed:
            with replacing(table_path(name)) as file:
                np.savez_compressed(file, **converted[name])
            print(f"{name}: {len(converted[name]['y']):,} rows", flush=True)
    if failed:
        reasons = "; ".join(f"{name}: {why}" for name, why in failed.items())
        raise DataCorrupt(f"{len(failed)} of {len(wanted)} sets of {UCI_ARCHIVE} were not kept. {reasons}")
    return target


def _members(archive: tarfile.TarFile, wanted: list[str]) -> list[tarfile.TarInfo]:
    """The plain files of the wanted sets; TarError where they are larger than the collection."""
    members = [entry for entry in archive if entry.isfile() and set(Path(entry.name).parts[:-1]) & set(wanted)]
    if (size := sum(member.size for member in members)) > UCI_MOST_BYTES:
        raise tarfile.TarError(f"it unpacks to {size:,} bytes, at most {UCI_MOST_BYTES:,}")
    return members


def _converted(unpacked: Path, name: str) -> dict[str, np.ndarray] | str:
    """The checked arrays of one set; or why not, where it cannot be."""
    folder = next((path for path in sorted(unpacked.rglob(name)) if path.is_dir()), None)
    if folder is None:
        return "not in the archive"
    try:
        arrays = read_set(folder)
        check_fingerprint(name, known_table(name).sha256, digest(arrays, TABLE_ARRAYS))
    except (OSError, ValueError, KeyError, IndexError) as error:
        return " ".join(str(error).split())
    return arrays


# WikiText-2: the authors' archive, whose parts are checked one by one


def fetch_text() -> Path:
    """Download the parts of WikiText-2 that are not there; where one has not the known checksum nothing is kept."""
    paths = {part: text_path("wikitext_2", part) for part in PARTS}
    target = paths["train"].parent
    contents = {part: path.read_bytes() for part, path in paths.items() if path.exists()}
    absent = [part for part in PARTS if part not in contents]
    if absent:
        files = "train.txt, valid.txt and test.txt (wiki.*.tokens)"
        with downloading("wikitext_2", files=files, target=target) as folder:
            download(TEXT_ARCHIVE, folder / "archive", size="4.5 MB")
            contents = _parts(folder / "archive") | contents
    for part, content in contents.items():
        check_part(f"{part} as downloaded" if part in absent else paths[part], "wikitext_2", part, content)
    for part in absent:
        with replacing(paths[part]) as file:
            file.write(contents[part])
    return target


def _parts(path: Path) -> dict[str, bytes]:
    """The text's parts from its archive; OSError where one is larger than any of them."""
    with zipfile.ZipFile(path) as archive:
        members = {part: archive.getinfo(f"wikitext-2/wiki.{part}.tokens") for part in PARTS}
        if (size := max(member.file_size for member in members.values())) > TEXT_MOST_BYTES:
            raise OSError(f"a part unpacks to {size:,} bytes, at most {TEXT_MOST_BYTES:,}")
        return {part: archive.read(member) for part, member in members.items()}
