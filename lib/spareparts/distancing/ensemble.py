"""The experiment `ensemble`: networks that were left on the way, or trained apart, combined."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import data, engine
from .calibration import calibration
from .config import NETWORKS, Config, journey_of
from .distances import normalized_distance, squared_distance
from .ensembles import combine, fit_weights, measured_errors, predicted_errors
from .functions import agreement_counts, disagreement, error_correlation, mean_over_pairs
from .left import left_behind
from .pair import accuracy, none_for_nan, stored
from .points import point_of
from .setup import Part, sets_of

WAYS = ("probabilities", "logits")
SPLIT_SEED = 4_000  # added to the seed: halves of the test images for Eq. 1.14, and outcomes by chance
SUBSETS = {"bagging": "bootstrap", "k_fold": "fold"}  # of the training images, by kind


def ensemble(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Members, what they share, and what their combinations gain; predictions of the members on the test images.

    Weights are fitted on held-out training images. Raises `Diverged` where a journey that is missing diverges.
    """
    sets = sets_of(config, engine.choose_device())
    networks = members_of(config, progress=progress)
    held_out, test = (logits_of(networks, part) for part in (sets.validation, sets.test))
    labels, chosen = sets.test.labels, test.argmax(2)
    metrics = {"member_accuracy": [accuracy(each, labels) for each in chosen]}
    metrics |= shared(chosen, labels, classes=sets.classes)
    metrics |= apart(networks) if config.kind != "architectures" else {}
    metrics |= combinations(held_out, sets.validation.labels, test, labels, seed=config.seed + SPLIT_SEED)
    metrics |= by_size(test, labels)
    metrics |= pairs_predict(test.softmax(2), labels, seed=config.seed + SPLIT_SEED)
    return metrics, {"predictions": stored(chosen)}


def members_of(config: Config, *, progress: bool) -> list[nn.Module]:
    """The networks of an ensemble, from the cache or trained now; snapshots are the last ones of a single journey."""
    if config.kind == "snapshots":
        return left_behind(journey_of(config), progress=progress)[-config.members :]
    return [left_behind(journey, progress=progress)[-1] for journey in journeys_of(config)]


def journeys_of(config: Config) -> list[Config]:
    """The journeys whose last networks, or all of whose networks, make an ensemble."""
    if config.kind == "snapshots":
        return [journey_of(config)]
    if config.kind == "architectures":
        own = NETWORKS.index(config.network)
        order = NETWORKS[own:] + NETWORKS[:own]  # the larger ones first
        return [journey_of(config, network=name) for name in order[: config.members]]
    changes: dict[str, Any] = {"subset": SUBSETS[config.kind]} if config.kind in SUBSETS else {}
    if config.kind == "k_fold":
        changes["members"] = config.members
    return [journey_of(config, member=member, **changes) for member in range(config.members)]


def logits_of(networks: Sequence[nn.Module], part: Part) -> Float[Tensor, "members batch classes"]:
    """Logits of each member."""
    return torch.stack([engine.predict(network, part.images)[0] for network in networks])


def shared(chosen: Int[Tensor, "members batch"], labels: Int[Tensor, " batch"], *, classes: int) -> dict[str, Any]:
    """What members have in common: agreement by size of the largest group, disagreement and error correlation."""
    return {
        "agreement": agreement_counts(chosen, classes=classes).tolist(),
        "disagreement": mean_over_pairs(chosen, disagreement),
        "error_correlation": none_for_nan(mean_over_pairs(chosen != labels, error_correlation)),
        "mean_accuracy": accuracy(chosen.flatten(), labels.repeat(len(chosen))),
    }


def apart(networks: Sequence[nn.Module]) -> dict[str, float]:
    """Mean distance over pairs of members of one architecture, plain and of filters scaled to length 1."""
    points = [point_of(network) for network in networks]
    pairs = list(itertools.combinations(points, 2))
    return {
        "squared_distance": float(np.mean([squared_distance(*each) for each in pairs])),
        "normalized_distance": float(np.mean([normalized_distance(*each) for each in pairs])),
    }


def combinations(
    held_out: Float[Tensor, "members samples classes"],
    held_out_labels: Int[Tensor, " samples"],
    test: Float[Tensor, "members batch classes"],
    labels: Int[Tensor, " batch"],
    *,
    seed: int,
) -> dict[str, Any]:
    """Test accuracy (%) and calibration of each way to combine, weighted and not, and of single members (their mean).

    A list of four stands for calibration: expected error and its level by chance in %, likelihood, Brier score.
    """
    metrics: dict[str, Any] = {}
    for of in WAYS:
        weights = fit_weights(held_out, held_out_labels, of=of)
        metrics[f"{of}_weights"] = [round(weight, 4) for weight in weights.tolist()]
        for name, used in ((of, None), (f"weighted_{of}", weights)):
            together = combine(test, of=of, weights=used)
            metrics[f"{name}_accuracy"] = accuracy(together.argmax(1), labels)
            metrics[f"{name}_calibration"] = list(calibration(together, labels, generator=data.generator(seed)))
    single = [calibration(each.softmax(1), labels, generator=data.generator(seed)) for each in test]
    return metrics | {"member_calibration": np.mean(single, axis=0).tolist()}


def by_size(test: Float[Tensor, "members batch classes"], labels: Int[Tensor, " batch"]) -> dict[str, Any]:
    """Test accuracy (%) of ensembles of 1 to all members, mean over all choices; probabilities averaged."""
    probabilities = test.softmax(2)
    found = []
    for size in range(1, len(test) + 1):
        chosen = itertools.combinations(range(len(test)), size)
        found.append(np.mean([accuracy(probabilities[list(rows)].mean(0).argmax(1), labels) for rows in chosen]))
    return {"accuracy_by_size": [round(float(value), 4) for value in found]}


def pairs_predict(
    probabilities: Float[Tensor, "members batch classes"], labels: Int[Tensor, " batch"], *, seed: int
) -> dict[str, Any]:
    """Eq. 1.14 with v and c of one half of the test images, and the squared errors that ensembles make on the other.

    The deviation is that of their difference over images, for each size.
    """
    order = torch.randperm(len(labels), generator=data.generator(seed)).to(labels.device)
    one, other = order.tensor_split(2)
    predicted = predicted_errors(probabilities[:, one], labels[one])
    measured = measured_errors(probabilities[:, other], labels[other])
    spread = [each.values.var(1) / each.values.shape[1] for each in (predicted, measured)]
    return {
        "predicted_errors": predicted.means,
        "measured_errors": measured.means,
        "deviations": (spread[0] + spread[1]).sqrt().tolist(),
    }
