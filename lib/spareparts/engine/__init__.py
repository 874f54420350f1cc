"""The engine: one training loop for all papers. It takes networks, objectives, optimizers and batches, never a paper.

Data lives on the device as whole tensors, batches are index draws from a seeded generator, and nothing waits for the
device within an epoch.
"""

from ..checks import may_read
from .checkpoint import Opening
from .device import choose_device, describe, one_thread
from .evaluate import images_at_once, predict, predict_each
from .fit import fit
from .processes import each
from .replica import Outcome, Progress, Replica
from .weights import DamagedFile, cached_weights, load_weights, save_weights

__all__ = [
    "DamagedFile",
    "Opening",
    "Outcome",
    "Progress",
    "Replica",
    "cached_weights",
    "choose_device",
    "describe",
    "each",
    "fit",
    "images_at_once",
    "load_weights",
    "may_read",
    "one_thread",
    "predict",
    "predict_each",
    "save_weights",
]
