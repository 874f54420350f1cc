"""Tabular sets by name: the UCI sets of Fernandez-Delgado et al. (2014) with their own partition, as whole arrays."""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from .files import TABLE_ARRAYS, check_fingerprint, digest, look_up, present, read_arrays, root

TEST_HALF = 16  # bit 4 of `splits`: the row is in the second half of the collection's tuning split
GENERATED_PREFIX = "generated-"
FIDELITY = "the collection's values and partition; sets with an official test file and connect-4 as raw codes"


class KnownTable(NamedTuple):
    """What is true of a tabular set wherever it lies."""

    train_rows: int
    official_rows: int  #: 0: there is no official test file
    features: int
    classes: int
    sha256: str  #: of the arrays; of a drawn set of "<name>, <rows> rows, numpy default_rng(0), version 1"

    @property
    def most_bytes(self) -> int:
        """What the arrays take at most: eight bytes a feature, two for label and splits, and their headers."""
        return (self.train_rows + self.official_rows) * (8 * self.features + 2) + 10_000


_LINES = Path(__file__).with_name("known_tables.csv").read_text(encoding="utf-8").splitlines()
KNOWN_TABLES = {name: KnownTable(*map(int, sizes), sha256) for name, *sizes, sha256 in csv.reader(_LINES[1:])}
known_table = functools.partial(look_up, "tabular set", known=KNOWN_TABLES)  # ValueError for an unknown name


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A tabular set as stored: rows of the training file first, then those of the official test file."""

    features: Float[np.ndarray, "samples features"]
    labels: Int[np.ndarray, " samples"]
    test_half: Bool[np.ndarray, " train_rows"]  #: which rows of the training file the paper tests on
    classes: int


@functools.lru_cache(maxsize=4)
def load_table(name: str) -> Table:
    """A known set from `root()/uci/<name>.npz`, or drawn from its published generator by `generated-<name>`.

    ValueError for an unknown name, DataMissing if it has not been fetched, DataCorrupt if its fingerprint is another.
    """
    known = known_table(name)
    if name.startswith(GENERATED_PREFIX):
        draw = GENERATORS[name.removeprefix(GENERATED_PREFIX)]
        features, labels = draw(known.train_rows, np.random.default_rng(0))
        halves = np.arange(len(labels)) % 2 == 1
    else:
        arrays = stored_table(name)
        features, labels = arrays["X"].astype(np.float64), arrays["y"].astype(np.int64)
        halves = (arrays["splits"] & TEST_HALF) > 0
    return Table(features=features, labels=labels, test_half=halves, classes=int(labels.max()) + 1)


def tables_on_disk() -> list[str]:
    """Names of those that are not drawn."""
    return [name for name in KNOWN_TABLES if not name.startswith(GENERATED_PREFIX)]


def table_fingerprint(name: str) -> str:
    """The sha256 (64 hex digits) of a set's arrays, or of a generator's definition; needs no files."""
    return known_table(name).sha256


def table_fidelity(name: str) -> str:
    """How a set relates to the published files, in words."""
    known_table(name)
    return "drawn from the published definition" if name.startswith(GENERATED_PREFIX) else FIDELITY


def table_path(name: str) -> Path:
    """Where a tabular set is looked for."""
    return root() / "uci" / f"{name}.npz"


def stored_table(name: str) -> dict[str, np.ndarray]:
    """The arrays of a known set on disk, checked."""
    how = "Fetch all of them with: python -m spareparts data fetch uci"
    path = present(table_path(name), f"tabular set {name!r}", how)
    arrays = read_arrays(path, TABLE_ARRAYS, most_bytes=KNOWN_TABLES[name].most_bytes)
    check_fingerprint(path, KNOWN_TABLES[name].sha256, digest(arrays, TABLE_ARRAYS))
    return arrays


# Two artificial sets among them, drawn from their published definitions (Breiman 1984, 1996)

Rows = tuple[Float[np.ndarray, "samples features"], Int[np.ndarray, " samples"]]
# Lit segments of the digits 0 to 9: top, upper left, upper right, middle, lower left, lower right, bottom.
SEGMENTS = ("1110111", "0010010", "1011101", "1011011", "0111010")
SEGMENTS += ("1101011", "1101111", "1010010", "1111111", "1111011")


def twonorm(samples: int, generator: np.random.Generator) -> Rows:
    """Two unit normals in 20 dimensions, at plus and minus 2 / sqrt(20) in each; the best possible error is 2.3%."""
    labels = generator.integers(2, size=samples)
    centres = (1 - 2 * labels[:, None]) * 2 / 20**0.5
    return centres + generator.standard_normal((samples, 20)), labels


def led_display(samples: int, generator: np.random.Generator) -> Rows:
    """Seven segments of a digit, each inverted with probability 0.1; the best possible error is 26%."""
    labels = generator.integers(10, size=samples)
    lit = np.array([list(map(int, row)) for row in SEGMENTS])[labels]
    flipped = generator.random(lit.shape) < 0.1
    return (lit ^ flipped).astype(np.float64), labels


GENERATORS = {"led-display": led_display, "twonorm": twonorm}
