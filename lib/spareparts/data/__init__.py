"""Data sets as whole tensors with checked fingerprints, and seeded batches of them."""

from .batches import Batch, Batches, generator
from .download import DownloadFailed, fetch
from .files import DataCorrupt, DataMissing, digest, root, save
from .generated import generate
from .images import crop_and_flip, normalize, to_float
from .sets import Dataset, Row, classes, fidelity, fingerprint, listing, load
from .streaming import StreamedBatches, StreamedImages, is_folder, load_folder
from .superclasses import superclasses
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
    "StreamedBatches",
    "StreamedImages",
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
    "is_folder",
    "listing",
    "load",
    "load_folder",
    "load_table",
    "load_text",
    "normalize",
    "partition",
    "root",
    "save",
    "superclasses",
    "table_fidelity",
    "table_fingerprint",
    "table_names",
    "text_fidelity",
    "text_fingerprint",
    "to_float",
]
