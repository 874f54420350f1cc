"""What the book's first page says of the chapter: what a last layer that is never trained costs."""

import pandas as pd

from ..stats import NOTHING, difference_words
from .points import alike
from .rows import FIXED, LEARNED
from .titles import DATASET_TITLES
from .words import joined

DATASETS = ("cifar10", "cifar100")


def answer(rows: pd.DataFrame) -> str:
    """Accuracy with fixed orthonormal rows less that with a learned layer, in plain text with every number computed."""
    parts = []
    for dataset in DATASETS:
        found = list(alike(rows, {"learned": LEARNED, "fixed": FIXED}, dataset=dataset).values())
        if len(found) == 2:
            pairs = joined(*found, "accuracy")
            parts.append(f"{DATASET_TITLES[dataset]} {difference_words(pairs)} ({pairs.protocol} protocol)")
    if not parts:
        return NOTHING
    return f"Fixed less learned, in points of test accuracy with 95% intervals: {'; '.join(parts)}."
