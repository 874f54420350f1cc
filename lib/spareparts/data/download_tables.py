"""Fetching the tabular sets: the collection's one archive, converted set by set and checked against fingerprints."""

import hashlib
import shutil
import tarfile
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import numpy as np

from .collection import read_set
from .files import DataCorrupt, DownloadFailed, check_fingerprint, replacing, root
from .known_tables import KNOWN_TABLES
from .tabular import TABLE_ARRAYS, table_digest, table_fingerprint, table_path

ARCHIVE = "https://persoal.citius.usc.es/manuel.fernandez.delgado/papers/jmlr/data.tar.gz"  # 195 MB
SHA1 = "252603f2a5bf8d7975a392cdf5f84fb1c5d9b5c2"  # of the archive, as those who fetched it in 2014 wrote it down
MOST_BYTES = 4_000_000_000  # of what is unpacked


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
        raise DataCorrupt(f"{len(failed)} of {len(wanted)} sets of {ARCHIVE} were not kept. {reasons}")
    return folder


def _unpacked(temporary: Path, wanted: list[str], *, progress: bool) -> Path:
    """The folder of the wanted sets' folders, from the archive; nothing else of it is unpacked."""
    try:
        if progress:
            print(f"Downloading {ARCHIVE}: 195 MB", flush=True)
        with urlopen(ARCHIVE, timeout=60) as response, (temporary / "archive").open("wb") as file:
            check_secure(response)
            shutil.copyfileobj(response, file)
        tell_checksum(temporary / "archive")
        with tarfile.open(temporary / "archive") as archive:
            archive.extractall(temporary / "sets", _members(archive, wanted), filter="data")
    except (OSError, tarfile.TarError) as error:
        raise DownloadFailed(
            f"could not download the UCI sets from {ARCHIVE}: {' '.join(str(error).split())}. Nothing there was "
            f"changed. Without a network, put their .npz files from another machine into {root() / 'uci'}; the sets "
            "named generated-... need no file"
        ) from error
    return temporary / "sets"


def check_secure(response: Any) -> None:
    """OSError where a server has led from https to an address that anybody on the way could answer for."""
    if not getattr(response, "url", ARCHIVE).startswith("https://"):
        raise OSError(f"the server leads to {response.url}, which is not https")


def tell_checksum(path: Path) -> None:
    """Warn where the archive is not the one that is known; what is kept of it is checked set by set all the same."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha1").hexdigest()
    if found != SHA1:
        warnings.warn(
            f"{ARCHIVE} is not the archive of 2014: sha1 expected {SHA1}, found {found}. Of it only sets are kept that "
            "have their known fingerprint",
            stacklevel=4,
        )


def _members(archive: tarfile.TarFile, wanted: list[str]) -> list[tarfile.TarInfo]:
    """The plain files of the wanted sets; TarError where they are larger than the collection."""
    members = [entry for entry in archive if entry.isfile() and set(Path(entry.name).parts[:-1]) & set(wanted)]
    if (size := sum(member.size for member in members)) > MOST_BYTES:
        raise tarfile.TarError(f"it unpacks to {size:,} bytes, at most {MOST_BYTES:,}")
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
