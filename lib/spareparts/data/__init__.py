"""Data sets with checked fingerprints, and seeded batches; torch is imported when the first tensor is asked for."""

from ..lazily import attach

__all__ = attach(
    __name__,
    batches="Batch Batches generator",
    download="fetch",
    files="DataCorrupt DataMissing DownloadFailed digest root",
    images="ImagePart ImageSets channel_statistics crop_and_flip image_sets load normalize stratified to_float",
    listing="listing",
    partition="Partition partition",
    sets="classes fidelity fingerprint is_folder superclasses",
    streaming="StreamedBatches StreamedImages load_folder",
    tables="GENERATED_PREFIX Table load_table table_fidelity table_fingerprint",
    text="Text Window Windows load_text",
    texts="text_fidelity text_fingerprint",
)
