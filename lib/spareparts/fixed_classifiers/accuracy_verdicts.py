"""What the records say about the accuracy of fixed classifiers."""

import numpy as np
import pandas as pd

from ..stats import Pairs, Verdict, combine, remarked, too_few
from .decisions import EQUAL, above, below, equal, no_worse
from .rows import FIXED, LEARNED, compared, measured, prices, protocol
from .setup import PUBLISHED
from .titles import NETWORK_TITLES

NUMBERS = (2, 10, 20, 50, 100)  # of classes
FEATURES = (64, 32, 16)  # that the head of a residual network sees, fewer than the classes of CIFAR-100
COSINES = {"cosine_squared": "squared", "cosine_absolute": "absolute"}


def accuracy_is_equal(rows: pd.DataFrame) -> Verdict:
    """Claim 1, CIFAR-10: orthonormal and learned heads within half a point of test accuracy."""
    pairs = compared(rows, LEARNED, FIXED, dataset="cifar10")
    return remarked(equal(measured(pairs, "accuracy")), *trained_as(pairs))


def trained_as(pairs: pd.DataFrame) -> list[str]:
    """A sentence on the network and the images behind pairs."""
    if pairs.empty:
        return []
    row = pairs.iloc[0]
    network, samples, epochs = (_either(row, name) for name in ("network", "train_samples", "epochs"))
    return [
        f"{NETWORK_TITLES[str(network)]}, {'all' if pd.isna(samples) else f'{int(samples):,}'} training images, "
        f"{PUBLISHED[str(network)].epochs if pd.isna(epochs) else int(epochs)} epochs"
    ]


def _either(row: pd.Series, name: str) -> object:
    return row.get(f"{name}_first", row.get(name))


def training_error_is_higher(rows: pd.DataFrame) -> Verdict:
    """Claim 2, CIFAR-10: training error of orthonormal above that of learned heads by more than a tenth of a point."""
    pairs = compared(rows, LEARNED, FIXED, dataset="cifar10")
    accuracies = measured(pairs, "train_accuracy")
    errors = Pairs(100 - accuracies.first, 100 - accuracies.second, accuracies.protocol)
    return remarked(above(errors), *trained_as(pairs))


def scales_of_1_and_10_suffice(rows: pd.DataFrame) -> Verdict:
    """Claim 4, CIFAR-10: scales held at 1 and 10 at most half a point below a learned one, 0.1 further below."""
    found = {
        scale: measured(compared(rows, FIXED, FIXED | {"scale": scale}, dataset="cifar10"), "accuracy")
        for scale in (1.0, 10.0, 0.1)
    }
    parts = {f"scale {scale:g}": no_worse(found[scale]) for scale in (1.0, 10.0)}
    return combine(parts | {"scale 0.1": below(found[0.1], margin=EQUAL)})


def cosine_is_worse(rows: pd.DataFrame) -> Verdict:
    """Claim 8, CIFAR-10: accuracy with each cosine loss below that with the cross entropy, orthonormal heads."""
    pairs = {loss: compared(rows, FIXED, FIXED | {"loss": loss}, dataset="cifar10") for loss in COSINES}
    parts = {f"{COSINES[loss]} cosine loss": below(measured(each, "accuracy")) for loss, each in pairs.items()}
    return remarked(combine(parts), "how much is slightly, the paper does not say")


def more_classes_than_features(rows: pd.DataFrame) -> Verdict:
    """Claim 9, CIFAR-100: orthonormal and learned heads equal with fewer features than the hundred classes."""
    found = compared(rows, LEARNED, FIXED, free=("features",), dataset="cifar100")
    parts = {}
    for features in FEATURES:
        part = found[[(what[0] or 64) == features for what in found.what]] if len(found) else found
        parts[f"{features} features"] = equal(measured(part, "accuracy"))
    return combine(parts)


def correlated_classes_cost_more(rows: pd.DataFrame) -> Verdict:
    """Claim 10, CIFAR-100: the price of fixing higher among classes of few superclasses than of many.

    Compared for the number of classes that most seeds have in both choices.
    """
    found = [_priced(rows, choice) for choice in ("across", "within")]
    if any(part.empty for part in found):
        return too_few(sum(map(len, found)), "reduced")
    both = found[0].merge(found[1], on=["seed", "classes", "how"], suffixes=("_across", "_within"))
    if both.empty:
        return too_few(sum(map(len, found)), "reduced")
    both = both[both.classes == both.classes.mode()[0]]
    reads = "paper" if all(protocol(part) == "paper" for part in found) else "reduced"
    pairs = Pairs(both.price_across.to_numpy(float), both.price_within.to_numpy(float), reads)
    remark = f"{both.classes.iloc[0]} classes; price across {both.price_across.mean():+.2f} points"
    return remarked(above(pairs), remark)


def _priced(rows: pd.DataFrame, choice: str) -> pd.DataFrame:
    return prices(rows, free=("classes",), dataset="cifar100", class_choice=choice)


def price_grows_with_classes(rows: pd.DataFrame) -> Verdict:
    """Claim 12, CIFAR-100: a positive slope of the price against the logarithm of the number of classes.

    One line through each seed's numbers of classes, of which there must be three.
    """
    found = prices(rows, free=("classes",), dataset="cifar100")
    if found.empty:
        return too_few(0, "reduced")
    slopes = [
        np.polyfit(np.log10(part.classes.astype(float)), part.price.astype(float), 1)[0]
        for _, part in found[found.classes.isin(NUMBERS)].groupby("seed")
        if part.classes.nunique() > 2
    ]
    pairs = Pairs(np.zeros(len(slopes)), np.array(slopes, dtype=float), protocol(found))
    means = found.groupby("classes").price.mean()
    listed = ", ".join(f"{classes}: {price:+.2f}" for classes, price in means.items())
    return remarked(above(pairs, unit="points for tenfold classes"), f"mean price in points by classes {listed}")
