"""Mixture of experts with the soft nearest neighbor loss (Agarap and Azcarraga, 2026).

A convolutional feature extractor, regularized with the soft nearest neighbor loss (SNNL), feeds a linear gate and
experts with one hidden layer. The paper says that the SNNL resolves expert collapse.

Our departures, fields of `Config` where they can be changed: five experts, temperature 1 and SNNL weight 1 (the paper
states none), cosine distance, momentum held at 0.9 through the one-cycle schedule; and the two block outputs as layers,
He's Gaussian for the experts' hidden layers and Glorot's for their outputs.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="ARMS Config plan",
    losses="gated_cross_entropy load_balancing_loss normalized_temperature_cross_entropy soft_nearest_neighbor_loss "
    "supervised_contrastive_loss",
    measures="embedding_similarity matched_similarity mean_share mutual_information pairwise_similarity "
    "predicted_collapse shuffled_similarity specialization_entropy",
    network="Mixture MixtureOutput",
    run="run",
)
