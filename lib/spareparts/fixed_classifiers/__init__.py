"""Fix your classifier: the marginal value of training the last weight layer (Hoffer, Hubara and Soudry, ICLR 2018).

What a classifier that is never trained costs and saves, on images and in a language model.
"""

from .config import EMBEDDINGS, EXPERIMENTS, HEADS, NETWORKS, Config

__all__ = ["EMBEDDINGS", "EXPERIMENTS", "HEADS", "NETWORKS", "Config"]
