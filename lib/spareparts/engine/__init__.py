"""The engine: one training loop for all papers. It takes networks, objectives, optimizers and batches, never a paper.

Data lives on the device as whole tensors, batches are index draws from a seeded generator, and nothing waits for the
device within an epoch.
"""

from .device import describe, one_thread
from .evaluate import predict
from .fit import Outcome, Progress, Replica, fit
from .weights import load_weights, save_weights

__all__ = [
    "Outcome",
    "Progress",
    "Replica",
    "describe",
    "fit",
    "load_weights",
    "one_thread",
    "predict",
    "save_weights",
]
