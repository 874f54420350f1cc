"""Fix your classifier: the marginal value of training the last weight layer (Hoffer, Hubara and Soudry, ICLR 2018).

What a classifier that is never trained costs and saves, on images and in a language model.
"""

from .coherence import CoincidingRows, max_coherence
from .config import EMBEDDINGS, EXPERIMENTS, HEADS, NETWORKS, Config
from .heads import FixedClassifier
from .losses import cosine_loss
from .plan import plan
from .run import run
from .shares import parameter_shares
from .transform import fast_hadamard_transform
from .verdicts import verdicts

__all__ = [
    "EMBEDDINGS",
    "EXPERIMENTS",
    "HEADS",
    "NETWORKS",
    "CoincidingRows",
    "Config",
    "FixedClassifier",
    "cosine_loss",
    "fast_hadamard_transform",
    "max_coherence",
    "parameter_shares",
    "plan",
    "run",
    "verdicts",
]
