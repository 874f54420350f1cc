"""What is read off a network: accuracies, and neurons that tell a class from the rest."""

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from scipy import stats

from .. import checks, data, engine
from ..records.store import Found
from .networks import FullyConnected

BLOCK = 128  # neurons ranked at once, to bound the memory
THRESHOLD = 1e-7  # the paper's, "to mitigate the multiple hypothesis situation"


def measure(network: FullyConnected, parts: data.Partition) -> Found:
    """Metrics and arrays of a trained network: accuracies, correct predictions as bits, specialized neurons, size."""
    metrics, arrays = {}, {}
    for name in ("validation", "test", "official"):
        part = getattr(parts, name)
        if part is not None:
            (scores,) = engine.predict(network, part.inputs)
            correct = (scores.argmax(1) == part.labels).numpy()
            metrics |= {f"{name}_accuracy": 100 * float(correct.mean()), f"{name}_samples": len(correct)}
            arrays[f"{name}_correct"] = np.packbits(correct)
    network.eval()
    with torch.inference_mode():
        layers = [layer.numpy() for layer in network.activations(parts.test.inputs)]
    labels, num_classes = parts.test.labels.numpy(), network.output.out_features
    shares = specialized_share(layers, labels, num_classes=num_classes)
    arrays["specialized"] = shares.astype(np.float32)  # %, of each class
    metrics["specialized"] = float(shares.mean())  # %
    metrics["specialized_ceiling"] = ceiling(labels, num_classes=num_classes)  # %
    metrics["parameters"] = sum(parameter.numel() for parameter in network.parameters())
    return metrics, arrays


def label_entropy(labels: Int[torch.Tensor, " samples"]) -> float:
    """Entropy of the labels in nats: the cross entropy of the best prediction that ignores its input."""
    shares = labels.bincount().double() / len(labels)
    return float(-(shares * shares.clamp_min(1e-300).log()).sum())


def rank_sum(
    activations: Float[np.ndarray, "samples neurons"], labels: Int[np.ndarray, " samples"], *, num_classes: int
) -> Float64[np.ndarray, "neurons classes"]:
    """Two-sided p value of every neuron and class against the rest, as `scipy.stats.ranksums` gives it, in [0, 1].

    All neurons are ranked once and the ranks summed by one matrix product. A class without samples, or with all of
    them, has p = 1. Raises `ValueError` for sizes that do not match, labels outside the classes, and activations that
    are not finite.
    """
    checks.equally_many(activations=activations, labels=labels)
    checks.labels(labels, count=num_classes)
    checks.finite(activations=activations)
    one_hot = np.eye(num_classes)[labels]
    blocks = (activations[:, start : start + BLOCK].T for start in range(0, activations.shape[1], BLOCK))
    sums = np.vstack([stats.rankdata(block, axis=1) @ one_hot for block in blocks])
    samples, inside = len(labels), one_hot.sum(0)
    outside = samples - inside
    spread = np.sqrt(inside * outside * (samples + 1) / 12)
    distance = np.abs(sums - inside * (samples + 1) / 2)
    scores = np.divide(distance, spread, out=np.zeros_like(distance), where=spread > 0)
    return 2 * stats.norm.sf(scores)


def specialized_share(
    layers: list[Float[np.ndarray, "samples _"]], labels: Int[np.ndarray, " samples"], *, num_classes: int
) -> Float64[np.ndarray, " classes"]:
    """Percentage of all hidden neurons that are specialized in each class, 0 to 100; Table 3 is its mean.

    A dead neuron is constant, so its p is 1. Raises `ValueError` as `rank_sum` does.
    """
    counts = sum((rank_sum(layer, labels, num_classes=num_classes) < THRESHOLD).sum(0) for layer in layers)
    return 100 * counts / sum(layer.shape[1] for layer in layers)


def ceiling(labels: Int[np.ndarray, " samples"], *, num_classes: int) -> float:
    """Percentage of classes with enough samples for any neuron at all to pass `THRESHOLD`, 0 to 100.

    Raises `ValueError` for labels outside the classes.
    """
    checks.labels(labels, count=num_classes)
    inside = np.bincount(labels, minlength=num_classes).astype(float)
    outside = len(labels) - inside
    best = np.sqrt(3 * inside * outside / (len(labels) + 1))  # every sample of the class above all others
    return float(100 * (2 * stats.norm.sf(best) < THRESHOLD).mean())
