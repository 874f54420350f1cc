"""Data sets as whole tensors with checked fingerprints, and seeded batches of them."""

from .batches import Batch, Batches, generator
from .files import DataCorrupt, DataMissing, digest, root
from .images import crop_and_flip, normalize, to_float
from .sets import Dataset, Row, fidelity, fingerprint, listing, load

__all__ = [
    "Batch",
    "Batches",
    "DataCorrupt",
    "DataMissing",
    "Dataset",
    "Row",
    "crop_and_flip",
    "digest",
    "fidelity",
    "fingerprint",
    "generator",
    "listing",
    "load",
    "normalize",
    "root",
    "to_float",
]
