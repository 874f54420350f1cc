"""Which neurons tell a class from the rest: Wilcoxon's rank-sum test for every neuron and class at once."""

import numpy as np
from jaxtyping import Float, Float64, Int
from scipy import stats

BLOCK = 128  # neurons ranked at once, to bound the memory
THRESHOLD = 1e-7  # the paper's, "to mitigate the multiple hypothesis situation"


def rank_sum(
    activations: Float[np.ndarray, "samples neurons"], labels: Int[np.ndarray, " samples"], *, num_classes: int
) -> Float64[np.ndarray, "neurons classes"]:
    """Two-sided p value of every neuron and class against the rest, as `scipy.stats.ranksums` gives it, in [0, 1].

    All neurons are ranked once and the ranks summed by one matrix product. A class without samples, or with all of
    them, has p = 1. Raises `ValueError` for sizes that do not match and activations that are not finite.
    """
    if len(activations) != len(labels) or not len(labels):
        raise ValueError(f"activations and labels must be equally many, got {len(activations)} and {len(labels)}")
    if not np.isfinite(activations).all():
        raise ValueError("activations must be finite")
    one_hot = np.eye(num_classes)[labels]
    blocks = (activations[:, start : start + BLOCK].T for start in range(0, activations.shape[1], BLOCK))
    sums = np.vstack([average_ranks(np.ascontiguousarray(block)) @ one_hot for block in blocks])
    samples, inside = len(labels), one_hot.sum(0)
    outside = samples - inside
    spread = np.sqrt(inside * outside * (samples + 1) / 12)
    distance = np.abs(sums - inside * (samples + 1) / 2)
    scores = np.divide(distance, spread, out=np.zeros_like(distance), where=spread > 0)
    return 2 * stats.norm.sf(scores)


def average_ranks(rows: Float[np.ndarray, "neurons samples"]) -> Float64[np.ndarray, "neurons samples"]:
    """Ranks 1..samples within each row; equal values share the mean of theirs."""
    order = np.argsort(rows, axis=1)
    ordered = np.take_along_axis(rows, order, axis=1)
    ranks = np.broadcast_to(np.arange(1.0, rows.shape[1] + 1), rows.shape)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(1)
    if tied.any():
        ranks = ranks.copy()
        ranks[tied] = _shared(ordered[tied])
    result = np.empty(rows.shape)
    np.put_along_axis(result, order, ranks, axis=1)
    return result


def _shared(ordered: Float[np.ndarray, "neurons samples"]) -> Float64[np.ndarray, "neurons samples"]:
    """Ranks of sorted rows: the mean of the first and last place that holds the same value."""
    samples = ordered.shape[1]
    places = np.arange(1.0, samples + 1)
    differs = ordered[:, 1:] != ordered[:, :-1]
    edge = np.ones((len(ordered), 1), bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, differs]), places, 0), axis=1)
    last = np.where(np.hstack([differs, edge]), places, samples + 1.0)
    last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    return (first + last) / 2


def specialized_share(
    layers: list[Float[np.ndarray, "samples _"]],
    labels: Int[np.ndarray, " samples"],
    *,
    num_classes: int,
    threshold: float = THRESHOLD,
) -> Float64[np.ndarray, " classes"]:
    """Percentage of all hidden neurons that are specialized in each class, 0 to 100; Table 3 is its mean.

    A dead neuron is constant, so its p is 1.
    """
    counts = sum((rank_sum(layer, labels, num_classes=num_classes) < threshold).sum(0) for layer in layers)
    return 100 * counts / sum(layer.shape[1] for layer in layers)


def ceiling(labels: Int[np.ndarray, " samples"], *, num_classes: int, threshold: float = THRESHOLD) -> float:
    """Percentage of classes with enough samples for any neuron at all to pass the threshold, 0 to 100."""
    inside = np.bincount(labels, minlength=num_classes).astype(float)
    outside = len(labels) - inside
    best = np.sqrt(3 * inside * outside / (len(labels) + 1))  # every sample of the class above all others
    return float(100 * (2 * stats.norm.sf(best) < threshold).mean())
