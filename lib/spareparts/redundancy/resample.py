"""The experiment `resample`: train again from the same early layers with the layers after them drawn anew.

The report drew the classifier of a trained network anew, reset the convolutions to their initialization and trained as
long again. If the convolutions become the same filters, what they learn does not depend on what follows them.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn import functional

from .. import data, engine
from .config import Config
from .dynamics import cosine_to_initial
from .frames import unit_rows
from .graph import unit_graph
from .parts import weighted
from .retrain import studied
from .setup import Sets, build, sets_of, settings_of
from .subspaces import main_space, principal_angles, random_angles
from .training import accuracy, train

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
    metrics, arrays = _compare_kept(trained, {"network": initial.eval()} | starts, sets.test.images[:IMAGES])
    metrics |= {f"{name}_accuracy": accuracy(each, sets.test) for name, each in trained.items()}
    layer = weighted(initial)[len(kept_layers(initial))]
    found, angles = compare_spaces(
        *(each.get_submodule(layer).weight.detach() for each in trained.values()),
        rank=sets.classes,
        generator=data.generator(0),
    )
    return metrics | {"redrawn_layer": layer} | found, arrays | angles


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
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Every early layer of the network beside its twin's and the independent network's; the last one as a graph.

    Metrics are lists over the layers.
    """
    layers = kept_layers(trained["network"])
    metrics: dict[str, Any] = {"kept_layers": layers}
    arrays: dict[str, np.ndarray] = {}
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
                arrays[f"{layer}_{other}_{kind}"] = similarity.diagonal().cpu().numpy().astype(np.float16)
        turned = float(cosine_to_initial(rows["network"], initial["network"]).mean())
        metrics.setdefault("initial_weight", []).append(round(turned, DIGITS))
    pairs = torch.stack([torch.cat([each["network"], each["twin"]]) for each in (initial, rows)])
    groups = [0] * len(rows["network"]) + [1] * len(rows["twin"])
    return metrics, arrays | unit_graph(pairs, epochs=[0, 1], groups=groups)


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
