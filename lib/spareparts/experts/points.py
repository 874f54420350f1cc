"""What the figures draw that no table has: arrays of single runs, and the runs of Fig. 7."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from ..data import DataMissing, classes
from ..records import arrays
from .instruments import FIGURE_SEED
from .measures import LIVE_LOAD
from .rows import standard, weight_sweep
from .tables import heading, shown

ARM_NAMES = {"baseline": "baseline", "snnl": "with SNNL"}
COLOURS = 10  # classes that a map can tell apart


class Square(NamedTuple):
    """Similarity of every two experts of one run, which of them live, and both chance levels of one pair."""

    similarity: np.ndarray  # experts x experts, -1 to 1
    live: np.ndarray  # experts
    dead_deviation: float  # of a pair of dead experts; their mean is 0
    live_null: tuple[float, float]  # mean and SD of a pair of live experts with their rows shuffled; NaN without one


def figure_run(rows: pd.DataFrame, dataset: str, arm: str) -> pd.Series | None:
    """The run that stands for an arm in figures of single runs, by the one seed that was fixed for them."""
    kept = standard(rows)
    if kept.empty:
        return None
    found = kept[(kept.dataset == dataset) & (kept.arm == arm) & (kept.seed == FIGURE_SEED)]
    return None if found.empty else found.iloc[0]


def figure_set(rows: pd.DataFrame, wanted: str) -> str:
    """The data set that a figure shows: the one that is wanted where it has run, else the first that has."""
    found = shown(rows)
    return wanted if wanted in found or not found else found[0]


def squares(rows: pd.DataFrame, dataset: str) -> dict[str, Square]:
    """Pairwise similarity of the experts in both arms (Fig. 4), by title; empty without records."""
    found = {}
    for arm, name in ARM_NAMES.items():
        run = figure_run(rows, dataset, arm)
        if run is not None:
            similarity = arrays("experts", run.hash)["similarities"].astype(float)
            found[f"{heading(rows, dataset)}, {name}"] = square(run, similarity)
    return found


def square(run: pd.Series, similarity: np.ndarray) -> Square:
    """The square of one run; chance levels of one pair follow from those of the mean over independent pairs."""
    live = np.array(run.load) >= LIVE_LOAD
    every, alive = (count * (count - 1) // 2 for count in (len(live), int(live.sum())))
    null = run.get("null_live_mean", np.nan), run.get("null_live_deviation", np.nan) * alive**0.5
    return Square(similarity, live, run.null_dead_deviation * every**0.5, null)


def squares_found(found: dict[str, Square]) -> str:
    """How many of a figure's pairs lie outside chance, and how many are the same in both arms, in a sentence."""
    sentences = []
    for name, each in found.items():
        values, both = of_pairs(each)
        outside = int((np.abs(values) > 2 * each.dead_deviation).sum())
        sentences.append(
            f"{name}: {int(each.live.sum())} of {len(each.live)} experts live; {outside} of {len(values)} pairs lie "
            f"outside the band of dead matrices, {int((both & (np.abs(values) > 2 * each.dead_deviation)).sum())} of "
            f"them pairs of live experts; the largest value is {100 * values.max():.2f}."
        )
    if len(found) == 2:
        sentences.append(same_pairs(*found.values()))
    return " ".join(sentences)


def same_pairs(first: Square, second: Square) -> str:
    """How far the pairs that are dead in both arms differ between them, in a sentence."""
    pairs = np.triu_indices(len(first.live), 1)
    dead = ~(first.live | second.live)
    both = dead[pairs[0]] & dead[pairs[1]]
    change = np.abs(first.similarity - second.similarity)[pairs][both]
    if not len(change):
        return "No pair is dead in both arms."
    return (
        f"Pairs of which both experts are dead in both arms: {len(change)}. Between the arms their values differ by at "
        f"most {100 * change.max():.2g}, because both arms start from the same random numbers."
    )


def of_pairs(each: Square) -> tuple[np.ndarray, np.ndarray]:
    """Similarity of every pair, and whether both of its experts live."""
    first, second = np.triu_indices(len(each.live), 1)
    return each.similarity[first, second], each.live[first] & each.live[second]


def feature_maps(rows: pd.DataFrame, dataset: str) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """UMAP points of both arms of the figures' run, with its measures in the titles, and their labels."""
    points, labels = {}, np.empty(0)
    for arm, name in ARM_NAMES.items():
        run = figure_run(rows, dataset, arm)
        found = {} if run is None else arrays("experts", run.hash)
        if "umap" in found:
            measures = f"silhouette {run.silhouette:.2f}, purity {run.neighbour_purity:.2f}"
            title = f"{heading(rows, dataset)}, {name}\n{measures}, within/total {run.class_variance:.2f}"
            points[title], labels = found["umap"].astype(float), found["umap_labels"]
    return points, labels


def coloured(dataset: str) -> dict[int, str]:
    """The classes that a map colours, with their names: all of ten, every tenth of a hundred from the first on."""
    try:
        names = classes(dataset)
    except DataMissing:
        names = tuple(str(label) for label in range(100 if dataset == "cifar100" else COLOURS))
    chosen = range(0, len(names), max(1, len(names) // COLOURS))
    return {label: names[label] for label in chosen}


def sweep_points(rows: pd.DataFrame) -> pd.DataFrame:
    """The runs of Fig. 7: weight, SIM and |SIM| x100 of all experts, accuracy, live experts, outcome, and the band."""
    runs = weight_sweep(rows)
    if runs.empty:
        return pd.DataFrame()
    lacking = {
        name: np.nan for name in ("similarity", "accuracy", "live_experts", "null_dead_deviation") if name not in runs
    }
    runs = runs.assign(**lacking)
    return pd.DataFrame(
        {
            "weight": runs.snnl_weight.astype(float),
            "SIM": 100 * runs.similarity,
            "|SIM|": 100 * runs.similarity.abs(),
            "accuracy": runs.accuracy,
            "live": runs.live_experts,
            "finished": runs.outcome == "finished",
            "deviation": 100 * runs.null_dead_deviation,
            "experts": runs.experts,
        }
    )
