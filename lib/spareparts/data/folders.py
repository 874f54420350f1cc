"""Sets that lie as folders of images: `<root>/<name>/train/<class>/<image>`, and `val` in place of `train`."""

import hashlib
from functools import lru_cache
from pathlib import Path

from .files import root

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
