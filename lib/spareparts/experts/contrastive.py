"""Contrastive losses that can stand in the soft nearest neighbor loss's place (the paper's Sec. 5)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .checks import check_pairs
from .losses import different, pairwise_distance, positive_pairs


def supervised_contrastive_loss(
    embeddings: Float[Tensor, "batch *features"],
    labels: Int[Tensor, " batch"],
    *,
    temperature: float | Float[Tensor, ""] = 0.1,
) -> Float[Tensor, ""]:
    """Supervised contrastive loss, at least 0, its mean over positives outside the logarithm (Khosla 2020, Eq. 2).

    `1/|V| sum_{i in V} -1/|P(i)| sum_{p in P(i)} [s_ip / t - logsumexp_{a != i}(s_ia / t)]` with the cosine s of
    flattened rows, P(i) the others of i's class and V the samples that have some; 0 if there are none.
    Raises `ValueError` for a temperature that is not positive and for shapes that do not match.
    """
    check_pairs(embeddings, labels, temperature=temperature)
    if len(labels) < 2:
        return embeddings.sum() * 0
    scores = -pairwise_distance(embeddings) / temperature
    others, partners = different(labels), positive_pairs(labels)
    likelihood = scores - scores.masked_fill(~others, -torch.inf).logsumexp(1, keepdim=True)
    counts = partners.sum(1)
    each = -likelihood.masked_fill(~partners, 0).sum(1) / counts.clamp(min=1)
    return each.sum() / (counts > 0).sum().clamp(min=1)


def normalized_temperature_cross_entropy(
    first: Float[Tensor, "batch *features"],
    second: Float[Tensor, "batch *features"],
    *,
    temperature: float | Float[Tensor, ""] = 0.5,
) -> Float[Tensor, ""]:
    """NT-Xent of SimCLR, at least 0, over two views of each image (Chen et al. 2020, Eq. 1): which one is its other?

    `1/2N sum_i [logsumexp_{k != i}(s_ik / t) - s_ij / t]`, where j is the other view of i; 0 for fewer than two images.
    Raises `ValueError` for a temperature that is not positive and for views whose shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"both views must share a shape, got {tuple(first.shape)} and {tuple(second.shape)}")
    pairs = torch.arange(len(first), device=first.device).repeat(2)
    return supervised_contrastive_loss(torch.cat([first, second]), pairs, temperature=temperature)
