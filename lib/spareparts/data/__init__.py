"""Data sets as whole tensors with checked fingerprints, and seeded batches of them.

What a set is and whether it is there is told without torch, which is imported when the first tensor is asked for.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "batches": ["Batch", "Batches", "generator"],
        "dataset": ["Dataset", "load"],
        "download": ["fetch"],
        "files": ["DataCorrupt", "DataMissing", "DownloadFailed", "digest", "root", "save"],
        "folders": ["is_folder"],
        "generated": ["generate"],
        "images": ["channel_statistics", "crop_and_flip", "normalize", "to_float"],
        "known_texts": ["text_fidelity", "text_fingerprint", "text_listing"],
        "partition": ["Part", "Partition", "partition"],
        "sets": ["Row", "classes", "fidelity", "fingerprint", "listing"],
        "streaming": ["StreamedBatches", "StreamedImages", "load_folder"],
        "superclasses": ["superclasses"],
        "tabular": [
            "GENERATED_PREFIX",
            "Table",
            "load_table",
            "table_fidelity",
            "table_fingerprint",
            "table_listing",
            "table_names",
        ],
        "text": ["Text", "frequencies", "load_text"],
        "windows": ["Window", "Windows", "in_columns"],
    },
)
