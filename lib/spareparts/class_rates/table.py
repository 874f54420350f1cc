"""The paper's Tables 1, 2 and 3 as printed, under this project's names of the data sets: `tables.csv` beside this file.

Its last two columns are ours: rows of the largest class in the test half, and all rows there.
"""

from pathlib import Path
from typing import NamedTuple

import pandas as pd

COLUMNS = ("selu", "selu_rated", "relu", "relu_rated", "tanh", "tanh_rated")
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


def _percentages(kind: str) -> pd.DataFrame:
    return PRINTED[[f"{kind}_{column}" for column in COLUMNS]].set_axis(list(COLUMNS), axis=1)


PRINTED = pd.read_csv(Path(__file__).with_name("tables.csv"), index_col="dataset")
ARCHITECTURES = {row.Index: Architecture(row.layers, row.width, row.shape, row.dropout) for row in PRINTED.itertuples()}
PUBLISHED_ACCURACY = _percentages("accuracy")  # Table 2: %, on one half of the training file
PUBLISHED_SPECIALISED = _percentages("specialised")  # Table 3: % of the hidden neurons; NaN where the paper has a blank
LARGEST_CLASS = (PRINTED.largest_class / PRINTED.test_rows).dropna()  # what always naming that class gets right
ATTAINABLE = tuple(LARGEST_CLASS.index)  # all but miniboone: the sets out of which totals are counted
