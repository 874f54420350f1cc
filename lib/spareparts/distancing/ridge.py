"""The experiment `ridge`: what lies between a journey's checkpoint and its end, beside what any such way would show."""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from .config import Config, journey_of
from .curves import fit_curve
from .distances import squared_distance
from .functions import error_correlation
from .left import left_behind
from .lines import Path, barrier, line
from .matching import match
from .pair import accuracy, none_for_nan
from .penalty import add_gradient, kernel_of
from .points import Point, flattened, measure, network_at, point_of
from .setup import Part, sets_of

STEPS, BATCH = 4_000, 128  # of training the curve's control point
IMAGES = 5_000  # first training and first test images
POSITIONS = tuple(np.linspace(0, 1, 11).tolist())
STREAM = 6_000  # added to the seed


def ridge(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Barriers of test error (points) and training loss (nats) on ways from the checkpoint, and the two as an ensemble.

    To the end: the straight `line`; the great `circle`, which keeps the length of the weights; a fitted `curve` that
    starts beside the circle's middle; the line after units are `matched`. Nulls, which leave the solution where it is:
    the checkpoint scaled to the line's lengths (`ray`), and the line to the checkpoint with its units in the order that
    brings it farthest from itself (`renamed`); and the line to its `negative`. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    first, second = left_behind(journey_of(config), progress=progress)[-2:]
    parts = sets.train.first(IMAGES), sets.test.first(IMAGES)
    metrics, arrays = {}, {}
    for name, way in ways(first, second, sets.train, seed=config.seed + STREAM).items():
        networks = [network_at(first, way(place), statistics=parts[0].images) for place in POSITIONS]
        losses, errors = (
            [measure(each, *parts[0]).loss for each in networks],
            [measure(each, *parts[1]).error for each in networks],
        )
        metrics |= {f"{name}_error_barrier": barrier(POSITIONS, errors), f"{name}_barrier": barrier(POSITIONS, losses)}
        found = {"errors": errors, "losses": losses, "lengths": [length_of(way(place)) for place in POSITIONS]}
        arrays |= {f"{name}_{key}": np.array(values, np.float32) for key, values in found.items()}
    return metrics | together(first, second, sets.test) | forces(config, first, second, sets.train), arrays


def ways(first: nn.Module, second: nn.Module, train: Part, *, seed: int) -> dict[str, Path]:
    """All ways by name; see `ridge`."""
    stream, (own, other) = data.generator(seed), (point_of(first), point_of(second))
    straight, circle = line(own, other), great_circle(own, other)
    negative = {name: -value for name, value in own.items()}
    batches = data.Batches(*train, batch_size=min(BATCH, len(train.labels)), generator=data.generator(seed))
    return {
        "line": straight,
        "circle": circle,
        "curve": fit_curve(first, second, batches, steps=STEPS, generator=stream, through=circle(0.5)),
        "matched": line(own, point_of(match(first, second, generator=stream))),
        "ray": lambda place: scaled(own, length_of(straight(place)) / length_of(own)),
        "renamed": line(own, point_of(match(network_at(first, negative), first, generator=stream))),
        "negative": line(own, negative),
    }


def great_circle(first: Point, second: Point) -> Path:
    """`r(t) (sin((1 - t) w) u_1 + sin(t w) u_2) / sin w` for directions `u` an angle `w` apart, `r` the line of lengths.

    Raises `ValueError` for points in the same or in opposite directions, between which no circle is the shortest.
    """
    lengths = length_of(first), length_of(second)
    one, other = flattened([first, second]).double()
    cosine = float(one @ other) / (lengths[0] * lengths[1])
    if not abs(cosine) < 1 - 1e-9:
        raise ValueError(f"points must be neither aligned nor opposite, got a cosine of {cosine}")
    angle = math.acos(cosine)

    def at(place: float) -> Point:
        radius = (1 - place) * lengths[0] + place * lengths[1]
        shares = [math.sin((1 - place) * angle) / lengths[0], math.sin(place * angle) / lengths[1]]
        weights = [radius * share / math.sin(angle) for share in shares]
        return {name: weights[0] * value + weights[1] * second[name] for name, value in first.items()}

    return at


def scaled(point: Point, factor: float) -> Point:
    """All parameters times a factor."""
    return {name: factor * value for name, value in point.items()}


def length_of(point: Point) -> float:
    """Euclidean length of all parameters."""
    return float(torch.stack([value.double().square().sum() for value in point.values()]).sum().sqrt())


def together(first: nn.Module, second: nn.Module, test: Part) -> dict[str, Any]:
    """Test accuracies (%) of both networks and of the mean of their probabilities, and correlation of their errors."""
    found = torch.stack([engine.predict(network, test.images)[0].softmax(1) for network in (first, second)])
    chosen = found.argmax(2)
    return {
        "checkpoint_accuracy": accuracy(chosen[0], test.labels),
        "accuracy": accuracy(chosen[1], test.labels),
        "together_accuracy": accuracy(found.mean(0).argmax(1), test.labels),
        "error_correlation": none_for_nan(error_correlation(*(chosen != test.labels))),
    }


def forces(config: Config, first: nn.Module, second: nn.Module, train: Part) -> dict[str, Any]:
    """At the end, along the way from the checkpoint: gradients of loss (of all images), push and weight decay.

    Each as `[component along the displacement, length]`; with `squared_distance` and the cosine of both points.
    """
    own, end = point_of(first), point_of(second)
    push = [torch.zeros_like(value) for value in end.values()]
    add_gradient(push, list(end.values()), [list(own.values())], kernel_of(config))
    gradients = {
        "loss": loss_gradient(second, train),
        "push": torch.cat([value.flatten() for value in push]).double(),
        "decay": config.weight_decay * flattened([end])[0].double(),
    }
    rows = flattened([own, end]).double()
    outwards = functional.normalize(rows[1] - rows[0], dim=0)
    found = {f"{name}_force": [float(value @ outwards), float(value.norm())] for name, value in gradients.items()}
    found["rest_force"] = float(sum(gradients.values()).norm())
    cosine = float(functional.cosine_similarity(*rows, dim=0))
    return found | {"squared_distance": squared_distance(own, end), "cosine": cosine}


def loss_gradient(network: nn.Module, train: Part) -> Float[Tensor, " parameters"]:
    """Gradient of the mean cross entropy over all images."""
    values = list(network.parameters())
    total = torch.zeros(sum(value.numel() for value in values), dtype=torch.float64, device=train.images.device)
    for images, labels in zip(train.images.split(IMAGES), train.labels.split(IMAGES), strict=True):
        loss = functional.cross_entropy(network(images), labels, reduction="sum") / len(train.labels)
        total += torch.cat([value.flatten() for value in torch.autograd.grad(loss, values)]).double()
    return total
