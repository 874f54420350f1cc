"""Two networks beside each other: the experiments `pair`, ends of journeys, and `ridge`, what lies before the end."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records.store import Found
from .config import Config, journey_of
from .journeys import left_behind
from .measures import SIZES, error_correlation, match, perturbed_losses, squared_distance
from .paths import Path, barrier, fit_curve, flattened, great_circle, length_of, line, measure, network_at, point_of
from .penalty import add_gradient, kernel_of
from .training import Part, Sets, accuracy, batches_of, sets_of

POSITIONS = tuple(np.linspace(0, 1, 11).tolist())
SHOWN, CURVE_STEPS = {"mlp": 5_000}, {"mlp": 1_000}  # first training and test images; steps of the curve's control
FEW_SHOWN, FEW_STEPS = 1_000, 200  # for the larger networks
LONG_STEPS = 4_000  # of a ridge's curve
DRAWS = 5  # of directions, for the flatness
PAIR_SEED, RIDGE_SEED = 3_000, 6_000  # added to the seed: what is drawn here must not depend on how training drew


def pair(config: Config, *, progress: bool = True) -> Found:
    """What lies between the journey's end, the first network, and the `other` one, and how flat the loss is round both.

    Losses are of training images, errors of test images. Raises `Diverged` where a journey that is missing diverges.
    """
    sets = sets_of(config, engine.choose_device())
    *_, before, first = left_behind(journey_of(config), progress=progress)
    changed = {"unpushed": {"strength": 0.0}, "independent": {"member": 1}}.get(config.other)
    second = left_behind(journey_of(config, **changed), progress=progress)[-1] if changed else before
    parts = shown(config, sets)
    metrics, ways = paths(first, second, config, sets)
    for name, way in ways.items():
        found, rise = along(first, way, *parts)
        metrics |= {f"{name}_errors": [round(error, 3) for error in found], f"{name}_error_barrier": rise}
    return metrics | steepness({"first": first, "second": second}, parts[0], seed=config.seed + PAIR_SEED), {}


def shown(config: Config, sets: Sets) -> list[Part]:
    """The training and the test images on which what lies between two networks is measured."""
    return [part.first(SHOWN.get(config.network, FEW_SHOWN)) for part in (sets.train, sets.test)]


def paths(first: nn.Module, second: nn.Module, config: Config, sets: Sets) -> tuple[dict[str, Any], dict[str, Path]]:
    """Squared distances, also with matched units, and the ways: line, fitted curve, line to the matched network."""
    seed, ends = config.seed + PAIR_SEED, (point_of(first), point_of(second))
    stream, batches = data.generator(seed), batches_of(config, sets, generator=data.generator(seed))
    steps, ways = CURVE_STEPS.get(config.network, FEW_STEPS), {"line": line(*ends)}
    with contextlib.suppress(FloatingPointError):  # a curve that cannot be fitted says nothing about the networks
        ways["curve"] = fit_curve(first, second, batches, steps=steps, generator=stream)
    matched = point_of(match(first, second, generator=stream))
    metrics = {"squared_distance": squared_distance(*ends)}
    metrics["matched_squared_distance"] = squared_distance(ends[0], matched)
    return metrics, ways | {"matched": line(ends[0], matched)}


def along(network: nn.Module, way: Path, train: Part, test: Part) -> tuple[list[float], float]:
    """Test errors (%) along a path, and how high they rise above its ends' line.

    BatchNorm's statistics are estimated anew at each place: those of one end, or a mean, would make barriers.
    """
    networks = [network_at(network, way(position), statistics=train.images) for position in POSITIONS]
    errors = [measure(each, *test).error for each in networks]
    return errors, barrier(POSITIONS, errors)


def steepness(networks: Mapping[str, nn.Module], train: Part, *, seed: int) -> dict[str, Any]:
    """How much the training loss (nats) of each network rises at each relative size of a random step: mean of draws.

    Both take the same random numbers.
    """
    metrics: dict[str, Any] = {"step_sizes": list(SIZES)}
    for name, network in networks.items():
        own = measure(network_at(network, point_of(network), statistics=train.images), *train)
        draws = {"draws": DRAWS, "generator": data.generator(seed), "statistics": train.images}
        losses = perturbed_losses(network, *train, **draws)
        metrics[f"{name}_rises"] = (losses.mean(0) - own.loss).tolist()
    return metrics


def ridge(config: Config, *, progress: bool = True) -> Found:
    """Barriers of test error (points) on ways from the checkpoint, and the two networks as an ensemble.

    To the end: the straight `line`; the great `circle`, which keeps the length of the weights; a fitted `curve` that
    starts beside the circle's middle; the line after units are `matched`. Nulls, which leave the solution where it is:
    the checkpoint scaled to the line's lengths (`ray`), and the line to the checkpoint with its units in the order that
    brings it farthest from itself (`renamed`). Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    first, second = left_behind(journey_of(config), progress=progress)[-2:]
    metrics, arrays = {}, {}
    for name, way in ridge_ways(first, second, config, sets).items():
        errors, metrics[f"{name}_error_barrier"] = along(first, way, *shown(config, sets))
        arrays[f"{name}_errors"] = np.array(errors, np.float32)
    return metrics | together(first, second, sets.test) | forces(config, first, second, sets.train), arrays


def ridge_ways(first: nn.Module, second: nn.Module, config: Config, sets: Sets) -> dict[str, Path]:
    """All ways by name; see `ridge`."""
    seed, own, other = config.seed + RIDGE_SEED, point_of(first), point_of(second)
    stream, straight, circle = data.generator(seed), line(own, other), great_circle(own, other)
    negative = {name: -value for name, value in own.items()}
    batches = batches_of(config, sets, generator=data.generator(seed))
    return {
        "line": straight,
        "circle": circle,
        "curve": fit_curve(first, second, batches, steps=LONG_STEPS, generator=stream, through=circle(0.5)),
        "matched": line(own, point_of(match(first, second, generator=stream))),
        "ray": lambda t: {name: value * length_of(straight(t)) / length_of(own) for name, value in own.items()},
        "renamed": line(own, point_of(match(network_at(first, negative), first, generator=stream))),
    }


def together(first: nn.Module, second: nn.Module, test: Part) -> dict[str, Any]:
    """Test accuracies (%) of both networks and of the mean of their probabilities, and correlation of their errors."""
    found = torch.stack([engine.predict(network, test.images)[0].softmax(1) for network in (first, second)])
    chosen = found.argmax(2)
    return {
        "checkpoint_accuracy": accuracy(chosen[0], test.labels),
        "accuracy": accuracy(chosen[1], test.labels),
        "together_accuracy": accuracy(found.mean(0).argmax(1), test.labels),
        "error_correlation": error_correlation(*(chosen != test.labels)),
    }


def forces(config: Config, first: nn.Module, second: nn.Module, train: Part) -> dict[str, Any]:
    """At the end, along the way from the checkpoint: gradients of loss (of all images), push and weight decay.

    Each as `[component along the displacement, length]`; with the `squared_distance` of both points.
    """
    own, end = point_of(first), point_of(second)
    push = [torch.zeros_like(value) for value in end.values()]
    add_gradient(push, list(end.values()), [list(own.values())], kernel_of(config))
    rows = flattened([own, end]).double()
    gradients = {
        "loss": loss_gradient(second, train),
        "push": torch.cat([value.flatten() for value in push]).double(),
        "decay": config.weight_decay * rows[1],
    }
    outwards = functional.normalize(rows[1] - rows[0], dim=0)
    found = {f"{name}_force": [float(value @ outwards), float(value.norm())] for name, value in gradients.items()}
    return found | {"squared_distance": squared_distance(own, end)}


def loss_gradient(network: nn.Module, train: Part) -> Float[Tensor, " parameters"]:
    """Gradient of the mean cross entropy over all images."""
    values = list(network.parameters())
    total = torch.zeros(sum(value.numel() for value in values), dtype=torch.float64, device=train.images.device)
    for images, labels in zip(train.images.split(5_000), train.labels.split(5_000), strict=True):
        loss = functional.cross_entropy(network(images), labels, reduction="sum") / len(train.labels)
        total += torch.cat([value.flatten() for value in torch.autograd.grad(loss, values)]).double()
    return total
