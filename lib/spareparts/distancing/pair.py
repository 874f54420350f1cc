"""The experiment `pair`: a journey's end beside its last checkpoint, its twin that was not pushed, or a stranger."""

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor, nn

from .. import data, engine
from .config import Config, journey_of
from .curves import fit_curve
from .distances import normalized_distance, relative_distance, squared_distance
from .flatness import SIZES, perturbed_losses
from .functions import disagreement, divergence, error_correlation, independent_disagreement
from .left import left_behind
from .lines import Path, barrier, line, networks_along
from .matching import match, shuffled
from .points import measure, network_at, point_of
from .setup import Part, Sets, sets_of

SHOWN = {"mlp": 5_000}  # first training images for losses and statistics, and first test images for errors
POSITIONS = tuple(np.linspace(0, 1, 11).tolist())
CURVE_STEPS = {"mlp": 1_000}  # of training the curve's control point
FEW_SHOWN, FEW_STEPS = 1_000, 200  # for the larger networks
DRAWS = 5  # of directions, for the flatness
STREAM_SEED = 3_000  # added to the seed: curves, matching and directions must not depend on how training drew


def pair(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """All instruments between the journey's end, the first network, and the `other` one, the second.

    Losses are of training images, errors of test images. Raises `Diverged` where a journey that is missing diverges.
    """
    sets = sets_of(config, engine.choose_device())
    first, second = both(config, progress=progress)
    shown = SHOWN.get(config.network, FEW_SHOWN)
    parts = [part.first(shown) for part in (sets.train, sets.test)]
    metrics = distances(first, second)
    metrics |= paths(first, second, config, *parts, batches=batches_of(config, sets))
    metrics |= steepness({"first": first, "second": second}, parts[0], seed=config.seed + STREAM_SEED)
    found, arrays = behaviour(first, second, sets.test)
    return metrics | found, arrays


def both(config: Config, *, progress: bool) -> tuple[nn.Module, nn.Module]:
    """The networks that are compared, from the cache or trained now."""
    own = left_behind(journey_of(config), progress=progress)
    if config.other == "checkpoint":
        return own[-1], own[-2]
    changed = {"strength": 0.0} if config.other == "unpushed" else {"member": 1}
    return own[-1], left_behind(journey_of(config, **changed), progress=progress)[-1]


def batches_of(config: Config, sets: Sets) -> data.Batches:
    """Training images for the curve, as they are."""
    size = min(config.batch_size, len(sets.train.labels))
    return data.Batches(*sets.train, batch_size=size, generator=data.generator(config.seed + STREAM_SEED))


def distances(first: nn.Module, second: nn.Module) -> dict[str, float]:
    """Distance of parameters: plain, relative to the first network's length, and of filters scaled to length 1."""
    ends = point_of(first), point_of(second)
    return {
        "squared_distance": squared_distance(*ends),
        "relative_distance": relative_distance(*ends),
        "normalized_distance": normalized_distance(*ends),
    }


def paths(
    first: nn.Module, second: nn.Module, config: Config, train: Part, test: Part, *, batches: data.Batches
) -> dict[str, Any]:
    """Losses, errors and barriers along the line, along a fitted curve, and along the line to the matched network."""
    stream = data.generator(config.seed + STREAM_SEED)
    ends = point_of(first), point_of(second)
    steps = CURVE_STEPS.get(config.network, FEW_STEPS)
    ways = {"line": line(*ends)}
    with contextlib.suppress(FloatingPointError):  # a curve that cannot be fitted says nothing about the networks
        ways["curve"] = fit_curve(first, second, batches, steps=steps, generator=stream)
    matched = point_of(match(first, second, generator=stream))
    renamed = shuffled(second, generator=stream)
    metrics: dict[str, Any] = {
        "matched_squared_distance": squared_distance(ends[0], matched),
        "matched_normalized_distance": normalized_distance(ends[0], matched),
        "shuffled_squared_distance": squared_distance(ends[0], point_of(renamed)),
        # from units in random order: how much the matching owes to the order that they had
        "rematched_squared_distance": squared_distance(ends[0], point_of(match(first, renamed, generator=stream))),
    }
    ways["matched"] = line(ends[0], matched)
    for name, way in ways.items():
        metrics |= {f"{name}_{key}": value for key, value in along(first, way, train, test).items()}
    return metrics


def along(network: nn.Module, way: Path, train: Part, test: Part) -> dict[str, Any]:
    """Training losses (nats) and test errors (%) along a path, and how high each rises above its ends' line."""
    networks = networks_along(network, way, statistics=train.images, positions=POSITIONS)
    found = [(measure(each, *train).loss, measure(each, *test).error) for each in networks]
    losses, errors = map(list, zip(*found, strict=True))
    return {
        "losses": losses,
        "errors": [round(error, 3) for error in errors],
        "barrier": barrier(POSITIONS, losses),
        "error_barrier": barrier(POSITIONS, errors),
    }


def steepness(networks: Mapping[str, nn.Module], train: Part, *, seed: int) -> dict[str, Any]:
    """How much the training loss (nats) of each network rises at each relative size of a random step: mean of draws.

    Both take the same random numbers.
    """
    metrics: dict[str, Any] = {"step_sizes": list(SIZES)}
    for name, network in networks.items():
        own = measure(network_at(network, point_of(network), statistics=train.images), *train)
        draws = {"draws": DRAWS, "generator": data.generator(seed), "statistics": train.images}
        losses = perturbed_losses(network, *train, **draws)
        metrics |= {f"{name}_loss": own.loss, f"{name}_rises": (losses.mean(0) - own.loss).tolist()}
    return metrics


def behaviour(first: nn.Module, second: nn.Module, test: Part) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Test accuracies (%), disagreement with its chance level, error correlation, divergence; and the predictions."""
    logits = [engine.predict(network, test.images)[0] for network in (first, second)]
    chosen, probabilities = [each.argmax(1) for each in logits], [each.softmax(1) for each in logits]
    wrong = [each != test.labels for each in chosen]
    metrics = {
        "first_accuracy": accuracy(chosen[0], test.labels),
        "second_accuracy": accuracy(chosen[1], test.labels),
        "disagreement": disagreement(*chosen),
        "independent_disagreement": independent_disagreement(*probabilities),
        "error_correlation": none_for_nan(error_correlation(*wrong)),
        "divergence": divergence(*probabilities),
    }
    return metrics, {
        f"{name}_predictions": stored(each) for name, each in zip(("first", "second"), chosen, strict=True)
    }


def accuracy(predictions: Int[Tensor, " batch"], labels: Int[Tensor, " batch"]) -> float:
    """Images classified correctly, in %."""
    return 100 * float((predictions == labels).double().mean())


def stored(predictions: Int[Tensor, "*members batch"]) -> np.ndarray:
    """Classes as a record keeps them."""
    return predictions.to(torch.uint8).cpu().numpy()


def none_for_nan(value: float) -> float | None:
    """None for what has no value."""
    return None if math.isnan(value) else value
