"""What is read off a mixture: similarity of its experts, routing of its gate, clusters of its features."""

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from torch import Tensor
from torch.nn import functional

from .. import checks, data, engine
from ..records.store import Found
from .config import BOTH, DATASETS, Config
from .losses import log_likelihood, soft_nearest_neighbor_loss
from .network import Mixture

Chosen = Labels = Int[Tensor, " batch"]
Gates, Weights = Float[Tensor, "batch experts"], Float[Tensor, "experts hidden features"]

LIVE_LOAD = 0.01  # an expert with a smaller share of the test set is dead
SHOWN = 2_000  # first test images, whose features are clustered and drawn
FIGURE_SEED = 1  # the paper's figures show one run: ours is fixed here, before looking
NEIGHBOURS = 15  # of a point in the picture


def class_gates(gates: Gates, labels: Labels, *, num_classes: int) -> Float[Tensor, "classes experts"]:
    """Mean gate distribution of each class, zeros where it has no sample. Raises `ValueError` for foreign labels."""
    checks.equally_many(gates=gates, labels=labels)
    checks.labels(labels, count=num_classes)
    member = functional.one_hot(labels, num_classes).to(gates.dtype)
    return torch.einsum("bc,bk->ck", member, gates) / member.sum(0).clamp(min=1)[:, None]


def entropy(distributions: Float[Tensor, "*rows outcomes"]) -> Float[Tensor, "*rows"]:
    """Shannon entropy of the last axis, 0 to ln(outcomes) nats."""
    return torch.special.entr(distributions).sum(-1)


def specialization_entropy(gates: Gates, labels: Labels, *, num_classes: int) -> Float[Tensor, ""]:
    """ENT: mean over the classes that occur of the entropy of the class's mean gate distribution, 0 to ln K nats.

    It cannot tell soft gates from a class split hard between experts: read it beside the entropy per sample.
    Raises `ValueError` for labels outside the classes.
    """
    per_class = entropy(class_gates(gates, labels, num_classes=num_classes))
    return per_class[labels.unique()].mean()


def mutual_information(chosen: Chosen, labels: Labels, *, num_experts: int, num_classes: int) -> Float[Tensor, ""]:
    """Information that the chosen expert gives about the class, 0 to ln min(K, C) nats.

    Raises `ValueError` for shapes that do not match, and for labels or experts that do not exist.
    """
    checks.equally_many(chosen=chosen, labels=labels)
    checks.labels(labels, count=num_classes)
    checks.labels(chosen, count=num_experts, name="chosen experts")
    counts = torch.zeros(num_classes, num_experts, dtype=torch.float64, device=labels.device)
    joint = counts.index_put_((labels, chosen), torch.ones((), dtype=torch.float64), accumulate=True) / len(labels)
    return entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint.flatten())


def expert_load(chosen: Chosen, *, num_experts: int) -> Float[Tensor, " experts"]:
    """Share of the samples that each expert is chosen for; sums to 1."""
    return torch.bincount(chosen, minlength=num_experts) / len(chosen)


def mean_share(features: Float[Tensor, "batch features"]) -> float:
    """Share of the features' mean squared length that lies in their common mean, `|mean z|^2 / mean |z|^2`, 0 to 1.

    0 for centred features, 1 where all images have the same; NaN where all features are 0.
    """
    features = features.double()
    return float(features.mean(0).square().sum() / features.square().sum(1).mean())


def predicted_collapse(
    *,
    mean_square: float,
    losses: Sequence[float],
    scores: Sequence[float],
    learning_rates: Sequence[float],
    momentum: float = 0.9,
    gap: float = math.log(100),
) -> int | None:
    """The step at which one expert's mean score leads all others by `gap` if only the features' common mean counts.

    With features `z = m + deviation` a step of gradient descent moves the mean score of expert k by
    `-rate (|m|^2 + 1) g_k (l_k - sum_j g_j l_j)`, the 1 from the bias; losses l stay those at the start, gates g follow
    the scores. `mean_square` is `|m|^2` as the gate sees it. None where no step of `learning_rates` brings the gap.
    Raises `ValueError` for fewer than two experts.
    """
    checks.whole(2, experts=len(scores))
    current, loss = np.array(scores, dtype=float), np.array(losses, dtype=float)
    velocity = np.zeros(len(loss))
    for step, rate in enumerate(learning_rates, start=1):
        gates = np.exp(current - current.max())
        gates /= gates.sum()
        velocity = momentum * velocity + (mean_square + 1) * gates * (loss - gates @ loss)
        current -= rate * velocity
        second, first = np.sort(current)[-2:]
        if first - second >= gap:
            return step
    return None


def pairwise_similarity(weights: Weights) -> Float[Tensor, "experts experts"]:
    """Cosine of every two experts' flattened first-layer weights, -1 to 1."""
    unit = functional.normalize(weights.flatten(1), dim=1)
    return unit @ unit.T


def mean_of_pairs(square: Float[Tensor, "experts experts"]) -> Float[Tensor, ""]:
    """Mean over the pairs of different experts; NaN where there is no pair."""
    first, second = torch.triu_indices(len(square), len(square), offset=1)
    return square[first, second].mean()


def embedding_similarity(weights: Weights) -> Float[Tensor, ""]:
    """SIM: mean cosine over expert pairs of the flattened first-layer weights, -1 to 1; NaN for one expert."""
    return mean_of_pairs(pairwise_similarity(weights))


def row_products(weights: Weights) -> Float[Tensor, "experts experts hidden hidden"]:
    """Products of every row of one expert with every row of another, the experts scaled to unit norm."""
    unit = functional.normalize(weights.flatten(1), dim=1).view_as(weights)
    return torch.einsum("ihf,jgf->ijhg", unit, unit)


def matched_similarity(weights: Weights) -> Float[Tensor, "experts experts"]:
    """Cosine of every two experts with their rows matched for the largest sum (Hungarian method)."""
    products = row_products(weights).double().cpu().numpy()
    matched = torch.eye(len(weights), dtype=torch.float64)
    for first, second in torch.combinations(torch.arange(len(weights))).tolist():
        rows, columns = linear_sum_assignment(products[first, second], maximize=True)
        matched[first, second] = matched[second, first] = products[first, second][rows, columns].sum()
    return matched


def shuffled_similarity(weights: Weights, *, draws: int = 200, generator: torch.Generator) -> Float[Tensor, " draws"]:
    """SIM with each expert's rows in random order: what live experts share through their rows' mean direction alone."""
    products, hidden = row_products(weights), weights.shape[1]
    pairs = torch.combinations(torch.arange(len(weights)))
    total = torch.zeros(draws, device=weights.device)
    for first, second in pairs.tolist():
        # shuffling both experts of a pair is shuffling one against the other
        orders = torch.rand(draws, hidden, generator=generator).argsort(1).to(weights.device)
        total += products[first, second][torch.arange(hidden, device=weights.device), orders].sum(1)
    return total / len(pairs)


def random_similarity_deviation(*, num_experts: int, entries: int) -> float:
    """SD of SIM for dead or untrained experts: `1/sqrt(entries)` a pair, over the root of the number of pairs."""
    pairs = num_experts * (num_experts - 1) // 2
    return (entries * pairs) ** -0.5 if pairs else float("nan")


def centered_kernel_alignment(activations: Float[Tensor, "batch experts hidden"]) -> Float[Tensor, "experts experts"]:
    """Linear CKA of every two experts' hidden activations, 0 to 1: `||X^T Y||^2 / (||X^T X|| ||Y^T Y||)`, centred."""
    centred = (activations - activations.mean(0)).double()
    cross = torch.einsum("bih,bjg->ijhg", centred, centred).square().sum((2, 3))
    scale = cross.diagonal().sqrt()
    return cross / (scale[:, None] * scale).clamp(min=torch.finfo(torch.float64).tiny)


def partition_variance(
    features: Float[Tensor, "batch features"], groups: Int[Tensor, " batch"], *, num_groups: int
) -> Float[Tensor, ""]:
    """Variance within groups, weighted by their size, over the total variance: 0 to 1 by the law of total variance."""
    member = functional.one_hot(groups, num_groups).to(features.dtype)
    sizes = member.sum(0)
    means = (member.T @ features) / sizes.clamp(min=1)[:, None]
    centre = features.mean(0)
    between = (sizes[:, None] * (means - centre).square()).sum()
    return 1 - between / (features - centre).square().sum()


def reading_of(network: Mixture, images: Tensor) -> tuple[Tensor, ...]:
    """What `measure` needs of a network on a test set."""

    def read(output: Any) -> tuple[Tensor, ...]:
        snnl = [block.flatten(1) for block in output.blocks]
        given = (network.predict(output), output.gates, output.logits.argmax(2))
        return (*given, output.features, output.hidden, *snnl)

    return engine.predict(network, images, read=read)


def measure(config: Config, network: Mixture, reading: tuple[Tensor, ...], labels: Tensor) -> Found:
    """Metrics and arrays of a trained network on a test set; `FloatingPointError` where its outputs are not finite."""
    scores, gates, answers, features, hidden, *blocks = reading
    if not all(output.isfinite().all() for output in (scores, features, hidden)):
        raise FloatingPointError("the trained network's outputs are not finite")
    weights = network.hidden_weight.detach()
    metrics = {"accuracy": 100 * float((scores.argmax(1) == labels).double().mean())}  # %
    metrics |= routing(gates, labels, classes=scores.shape[1]) if config.arm != "ensemble" else {}
    loads = metrics.get("load", [1.0] * len(weights))  # every member of an ensemble sees every image
    alive = [expert for expert, load in enumerate(loads) if load >= LIVE_LOAD]
    metrics |= similarities(weights, hidden, alive=alive)
    if config.arm != "ensemble":
        metrics |= variances(features, gates.argmax(1), num_experts=len(weights))
        metrics["second_choice_accuracy"] = second_choice_accuracy(gates, answers, labels)
    metrics |= neighbourhoods(features[:SHOWN].cpu().numpy(), labels[:SHOWN].cpu().numpy())
    metrics |= snnl_of_blocks(config, blocks, labels) if blocks else {}
    if network.log_temperature is not None:
        metrics["learned_temperature"] = float(network.log_temperature.detach().exp())
    arrays = {
        "similarities": pairwise_similarity(weights).cpu().numpy().astype(np.float32),
        "predictions": scores.argmax(1).to(torch.uint8).cpu().numpy(),
    }
    shown = {"dataset": config.dataset, "arm": config.arm, "seed": FIGURE_SEED, "steps": config.steps}
    # figures are drawn of the paper's arms and data with nothing else changed
    if config.arm in BOTH and config.dataset in DATASETS and config == Config(**shown):
        arrays["umap"] = project(features[:SHOWN].cpu().numpy(), seed=config.seed)
        arrays["umap_labels"] = labels[:SHOWN].to(torch.uint8).cpu().numpy()
    return metrics, arrays


def second_choice_accuracy(gates: Tensor, answers: Tensor, labels: Tensor) -> float:
    """Accuracy in % where each image goes to the gate's second choice."""
    second = gates.topk(min(2, gates.shape[1]), dim=1).indices[:, -1:]
    return 100 * float((answers.gather(1, second).squeeze(1) == labels).double().mean())


def routing(gates: Tensor, labels: Tensor, *, classes: int) -> dict[str, Any]:
    """Load of every expert, live experts, ENT, its companions per sample, and information between class and expert."""
    experts, chosen = gates.shape[1], gates.argmax(1)
    load = expert_load(chosen, num_experts=experts)
    return {
        "load": [round(share, 5) for share in load.tolist()],
        "live_experts": int((load >= LIVE_LOAD).sum()),
        "entropy": float(specialization_entropy(gates, labels, num_classes=classes)),
        "sample_entropy": float(entropy(gates).mean()),
        "mutual_information": float(mutual_information(chosen, labels, num_experts=experts, num_classes=classes)),
    }


@torch.no_grad()
def at_start(network: Mixture, images: Tensor, labels: Tensor) -> dict[str, Any]:
    """What decides how a gate moves, of an untrained network on one batch: common mean, losses and scores of experts.

    The network normalizes the batch by its own statistics, as in training, and is left as it is.
    """
    output = copy.deepcopy(network).train()(images)
    losses = (-log_likelihood(output.logits, labels)).mean(0)
    return {
        "start_mean_square": float(output.features.mean(0).square().sum()),  # |mean z|^2
        "start_losses": [round(loss, 4) for loss in losses.tolist()],  # nats
        "start_scores": [round(score, 4) for score in output.scores.mean(0).tolist()],
    }


def similarities(weights: Tensor, hidden: Tensor, *, alive: list[int]) -> dict[str, Any]:
    """SIM among all and among live experts, matched and CKA beside it, and its two chance levels."""
    first, second = torch.triu_indices(len(weights), len(weights), offset=1)
    metrics = {
        "similarity": float(embedding_similarity(weights)),
        "max_similarity": float(pairwise_similarity(weights)[first, second].max()) if len(weights) > 1 else math.nan,
        "matched_similarity": float(mean_of_pairs(matched_similarity(weights))),
        "alignment": float(mean_of_pairs(centered_kernel_alignment(hidden))),
        "null_dead_deviation": random_similarity_deviation(num_experts=len(weights), entries=weights[0].numel()),
    }
    if len(alive) > 1:
        shuffled = shuffled_similarity(weights[alive], generator=data.generator(0))
        metrics["live_similarity"] = float(embedding_similarity(weights[alive]))
        metrics |= {"null_live_mean": float(shuffled.mean()), "null_live_deviation": float(shuffled.std())}
    return metrics


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
    near = NearestNeighbors(n_neighbors=10).fit(features).kneighbors(return_distance=False)  # without the sample itself
    within = partition_variance(torch.from_numpy(features), torch.from_numpy(labels), num_groups=int(labels.max()) + 1)
    return {
        "silhouette": float(silhouette_score(features, labels)),
        "neighbour_purity": float((labels[near] == labels[:, None]).mean()),
        "class_variance": float(within),
    }


def snnl_of_blocks(config: Config, blocks: list[Tensor], labels: Tensor) -> dict[str, Any]:
    """The SNNL on the test set at the config's temperature, as its layers have it and of each: mean over batches."""
    size, shape = min(config.batch_size, len(labels)), {"temperature": config.temperature, "distance": config.distance}
    losses = [
        soft_nearest_neighbor_loss(rows.float(), classes, **shape)
        for block in blocks
        for rows, classes in zip(block.split(size), labels.split(size), strict=True)
    ]
    each = torch.stack(losses).view(len(blocks), -1)
    return {
        "snnl": float((each.amin(0) if config.layers == "minimum" else each.sum(0)).mean()),
        "block_snnl": [round(value, 5) for value in each.mean(1).tolist()],
    }


def project(features: np.ndarray, *, seed: int) -> np.ndarray:
    """UMAP of the features in two dimensions; the same seed gives the same picture on the same machine."""
    import umap  # it compiles for 15 s when first used

    points = umap.UMAP(n_neighbors=NEIGHBOURS, min_dist=0.1, random_state=seed, n_jobs=1).fit_transform(features)
    return points.astype(np.float16)
