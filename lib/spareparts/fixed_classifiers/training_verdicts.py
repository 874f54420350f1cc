"""What the records say about training with fixed classifiers: growth, and speed."""

import math

import numpy as np
import pandas as pd

from ..stats import Verdict, beyond, combine, remarked
from .accuracy_verdicts import trained_as
from .config import SCALED
from .decisions import BEST_FIT, GROWN, HALF_READING, above, below
from .rows import FIXED, LEARNED, against, compared, longest, runs

SHAPES = {"logarithm": "a logarithm", "square_root": "a square root", "linear": "a line", "levelling_off": "1 / t"}
LEAST = 20  # % correct: an accuracy near chance, 10% on CIFAR-10, says nothing about speed
HEADS = {"learned": "norm of a learned head", "orthonormal": "scale of a fixed head"}


def better_fit(row: pd.Series, *, name: str = "growth") -> float:
    """Variance that a logarithm explains of a head's growth over time, less what the next best curve does.

    -1 where the head has not grown: a share of the variance does not say which way a curve goes.
    """
    size = "scale" if row["head"] in SCALED else "weight_norm"
    if row[f"final_{size}"] <= row[f"first_{size}"]:
        return -1.0
    found = {shape: math.nan if value is None else value for shape, value in row[name].items()}
    return found["logarithm"] - max(value for shape, value in found.items() if shape != "logarithm")


def size_grows_like_a_logarithm(rows: pd.DataFrame) -> Verdict:
    """Claim 3, CIFAR-10: a logarithm of time explains more of the growth than any other curve, in both heads."""
    parts, remarks = {}, []
    for head, title in HEADS.items():
        part = longest(runs(rows, dataset="cifar10", head=head))
        parts[title] = above(against(part, 0.0, better_fit), margin=BEST_FIT, unit="of the variance")
        if len(part):
            explained = [most_explained(part, name) for name in ("growth", "growth_before_drop")]
            times = zip(explained, ("over all steps", "before the first drop of the learning rate"), strict=True)
            said = ", ".join(f"{found} {when}" for found, when in times if found)
            remarks.append(f"{title}, n = {len(part)}, is explained best by {said}")
    return remarked(combine(parts), *remarks)


def most_explained(runs: pd.DataFrame, name: str) -> str:
    """The curve that explains most of the heads' size, mean over runs, in words; empty where nothing was fitted."""
    means = pd.DataFrame(list(runs[name])).astype(float).mean()
    if means.isna().all():
        return ""
    logarithm = "" if means.idxmax() == "logarithm" else f" against {means.logarithm:.2f} of a logarithm"
    return f"{SHAPES[str(means.idxmax())]} ({means.max():.2f}{logarithm})"


def sooner(row: pd.Series) -> float:
    """Epochs that a fixed head needed less than a learned one, mean over shared accuracies from `LEAST` on; or NaN."""
    first, second = row.epochs_to_first, row.epochs_to_second
    shared = [name for name in first if name in second and float(name) >= LEAST]
    return float(np.mean([second[name] - first[name] for name in shared])) if shared else math.nan


def convergence_is_faster(rows: pd.DataFrame) -> Verdict:
    """Claim 13, CIFAR-10: an orthonormal head needs fewer epochs than a learned one to the same test accuracies."""
    pairs = compared(rows, LEARNED, FIXED, dataset="cifar10")
    found = against(pairs, 0.0, sooner)
    return remarked(below(found, margin=HALF_READING, unit="epochs"), *trained_as(pairs))


def normalised_features_do_not_grow(rows: pd.DataFrame) -> Verdict:
    """Claim 14, CIFAR-10: with a normalised or fixed head the norm of a sample's features grows by less than a tenth.

    From the first epoch's end to the last one's, mean of the logarithm over training images.
    """
    parts = {}
    for head in ("normalised", "orthonormal"):
        part = longest(runs(rows, dataset="cifar10", head=head))
        found = against(part, 0.0, "norm_growth")
        parts[f"{head} head"] = beyond(found, threshold=GROWN, expected=-1, unit="as log ratio")
    learned = longest(runs(rows, dataset="cifar10", head="learned"))
    if learned.empty:
        return combine(parts)
    grown = learned.norm_growth.mean()
    contrast = "" if grown > GROWN else ", which does not grow either"
    return remarked(combine(parts), f"learned head {grown:+.2f} in n = {len(learned)} runs{contrast}")
