"""Figure 1's networks: trained and read, pruned and trained on, and trained again with their classifier drawn anew."""

import itertools
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records import checkpoint_path, weights_path
from ..records.store import commit
from .config import Config
from .measures import cosine_to_initial, output_similarity, over_training
from .pruning import GREEDY, compact, cut, dead, halves, measure_pruning, pruning_order, unit_rows, weighted
from .spectra import RANKS, main_space, principal_angles, random_angles, rank_accuracies
from .training import Part, Sets, Trained, accuracy, build, sets_of, settings_of, train

# Train and measure

STUDIED = "fc1"  # the first fully connected layer
SHOWN_EPOCHS = 11  # of the readings, more of them early
TRAIN_IMAGES = 5_000  # on which training accuracy is read
MOST_IMAGES = 10_000  # for the curves of the studied layer
SMALLER = 2_000  # test images for those of other layers
MEASURE_SEED = 0  # of random orders and nulls: the same for every network


def network(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of one trained network; its weights go to the cache. Raises `Diverged`."""
    device = engine.choose_device()
    sets = sets_of(config, device)
    trained = train_network(config, sets, progress=progress)
    given = given_to_studied(trained.network, sets.test)
    metrics, arrays = about_training(trained, sets, given)
    for measured in (pruning(config, trained.network, sets, given), subspaces(trained, given), dynamics(trained)):
        metrics |= measured[0]
        arrays |= measured[1]
    return metrics, arrays


def train_network(config: Config, sets: Sets, *, progress: bool = True) -> Trained:
    """Train a config's network from its seed, and keep its weights in the cache.

    Shuffled labels say nothing about the held-out images: there the last weights are studied.
    """
    stream = data.generator(config.seed)
    trained = train(
        build(config, sets, generator=stream),
        sets,
        settings=settings_of(config),
        stream=stream,
        layer=STUDIED,
        last=config.shuffled_labels or config.studied == "last",
        name=f"{config.model} {config.dataset} seed {config.seed}",
        checkpoint=checkpoint_path([config]),
        progress=progress,
    )
    engine.save_weights(trained.network, weights_path(config), commit=commit())
    return trained


def given_to_studied(trained: nn.Sequential, part: Part) -> Part:
    """What the studied layer is given of images, at most so many: computed once, since convolutions take long."""
    images, labels = (tensor[:MOST_IMAGES] for tensor in part)
    (inputs,) = engine.predict(halves(trained, STUDIED)[0], images)
    return Part(inputs, labels)


@torch.inference_mode()
def firing(
    network: nn.Sequential, images: Tensor, *, layer: str = STUDIED, batch_size: int = 1000
) -> Bool[Tensor, " units"]:
    """Which units of a layer give anything but 0 for any of the images."""
    parts = cut(network.eval(), layer)
    found = torch.zeros(len(parts.layer.weight), dtype=torch.bool, device=images.device)
    for chunk in images.split(batch_size):
        given = parts.between(parts.head(chunk))
        found |= (given.unflatten(1, (len(found), -1)) != 0).flatten(2).any(2).any(0)
    return found


def about_training(trained: Trained, sets: Sets, given: Part) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Accuracies (%), and the losses of training and validation (nats) at each reading, the first before any step."""
    shown = Part(*(tensor[:TRAIN_IMAGES] for tensor in sets.train))
    metrics = {
        "accuracy": accuracy(halves(trained.network, STUDIED)[1], given),
        "train_accuracy": accuracy(trained.network, shown),
        "validation_loss": trained.validation_losses[trained.steps.index(trained.best_step)],
        "best_step": trained.best_step,
        "dead_units": int(dead(trained.network.get_submodule(STUDIED).weight).sum()),
        "silent_units": int((~firing(trained.network, sets.train.images)).sum()),
        "train_seconds": round(trained.seconds, 2),
    }
    losses = np.array([[np.nan, *trained.losses], trained.validation_losses], dtype=np.float32)
    arrays = {"reading_steps": np.array(trained.steps, dtype=np.int32), "reading_losses": losses}
    return metrics, arrays


def pruning(
    config: Config, trained: nn.Sequential, sets: Sets, given: Part
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Pruning curves of the studied layer, with biases kept too, and of other layers that feed a fully connected one.

    Networks trained on few images are measured on these too (`train_`); with shuffled labels only there.
    """
    back = halves(trained, STUDIED)[1]
    measured: tuple[dict[str, Any], dict[str, np.ndarray]] = {}, {}
    fired = firing(trained, sets.train.images)
    if not fired.all():
        _, curves = _of_layer(compact(back, {STUDIED: fired.nonzero()[:, 0]}), given, STUDIED, prefix="firing_")
        measured = {}, curves
    if config.shuffled_labels or config.train_samples is not None:
        found, curves = _of_layer(back, given_to_studied(trained, sets.train), STUDIED, prefix="train_")
        measured = found, measured[1] | curves
    if config.shuffled_labels:
        return measured
    metrics, arrays = _of_layer(back, given, STUDIED, halves_too=True)
    unmasked = _of_layer(back, given, STUDIED, prefix="unmasked_", masked_bias=False)
    smaller = Part(*(tensor[:SMALLER] for tensor in sets.test))
    each = [_of_layer(trained, smaller, layer, prefix=f"{layer}_") for layer in others(trained)]
    for found, curves in (measured, unmasked, *each):
        metrics |= found
        arrays |= curves
    return metrics, arrays


def _of_layer(
    trained: nn.Sequential,
    part: Part,
    layer: str,
    *,
    prefix: str = "",
    halves_too: bool = False,
    masked_bias: bool = True,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Areas, with those up to half the units where asked for, and curves under names that begin with the prefix."""
    draw = data.generator(MEASURE_SEED)
    found, curves = measure_pruning(trained, *part, layer=layer, generator=draw, masked_bias=masked_bias)
    kept = {name: value for name, value in found.items() if halves_too or not name.startswith("half")}
    return tuple({f"{prefix}{name}": value for name, value in each.items()} for each in (kept, curves))


def others(trained: nn.Sequential) -> list[str]:
    """Layers beside the studied one whose units feed a fully connected layer, where a removal is cheap."""
    pairs = itertools.pairwise(weighted(trained))
    feeding = [name for name, after in pairs if isinstance(trained.get_submodule(after), nn.Linear)]
    return [name for name in feeding if name != STUDIED]


def subspaces(trained: Trained, given: Part) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Accuracy against the rank that is kept of the studied layer, of W and of its change in training."""
    back = halves(trained.network, STUDIED)[1]
    ranks = [rank for rank in RANKS if rank < min(back[0].weight.shape)]
    initial = trained.initial.get_submodule(STUDIED).weight.detach()
    kept = {
        "rank_accuracy": rank_accuracies(back, *given, ranks=ranks),
        "update_rank_accuracy": rank_accuracies(back, *given, initial=initial, ranks=ranks),
    }
    return {"ranks": ranks} | {name: [round(value, 2) for value in values] for name, values in kept.items()}, {}


def dynamics(trained: Trained) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What the studied layer's weights say, along training up to the weights that are studied."""
    end = trained.steps.index(trained.best_step)
    places = np.unique((end * np.linspace(0, 1, SHOWN_EPOCHS) ** 2).round().astype(int))
    outputs = torch.stack([output_similarity(trained.outputs[place]) for place in places])
    return over_training(
        trained.snapshots[torch.from_numpy(places)],
        epochs=[trained.steps[place] / trained.epoch for place in places],
        outputs=outputs,
        generator=data.generator(MEASURE_SEED),
    )


# Prune and train on

REMOVED = (0.25, 0.5, 0.75, 0.9)  # shares of the units; ours
SHARE = 0.2  # of the iterations; ours
STREAM_SEED = 1_000  # added to the seed: the order of the batches of retraining
CHOICES = (*GREEDY, "random")  # the rows of what is recorded


def retrain(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Test accuracy (%) before and after retraining, for each of `CHOICES` and each share removed.

    The studied network trained on as long, unpruned, stands beside. Retraining takes a fifth of the iterations with the
    same optimizer, begun anew, and the same batches for all. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    trained = studied(config, sets, progress=progress)
    before = np.zeros((len(CHOICES), len(REMOVED)), dtype=np.float32)
    after, steps = np.zeros_like(before), np.zeros(before.shape, dtype=np.int32)
    for (row, choice), (column, share) in itertools.product(enumerate(CHOICES), enumerate(REMOVED)):
        pruned = prune(trained, choice=choice, share=share, seed=config.seed)
        before[row, column] = accuracy(pruned, sets.test)
        after[row, column], steps[row, column] = train_on(pruned, config, sets, progress=progress)
    whole, best = train_on(trained, config, sets, progress=progress)
    metrics = {
        "accuracy": accuracy(trained, sets.test),
        "unpruned_accuracy": whole,
        "unpruned_best_step": best,
        "removed": list(REMOVED),
        "pruned_accuracy": {choice: row.tolist() for choice, row in zip(CHOICES, before.round(2), strict=True)},
        "retrained_accuracy": {choice: row.tolist() for choice, row in zip(CHOICES, after.round(2), strict=True)},
        "best_steps": {choice: row.tolist() for choice, row in zip(CHOICES, steps, strict=True)},
    }
    return metrics, {}


def studied(config: Config, sets: Sets, *, progress: bool) -> nn.Sequential:
    """The trained network of the experiment `network` with these settings, from the cache where it is there."""
    settings = {field: getattr(config, field) for field in ("model", "dataset", "seed", "iterations", "initialization")}
    changed = {field: getattr(config, field) for field in ("train_samples", "optimizer", "learning_rate", "precision")}
    twin = Config(experiment="network", **settings, **changed)
    found = engine.cached_weights(build(twin, sets, generator=data.generator(0)), weights_path(twin))
    return train_network(twin, sets, progress=progress).network if found is None else found.eval()


def prune(network: nn.Sequential, *, choice: str, share: float, seed: int) -> nn.Sequential:
    """The smaller network without a share of the studied layer's units, at least one of which stays."""
    rows = unit_rows(cut(network, STUDIED).layer.weight)
    criterion, _, first = choice.rpartition("_") if choice in GREEDY else ("random", "", "smallest")
    order = pruning_order(rows, criterion=criterion, first=first, generator=data.generator(seed))
    removed = min(round(share * len(rows)), len(rows) - 1)
    return compact(network, {STUDIED: order[removed:]})


def train_on(network: nn.Sequential, config: Config, sets: Sets, *, progress: bool) -> tuple[float, int]:
    """Test accuracy (%) at the smallest validation loss of retraining, and its step; the network given stays."""
    settings = settings_of(config)
    shorter = settings._replace(iterations=max(1, round(SHARE * settings.iterations)), drops=())
    rate = settings.learning_rate / 10 ** len(settings.drops)  # where training had come to
    again = train(
        compact(network, {}),
        sets,
        settings=shorter._replace(learning_rate=rate),
        stream=data.generator(config.seed + STREAM_SEED),
        name=f"retrain seed {config.seed}",
        progress=progress,
    )
    return accuracy(again.network, sets.test), again.best_step


# Draw the classifier anew: the report reset the convolutions to their start and trained as long again. If they become
# the same filters, what they learn does not depend on what follows them.

CLASSIFIER_SEED, INDEPENDENT_SEED = 20_000, 40_000  # added to the seed: the twin's later layers, another network
DIGITS = 4  # decimals of a similarity
IMAGES = 100  # test images on which outputs are compared, at every pixel


def resample(config: Config, *, progress: bool = True) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A network, its twin with a classifier drawn anew, and an independent one, layer by layer.

    All three see the same batches; the weights of smallest validation loss are compared. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    initial = build(config, sets, generator=data.generator(config.seed))
    starts = {
        "twin": with_new_classifier(initial, build(config, sets, generator=_draw(config, CLASSIFIER_SEED))),
        "independent": build(config, sets, generator=_draw(config, INDEPENDENT_SEED)),
    }
    starts = {name: start.eval() for name, start in starts.items()}
    trained = {"network": studied(config, sets, progress=progress)}
    trained |= {name: _train(start, config, sets, progress=progress) for name, start in starts.items()}
    metrics = _compare_kept(trained, {"network": initial.eval()} | starts, sets.test.images[:IMAGES])
    metrics |= {f"{name}_accuracy": accuracy(each, sets.test) for name, each in trained.items()}
    layer = weighted(initial)[len(kept_layers(initial))]
    found, angles = compare_spaces(
        *(each.get_submodule(layer).weight.detach() for each in trained.values()),
        rank=sets.classes,
        generator=data.generator(0),
    )
    return metrics | {"redrawn_layer": layer} | found, angles


def kept_layers(network: nn.Sequential) -> list[str]:
    """Layers that keep their initial weights: the convolutions, or the first layer where there is none."""
    names = weighted(network)
    return [name for name in names if isinstance(network.get_submodule(name), nn.Conv2d)] or names[:1]


def with_new_classifier(initial: nn.Sequential, other: nn.Sequential) -> nn.Sequential:
    """The second network with the early layers of the first one; it is changed in place."""
    for name in kept_layers(initial):
        other.get_submodule(name).load_state_dict(initial.get_submodule(name).state_dict())
    return other


def _draw(config: Config, offset: int) -> torch.Generator:
    return data.generator(config.seed + offset)


def _train(start: nn.Sequential, config: Config, sets: Sets, *, progress: bool) -> nn.Sequential:
    """Train a copy of a network on the batches that the experiment `network` draws from this seed."""
    stream = data.generator(config.seed)
    copy = build(config, sets, generator=stream)  # moves the stream on to where the batches begin
    copy.load_state_dict(start.state_dict())
    settings = settings_of(config)
    return train(
        copy, sets, settings=settings, stream=stream, name=f"resample seed {config.seed}", progress=progress
    ).network


def _compare_kept(
    trained: dict[str, nn.Sequential], starts: dict[str, nn.Sequential], images: Tensor
) -> dict[str, Any]:
    """Every early layer of the network beside its twin's and the independent network's: lists over the layers."""
    layers = kept_layers(trained["network"])
    metrics: dict[str, Any] = {"kept_layers": layers}
    for layer in layers:
        rows, initial = (
            {name: unit_rows(each.get_submodule(layer).weight).cpu() for name, each in networks.items()}
            for networks in (trained, starts)
        )
        outputs = {name: layer_outputs(each, images, layer=layer) for name, each in trained.items()}
        for other in ("twin", "independent"):
            found = compare_units(rows["network"], rows[other], initial["network"], initial[other])
            found["output"] = cross_correlation(outputs["network"], outputs[other])
            for kind, similarity in found.items():
                metrics.setdefault(f"{other}_{kind}", []).append(round(float(similarity.diagonal().mean()), DIGITS))
                metrics.setdefault(f"{other}_{kind}_matched", []).append(round(matched_mean(similarity), DIGITS))
        turned = float(cosine_to_initial(rows["network"], initial["network"]).mean())
        metrics.setdefault("initial_weight", []).append(round(turned, DIGITS))
    return metrics


def compare_units(
    first: Float[Tensor, "units fan_in"],
    second: Float[Tensor, "others fan_in"],
    first_initial: Float[Tensor, "units fan_in"],
    second_initial: Float[Tensor, "others fan_in"],
) -> dict[str, Float[Tensor, "units others"]]:
    """Cosines of one layer's units with another's: of their weights, and of the changes that training made to them."""
    pairs = {"weight": (first, second), "update": (first - first_initial, second - second_initial)}
    return {name: functional.normalize(one) @ functional.normalize(other).T for name, (one, other) in pairs.items()}


@torch.inference_mode()
def layer_outputs(
    network: nn.Sequential, images: Float[Tensor, "batch *shape"], *, layer: str
) -> Float[Tensor, "samples units"]:
    """Outputs of a layer after its ReLU; of a convolution, one sample for every pixel of every image."""
    place = list(network._modules).index(layer)
    outputs = network[: place + 1](images).relu()
    return outputs.movedim(1, -1).flatten(0, -2)


def cross_correlation(
    first: Float[Tensor, "samples units"], second: Float[Tensor, "samples others"]
) -> Float[Tensor, "units others"]:
    """Correlation of every unit of one layer with every unit of another, -1 to 1; 0 for a constant output."""
    one, other = (functional.normalize(each - each.mean(0), dim=0) for each in (first, second))
    return one.T @ other


def matched_mean(similarity: Float[Tensor, "units others"]) -> float:
    """Mean similarity with units matched one to one for the largest sum (Hungarian method)."""
    square = similarity.double().cpu().numpy()
    return float(square[linear_sum_assignment(square, maximize=True)].mean())


def compare_spaces(
    weight: Float[Tensor, "units fan_in"],
    twin: Float[Tensor, "units fan_in"],
    independent: Float[Tensor, "units fan_in"],
    *,
    rank: int,
    generator: torch.Generator,
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Principal angles (degrees) of a layer's main space with that of two others, and of random spaces that large.

    The main space is that of the top right singular vectors, at most as many as the layer has units.
    """
    rank = min(rank, *weight.shape)
    space = main_space(weight, rank=rank)
    angles = {
        "twin": principal_angles(space, main_space(twin, rank=rank)),
        "independent": principal_angles(space, main_space(independent, rank=rank)),
        "random": random_angles(first=rank, second=rank, fan_in=weight.shape[1], generator=generator).mean(0),
    }
    metrics = {f"{name}_angle": float(found.mean()) for name, found in angles.items()}
    return metrics, {f"{name}_angles": found.cpu().numpy().astype(np.float16) for name, found in angles.items()}
