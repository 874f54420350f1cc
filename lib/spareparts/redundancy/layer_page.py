"""Sentences on what training does to a layer's weights, whose every number is computed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..stats import not_yet, said
from .page import LENET, apart, interval, span
from .points import twins
from .rows import TITLES, by_classes, by_labels, networks
from .subspace_verdicts import at_rank, lost
from .tables import measured

PERCENTILE = 95  # of the initial norms, above which a unit counts as trained


def links_found(found: Mapping[str, np.ndarray], *, cutoffs: tuple[float, ...] = (0.1, 0.25, 0.5)) -> str:
    """How many links and how large a group the interactive figure of one network has at its last epoch."""
    if not found:
        return not_yet("a network whose units are followed")
    names = {"weights": "By their weights", "outputs": "By their outputs"}
    parts = [
        f"{words}: {'; '.join(_at(found, kind, cutoff) for cutoff in cutoffs)}."
        for kind, words in names.items()
        if f"graph_{kind}_counts" in found
    ]
    return f"{found['graph_norms'].shape[1]} units at the last epoch. {' '.join(parts)}"


def _at(found: Mapping[str, np.ndarray], kind: str, cutoff: float) -> str:
    place = int(np.abs(found["graph_cutoffs"] - cutoff).argmin())
    links, _, largest, _ = found[f"graph_{kind}_counts"][-1, place]
    return f"at a cutoff of {cutoff:g}, {links:,} links and a largest group of {largest}"


def turned_found(found: Mapping[str, np.ndarray]) -> str:
    """How much the units of one network have grown and turned."""
    if not found:
        return not_yet("a network whose units are followed")
    norms, cosines = found["unit_norms"].astype(float), found["unit_cosines"].astype(float)
    trained = _trained(norms)
    both = " and ".join(
        f"{cosines[side].mean():.2f} for the {side.sum()} units {words} it"
        for side, words in ((trained, "above"), (~trained, "below"))
        if side.any()
    )
    return (
        f"The median norm goes from {np.median(norms[0]):.2f} to {np.median(norms[-1]):.2f}. The dashed limit is the "
        f"{PERCENTILE}th percentile of the initial norms; the mean cosine to the initial weights is {both}. A unit "
        "that was hardly trained would lie at 1."
    )


def _trained(norms: np.ndarray) -> np.ndarray:
    """Which units end above the percentile of the initial norms; norms have a row an epoch."""
    return norms[-1] > np.percentile(norms[0], PERCENTILE)


def aligned_found(found: Mapping[str, np.ndarray]) -> str:
    """Whether the units of one network that grew answer more to its inputs than others, and than random directions."""
    norms, (before, after) = found["unit_norms"].astype(float), found["unit_alignments"].astype(float)
    trained, (low, high) = _trained(norms), np.percentile(before, (2.5, 97.5))
    both = " and ".join(
        f"{after[side].mean():.2f} for the {side.sum()} units {words} the limit ({before[side].mean():.2f} at the "
        "start)"
        for side, words in ((trained, "above"), (~trained, "below"))
        if side.any()
    )
    return (
        f"The mean alignment is {both}. Random directions have 1 on average; before training 95% of the "
        f"{len(before)} units of this one network lay between {low:.2f} and {high:.2f}."
    )


def alike(rows: pd.DataFrame) -> str:
    """Whether trained units are more alike than chance, and than their few large directions explain, in a sentence."""
    runs = networks(rows, LENET)
    if runs.empty:
        return ""
    over = {null: (runs.final_potential / runs[f"{null}_potential"]).mean() for null in ("random", "spectrum")}
    return (
        f"The frame potential, which is to show that units cluster, ends at **{over['random']:.2f} times** that of "
        f"random rows, and at **{over['spectrum']:.2f} times** that of random rows that share nothing with the trained "
        "ones but their spectrum."
    )


def clusters_found(rows: pd.DataFrame) -> str:
    """Whether units cluster, by the frame potential and by the nearest cosine, each beside its nulls."""
    sentences = []
    for title, runs in measured(rows).items():
        over = {null: runs.final_potential / runs[f"{null}_potential"] for null in ("random", "spectrum")}
        nearest = {name: runs[f"{name}_nearest"].mean() for name in ("final", "random", "spectrum")}
        sentences.append(
            f"**{title}** (n = {len(runs)}): the frame potential ends at {interval(over['random'], digits=3)} times "
            f"that of random rows, but at {interval(over['spectrum'], digits=3)} times that of random rows with the "
            f"spectrum of the trained ones. The mean cosine to the nearest other unit is {nearest['final']:.3f}; for "
            f"random rows {nearest['random']:.3f}, for rows of the same spectrum {nearest['spectrum']:.3f}, a "
            f"difference to these of {apart(runs, 'spectrum_nearest', 'final_nearest', digits=3)}."
        )
    return said(*sentences) or not_yet("networks whose units are followed")


def twins_found(rows: pd.DataFrame) -> str:
    """How like its twin's the early layers become with another classifier, beside an independent network's."""
    sentences = []
    for title, runs in twins(rows).items():
        parts = []
        for place, layer in enumerate(runs.kept_layers.iloc[0]):
            means = [runs[f"{name}_output_matched"].str[place].mean() for name in ("twin", "independent")]
            parts.append(f"{layer} {means[0]:.2f} (independent {means[1]:.2f})")
        angles = [f"{runs[f'{name}_angle'].mean():.0f}° {words}" for name, words in ANGLES.items()]
        sentences.append(
            f"**{title}** (n = {len(runs)}), correlation of the outputs with the twin's, units matched one to one: "
            f"{', '.join(parts)}. Mean principal angle of the main space of {runs.redrawn_layer.iloc[0]}: "
            f"{', '.join(angles)}. Test accuracy {runs.network_accuracy.mean():.1f}%, of the twin "
            f"{runs.twin_accuracy.mean():.1f}%."
        )
    return said(*sentences) or not_yet("networks with a classifier drawn anew")


ANGLES = {"twin": "with the twin", "independent": "with an independent network", "random": "between random spaces"}


def ranks_found(rows: pd.DataFrame) -> str:
    """What few directions carry, of W and of its change in training."""
    sentences = []
    for title, runs in measured(rows).items():
        gone = np.mean([lost(row) for _, row in runs.iterrows()])
        kept = pd.Series([at_rank(row, "update_rank_accuracy", 16) for _, row in runs.iterrows()])
        rest = (runs.update_residual_norm_16 / runs.update_spectral_norm).mean()
        sentences.append(
            f"**{title}** (n = {len(runs)}): with 16 directions of W − Z the accuracy is {interval(kept)}%, that of "
            f"the whole network {runs.accuracy.mean():.1f}%; the largest direction removed has {rest:.0%} of the "
            f"spectral norm of the whole change. Ten directions of W alone keep "
            f"{runs.weights_kept_norm_10.mean():.1f}% of its norm and lose {gone:.1f} points."
        )
    return said(*sentences) or not_yet("networks whose spectra are known")


def noise_found(rows: pd.DataFrame) -> str:
    """How noise and signal change in training."""
    sentences = []
    for title, runs in measured(rows).items():
        change = 100 * (runs.final_noise_variance / runs.initial_noise_variance - 1)
        sentences.append(
            f"**{title}** (n = {len(runs)}): {runs.initial_outliers.mean():.1f} directions lie beyond the noise before "
            f"training and {interval(runs.final_outliers.astype(float))} after it. The norm of the weights in them "
            f"goes from {runs.initial_signal.mean():.2f} to {runs.final_signal.mean():.2f}. The variance of the noise "
            f"changes by {interval(change, sign='+')}%."
        )
    return said(*sentences) or not_yet("networks whose spectra are known")


def angles_found(rows: pd.DataFrame) -> str:
    """Whether trained and other units share directions."""
    sentences = []
    for title, runs in measured(rows).items():
        known = runs.dropna(subset=["final_angle"]) if "final_angle" in runs else runs.iloc[:0]
        if len(known):
            sentences.append(
                f"**{title}** (n = {len(known)}): {known.trained_units.mean():.0f} units count as trained; their space "
                f"and that of the others make a mean angle of {interval(known.final_angle)}°, at the start "
                f"{known.initial_angle.mean():.1f}°, random spaces of these sizes {known.random_angle.mean():.1f}°."
            )
    return said(*sentences) or not_yet("networks with trained and other units")


def elbows_found(rows: pd.DataFrame) -> str:
    """The elbow beside the number of classes."""
    runs = by_classes(rows)
    if runs.empty:
        return not_yet("networks of 2, 5, 10, 20 and 100 classes of CIFAR-100")
    parts = [
        f"{int(classes)} classes: {part.update_elbow.mean():.1f} (of W itself {part.weights_elbow.mean():.1f})"
        for classes, part in runs.groupby("classes")
    ]
    own = networks(rows, LENET)
    mnist = f" On MNIST, with 10 classes, it is {own.update_elbow.mean():.1f} (n = {len(own)})." if len(own) else ""
    n = span(runs.groupby("classes").size())
    return f"Mean elbow of W − Z, n = {n} networks each: {'; '.join(parts)}.{mnist}"


def labels_found(rows: pd.DataFrame) -> str:
    """What shuffled labels change."""
    true, shuffled = by_labels(rows)
    if true.empty:
        return not_yet("networks that learned shuffled labels")
    both = true.merge(shuffled, on="seed", suffixes=("", "_shuffled"))
    names = {
        "effective rank of W − Z": "update_effective_rank",
        "frame potential": "final_potential",
        "mean accuracy on the training images while the smallest norms go, %": "train_area_norm_smallest",
    }
    parts = [
        f"{words} {both[name].mean():.1f} and {both[f'{name}_shuffled'].mean():.1f}" for words, name in names.items()
    ]
    return (
        f"{TITLES[LENET]} on {int(true.train_samples.iloc[0]):,} images, n = {len(both)} pairs: shuffled labels are "
        f"fitted to {both.train_accuracy_shuffled.mean():.1f}%, true ones to {both.train_accuracy.mean():.1f}%. True "
        f"and shuffled: {'; '.join(parts)}."
    )
