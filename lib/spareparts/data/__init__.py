"""Data sets as whole tensors with checked fingerprints, and seeded batches of them."""

from .batches import Batch, Batches, generator
from .download import DownloadFailed, fetch
from .files import DataCorrupt, DataMissing, digest, root, save
from .images import crop_and_flip, normalize, to_float
from .sets import Dataset, Row, fidelity, fingerprint, listing, load

__all__ = [
    "Batch",
    "Batches",
    "DataCorrupt",
    "DataMissing",
    "Dataset",
    "DownloadFailed",
    "Row",
    "crop_and_flip",
    "digest",
    "fetch",
    "fidelity",
    "fingerprint",
    "generator",
    "listing",
    "load",
    "normalize",
    "root",
    "save",
    "to_float",
]
