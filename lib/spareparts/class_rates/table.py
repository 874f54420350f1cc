"""The paper's Tables 1, 2 and 3 as printed, under this project's names of the data sets: `tables.csv` beside this file.

Its last two columns are ours: rows of the largest class in the test half, and all rows there.
"""

import csv
from pathlib import Path
from typing import NamedTuple

PRINTED = Path(__file__).with_name("tables.csv")
# What the source of Table 1 (the public hyperparameters of Klambauer et al. 2017) says where the paper differs.
CORRECTIONS = {"yeast": {"layers": 3}, "wine-quality-red": {"dropout": 0.0}}


class Architecture(NamedTuple):
    """A row of Table 1."""

    layers: int  # hidden ones
    width: int  # units of the first hidden layer
    shape: str  # conic or rectangular
    dropout: float


def architecture(dataset: str, *, corrected: bool = True) -> Architecture:
    """The network of a data set, with Table 1's two slips put right or as printed; `ValueError` for an unknown set."""
    if dataset not in ARCHITECTURES:
        raise ValueError(f"Table 1 has no data set {dataset!r}; it has {', '.join(ARCHITECTURES)}")
    printed = ARCHITECTURES[dataset]
    return printed._replace(**CORRECTIONS.get(dataset, {})) if corrected else printed


with PRINTED.open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))
ARCHITECTURES = {
    row["dataset"]: Architecture(int(row["layers"]), int(row["width"]), row["shape"], float(row["dropout"]))
    for row in ROWS
}
ATTAINABLE = tuple(row["dataset"] for row in ROWS if row["largest_class"])  # all but miniboone: the sets counted
