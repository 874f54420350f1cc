"""Data sets as whole tensors with checked fingerprints, and seeded batches of them."""

from .batches import Batch, Batches, generator
from .download import DownloadFailed, fetch
from .files import DataCorrupt, DataMissing, digest, root, save
from .generated import generate
from .images import crop_and_flip, normalize, to_float
from .sets import Dataset, Row, classes, fidelity, fingerprint, listing, load
from .tabular import (
    GENERATED_PREFIX,
    Part,
    Partition,
    Table,
    load_table,
    partition,
    table_fidelity,
    table_fingerprint,
    table_names,
)
from .text import Text, frequencies, load_text, text_fidelity, text_fingerprint
from .windows import Window, Windows, in_columns

__all__ = [
    "GENERATED_PREFIX",
    "Batch",
    "Batches",
    "DataCorrupt",
    "DataMissing",
    "Dataset",
    "DownloadFailed",
    "Part",
    "Partition",
    "Row",
    "Table",
    "Text",
    "Window",
    "Windows",
    "classes",
    "crop_and_flip",
    "digest",
    "fetch",
    "fidelity",
    "fingerprint",
    "frequencies",
    "generate",
    "generator",
    "in_columns",
    "listing",
    "load",
    "load_table",
    "load_text",
    "normalize",
    "partition",
    "root",
    "save",
    "table_fidelity",
    "table_fingerprint",
    "table_names",
    "text_fidelity",
    "text_fingerprint",
    "to_float",
]
