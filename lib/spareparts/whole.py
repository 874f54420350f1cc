"""Files that are there whole or not at all, and the folders that they are in."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once it is whole and synced; on an error nothing is left behind."""
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def chosen_folder(name: str) -> Path | None:
    """The folder that a variable of the environment names, `~` being the user's own; None where it is not set."""
    try:
        return Path(os.environ[name]).expanduser().absolute() if os.environ.get(name) else None
    except RuntimeError as error:  # a user that is not there
        raise ValueError(f"{name} must name a folder, got {os.environ[name]!r}: {error}") from error
