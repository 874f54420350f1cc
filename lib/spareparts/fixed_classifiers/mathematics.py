"""The arithmetic behind fixed classifiers, computed before the reader's eyes: rows, scales, transforms."""

import math
import warnings
from typing import Any

import numpy as np
import pandas as pd
import scipy.linalg
import torch

from .. import data
from .coherence import CoincidingRows
from .heads import FixedClassifier
from .transform import fast_hadamard_transform

# Network and its features and classes; those of which the paper or its critics speak.
SHAPES = {
    "ResNet-56, CIFAR-10": (64, 10),
    "ResNet-50, ImageNet": (2048, 1000),
    "DenseNet-BC-100-12, CIFAR-100": (342, 100),
    "DenseNet-169, ImageNet": (1664, 1000),
    "ResNet-20, CIFAR-100": (64, 100),
}
MATRICES: dict[str, dict[str, Any]] = {
    "orthonormal": {"kind": "orthonormal"},
    "Hadamard": {"kind": "hadamard"},
    "Paley": {"kind": "hadamard", "matrix": "paley"},
    "scattered": {"kind": "hadamard", "coordinates": "scattered"},
    "tight frame": {"kind": "tight_frame"},
}
SAMPLES = 2_000  # of features after ReLU
SCALES = (0.1, 1.0, 10.0)


def made(features: int, classes: int, **settings: Any) -> FixedClassifier:
    """A head whose coinciding rows are no surprise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CoincidingRows)
        return FixedClassifier(features, classes, generator=data.generator(1), **settings)


def coherence() -> pd.DataFrame:
    """Largest |cosine| between the rows of two classes, by network and matrix, beside the least that there can be."""
    lines = {}
    for name, (features, classes) in SHAPES.items():
        cells = {"features": features, "classes": classes}
        for title, settings in MATRICES.items():
            head = made(features, classes, **settings)
            found = 0.0 if head.max_coherence < 1e-4 else head.max_coherence
            cells[title] = f"{found:.3g}" + (" (coincide)" if head.coinciding_rows else "")
        lines[name] = cells | {"least possible": f"{welch_bound(features, classes):.3g}"}
    return pd.DataFrame(lines).T.rename_axis("network")


def welch_bound(features: int, classes: int) -> float:
    """Least possible largest |cosine| between two of C rows in N dimensions (Welch 1974).

    `sqrt((C - N) / (N (C - 1)))`; 0 where there are no more classes than features.
    """
    return math.sqrt(max(0, classes - features) / (features * max(1, classes - 1)))


def coinciding(features: int = 64, classes: int = 100) -> str:
    """Which classes share a row of a truncated Hadamard matrix, in a sentence, and what the remedies leave."""
    groups = made(features, classes, kind="hadamard").coinciding_rows
    pairs = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    first = " and ".join(map(str, groups[0])) if groups else "none"
    left = {title: len(made(features, classes, **own).coinciding_rows) for title, own in MATRICES.items()}
    remedies = [title for title, number in left.items() if number == 0]
    return (
        f"With {features} features and {classes} classes **{pairs} pairs of classes have the same row**, the first of "
        f"them classes {first}. Only their biases tell them apart, so that of each pair one is hardly ever predicted. "
        f"No rows coincide with: {', '.join(remedies)}."
    )


def row_of_ones(features: int = 64, classes: int = 10) -> pd.DataFrame:
    """How often an untrained head names the first class, for features that are never negative."""
    kinds = {
        "Hadamard": {"kind": "hadamard"},
        "Hadamard, negated": {"kind": "hadamard", "negate": True},
        "Hadamard, without the row of ones": {"kind": "hadamard", "skip_ones": True},
        "orthonormal": {"kind": "orthonormal"},
    }
    inputs = torch.randn(SAMPLES, features, generator=data.generator(2)).relu()
    lines = {}
    for title, settings in kinds.items():
        with torch.no_grad():
            scores = made(features, classes, **settings)(inputs)
        shares = [100 * float((found == 0).double().mean()) for found in (scores.argmax(1), scores.argmin(1))]
        lines[title] = dict(zip(("first class largest, %", "first class smallest, %"), shares, strict=True))
    found = pd.DataFrame(lines).T.map("{:.1f}".format)
    return found.rename_axis("head").assign(**{"chance, %": f"{100 / classes:.1f}", "n": SAMPLES})


def least_loss(scale: float, *, classes: int) -> float:
    """Least mean cross entropy (nats) that orthonormal rows and a scale s allow over balanced classes, C <= N.

    `log(1 + (C - 1) exp(-s sqrt(C / (C - 1))))`: a feature of length 1 can put at most `sqrt(C / (C - 1))` between the
    true cosine and all others, which are then equal. Biases, the same for all samples, cannot lower the mean.
    """
    return math.log1p((classes - 1) * math.exp(-scale * math.sqrt(classes / (classes - 1))))


def least_losses() -> pd.DataFrame:
    """That bound for the scales of Figure 3, the loss of guessing, and what the true class is given at the bound."""
    lines = {}
    for classes in (10, 100):
        for scale in SCALES:
            found = least_loss(scale, classes=classes)
            lines[classes, f"{scale:g}"] = {
                "least loss, nats": f"{found:.3g}",
                "loss of guessing": f"{math.log(classes):.3g}",
                "probability of the true class": f"{math.exp(-found):.3g}",
            }
    return pd.DataFrame(lines).T.rename_axis(["classes", "scale"])


def transform_error(sizes: tuple[int, ...] = (64, 256, 1024)) -> str:
    """How far the fast transform is from a product with SciPy's Hadamard matrix, in a sentence."""
    found = []
    for size in sizes:
        inputs = torch.randn(8, size, generator=data.generator(3), dtype=torch.float64)
        product = inputs.numpy() @ scipy.linalg.hadamard(size)
        found.append(np.abs(fast_hadamard_transform(inputs).numpy() - product).max() / np.abs(product).max())
    return (
        f"Against products with SciPy's Hadamard matrices of {', '.join(map(str, sizes))} rows, in double precision, "
        f"the largest difference is {max(found):.1g} of the largest number."
    )
