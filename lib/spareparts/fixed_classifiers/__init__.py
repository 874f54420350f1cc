"""Fix your classifier: the marginal value of training the last weight layer (Hoffer, Hubara and Soudry, ICLR 2018).

The last layer of a network is drawn once and never trained; what is left of it is a scale and a bias for each class.

Our departures, each a field of `Config` or a named constant: the scale's first value and its weight decay, the cosine
loss's formula, batch sizes, which rows and columns of a Hadamard matrix are taken, and all of the language model.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="EMBEDDINGS EXPERIMENTS HEADS NETWORKS Config plan",
    hadamard="fast_hadamard_transform sylvester",
    heads="FixedClassifier orthonormal tight_frame",
    measures="CoincidingRows least_loss max_coherence welch_bound",
    networks="cosine_loss",
    run="run",
)
