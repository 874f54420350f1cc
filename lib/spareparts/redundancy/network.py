"""Figure 1's networks: trained and read, pruned and trained on, and trained again with their classifier drawn anew."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from ..records.store import Found, checkpoint_path, commit, weights_path
from .config import Config
from .measures import output_similarity, over_training
from .pruning import GREEDY, compact, cut, halves, measure_pruning, pruning_order, unit_rows, weighted
from .spectra import RANKS, main_angle, random_angles, rank_accuracies
from .training import Part, Sets, Trained, build, sets_of, settings_of, train

# Train and measure

STUDIED = "fc1"  # the first fully connected layer
SHOWN_EPOCHS = 11  # of the readings, more of them early
TRAIN_IMAGES = 5_000  # on which training accuracy is read
MOST_IMAGES = 10_000  # for the curves of the studied layer
MEASURE_SEED = 0  # of random orders and nulls: the same for every network


def network(config: Config, *, progress: bool = True) -> Found:
    """Metrics and arrays of one trained network; its weights go to the cache. Raises `Diverged`."""
    sets = sets_of(config, engine.choose_device())
    trained = train_network(config, sets, progress=progress)
    given = given_to_studied(trained.network, sets.test)
    about, spaces = about_training(trained, sets, given), subspaces(trained, given)
    areas, curves = pruning(config, trained.network, sets, given)
    seen, arrays = dynamics(trained)
    return about | spaces | areas | seen, curves | arrays


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
    images, labels = part.first(MOST_IMAGES)
    (inputs,) = engine.predict(halves(trained, STUDIED)[0], images)
    return Part(inputs, labels)


def firing(network: nn.Sequential, images: Tensor, *, layer: str = STUDIED) -> Bool[Tensor, " units"]:
    """Which units of a fully connected layer give anything but 0 for any of the images."""
    parts = cut(network, layer)
    front = nn.Sequential(parts.head, parts.between)
    (found,) = engine.predict(front, images, read=lambda given: ((given != 0).any(0)[None],))
    return found.any(0)


def about_training(trained: Trained, sets: Sets, given: Part) -> dict[str, float]:
    """Accuracies (%), smallest validation loss (nats) and its step, units without weights, units that never fire."""
    watch, weights = trained.watch, trained.network.get_submodule(STUDIED).weight
    return {
        "accuracy": engine.accuracy(halves(trained.network, STUDIED)[1], given),
        "train_accuracy": engine.accuracy(trained.network, sets.train.first(TRAIN_IMAGES)),
        "validation_loss": watch.losses[watch.steps.index(watch.best_step)],
        "best_step": watch.best_step,
        "dead_units": int((~weights.flatten(1).any(1)).sum()),
        "silent_units": int((~firing(trained.network, sets.train.images)).sum()),
    }


def pruning(config: Config, trained: nn.Sequential, sets: Sets, given: Part) -> Found:
    """Pruning curves of the studied layer, with biases kept too.

    Networks trained on few images are measured on these too (`train_`); with shuffled labels only there.
    """
    back, metrics, arrays = halves(trained, STUDIED)[1], {}, {}
    measured: dict[str, tuple[Part, dict[str, bool]]] = {}
    if config.shuffled_labels or config.train_samples is not None:
        measured["train_"] = given_to_studied(trained, sets.train), {}
    if not config.shuffled_labels:
        measured |= {"": (given, {"half": True}), "unmasked_": (given, {"masked_bias": False})}
    for prefix, (part, how) in measured.items():
        draw = data.generator(MEASURE_SEED)
        areas, arrays[f"{prefix}curves"] = measure_pruning(back, *part, layer=STUDIED, generator=draw, **how)
        metrics |= {f"{prefix}{name}": value for name, value in areas.items()}
    return metrics, arrays


def subspaces(trained: Trained, given: Part) -> dict[str, list]:
    """Accuracy (%) against the rank that is kept of the studied layer, of W and of its change in training."""
    back = halves(trained.network, STUDIED)[1]
    ranks = [rank for rank in RANKS if rank < min(back[0].weight.shape)]
    initial = trained.initial.get_submodule(STUDIED).weight.detach()
    kept = {
        "rank_accuracy": rank_accuracies(back, *given, ranks=ranks),
        "update_rank_accuracy": rank_accuracies(back, *given, initial=initial, ranks=ranks),
    }
    return {"ranks": ranks} | {name: [round(value, 2) for value in values] for name, values in kept.items()}


def dynamics(trained: Trained) -> Found:
    """What the studied layer's weights say, along training up to the weights that are studied."""
    watch = trained.watch
    end = watch.steps.index(watch.best_step)
    places = np.unique((end * np.linspace(0, 1, SHOWN_EPOCHS) ** 2).round().astype(int))
    return over_training(
        torch.stack([watch.snapshots[place] for place in places]),
        epochs=[watch.steps[place] / trained.epoch for place in places],
        outputs=torch.stack([output_similarity(watch.outputs[place].float()) for place in places]),
        generator=data.generator(MEASURE_SEED),
    )


# Prune and train on

REMOVED = (0.25, 0.5, 0.75, 0.9)  # shares of the units; ours
SHARE = 0.2  # of the iterations; ours
STREAM_SEED = 1_000  # added to the seed: the order of the batches of retraining
CHOICES = (*GREEDY, "random")  # the rows of what is recorded


def retrain(config: Config, *, progress: bool = True) -> Found:
    """Test accuracy (%) after retraining, for each of `CHOICES` and each share removed.

    The studied network trained on as long, unpruned, stands beside. Retraining takes a fifth of the iterations with the
    same optimizer, begun anew, and the same batches for all. Raises `Diverged`.
    """
    sets = sets_of(config, engine.choose_device())
    trained = studied(config, sets, progress=progress)

    def retrained(choice: str, share: float) -> float:
        pruned = prune(trained, choice=choice, share=share, seed=config.seed)
        return round(train_on(pruned, config, sets, progress=progress), 2)

    metrics = {
        "accuracy": engine.accuracy(trained, sets.test),
        "unpruned_accuracy": train_on(trained, config, sets, progress=progress),
        "removed": list(REMOVED),
        "retrained_accuracy": {choice: [retrained(choice, share) for share in REMOVED] for choice in CHOICES},
    }
    return metrics, {}


def studied(config: Config, sets: Sets, *, progress: bool) -> nn.Sequential:
    """The trained network of the experiment `network` with these settings, from the cache where it is there."""
    names = ("model", "dataset", "seed", "iterations", "initialization", "train_samples")
    names += ("optimizer", "learning_rate", "precision")
    twin = Config(experiment="network", **{name: getattr(config, name) for name in names})
    found = engine.cached_weights(build(twin, sets, generator=data.generator(0)), weights_path(twin))
    return train_network(twin, sets, progress=progress).network if found is None else found.eval()


def prune(network: nn.Sequential, *, choice: str, share: float, seed: int) -> nn.Sequential:
    """The smaller network without a share of the studied layer's units, at least one of which stays."""
    rows = unit_rows(cut(network, STUDIED).layer.weight)
    criterion, _, first = choice.rpartition("_") if choice in GREEDY else ("random", "", "smallest")
    order = pruning_order(rows, criterion=criterion, first=first, generator=data.generator(seed))
    removed = min(round(share * len(rows)), len(rows) - 1)
    return compact(network, {STUDIED: order[removed:]})


def train_on(network: nn.Sequential, config: Config, sets: Sets, *, progress: bool) -> float:
    """Test accuracy (%) at the smallest validation loss of retraining; the network given stays."""
    settings = settings_of(config)
    rate = settings.learning_rate / 10 ** len(settings.drops)  # where training had come to
    steps = max(1, round(SHARE * settings.iterations))
    again = train(
        compact(network, {}),
        sets,
        settings=settings._replace(iterations=steps, drops=(), learning_rate=rate),
        stream=data.generator(config.seed + STREAM_SEED),
        name=f"retrain seed {config.seed}",
        progress=progress,
    )
    return engine.accuracy(again.network, sets.test)


# Draw the classifier anew: the report reset the convolutions to their start and trained as long again. If they become
# the same filters, what they learn does not depend on what follows them.

CLASSIFIER_SEED, INDEPENDENT_SEED = 20_000, 40_000  # added to the seed: the twin's later layers, another network
DIGITS = 4  # decimals of a similarity
IMAGES = 100  # test images on which outputs are compared, at every pixel


def resample(config: Config, *, progress: bool = True) -> Found:
    """A network beside its twin with a classifier drawn anew and an independent one; equal batches. Raises `Diverged`.

    `output_matched`, a list over the early layers: mean correlation of outputs, with units matched one to one. Mean
    principal `angle` (degrees) of the main spaces of the first layer that was drawn anew, and of random spaces.
    """
    sets = sets_of(config, engine.choose_device())
    initial, redrawn, other = (
        build(config, sets, generator=data.generator(config.seed + shift))
        for shift in (0, CLASSIFIER_SEED, INDEPENDENT_SEED)
    )
    starts = {"twin": with_new_classifier(initial, redrawn), "independent": other}
    network = studied(config, sets, progress=progress)
    trained = {name: _train(start, config, sets, progress=progress) for name, start in starts.items()}
    layers, images = kept_layers(network), sets.test.images[:IMAGES]
    redrawn_layer = weighted(network)[len(layers)]
    weight = network.get_submodule(redrawn_layer).weight.detach()
    rank = min(sets.classes, *weight.shape)
    metrics: dict[str, Any] = {"kept_layers": layers, "network_accuracy": engine.accuracy(network, sets.test)}
    for name, each in trained.items():
        metrics[f"{name}_accuracy"] = engine.accuracy(each, sets.test)
        pairs = [[layer_outputs(one, images, layer=layer) for one in (network, each)] for layer in layers]
        metrics[f"{name}_output_matched"] = [round(matched_correlation(*pair), DIGITS) for pair in pairs]
        metrics[f"{name}_angle"] = main_angle(weight, each.get_submodule(redrawn_layer).weight.detach(), rank=rank)
    random = random_angles(first=rank, second=rank, fan_in=weight.shape[1], generator=data.generator(0))
    return metrics | {"redrawn_layer": redrawn_layer, "random_angle": float(random.mean(0).mean())}, {}


def kept_layers(network: nn.Sequential) -> list[str]:
    """Layers that keep their initial weights: the convolutions, or the first layer where there is none."""
    names = weighted(network)
    return [name for name in names if isinstance(network.get_submodule(name), nn.Conv2d)] or names[:1]


def with_new_classifier(initial: nn.Sequential, other: nn.Sequential) -> nn.Sequential:
    """The second network with the early layers of the first one; it is changed in place."""
    for name in kept_layers(initial):
        other.get_submodule(name).load_state_dict(initial.get_submodule(name).state_dict())
    return other


def _train(start: nn.Sequential, config: Config, sets: Sets, *, progress: bool) -> nn.Sequential:
    """Train a copy of a network on the batches that the experiment `network` draws from this seed."""
    stream = data.generator(config.seed)
    copy = build(config, sets, generator=stream)  # moves the stream on to where the batches begin
    copy.load_state_dict(start.state_dict())
    how = {"settings": settings_of(config), "stream": stream, "name": f"resample seed {config.seed}"}
    return train(copy, sets, **how, progress=progress).network


@torch.inference_mode()
def layer_outputs(
    network: nn.Sequential, images: Float[Tensor, "batch *shape"], *, layer: str
) -> Float[Tensor, "samples units"]:
    """Outputs of a layer after BatchNorm and ReLU; of a convolution, one sample for every pixel of every image."""
    stop = list(network._modules).index(layer) + 1
    outputs = network.eval()[: stop + isinstance(network[stop], nn.BatchNorm2d)](images).relu()
    return outputs.movedim(1, -1).flatten(0, -2)


def matched_correlation(first: Float[Tensor, "samples units"], second: Float[Tensor, "samples units"]) -> float:
    """Mean correlation of outputs, -1 to 1, of units matched one to one for the largest sum; 0 if constant."""
    one, other = (functional.normalize(each - each.mean(0), dim=0) for each in (first, second))
    similarity = (one.T @ other).double().cpu().numpy()
    return float(similarity[linear_sum_assignment(similarity, maximize=True)].mean())
