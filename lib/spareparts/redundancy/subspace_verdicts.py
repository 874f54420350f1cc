"""What the records say about a layer's weights: clusters, directions, noise, and what they depend on."""

import math

import pandas as pd

from ..stats import Verdict, beyond, combine, decide_all, remarked, sign, within
from .rows import TITLES, by_classes, by_labels, chosen, networks, paired

REPORT = {  # the final report's rank 10 of fc1: norm kept (%), accuracy lost (points)
    "conv_2": (70.25, 6.34),
    "conv_6": (61.43, 1.61),
    "vgg_19_bn": (99.99, 0.0),
}
CLASSES = (2, 5, 10, 20, 100)
RANK_MARGIN = 1.0  # points that 16 directions may cost, and that a loss may lie from the report's
KEPT_MARGIN = 5.0  # points of norm kept that ours may lie from the report's
LARGE = 0.1  # of the spectral norm of the whole change: more than that is large
HALFWAY = 0.5  # from an independent network to a copy: beyond it a twin counts as far above
ELBOW_MARGIN = 0.2  # of the classes; half a direction at least
MORE_DIRECTIONS = 0.1  # ratio of ranks beyond which one has more
LESS_REMOVABLE = -0.5  # points of mean accuracy under the curve
FITTED = 1.0  # points that training accuracy may lack of all


def units_cluster(rows: pd.DataFrame) -> Verdict:
    """Claim 3, LeNet: frame potential and nearest cosine above those of each null.

    The frame potential is that of the spectrum of the normalized rows, and large for any rows in few directions; only
    pairs of near units above rows of the same spectrum are clusters.
    """
    runs = networks(rows, "lenet_300_100")
    potentials = {
        "frame potential over random rows": ("final_potential", "random_potential"),
        "over random rows, means removed": ("final_centred_potential", "centred_random_potential"),
        "over rows of the same spectrum": ("final_potential", "spectrum_potential"),
    }
    cosines = {
        "nearest cosine over random rows, means removed": ("final_centred_nearest", "centred_random_nearest"),
        "nearest cosine over rows of the same spectrum": ("final_nearest", "spectrum_nearest"),
    }
    plans = {
        name: sign(paired(runs, 1.0, lambda row, of=found, null=null: row[of] / row[null]), +1, unit="of the null")
        for name, (found, null) in potentials.items()
    }
    plans |= {name: sign(paired(runs, null, found), +1) for name, (found, null) in cosines.items()}
    remark = "only the nearest cosines tell clusters from few directions"
    return remarked(combine(decide_all(plans)), remark)


def at_rank(row: pd.Series, metric: str, rank: int) -> float:
    """Accuracy (%) with so many directions kept; NaN where that rank was not measured."""
    return row[metric][row["ranks"].index(rank)] if rank in row["ranks"] else math.nan


def lost(row: pd.Series) -> float:
    """Points of accuracy that the ten largest directions of W alone lose."""
    return row.accuracy - at_rank(row, "rank_accuracy", 10)


def few_directions_carry(rows: pd.DataFrame) -> Verdict:
    """Claim 5: 16 directions of W - Z within a point, what is removed large; rank 10 of W as in the final report."""
    parts = {}
    for model in ("lenet_300_100", "conv_2"):
        runs = networks(rows, model)
        kept = paired(runs, "accuracy", lambda row: at_rank(row, "update_rank_accuracy", 16))
        parts[f"{TITLES[model]}, 16 directions"] = within(kept, margin=RANK_MARGIN, unit="points")
        rest = paired(runs, 0.0, lambda row: row.update_residual_norm_16 / row.update_spectral_norm)
        parts[f"{TITLES[model]}, norm removed"] = beyond(rest, threshold=LARGE, expected=+1, unit="of the whole norm")
    for model, (norm, points) in REPORT.items():
        runs = networks(rows, model)
        kept = paired(runs, norm, "weights_kept_norm_10")
        parts[f"{TITLES[model]}, norm kept by rank 10 less the report's"] = within(kept, margin=KEPT_MARGIN, unit="%")
        parts[f"{TITLES[model]}, accuracy lost less the report's"] = within(
            paired(runs, points, lost), margin=RANK_MARGIN, unit="points"
        )
    return combine(parts)


def outliers_appear(rows: pd.DataFrame) -> Verdict:
    """Claim 6, LeNet: more directions beyond the Marchenko-Pastur edge than at the start, and more norm in them."""
    runs = networks(rows, "lenet_300_100")
    plans = {
        "outliers": sign(paired(runs, "initial_outliers", "final_outliers"), +1, unit="directions"),
        "norm of the signal": sign(paired(runs, "initial_signal", "final_signal"), +1),
    }
    verdict = combine(decide_all(plans))
    if runs.empty:
        return verdict
    change = (runs.final_noise_variance / runs.initial_noise_variance).mean() - 1
    started = runs.initial_outliers.mean()
    return remarked(verdict, f"untrained layers have {started:.2g} outliers", f"noise variance {change:+.1%}")


def early_layers_do_not_depend_on_later(rows: pd.DataFrame) -> Verdict:
    """Claim 14, Conv-2: outputs of the convolutions, and the main space of fc1, nearer a copy than independence.

    Outputs by correlation, units matched one to one in both comparisons: the cosine of weights that began alike is high
    without any training. The effect is the part of the way from an independent network (0) to a copy (1).
    """
    runs = chosen(rows, experiment="resample", model="conv_2", dataset="cifar10")
    layers = runs.kept_layers.iloc[0] if len(runs) else ["convolutions"]
    parts = {}
    for place, layer in enumerate(layers):

        def gained(row: pd.Series, place: int = place) -> float:
            chance = row.independent_output_matched[place]
            return (row.twin_output_matched[place] - chance) / (1 - chance)

        pairs = paired(runs, 0.0, gained)
        parts[f"outputs of {layer}"] = beyond(pairs, threshold=HALFWAY, expected=+1, unit="of the way")
    closer = paired(runs, 0.0, lambda row: 1 - row.twin_angle / row.independent_angle)
    parts["main space of fc1"] = beyond(closer, threshold=HALFWAY, expected=+1, unit="of the way")
    if runs.empty:
        return combine(parts)
    degrees = ", ".join(f"{name} {runs[f'{name}_angle'].mean():.1f}" for name in ("twin", "independent", "random"))
    return remarked(combine(parts), f"mean principal angle in degrees: {degrees}")


def elbow_counts_classes(rows: pd.DataFrame) -> Verdict:
    """Claim 15, LeNet on CIFAR-100: the elbow of W - Z is the number of classes, for each number."""
    runs = by_classes(rows)
    parts, others = {}, []
    for classes in CLASSES:
        part = runs[runs.classes == classes] if len(runs) else runs
        margin = max(0.5, ELBOW_MARGIN * classes)
        elbows = paired(part, float(classes), "update_elbow")
        parts[f"{classes} classes"] = within(elbows, margin=margin, unit="directions")
        others += [f"{part.weights_elbow.mean():.1f} of {classes}"] if len(part) else []
    return remarked(combine(parts), f"the elbow of W itself: {', '.join(others)}")


def shuffled_labels_need_more(rows: pd.DataFrame) -> Verdict:
    """Claim 16, LeNet: shuffled labels are fitted, with more directions in W - Z and fewer units to spare.

    Units are removed by norm, smallest first, and accuracy is that on the images trained on, in both.
    """
    true, shuffled = by_labels(rows)
    both = true.merge(shuffled, on="seed", suffixes=("", "_shuffled")) if len(true) else true
    ranks = paired(both, 1.0, lambda row: row.update_effective_rank_shuffled / row.update_effective_rank)
    areas = paired(both, "train_area_norm_smallest", "train_area_norm_smallest_shuffled")
    fit = paired(both, 100.0, "train_accuracy_shuffled")
    verdict = combine(
        {
            "training accuracy less 100": beyond(fit, threshold=-FITTED, expected=+1, unit="points"),
            "more directions": beyond(ranks, threshold=MORE_DIRECTIONS, expected=+1, unit="of the effective rank"),
            "less removable": beyond(areas, threshold=LESS_REMOVABLE, expected=-1, unit="points"),
        }
    )
    if true.empty:
        return verdict
    images = int(true.train_samples.iloc[0])
    return remarked(verdict, f"shuffled less true labels, {images:,} training images; chance 10%")
