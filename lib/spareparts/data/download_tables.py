"""Fetching the tabular sets: the collection's one archive, converted set by set and checked against fingerprints."""

import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import numpy as np

from .collection import read_set
from .files import DataCorrupt, DownloadFailed, check_fingerprint, replacing, root
from .known_tables import KNOWN_TABLES
from .tabular import TABLE_ARRAYS, table_digest, table_fingerprint, table_path

ARCHIVE = "http://persoal.citius.usc.es/manuel.fernandez.delgado/papers/jmlr/data.tar.gz"  # 195 MB


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
            shutil.copyfileobj(response, file)
        with tarfile.open(temporary / "archive") as archive:
            members = [member for member in archive if set(Path(member.name).parts[:-1]) & set(wanted)]
            archive.extractall(temporary / "sets", members, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise DownloadFailed(
            f"could not download the UCI sets from {ARCHIVE}: {' '.join(str(error).split())}. Nothing there was "
            f"changed. Without a network, put their .npz files from another machine into {root() / 'uci'}; the sets "
            "named generated-... need no file"
        ) from error
    return temporary / "sets"


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
