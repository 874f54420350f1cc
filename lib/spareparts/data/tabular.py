"""Tabular sets by name: the UCI sets of Fernandez-Delgado et al. (2014) with their own partition, as whole tensors."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from .files import DataCorrupt, DataMissing, check_fingerprint, check_size, intact, read_arrays, root
from .known_tables import GENERATED, KNOWN_TABLES, generate

TABLE_ARRAYS = ("X", "y", "splits")
TEST_HALF = 16  # bit 4 of `splits`: the row is in the second half of the collection's tuning split
GENERATED_PREFIX = "generated-"
FIDELITY = "the collection's values and partition; sets with an official test file and connect-4 as raw codes"


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A tabular set as stored: rows of the training file first, then those of the official test file."""

    name: str
    features: Float[np.ndarray, "samples features"]
    labels: Int[np.ndarray, " samples"]
    test_half: Bool[np.ndarray, " train_rows"]  # which rows of the training file the paper tests on
    classes: int
    fingerprint: str
    fidelity: str


@functools.lru_cache(maxsize=4)
def load_table(name: str) -> Table:
    """A known set from `root()/uci/<name>.npz`, or drawn from its published generator by `generated-<name>`.

    ValueError for an unknown name, DataMissing if it has not been fetched, DataCorrupt if it is not the data that its
    fingerprint promises. Nothing is ever downloaded or deleted.
    """
    check_table_name(name)
    if name.startswith(GENERATED_PREFIX):
        features, labels = generate(name.removeprefix(GENERATED_PREFIX), generator=np.random.default_rng(0))
        halves = np.arange(len(labels)) % 2 == 1
        return _table(name, features, labels, halves)
    arrays = _stored(name)
    halves = (arrays["splits"] & TEST_HALF) > 0
    return _table(name, arrays["X"].astype(np.float64), arrays["y"].astype(np.int64), halves)


def _table(name: str, features: np.ndarray, labels: np.ndarray, halves: np.ndarray) -> Table:
    return Table(
        name=name,
        features=features,
        labels=labels,
        test_half=halves,
        classes=int(labels.max()) + 1,
        fingerprint=table_fingerprint(name),
        fidelity=table_fidelity(name),
    )


class TableRow(NamedTuple):
    """One line of `table_listing`."""

    name: str
    path: Path
    rows: tuple[int, int]  # of the training file, of the official test file
    features: int
    classes: int
    intact: bool | None  # None: not there


def table_listing() -> list[TableRow]:
    """A line for each known tabular set, its fingerprint checked; those drawn from a generator need no file."""
    return [
        TableRow(
            name, table_path(name), known[:2], known.features, known.classes, intact(lambda own=name: _stored(own))
        )
        for name, known in KNOWN_TABLES.items()
    ]


def table_names() -> list[str]:
    """Names of all known tabular sets, those that are drawn from a generator last."""
    return [*KNOWN_TABLES, *(GENERATED_PREFIX + name for name in GENERATED)]


def table_fingerprint(name: str) -> str:
    """The sha256 (64 hex digits) of a set's arrays, or of a generator's definition; needs no files."""
    check_table_name(name)
    if name in KNOWN_TABLES:
        return KNOWN_TABLES[name].sha256
    definition = f"{name}, {GENERATED[name.removeprefix(GENERATED_PREFIX)]} rows, numpy default_rng(0), version 1"
    return hashlib.sha256(definition.encode()).hexdigest()


def table_fidelity(name: str) -> str:
    """How a set relates to the published files, in words."""
    check_table_name(name)
    return "drawn from the published definition" if name.startswith(GENERATED_PREFIX) else FIDELITY


def check_table_name(name: str) -> None:
    """ValueError, with the nearest known name, for an unknown set."""
    names = table_names()
    if name in names:
        return
    near = get_close_matches(str(name), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ValueError(f"unknown tabular set {name!r}{hint} Known: {', '.join(names)}")


def table_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Fingerprint of a tabular set: sha256 of the bytes of features, labels and splits."""
    total = hashlib.sha256()
    for key in TABLE_ARRAYS:
        total.update(np.ascontiguousarray(arrays[key]).reshape(-1).view(np.uint8))
    return total.hexdigest()


def table_path(name: str) -> Path:
    """Where a tabular set is looked for."""
    return root() / "uci" / f"{name}.npz"


def _stored(name: str) -> dict[str, np.ndarray]:
    path = table_path(name)
    if not path.exists():
        raise DataMissing(
            f"tabular set {name!r} is not there: no {path.name} in {path.parent}. "
            "Fetch all of them with: python -m spareparts data fetch uci"
        )
    check_size(path, KNOWN_TABLES[name].most_bytes)
    arrays = read_arrays(path, TABLE_ARRAYS)
    missing = set(TABLE_ARRAYS) - set(arrays)
    if missing:
        raise DataCorrupt(f"{path} lacks {', '.join(sorted(missing))}")
    check_fingerprint(path, table_fingerprint(name), table_digest(arrays))
    return arrays
