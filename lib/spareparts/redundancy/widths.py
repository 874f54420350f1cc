"""What width does: removable and repeated units (Casper et al.), distance from initialization (Neyshabur et al.)."""

import copy
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from .. import checks, data, engine
from ..records.store import Diverged, Found
from ..runs import fit
from .config import Config
from .measures import output_similarity
from .pruning import by_unit, cut
from .training import Part, build, replica_of, sets_of, settings_of

LAYER = "fc1"
IMAGES = 1_000  # held-out images on which units are removed and their outputs compared
DROPS = (0.0, 0.1, 0.2, 0.5, 1.0)  # points of accuracy: below or at which a unit counts as removable
CORRELATIONS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # above which a unit counts as repeated
CHUNK = 50  # units removed at once


@torch.inference_mode()
def accuracy_drops(
    network: nn.Sequential, images: Float[Tensor, "batch *shape"], labels: Int[Tensor, " batch"], *, layer: str = LAYER
) -> Float[Tensor, " units"]:
    """Points of accuracy lost by removing each unit alone, which negative numbers gain; exact.

    The next layer is a fully connected one. Raises `ValueError` for labels that are not one an image.
    """
    checks.labels(labels)
    checks.equally_many(images=images, labels=labels)
    parts = cut(network.eval(), layer)
    hidden = parts.between(parts.head(images))
    received = parts.consumer(hidden)
    weight = by_unit(parts)
    given = hidden.unflatten(1, weight.shape[1:])
    correct = (parts.tail(received).argmax(1) == labels).double().mean()
    left = []
    for units in torch.arange(len(parts.layer.weight)).split(CHUNK):
        without = received - torch.einsum("bup,oup->ubo", given[:, units], weight[:, units])
        chosen = parts.tail(without.flatten(0, 1)).argmax(1).unflatten(0, without.shape[:2])
        left.append((chosen == labels).double().mean(1))
    return 100 * (correct - torch.cat(left))


@torch.inference_mode()
def largest_correlations(network: nn.Sequential, images: Float[Tensor, "batch *shape"]) -> Float[Tensor, " units"]:
    """Each unit's largest correlation over the images with another unit's output, -1 without one; NaN if constant."""
    parts = cut(network.eval(), LAYER)
    outputs = parts.between(parts.head(images)).double()
    constant = outputs.amax(0) == outputs.amin(0)
    products = output_similarity(outputs).fill_diagonal_(-1)
    products[:, constant] = -1
    return products.amax(1).clamp(-1, 1).where(~constant, torch.nan)


def distances(network: nn.Sequential, initial: nn.Sequential) -> dict[str, float]:
    """`||W - Z||_F` of the layer, and the mean over its units of `||w_i - z_i||`."""
    weight, start = (each.get_submodule(LAYER).weight.detach().flatten(1).double() for each in (network, initial))
    moved = weight - start
    return {f"{LAYER}_distance": float(moved.norm()), f"{LAYER}_unit_distance": float(moved.norm(dim=1).mean())}


def fit_exactly(
    network: nn.Sequential, train: Part, config: Config, *, stream: torch.Generator, progress: bool
) -> tuple[int, float]:
    """Train until every training image is classified correctly or the steps are used up; steps and error in %."""
    settings, name = settings_of(config), f"width {config.width}, seed {config.seed}"
    replica = replica_of(network, train, settings=settings, stream=stream, name=name)
    steps, error = 0, 100.0
    while steps < settings.iterations and error > 0:
        count = min(len(replica.batches), settings.iterations - steps)
        try:
            fit(replica, steps=count, progress=progress)
        except Diverged as end:
            raise Diverged(steps + end.step) from None
        steps += count
        error = 100 - engine.accuracy(network, train)
    return steps, error


def width(config: Config, *, progress: bool = True) -> Found:
    """Train a LeNet of that width until it fits; shares of its removable and repeated units, trained and untrained.

    Units of the first layer, on held-out images, and their distance from initialization; the gap is training less test
    accuracy, in points. Raises `Diverged`.
    """
    sets, stream = sets_of(config, engine.choose_device()), data.generator(config.seed)
    network = build(config, sets, generator=stream)
    initial = copy.deepcopy(network)
    steps, error = fit_exactly(network, sets.train, config, stream=stream, progress=progress)
    test = engine.accuracy(network, sets.test)
    metrics: dict[str, Any] = {"steps": steps, "train_error": error, "accuracy": test, "gap": 100 - error - test}
    metrics |= distances(network, initial)
    held_out = sets.validation.first(IMAGES)
    for name, each in (("trained", network), ("untrained", initial)):
        drops, partners = accuracy_drops(each, *held_out), largest_correlations(each, held_out.images)
        # a hair of slack: a drop is a whole number of images and must not be lost to rounding
        metrics[f"{name}_removable"] = [float((drops <= most + 1e-6).double().mean()) for most in DROPS]
        metrics[f"{name}_repeated"] = [float((partners > least).double().mean()) for least in CORRELATIONS]
    return metrics, {}
