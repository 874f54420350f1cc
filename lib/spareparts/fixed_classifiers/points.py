"""Which records, and which of their numbers, the chapter's figures draw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..stats import Pairs, difference
from .accuracy_verdicts import FEATURES, NUMBERS
from .config import EMBEDDINGS, SCALED
from .demonstration import Followed
from .growth import SHAPES, growth
from .head_verdicts import BATCH, OPEN, PHASES, sizes
from .rows import ALL_CLASSES, FIXED, LEARNED, TRAINED, arrays, compared, longest, prices, runs
from .titles import COSINES, EMBEDDING_TITLES, HEAD_TITLES, SCALES, SHAPE_TITLES

Arrays = dict[str, np.ndarray]
Kinds = Mapping[str, Mapping[str, Any]]  # title to settings

MAIN = ("learned", "normalised", "orthonormal", "hadamard")
TIMED = ("learned", "orthonormal", "hadamard")  # heads whose cost is measured
TIMED_TITLES = {head: HEAD_TITLES[head] for head in TIMED}
HEADS: Kinds = {HEAD_TITLES[head]: {"head": head} for head in MAIN}
HELD: Kinds = {"learned scale": FIXED} | {f"scale {scale:g}": FIXED | {"scale": scale} for scale in SCALES}
HUNDRED: Kinds = {HEAD_TITLES[head]: {"head": head} for head in TIMED} | {
    f"orthonormal, {COSINES['cosine_squared']} loss": FIXED | {"loss": "cosine_squared"}
}
LOSSES: Kinds = {"cross entropy": FIXED} | {title: FIXED | {"loss": loss} for loss, title in COSINES.items()}
OTHERS: Kinds = {HEAD_TITLES[head]: {"head": head} for head in HEAD_TITLES} | {
    "learned, of signs": LEARNED | {"binarised": True},
    "orthonormal, of signs": FIXED | {"binarised": True},
    "Hadamard, without the row of ones": {"head": "hadamard", "skip_ones": True},
    "Hadamard, negated": {"head": "hadamard", "negate": True},
}
NORM, SCALE = "norm of a learned head", "scale of an orthonormal head"
FEATURES_OF_RESNET = 64  # that its head sees where the config says nothing


def alike(rows: pd.DataFrame, kinds: Kinds, **settings: Any) -> dict[str, pd.DataFrame]:
    """Runs of each kind, by title, all trained alike; kinds that have no such run are left out.

    Of all ways of training that there are, the one that most kinds have, and of several of these the longest.
    """
    parts = {title: runs(rows, **settings, **own) for title, own in kinds.items()}
    parts = {title: part for title, part in parts.items() if len(part)}
    if not parts:
        return {}
    counts = Counter(how for part in parts.values() for how in set(part.how))
    most = max(counts.values())
    fullest = pd.concat([part[[counts[how] == most for how in part.how]] for part in parts.values()])
    chosen = longest(fullest).how.iloc[0]
    kept = {title: part[[how == chosen for how in part.how]] for title, part in parts.items()}
    return {title: part for title, part in kept.items() if len(part)}


def curves(rows: pd.DataFrame, kinds: Kinds, **settings: Any) -> dict[str, list[Arrays]]:
    """The arrays of each kind's runs, by title."""
    return {title: [arrays(name) for name in part.hash] for title, part in alike(rows, kinds, **settings).items()}


def sizes_over_time(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """A learned head's norm and a fixed one's scale after each step, with fits, by title (Figure 1)."""
    kinds = {NORM: LEARNED, SCALE: FIXED}
    return {
        title: course([own["steps"] for own in each], [own["sizes"] for own in each])
        for title, each in curves(rows, kinds, dataset="cifar10").items()
    }


def course(steps: Sequence[np.ndarray], sizes_read: Sequence[np.ndarray]) -> dict[str, Any]:
    """How large a head grew in several runs that were read at the same steps.

    `steps`, `sizes` (runs x times), `first` (mean before training), `fits` (curve's title to its values) and
    `explained` (to the share of the variance that it explains, mean over runs).
    """
    times, values = steps[0].astype(float), np.stack(sizes_read).astype(float)
    later = times > 0
    explained = pd.DataFrame([growth(times, own) for own in values]).mean()
    return {
        "steps": times[later],
        "sizes": values[:, later],
        "first": float(values[:, 0].mean()),
        "fits": {SHAPE_TITLES[name]: fitted(times[later], values.mean(0)[later], shape=name) for name in SHAPES},
        "explained": {SHAPE_TITLES[name]: explained[name] for name in SHAPES},
    }


def fitted(steps: np.ndarray, values: np.ndarray, *, shape: str) -> np.ndarray:
    """The values of `a + b f(t)` that are nearest by least squares, for one of SHAPES."""
    times = SHAPES[shape](steps)
    slope, start = np.polyfit(times, values, 1)
    return start + slope * times


def of_demonstration(found: Sequence[Followed]) -> dict[str, list[Arrays]]:
    """Curves of networks that were trained just now, one of each title, as `curves` has them."""
    return {
        HEAD_TITLES[run.config.head]: [
            {"epochs": np.arange(len(run.errors)), "train_error": run.errors[:, 0], "test_error": run.errors[:, 1]}
        ]
        for run in found
    }


def sizes_of_demonstration(found: Sequence[Followed]) -> dict[str, dict[str, Any]]:
    """How large their heads grew, step by step, of those whose head changed."""
    names = {True: "scale", False: "norm"}
    return {
        f"{names[run.config.head in SCALED]}, {HEAD_TITLES[run.config.head]}": course(
            [run.epochs * (len(run.sizes) - 1) / run.epochs[-1]], [run.sizes]
        )
        for run in found
        if np.ptp(run.sizes) > 0
    }


def accuracy_and_cost(rows: pd.DataFrame, *, features: int = OPEN) -> pd.DataFrame:
    """One row a head on CIFAR-10: accuracy against a learned head, trained parameters, time of a training step.

    The time is that of a head with as many `features` and classes, over a learned one's; NaN where none was measured.
    """
    found, timed = alike(rows, OTHERS, dataset="cifar10"), square(rows)
    timed = (
        timed[(timed.phase == "training") & (timed.features == features) & (timed.batch > 1)] if len(timed) else timed
    )
    times = timed.groupby("head").median_milliseconds.min() if len(timed) else pd.Series(dtype=float)
    learned, lines = found.get(HEAD_TITLES["learned"]), []
    for title, part in found.items() if learned is not None else ():
        both = part.merge(learned, on="seed", suffixes=("", "_learned"))
        mean, low, high = difference(Pairs(both.accuracy_learned.to_numpy(float), both.accuracy.to_numpy(float), ""))
        head = OTHERS[title]["head"] if len(OTHERS[title]) == 1 else None
        time = times.get(head, np.nan) / times.get("learned", np.nan)
        line = {"head": title, "parameters": part.head_parameters.iloc[0], "time": time, "n": len(both)}
        lines.append(line | {"change": mean, "low": low, "high": high})
    return pd.DataFrame(lines)


def by_number(rows: pd.DataFrame) -> pd.DataFrame:
    """What fixing costs in points on drawn classes of CIFAR-100: `classes`, `price`, `seed`, `protocol`."""
    found = prices(rows, free=("classes",), dataset="cifar100")
    return found[found.classes.isin(NUMBERS)] if len(found) else found


def by_likeness(rows: pd.DataFrame) -> pd.DataFrame:
    """The same for classes of many superclasses and of few: `choice` is across or within."""
    parts = [
        prices(rows, free=("classes",), dataset="cifar100", class_choice=choice).assign(choice=choice)
        for choice in ("across", "within")
    ]
    found = pd.concat([part for part in parts if len(part)]) if any(map(len, parts)) else pd.DataFrame()
    return found[found.classes == found.classes.mode()[0]] if len(found) else found


def by_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracies with all classes of CIFAR-100 by the number of features: `features`, `seed`, `learned`, `fixed`."""
    pairs = compared(rows, LEARNED, FIXED, free=("features",), dataset="cifar100")
    if pairs.empty:
        return pairs
    features = [FEATURES_OF_RESNET if what[0] is None else int(what[0]) for what in pairs.what]
    found = pairs.assign(features=features, learned=pairs.accuracy_first, fixed=pairs.accuracy_second)
    return found[found.features.isin(FEATURES) & (found.features < ALL_CLASSES)]


def costs(rows: pd.DataFrame, *, heads: Sequence[str] = TIMED) -> pd.DataFrame:
    """One row a measured head, with whole numbers of `features`, `classes` and `batch`; of one device."""
    parts = [
        part
        for head in heads
        for phase in PHASES
        for batch in (None, 1)
        if len(part := sizes_with(rows, head, phase, batch=batch))
    ]
    return pd.concat(parts) if parts else pd.DataFrame()


def sizes_with(rows: pd.DataFrame, head: str, phase: str, *, batch: int | None) -> pd.DataFrame:
    """Measured heads with a batch of this size, the usual one for None."""
    if batch is None:
        return sizes(rows, head, phase).assign(batch=BATCH)
    found = rows[(rows.experiment == "heads") & (rows.batch_size == batch)] if len(rows) else rows
    if found.empty:
        return found
    return sizes(found.assign(batch_size=None), head, phase).assign(batch=batch)


def square(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the measured heads those with as many classes as features."""
    found = costs(rows)
    return found[found.features == found.classes] if len(found) else found


def language_models(rows: pd.DataFrame, text: str) -> dict[str, pd.DataFrame]:
    """Language models of a text by the title of their word vectors, all trained as the longest of them."""
    found = {}
    for embedding in EMBEDDINGS:
        own = runs(rows, how=TRAINED, experiment="language", corpus=text, embedding=embedding)
        if own.empty:
            continue
        how = next(iter(found.values())).how.iloc[0] if found else longest(own, how=TRAINED).how.iloc[0]
        own = own[[trained == how for trained in own.how]]
        if len(own):
            found[EMBEDDING_TITLES[embedding]] = own
    return found


def perplexities(rows: pd.DataFrame, text: str) -> dict[str, np.ndarray]:
    """Test perplexities of a text's language models, by the title of their word vectors."""
    return {title: part.perplexity.to_numpy(float) for title, part in language_models(rows, text).items()}


def unigram(rows: pd.DataFrame, text: str) -> float:
    """Test perplexity of the words' frequencies in a text; NaN without any run."""
    found = next(iter(language_models(rows, text).values()), None)
    return float("nan") if found is None else float(found.unigram_perplexity.iloc[0])
