"""A tabular set cut into its parts, scaled, as tensors."""

from typing import NamedTuple

import numpy as np
import torch

from .. import checks
from .batches import Batch
from .tables import Table

SCALINGS = ("collection", "train")


class Partition(NamedTuple):
    """Disjoint parts of a table, scaled; `official` is None where the set has no official test file."""

    train: Batch
    validation: Batch
    test: Batch
    official: Batch | None


def partition(
    table: Table, *, generator: torch.Generator, validation_share: float = 0.15, scaling: str = "collection"
) -> Partition:
    """The paper's parts: test on one half of the training file, and hold out a share of the other for validation.

    Columns are scaled to mean 0 and deviation 1 over the whole training file (`collection`, as the paper had them) or
    over the rows trained on (`train`). ValueError for another scaling and a share outside (0, 1).
    """
    checks.one_of(SCALINGS, scaling=scaling)
    if not 0 < validation_share < 1:
        raise ValueError(f"validation_share must lie in (0, 1), got {validation_share}")
    file_rows = len(table.test_half)
    half = np.flatnonzero(~table.test_half)
    half = half[torch.randperm(len(half), generator=generator).numpy()]
    held_out = round(validation_share * len(half))
    validation, train, test = half[:held_out], half[held_out:], np.flatnonzero(table.test_half)
    reference = table.features[:file_rows] if scaling == "collection" else table.features[train]
    deviation = reference.std(0, ddof=1)
    scaled = (table.features - reference.mean(0)) / np.where(deviation > 0, deviation, 1)
    inputs, labels = torch.from_numpy(scaled.astype(np.float32)), torch.from_numpy(table.labels)
    parts = [Batch(inputs[rows], labels[rows]) for rows in (train, validation, test)]
    return Partition(*parts, Batch(inputs[file_rows:], labels[file_rows:]) if len(labels) > file_rows else None)
