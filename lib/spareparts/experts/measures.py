"""What is measured on a mixture: similarity of its experts, routing of its gate, and the levels chance would give."""

import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from .checks import check_labels

LIVE_LOAD = 0.01  # an expert with a smaller share of the test set is dead


def class_gates(
    gates: Float[Tensor, "batch experts"], labels: Int[Tensor, " batch"], *, num_classes: int
) -> Float[Tensor, "classes experts"]:
    """Mean gate distribution of each class, zeros where it has no sample. Raises `ValueError` for foreign labels."""
    if labels.shape != gates.shape[:1]:
        raise ValueError(f"labels must be one per row of gates, got {tuple(labels.shape)} and {tuple(gates.shape)}")
    check_labels(labels, count=num_classes)
    member = functional.one_hot(labels, num_classes).to(gates.dtype)
    return torch.einsum("bc,bk->ck", member, gates) / member.sum(0).clamp(min=1)[:, None]


def entropy(distributions: Float[Tensor, "*rows outcomes"]) -> Float[Tensor, "*rows"]:
    """Shannon entropy of the last axis, 0 to ln(outcomes) nats."""
    return torch.special.entr(distributions).sum(-1)


def specialization_entropy(
    gates: Float[Tensor, "batch experts"], labels: Int[Tensor, " batch"], *, num_classes: int
) -> Float[Tensor, ""]:
    """ENT: mean over the classes that occur of the entropy of the class's mean gate distribution, 0 to ln K nats.

    It cannot tell soft gates from a class split hard between experts: read it beside the entropy per sample.
    Raises `ValueError` for labels outside the classes.
    """
    per_class = entropy(class_gates(gates, labels, num_classes=num_classes))
    return per_class[labels.unique()].mean()


def mutual_information(
    chosen: Int[Tensor, " batch"], labels: Int[Tensor, " batch"], *, num_experts: int, num_classes: int
) -> Float[Tensor, ""]:
    """Information that the chosen expert gives about the class, 0 to ln min(K, C) nats.

    Raises `ValueError` for shapes that do not match, and for labels or experts that do not exist.
    """
    if chosen.shape != labels.shape:
        raise ValueError(f"labels must be one per choice, got {tuple(labels.shape)} and {tuple(chosen.shape)}")
    check_labels(labels, count=num_classes)
    check_labels(chosen, count=num_experts, name="chosen experts")
    counts = torch.zeros(num_classes, num_experts, dtype=torch.float64, device=labels.device)
    joint = counts.index_put_((labels, chosen), torch.ones((), dtype=torch.float64), accumulate=True) / len(labels)
    return entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint.flatten())


def expert_load(chosen: Int[Tensor, " batch"], *, num_experts: int) -> Float[Tensor, " experts"]:
    """Share of the samples that each expert is chosen for; sums to 1."""
    return torch.bincount(chosen, minlength=num_experts) / len(chosen)


def mean_share(features: Float[Tensor, "batch features"]) -> float:
    """Share of the features' mean squared length that lies in their common mean, `|mean z|^2 / mean |z|^2`, 0 to 1.

    0 for centred features, 1 where all images have the same; NaN where all features are 0.
    """
    features = features.double()
    return float(features.mean(0).square().sum() / features.square().sum(1).mean())


def pairwise_similarity(weights: Float[Tensor, "experts hidden features"]) -> Float[Tensor, "experts experts"]:
    """Cosine of every two experts' flattened first-layer weights, -1 to 1."""
    unit = functional.normalize(weights.flatten(1), dim=1)
    return unit @ unit.T


def mean_of_pairs(square: Float[Tensor, "experts experts"]) -> Float[Tensor, ""]:
    """Mean over the pairs of different experts; NaN where there is no pair."""
    first, second = torch.triu_indices(len(square), len(square), offset=1)
    return square[first, second].mean()


def embedding_similarity(weights: Float[Tensor, "experts hidden features"]) -> Float[Tensor, ""]:
    """SIM: mean cosine over expert pairs of the flattened first-layer weights, -1 to 1; NaN for one expert.

    Raises `ValueError` unless the weights have three axes.
    """
    if weights.ndim != 3:
        raise ValueError(f"weights must be experts x hidden x features, got shape {tuple(weights.shape)}")
    return mean_of_pairs(pairwise_similarity(weights))


def row_products(weights: Float[Tensor, "experts hidden features"]) -> Float[Tensor, "experts experts hidden hidden"]:
    """Products of every row of one expert with every row of another, the experts scaled to unit norm."""
    unit = functional.normalize(weights.flatten(1), dim=1).view_as(weights)
    return torch.einsum("ihf,jgf->ijhg", unit, unit)


def matched_similarity(weights: Float[Tensor, "experts hidden features"]) -> Float[Tensor, "experts experts"]:
    """Cosine of every two experts with their rows matched for the largest sum (Hungarian method)."""
    products = row_products(weights).double().cpu().numpy()
    matched = torch.eye(len(weights), dtype=torch.float64)
    for first, second in torch.combinations(torch.arange(len(weights))).tolist():
        rows, columns = linear_sum_assignment(products[first, second], maximize=True)
        matched[first, second] = matched[second, first] = products[first, second][rows, columns].sum()
    return matched


def shuffled_similarity(
    weights: Float[Tensor, "experts hidden features"], *, draws: int = 200, generator: torch.Generator
) -> Float[Tensor, " draws"]:
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


def centered_kernel_alignment(
    activations: Float[Tensor, "batch experts hidden"],
) -> Float[Tensor, "experts experts"]:
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
