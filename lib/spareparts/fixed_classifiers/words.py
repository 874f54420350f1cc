"""What the chapter's sentences are made of."""

import numpy as np
import pandas as pd

from ..stats import Pairs, capitalised, difference_words, not_yet
from .points import Kinds, alike
from .rows import protocol
from .setup import PUBLISHED
from .titles import NETWORK_TITLES

CHANCE = {"cifar10": 10, "cifar100": 1}  # % correct by guessing


def joined(first: pd.DataFrame, second: pd.DataFrame, metric: str) -> Pairs:
    """A metric of both, seed by seed."""
    both = first.merge(second, on="seed", suffixes=("_first", "_second"))
    sides = [both[f"{metric}_{end}"].to_numpy(float) for end in ("first", "second")]
    known = np.isfinite(sides[0]) & np.isfinite(sides[1])
    return Pairs(sides[0][known], sides[1][known], protocol(both))


def trained_as(row: pd.Series) -> str:
    """How a network was trained, of one record: its protocol, images and epochs, and arithmetic unless in float32."""
    samples, epochs = row.get("train_samples"), row.get("epochs")
    images = "all training images" if pd.isna(samples) else f"{int(samples):,} training images"
    count = PUBLISHED[row.network].epochs if pd.isna(epochs) else int(epochs)
    precision = row.get("precision", "float32")
    arithmetic = "" if precision == "float32" else f", {precision}"
    return f"**{row.protocol} protocol**: {NETWORK_TITLES[row.network]}, {images}, {count} epochs{arithmetic}"


def compared_with_first(rows: pd.DataFrame, kinds: Kinds, *, what: str, **settings: str) -> str:
    """Each kind against the first, seed by seed, in points of test accuracy, in a sentence."""
    found = alike(rows, kinds, **settings)
    if len(found) < 2:
        return not_yet(what)
    (title, first), *others = found.items()
    parts = [f"{name} {difference_words(joined(first, part, 'accuracy'))}" for name, part in others]
    absent = [name for name in kinds if name not in found]
    rest = f" Not run yet: {', '.join(absent)}." if absent else ""
    return (
        f"{capitalised(title)}: {first.accuracy.mean():.2f}% (n = {len(first)}; {trained_as(first.iloc[0])}; "
        f"chance is {CHANCE[settings['dataset']]}%). Against it, in points with 95% intervals: "
        f"{'; '.join(parts)}.{rest}"
    )
