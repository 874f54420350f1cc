"""Contrastive losses that can stand in the soft nearest neighbor loss's place (the paper's Sec. 5)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from .losses import different, pairwise_distance, positive_pairs


def supervised_contrastive_loss(
    embeddings: Float[Tensor, "batch *features"],
    labels: Int[Tensor, " batch"],
    *,
    temperature: float | Float[Tensor, ""] = 0.1,
) -> Float[Tensor, ""]:
    """Supervised contrastive loss, at least 0, its mean over positives outside the logarithm (Khosla 2020, Eq. 2)."""
    scores = -pairwise_distance(embeddings) / temperature
    others, partners = different(labels), positive_pairs(labels)
    likelihood = scores - scores.masked_fill(~others, -torch.inf).logsumexp(1, keepdim=True)
    counts = partners.sum(1)
    each = -(likelihood * partners).sum(1) / counts.clamp(min=1)
    return each.sum() / (counts > 0).sum().clamp(min=1)


def normalized_temperature_cross_entropy(
    first: Float[Tensor, "batch *features"],
    second: Float[Tensor, "batch *features"],
    *,
    temperature: float | Float[Tensor, ""] = 0.5,
) -> Float[Tensor, ""]:
    """NT-Xent of SimCLR over two views of each image (Chen et al. 2020, Eq. 1): the other view against all others."""
    pairs = torch.arange(len(first), device=first.device).repeat(2)
    return supervised_contrastive_loss(torch.cat([first, second]), pairs, temperature=temperature)
