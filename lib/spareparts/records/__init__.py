"""Records: every number of the book comes from one of these, one file a run, written once and never edited.

A frozen `RunConfig` gives a hash, the hash names `<folder>/<word>/<hash>.json` (and `.npz` for arrays). Records are
read from the committed folder and, over it, from `$SPAREPARTS_RECORDS`; they are written to the latter where it is set.
"""

from .config import RunConfig, groups, key
from .frame import arrays, frame, index, matching, provenance, varied
from .measured import Diverged, measured, rounded
from .store import (
    RecordError,
    Result,
    cache_folder,
    check_same,
    checkpoint_path,
    folders,
    load,
    load_or_run,
    plain,
    save,
    unrecorded,
    weights_path,
)

__all__ = [
    "Diverged",
    "RecordError",
    "Result",
    "RunConfig",
    "arrays",
    "cache_folder",
    "check_same",
    "checkpoint_path",
    "folders",
    "frame",
    "groups",
    "index",
    "key",
    "load",
    "load_or_run",
    "matching",
    "measured",
    "plain",
    "provenance",
    "rounded",
    "save",
    "unrecorded",
    "varied",
    "weights_path",
]
