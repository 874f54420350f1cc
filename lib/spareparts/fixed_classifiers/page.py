"""Sentences on networks with classifiers that are never trained, whose every number is computed."""

import math

import numpy as np
import pandas as pd

from ..stats import (
    NOTHING,
    Pairs,
    capitalised,
    difference,
    difference_words,
    equality_words,
    not_yet,
    said,
    verdict_counts,
)
from .config import EXPERIMENTS, PUBLISHED_IN
from .decisions import EQUAL, GROWN
from .points import HEADS, HELD, HUNDRED, LOSSES, OTHERS, alike, by_features, by_likeness, by_number
from .rows import FIXED, LEARNED, against, compared, measured
from .tables import INITIAL, REMEDIES, STARTS
from .titles import DATASET_TITLES, HEAD_TITLES, NETWORK_TITLES, SHAPE_TITLES, TEXT_TITLES
from .training import FEWEST, SHOWN
from .training_verdicts import LEAST, most_explained, sooner
from .words import CHANCE, compared_with_first, joined, trained_as

CIFAR = {"dataset": "cifar10"}
TOLD = ("network", "epochs", "train_samples", "precision")  # settings of training that a sentence names


def headline(rows: pd.DataFrame) -> str:
    """The first thing to know: accuracies of learned and fixed classifiers on CIFAR-10."""
    found = alike(rows, {"learned": LEARNED, "fixed": FIXED}, **CIFAR)
    if len(found) < 2:
        return NOTHING
    first, second = found.values()
    tested, trained = (joined(first, second, name) for name in ("accuracy", "train_accuracy"))
    errors = Pairs(100 - trained.first, 100 - trained.second, trained.protocol)
    return (
        "Replace the last layer of a network by random orthonormal rows, and never train it. On CIFAR-10 such a "
        f"network classifies **{tested.second.mean():.2f}%** of the test images correctly; the same network with an "
        f"ordinary, learned last layer, **{tested.first.mean():.2f}%**. Fixed less learned, that is "
        f"{difference_words(tested)} points, with Student's 95% interval over pairs of networks. Of its training "
        f"images it gets {errors.second.mean():.2f}% wrong, the learned one {errors.first.mean():.2f}%: "
        f"{difference_words(errors)} points. Chance is 10% correct; {trained_as(second.iloc[0])}. "
        + equality_words(tested, margin=EQUAL, what="the accuracies")
    )


def counted(ledger: pd.DataFrame) -> str:
    """How many of the paper's claims have which verdict, from a ledger's column verdict."""
    found = verdict_counts(ledger)
    return f"Of the {len(ledger)} claims that we took from the paper, its caveats and its critics: **{found}**."


def errors_found(rows: pd.DataFrame) -> str:
    """Each head against the learned one on test and on training images, and whether the accuracies count as equal."""
    found = alike(rows, HEADS, **CIFAR)
    learned = found.pop(HEAD_TITLES["learned"], None)
    if learned is None or not found:
        return not_yet("two heads on CIFAR-10")
    sentences = [
        f"All are trained alike, by the {trained_as(learned.iloc[0])}; chance is {CHANCE['cifar10']}% correct."
    ]
    for title, part in found.items():
        tested, trained = (joined(learned, part, name) for name in ("accuracy", "train_accuracy"))
        errors = Pairs(100 - trained.first, 100 - trained.second, trained.protocol)
        sentences.append(
            f"**{capitalised(title)}** against learned, in points: test accuracy "
            f"{difference_words(tested)}, training error {difference_words(errors)}. "
            f"{which_is_better(tested)} {equality_words(tested, margin=EQUAL, what='the accuracies')}"
        )
    return said(*sentences)


def hundred_found(rows: pd.DataFrame) -> str:
    """The heads on CIFAR-100 against the learned one."""
    return compared_with_first(rows, HUNDRED, what="two heads on CIFAR-100", dataset="cifar100")


def which_is_better(pairs: Pairs) -> str:
    """Whether the interval of a difference in accuracy says which of two heads is the better one."""
    _, low, high = difference(pairs)
    if len(pairs.first) < 2 or low <= 0 <= high:
        return "That leaves open which of the two is more accurate."
    return f"It is the {'more' if low > 0 else 'less'} accurate of the two."


def read_on() -> str:
    """On which images the curves over epochs are read."""
    return (
        f"Curves over epochs are read on {SHOWN:.0%} of the training images but at least {FEWEST}, and on twice as "
        "many test images; accuracies and errors in tables and sentences are those of all images after the last epoch."
    )


def growth_found(rows: pd.DataFrame) -> str:
    """Which curve describes the growth of a head best."""
    sentences = []
    for title, part in alike(rows, {"Norm of a learned head": LEARNED, "Scale of a fixed one": FIXED}, **CIFAR).items():
        means = pd.DataFrame(list(part.growth)).astype(float).mean()
        others = ", ".join(f"{SHAPE_TITLES[name]} {means[name]:.3f}" for name in SHAPE_TITLES if name != "logarithm")
        sentences.append(
            f"**{title}** (n = {len(part)}): of the variance of its size a logarithm of time explains "
            f"{means.logarithm:.3f}; {others}. The best of these: {SHAPE_TITLES[str(means.idxmax())]}."
        )
        if early := most_explained(part, "growth_before_drop"):
            sentences[-1] += f" Before the learning rate first falls it is {early}."
    return said(*sentences) or not_yet("heads whose size was followed on CIFAR-10")


def scales_found(rows: pd.DataFrame) -> str:
    """Scales that are held, against a learned one."""
    return compared_with_first(rows, HELD, what="scales that are held", **CIFAR)


def losses_found(rows: pd.DataFrame) -> str:
    """Cosine losses, against the cross entropy."""
    return compared_with_first(rows, LOSSES, what="cosine losses", **CIFAR)


def others_found(rows: pd.DataFrame) -> str:
    """Every other head, against the learned one."""
    return compared_with_first(rows, OTHERS, what="other heads", **CIFAR)


def initial_found(rows: pd.DataFrame) -> str:
    """Other first values of the scale, and weight decay on it."""
    return compared_with_first(rows, INITIAL, what="other first values of the scale", **CIFAR)


def starts_found(rows: pd.DataFrame) -> str:
    """The same with a hundred classes, against a learned head."""
    return compared_with_first(rows, STARTS, what="other first values of the scale on CIFAR-100", dataset="cifar100")


def remedies_found(rows: pd.DataFrame) -> str:
    """What coinciding rows cost, and what the remedies bring."""
    return compared_with_first(rows, REMEDIES, what="Hadamard heads with 100 classes", dataset="cifar100")


def ones_found(rows: pd.DataFrame) -> str:
    """How often a trained network names the class whose row is all ones."""
    kinds = {title: OTHERS[title] for title in OTHERS if OTHERS[title].get("head") == "hadamard"}
    found = {title: part for title, part in alike(rows, kinds, **CIFAR).items() if "first_class_share" in part}
    if len(found) < 2:
        return not_yet("Hadamard heads without the row of ones")
    parts = [
        f"{title} {part.first_class_share.mean():.1f}% of the test images, {part.accuracy.mean():.2f}% of all correct "
        f"(n = {len(part)})"
        for title, part in found.items()
    ]
    return f"After training the first class is named for: {'; '.join(parts)}. Its share of the images is 10%."


def speed_found(rows: pd.DataFrame) -> str:
    """How many epochs a fixed head needed less to the same accuracies."""
    pairs = compared(rows, LEARNED, FIXED, **CIFAR)
    found = against(pairs, 0.0, sooner)
    if not len(found.first):
        return not_yet("learned and orthonormal heads on CIFAR-10")
    return (
        f"To the test accuracies from {LEAST}% on that both reach, an orthonormal head needs "
        f"{difference_words(found)} epochs against a learned one, a negative number being fewer. Networks are "
        "read once an epoch."
    )


def norms_found(rows: pd.DataFrame) -> str:
    """By what factor the norms of the features change after the first epoch, and with which heads they grow."""
    found = alike(rows, HEADS, **CIFAR)
    if not found:
        return not_yet("heads on CIFAR-10")
    parts = [f"{title} {math.exp(part.norm_growth.mean()):.2f} (n = {len(part)})" for title, part in found.items()]
    grown = [title for title, part in found.items() if part.norm_growth.mean() > GROWN]
    return (
        "From the end of the first epoch to that of the last, norms on training images change by a factor of: "
        f"{'; '.join(parts)}. They grow by more than {math.expm1(GROWN):.0%} with "
        f"{', '.join(grown) or 'none of these'}."
    )


def numbers_found(rows: pd.DataFrame) -> str:
    """What fixing costs, by the number of classes."""
    found = by_number(rows)
    if found.empty:
        return not_yet("both heads on 2, 10, 20, 50 and 100 classes of CIFAR-100")
    parts = [f"{classes} classes {_price(part)}" for classes, part in found.groupby("classes")]
    return f"Points of accuracy that fixing costs, below 0 where it gains, with 95% intervals: {'; '.join(parts)}."


def likeness_found(rows: pd.DataFrame) -> str:
    """What fixing costs among classes that are alike, and that are not."""
    found = by_likeness(rows)
    if found.empty:
        return not_yet("classes within and across superclasses of CIFAR-100")
    parts = [f"{choice} superclasses {_price(part)}" for choice, part in found.groupby("choice")]
    return (
        f"With {found.classes.iloc[0]} classes fixing costs, below 0 where it gains, in points with 95% intervals: "
        f"{'; '.join(parts)}."
    )


def _price(part: pd.DataFrame) -> str:
    prices = part.price.to_numpy(float)
    return difference_words(Pairs(np.zeros(len(prices)), prices, ""))


def features_found(rows: pd.DataFrame) -> str:
    """Fixed against learned with fewer features than classes."""
    found = by_features(rows)
    if found.empty:
        return not_yet("a hundred classes on fewer features")
    parts = [
        f"{features} features: learned {part.learned.mean():.2f}%, fixed "
        f"{difference_words(Pairs(part.learned.to_numpy(float), part.fixed.to_numpy(float), ''))} points"
        for features, part in sorted(found.groupby("features"), reverse=True, key=lambda each: each[0])
    ]
    return f"A hundred classes, chance 1%. {'; '.join(parts)}."


def protocol_note(rows: pd.DataFrame) -> str:
    """Sentences that call a reduced protocol reduced, and name what the paper trained and we did not."""
    sentences, trained = [], set()
    for dataset in ("cifar10", "cifar100"):
        pairs = compared(rows, LEARNED, FIXED, dataset=dataset)
        if len(pairs):
            how = {name: pairs.iloc[0].get(f"{name}_first", pairs.iloc[0].get(name)) for name in TOLD}
            row = pd.Series(how | {"protocol": measured(pairs, "accuracy").protocol})
            sentences.append(f"On {DATASET_TITLES[dataset]}, {trained_as(row)}.")
            trained.add(str(how["network"]))
    wanted = [network for network, published in PUBLISHED_IN.items() if published]
    absent = [NETWORK_TITLES[network] for network in wanted if network not in trained]
    if absent:
        sentences.append(f"Not run yet, of the paper's networks: {', '.join(absent)}.")
    return " ".join(sentences)


def sources(rows: pd.DataFrame) -> pd.DataFrame:
    """All runs with a column `part`: what was trained on what, in the chapter's order."""
    if rows.empty:
        return rows
    images = rows.network.map(NETWORK_TITLES) + " on " + rows.dataset.map(lambda name: DATASET_TITLES.get(name, name))
    parts = images.where(rows.experiment == "images", "heads alone")
    parts = parts.where(rows.experiment != "language", "language model on " + rows.corpus.map(TEXT_TITLES))
    order = rows.experiment.map({name: place for place, name in enumerate(EXPERIMENTS)})
    return rows.assign(part=parts, order=order).sort_values(["order", "part", "seed"]).drop(columns="order")
