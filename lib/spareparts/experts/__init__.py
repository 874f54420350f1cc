"""Mixture of experts with the soft nearest neighbor loss (Agarap and Azcarraga, 2026).

A convolutional feature extractor, regularized with the soft nearest neighbor loss (SNNL), feeds a linear gate and
experts with one hidden layer. The paper says that the SNNL resolves expert collapse.

Our departures, each a named field of `Config`: five experts, temperature 1 and SNNL weight 1 (the paper states none),
cosine distance, the two block outputs as layers, momentum held at 0.9 through the one-cycle schedule, He's Gaussian
for the experts' hidden layers and Glorot's for their outputs.
"""

from .config import ARMS, FACTORS, Config, plan, standard
from .losses import (
    gated_cross_entropy,
    load_balancing_loss,
    normalized_temperature_cross_entropy,
    soft_nearest_neighbor_loss,
    supervised_contrastive_loss,
)
from .measures import (
    embedding_similarity,
    matched_similarity,
    mean_share,
    mutual_information,
    pairwise_similarity,
    predicted_collapse,
    shuffled_similarity,
    specialization_entropy,
)
from .network import Mixture, MixtureOutput
from .run import run

__all__ = [
    "ARMS",
    "FACTORS",
    "Config",
    "Mixture",
    "MixtureOutput",
    "embedding_similarity",
    "gated_cross_entropy",
    "load_balancing_loss",
    "matched_similarity",
    "mean_share",
    "mutual_information",
    "normalized_temperature_cross_entropy",
    "pairwise_similarity",
    "plan",
    "predicted_collapse",
    "run",
    "shuffled_similarity",
    "soft_nearest_neighbor_loss",
    "specialization_entropy",
    "standard",
    "supervised_contrastive_loss",
]
