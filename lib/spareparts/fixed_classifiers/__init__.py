"""Fix your classifier: the marginal value of training the last weight layer (Hoffer, Hubara and Soudry, ICLR 2018).

What a classifier that is never trained costs and saves, on images and in a language model.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "coherence": ["CoincidingRows", "max_coherence"],
        "config": ["EMBEDDINGS", "EXPERIMENTS", "HEADS", "NETWORKS", "Config"],
        "heads": ["FixedClassifier"],
        "losses": ["cosine_loss"],
        "plan": ["plan"],
        "run": ["run"],
        "shares": ["parameter_shares"],
        "transform": ["fast_hadamard_transform"],
        "verdicts": ["verdicts"],
    },
)
