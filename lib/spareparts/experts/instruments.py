"""All that is read off a trained mixture for its record: numbers for the tables, arrays for the figures."""

import copy
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from .. import data, engine
from .config import Config
from .losses import soft_nearest_neighbor_loss
from .measures import (
    LIVE_LOAD,
    centered_kernel_alignment,
    class_gates,
    embedding_similarity,
    entropy,
    expert_load,
    matched_similarity,
    mean_of_pairs,
    mutual_information,
    pairwise_similarity,
    partition_variance,
    random_similarity_deviation,
    shuffled_similarity,
    specialization_entropy,
)
from .network import Mixture

SHOWN = 2_000  # first test images, whose features are clustered and drawn
FIGURE_SEED = 1  # the paper's figures show one run: ours is fixed here, before looking
COLD = 0.1  # a temperature at which near neighbours alone count, to read the SNNL at in every arm
NULL_DRAWS = 200
TOGETHER = 4  # networks that read the test set in one pass: half a gigabyte each


def readings(networks: Sequence[Mixture], images: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """What `measure` needs of each network on a test set, a few networks at a time in one pass."""

    def read(output: Any) -> tuple[Tensor, ...]:
        snnl = [block.flatten(1) for block in output.blocks]
        given = (networks[0].predict(output), output.gates, output.logits.argmax(2))
        return (*given, output.features, output.hidden, *snnl)

    for start in range(0, len(networks), TOGETHER):
        yield from engine.predict_each(networks[start : start + TOGETHER], images, read=read)


def measure(
    config: Config, network: Mixture, reading: tuple[Tensor, ...], labels: Tensor, *, classes: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of a trained network on a test set; `FloatingPointError` where its outputs are not finite."""
    scores, gates, answers, features, hidden, *blocks = reading
    if not all(output.isfinite().all() for output in (scores, features, hidden)):
        raise FloatingPointError("the trained network's outputs are not finite")
    weights = network.hidden_weight.detach()
    metrics = {"accuracy": 100 * float((scores.argmax(1) == labels).double().mean())}  # %
    metrics |= routing(gates, labels, classes=classes) if config.arm != "ensemble" else {}
    loads = metrics.get("load", [1.0] * len(weights))  # every member of an ensemble sees every image
    alive = [expert for expert, load in enumerate(loads) if load >= LIVE_LOAD]
    similarity, arrays = similarities(weights, hidden, alive=alive)
    metrics |= similarity
    if config.arm != "ensemble":
        metrics |= alternatives(gates, answers, labels)
        metrics |= variances(features, gates.argmax(1), num_experts=len(weights))
    metrics |= neighbourhoods(features[:SHOWN].cpu().numpy(), labels[:SHOWN].cpu().numpy())
    if blocks:
        metrics |= snnl_of_blocks(config, blocks, labels)
    if network.log_temperature is not None:
        metrics["learned_temperature"] = float(network.log_temperature.detach().exp())
    arrays |= {
        "class_gates": class_gates(gates, labels, num_classes=classes).cpu().numpy().astype(np.float32),
        "predictions": scores.argmax(1).to(torch.uint8).cpu().numpy(),
    }
    if config.seed == FIGURE_SEED and standard_settings(config):
        arrays["umap"] = project(features[:SHOWN].cpu().numpy(), seed=config.seed)
        arrays["umap_labels"] = labels[:SHOWN].to(torch.uint8).cpu().numpy()
    return metrics, arrays


def standard_settings(config: Config) -> bool:
    """Whether a config is one of the two arms of the paper, of which figures are drawn, with nothing else changed."""
    free = ("dataset", "arm", "seed", "steps")
    settings = {field.name: getattr(config, field.name) == field.default for field in dataclasses.fields(config)}
    return config.arm in ("baseline", "snnl") and all(same for name, same in settings.items() if name not in free)


def routing(gates: Tensor, labels: Tensor, *, classes: int) -> dict[str, Any]:
    """Load of every expert, live experts, ENT, its companions per sample, and information between class and expert."""
    experts, chosen = gates.shape[1], gates.argmax(1)
    load = expert_load(chosen, num_experts=experts)
    return {
        "load": [round(share, 5) for share in load.tolist()],
        "live_experts": int((load >= LIVE_LOAD).sum()),
        "entropy": float(specialization_entropy(gates, labels, num_classes=classes)),
        "sample_entropy": float(entropy(gates).mean()),
        "max_entropy": math.log(experts),
        "mutual_information": float(mutual_information(chosen, labels, num_experts=experts, num_classes=classes)),
    }


@torch.no_grad()
def at_start(network: Mixture, images: Tensor, labels: Tensor) -> dict[str, Any]:
    """What decides how a gate moves, of an untrained network on one batch: common mean, losses and scores of experts.

    The network normalizes the batch by its own statistics, as in training, and is left as it is.
    """
    output = copy.deepcopy(network).train()(images)
    likelihood = output.logits.log_softmax(2).gather(2, labels[:, None, None].expand(-1, output.logits.shape[1], 1))
    return {
        "start_mean_square": float(output.features.mean(0).square().sum()),  # |mean z|^2
        "start_losses": [round(loss, 4) for loss in (-likelihood).mean((0, 2)).tolist()],  # nats
        "start_scores": [round(score, 4) for score in output.scores.mean(0).tolist()],
    }


def alternatives(gates: Tensor, answers: Tensor, labels: Tensor) -> dict[str, Any]:
    """Accuracy in % of every expert alone on all images, and of the second choice of the gate on each."""
    right = (answers == labels[:, None]).double()
    second = gates.topk(min(2, gates.shape[1]), dim=1).indices[:, -1:]
    return {
        "expert_accuracies": [round(100 * share, 2) for share in right.mean(0).tolist()],
        "second_choice_accuracy": 100 * float(right.gather(1, second).mean()),
    }


def similarities(weights: Tensor, hidden: Tensor, *, alive: list[int]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """SIM among all and among live experts, matched and CKA beside it, and its two chance levels."""
    draw = data.generator(0)
    plain, matched = pairwise_similarity(weights), matched_similarity(weights)
    alignment = centered_kernel_alignment(hidden)
    pairs = torch.triu_indices(len(weights), len(weights), offset=1)
    metrics = {
        "similarity": float(embedding_similarity(weights)),
        "max_similarity": float(plain[pairs[0], pairs[1]].max()) if pairs.numel() else math.nan,
        "matched_similarity": float(mean_of_pairs(matched)),
        "alignment": float(mean_of_pairs(alignment)),
        "null_dead_deviation": random_similarity_deviation(num_experts=len(weights), entries=weights[0].numel()),
    }
    if len(alive) > 1:
        shuffled = shuffled_similarity(weights[alive], draws=NULL_DRAWS, generator=draw)
        metrics |= {
            "live_similarity": float(embedding_similarity(weights[alive])),
            "live_matched_similarity": float(mean_of_pairs(matched[alive][:, alive])),
            "live_alignment": float(mean_of_pairs(alignment[alive][:, alive])),
            "null_live_mean": float(shuffled.mean()),
            "null_live_deviation": float(shuffled.std()),
        }
    squares = {"similarities": plain, "matched_similarities": matched, "alignments": alignment}
    return metrics, {name: square.cpu().numpy().astype(np.float32) for name, square in squares.items()}


def variances(features: Tensor, chosen: Tensor, *, num_experts: int) -> dict[str, float]:
    """Share of the features' variance left within experts, and what a random partition of the same loads leaves."""
    draw = data.generator(0)
    shuffles = [chosen[torch.randperm(len(chosen), generator=draw).to(chosen.device)] for _ in range(5)]
    random = [float(partition_variance(features, groups, num_groups=num_experts)) for groups in shuffles]
    return {
        "expert_variance": float(partition_variance(features, chosen, num_groups=num_experts)),
        "random_expert_variance": float(np.mean(random)),
    }


def neighbourhoods(features: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Silhouette (-1 to 1), purity of the 10 nearest neighbours (0 to 1) and variance within classes over the total."""
    near = NearestNeighbors(n_neighbors=11).fit(features).kneighbors(features, return_distance=False)[:, 1:]
    within = partition_variance(torch.from_numpy(features), torch.from_numpy(labels), num_groups=int(labels.max()) + 1)
    return {
        "silhouette": float(silhouette_score(features, labels)),
        "neighbour_purity": float((labels[near] == labels[:, None]).mean()),
        "class_variance": float(within),
    }


def block_snnl(
    blocks: list[Tensor], labels: Tensor, *, batch_size: int, temperature: float, distance: str
) -> Float[Tensor, "blocks batches"]:
    """The SNNL of each block on the test set, in batches of the training size."""
    size, look = min(batch_size, len(labels)), {"temperature": temperature, "distance": distance}
    each = [
        soft_nearest_neighbor_loss(rows.float(), classes, **look)
        for block in blocks
        for rows, classes in zip(block.split(size), labels.split(size), strict=True)
    ]
    return torch.stack(each).view(len(blocks), -1)


def snnl_of_blocks(config: Config, blocks: list[Tensor], labels: Tensor) -> dict[str, Any]:
    """The SNNL on the test set, measured in every arm: as trained with, of each block, and of each at `COLD`."""
    size, shape = config.batch_size, {"temperature": config.temperature, "distance": config.distance}
    each = block_snnl(blocks, labels, batch_size=size, **shape)
    cold = block_snnl(blocks, labels, batch_size=size, temperature=COLD, distance="cosine")
    return {
        "snnl": float((each.amin(0) if config.layers == "minimum" else each.sum(0)).mean()),
        "block_snnl": [round(value, 5) for value in each.mean(1).tolist()],
        "cold_snnl": [round(value, 5) for value in cold.mean(1).tolist()],
    }


def project(features: np.ndarray, *, seed: int) -> np.ndarray:
    """UMAP of the features in two dimensions; the same seed gives the same picture on the same machine."""
    import umap  # it compiles for 15 s when first imported

    points = umap.UMAP(n_neighbors=15, min_dist=0.1, random_state=seed, n_jobs=1).fit_transform(features)
    return points.astype(np.float16)
