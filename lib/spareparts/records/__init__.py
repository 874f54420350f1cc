"""Records: every number of the book comes from one of these, one file a run, written once and never edited.

A frozen `RunConfig` gives a hash, the hash names `<folder>/<word>/<hash>.json` (and `.npz` for arrays). Records are
read from the committed folder and, over it, from `$SPAREPARTS_RECORDS`; they are written to the latter where it is set.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    {
        "config": ["RunConfig", "groups", "key"],
        "frame": ["arrays", "frame", "load_or_run", "matching", "provenance", "varied"],
        "store": [
            "Diverged",
            "RecordError",
            "Result",
            "cache_folder",
            "check_same",
            "checkpoint_path",
            "folders",
            "index",
            "load",
            "measured",
            "plain",
            "rounded",
            "save",
            "unrecorded",
            "weights_path",
        ],
    },
)
