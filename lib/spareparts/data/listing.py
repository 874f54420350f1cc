"""Which data sets are there, and whole."""

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..whole import replacing
from . import sets, tables, texts
from .files import SPLITS, DataMissing, root

MEMORY = ".whole.json"  # in the folder of the data: sets that were found whole, as they were then


class Row(NamedTuple):
    """One line of `listing`."""

    name: str
    intact: bool | None  # None: not there
    size: str  # in words; empty where it cannot be known
    path: Path | None  # None: comes with scikit-learn


def listing() -> list[Row]:
    """A row for each known set and each of one's own; what was whole is read again once its size or time changes."""
    asked: list[tuple[Callable[[str, Path], Row], str, Path, object]]  # and what is known of each
    images = (*sets.KNOWN, *sets.own_names())
    asked = [(_image_row, name, root() / f"{name}.npz", sets.KNOWN.get(name)) for name in images]
    for name, known in texts.KNOWN_TEXTS.items():
        if "sha1" in known:  # the other one is drawn
            asked.append((_text_row, name, texts.text_path(name, "train").parent, known))
    for name in tables.tables_on_disk():
        asked.append((_table_row, name, tables.table_path(name), tables.KNOWN_TABLES[name]))
    try:
        before = dict(json.loads((root() / MEMORY).read_bytes()))
    except (OSError, ValueError, TypeError):
        before = {}
    now, rows = {}, []
    for describe, name, path, known in asked:
        state = _state(path, known)
        row = Row(name, True, before[state], path) if state in before else describe(name, path)
        rows.append(row)
        if row.intact and row.path:
            now[state] = row.size
    if now != before:
        with contextlib.suppress(OSError), replacing(root() / MEMORY) as file:
            file.write(json.dumps(now).encode())
    return rows


def _state(path: Path, known: object) -> str:
    """Where a set lies, what it is taken for, and the sizes and times of its files."""
    files = sorted(path.iterdir()) if path.is_dir() else [path, path.with_suffix(".json")]
    stats = [(file.name, file.stat()) for file in files if file.exists()]
    return repr((str(path), known, [(file, stat.st_size, stat.st_mtime_ns) for file, stat in stats]))


def _intact(read: Callable[[str], object], name: str) -> bool | None:
    """Whether a set can be read as it should be; None where it is not there."""
    try:
        read(name)
    except DataMissing:
        return None
    except ValueError:
        return False
    return True


def _image_row(name: str, path: Path) -> Row:
    if name == "digits":
        return Row(name, sets.has_known_digits(), "1,437 + 360 of 8x8", None)
    intact = _intact(sets.check_file, name)
    if not intact:
        return Row(name, intact, "", path)
    shapes = sets.check_file(name)
    train, test = (shapes[f"{split}_labels"][0] for split in SPLITS)
    return Row(name, True, f"{train:,} + {test:,} of {'x'.join(map(str, shapes['train_images'][1:]))}", path)


def _text_row(name: str, path: Path) -> Row:
    paths = [texts.text_path(name, part) for part in texts.PARTS]
    size = sum(part.stat().st_size for part in paths if part.exists())
    return Row(name, _intact(texts.text_lines, name), f"{size:,} bytes of text", path)


def _table_row(name: str, path: Path) -> Row:
    known = tables.KNOWN_TABLES[name]
    size = f"{known.train_rows:,} + {known.official_rows:,} of {known.features}, {known.classes} classes"
    return Row(name, _intact(tables.stored_table, name), size, path)
