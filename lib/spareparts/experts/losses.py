"""The losses: soft nearest neighbor loss (Eq. 6), gated cross entropy (Eq. 5), and what may stand in their place."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from .. import checks

Embeddings, Labels = Float[Tensor, "batch *features"], Int[Tensor, " batch"]
Gates = Scores = Float[Tensor, "batch experts"]
Logits = Float[Tensor, "batch experts classes"]
Loss = Float[Tensor, ""]
Temperature = float | Loss


def pairwise_distance(embeddings: Embeddings, *, distance: str = "cosine") -> Float[Tensor, "batch batch"]:
    """Distance of every pair: 1 - cos in [0, 2], or the squared Euclidean distance; one matrix product either way.

    Half precision is computed in single. Raises `ValueError` for another distance.
    """
    checks.one_of(("cosine", "squared_euclidean"), distance=distance)
    rows = embeddings.flatten(1)
    if rows.dtype in (torch.float16, torch.bfloat16):
        rows = rows.float()
    if distance == "cosine":
        unit = functional.normalize(rows, dim=1)
        return 1 - unit @ unit.T
    # a shift that all rows share changes no distance, but squares of large numbers would drown their differences
    rows = rows - rows.mean(0, keepdim=True).detach()
    squares = rows.square().sum(1)
    return (squares[:, None] + squares - 2 * rows @ rows.T).clamp(min=0)


def scored_pairs(
    embeddings: Embeddings, labels: Labels, *, temperature: Temperature, distance: str = "cosine"
) -> tuple[Float[Tensor, "batch batch"], Bool[Tensor, "batch batch"]]:
    """Scores `-d_ij / t` of all pairs, -infinity of a sample with itself; and which others share a sample's class.

    Raises `ValueError` unless there is one whole label per embedding and the temperature is positive and finite.
    """
    checks.positive(temperature=temperature)
    checks.labels(labels)
    if labels.shape != embeddings.shape[:1]:
        raise ValueError(f"labels must be one per embedding, got {tuple(labels.shape)} and {tuple(embeddings.shape)}")
    scores = -pairwise_distance(embeddings, distance=distance) / temperature
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return scores.masked_fill(itself, -torch.inf), (labels[:, None] == labels) & ~itself


def soft_nearest_neighbor_loss(
    embeddings: Embeddings, labels: Labels, *, temperature: Temperature = 1.0, distance: str = "cosine"
) -> Loss:
    """Soft nearest neighbor loss, at least 0: how likely a random neighbour is to be of another class (Eq. 6).

    `-1/|V| sum_{i in V} [logsumexp_{j != i, y_j = y_i}(-d_ij / t) - logsumexp_{k != i}(-d_ik / t)]`, where V are the
    samples with another of their class in the batch; 0 if there are none.
    Raises `ValueError` for a temperature that is not positive and for shapes that do not match.
    """
    scores, partners = scored_pairs(embeddings, labels, temperature=temperature, distance=distance)
    if len(labels) < 2:
        return embeddings.sum() * 0
    valid = partners.any(1)
    # an anchor without a partner sums over all others: no infinity, hence no NaN in the gradient of what is masked
    same = scores.masked_fill(~partners & valid[:, None], -torch.inf).logsumexp(1)
    return (scores.logsumexp(1) - same).where(valid, 0).sum() / valid.sum().clamp(min=1)


def supervised_contrastive_loss(embeddings: Embeddings, labels: Labels, *, temperature: Temperature = 0.1) -> Loss:
    """Supervised contrastive loss, at least 0, its mean over positives outside the logarithm (Khosla et al., Eq. 2).

    `1/|V| sum_{i in V} -1/|P(i)| sum_{p in P(i)} [s_ip / t - logsumexp_{a != i}(s_ia / t)]` with the cosine s of
    flattened rows, P(i) the others of i's class and V the samples that have some; 0 if there are none.
    Raises `ValueError` for a temperature that is not positive and for shapes that do not match.
    """
    scores, partners = scored_pairs(embeddings, labels, temperature=temperature)
    if len(labels) < 2:
        return embeddings.sum() * 0
    likelihood = scores - scores.logsumexp(1, keepdim=True)
    counts = partners.sum(1)
    each = -likelihood.masked_fill(~partners, 0).sum(1) / counts.clamp(min=1)
    return each.sum() / (counts > 0).sum().clamp(min=1)


def normalized_temperature_cross_entropy(
    first: Embeddings, second: Embeddings, *, temperature: Temperature = 0.5
) -> Loss:
    """NT-Xent of SimCLR, at least 0, over two views of each image (Chen et al. 2020, Eq. 1): which one is its other?

    `1/2N sum_i [logsumexp_{k != i}(s_ik / t) - s_ij / t]`, where j is the other view of i; 0 for fewer than two images.
    Raises `ValueError` for a temperature that is not positive and for views whose shapes differ.
    """
    checks.same_shape(first=first, second=second)
    pairs = torch.arange(len(first), device=first.device).repeat(2)
    return supervised_contrastive_loss(torch.cat([first, second]), pairs, temperature=temperature)


def gated_cross_entropy(gates: Gates, expert_logits: Logits, labels: Labels) -> Loss:
    """`1/B sum_i sum_k g_k(z_i) CE(y_i, o_k(z_i))` in nats (Eq. 5); the gates are probabilities.

    Raises `ValueError` for shapes that do not match and, for one replica on a CPU, for labels outside the classes.
    """
    if expert_logits.shape[:2] != gates.shape or labels.shape != gates.shape[:1]:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (gates, expert_logits, labels))
        raise ValueError(f"gates, expert_logits and labels must be (B, K), (B, K, C) and (B,), got {shapes}")
    checks.labels(labels, count=expert_logits.shape[2])
    return -torch.einsum("bk,bk->b", gates, log_likelihood(expert_logits, labels)).mean()


def log_likelihood(expert_logits: Logits, labels: Labels) -> Float[Tensor, "batch experts"]:
    """The logarithm of the probability that each expert gives the true class."""
    places = labels[:, None, None].expand(-1, expert_logits.shape[1], 1)
    return expert_logits.log_softmax(2).gather(2, places).squeeze(2)


def load_balancing_loss(gates: Gates, scores: Scores) -> Loss:
    """`K sum_k f_k P_k`, the auxiliary loss of switch transformers: about 1 for even loads, up to K for one expert.

    f_k is the share of all choices (gates above 0) that fall on expert k, P_k the mean softmax of its scores over all
    experts. Raises `ValueError` for shapes that do not match.
    """
    checks.same_shape(gates=gates, scores=scores)
    chosen = (gates > 0).to(scores.dtype)
    share = chosen.sum(0) / chosen.sum()
    return gates.shape[1] * (share * scores.softmax(1).mean(0)).sum()
