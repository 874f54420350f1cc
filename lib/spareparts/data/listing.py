"""Which data sets are there, and whole."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from . import sets, tables, texts
from .files import SPLITS, DataMissing, root


class Row(NamedTuple):
    """One line of `listing`."""

    name: str
    intact: bool | None  #: None: not there
    size: str  #: in words; empty where it cannot be known
    path: Path | None  #: None: comes with scikit-learn


def listing() -> list[Row]:
    """A row for each known set and each of one's own, all of which is read: a few seconds."""
    rows = [_image_row(name) for name in (*sets.KNOWN, *sets.own_names())]
    rows += [_text_row(name) for name, known in texts.KNOWN_TEXTS.items() if "sha1" in known]  # the other one is drawn
    return rows + [_table_row(name) for name in tables.tables_on_disk()]


def _intact(read: Callable[[str], object], name: str) -> bool | None:
    """Whether a set can be read as it should be; None where it is not there."""
    try:
        read(name)
    except DataMissing:
        return None
    except ValueError:
        return False
    return True


def _image_row(name: str) -> Row:
    path, intact = root() / f"{name}.npz", _intact(lambda name: sets.stored(name, ()), name)
    if name == "digits":
        return Row(name, intact, "1,437 + 360 of 8x8", None)
    if not intact:
        return Row(name, intact, "", path)
    shapes = sets.check_file(name)
    train, test = (shapes[f"{split}_labels"][0] for split in SPLITS)
    return Row(name, True, f"{train:,} + {test:,} of {'x'.join(map(str, shapes['train_images'][1:]))}", path)


def _text_row(name: str) -> Row:
    paths = [texts.text_path(name, part) for part in texts.PARTS]
    size = sum(part.stat().st_size for part in paths if part.exists())
    return Row(name, _intact(texts.text_lines, name), f"{size:,} bytes of text" if size else "", paths[0].parent)


def _table_row(name: str) -> Row:
    known = tables.KNOWN_TABLES[name]
    size = f"{known.train_rows:,} + {known.official_rows:,} of {known.features}, {known.classes} classes"
    return Row(name, _intact(tables.stored_table, name), size, tables.table_path(name))
