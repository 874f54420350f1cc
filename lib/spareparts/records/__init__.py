"""Records, one file a run: a frozen `RunConfig` gives the hash that names `<folder>/<word>/<hash>.json` (and `.npz`).

They are read from the committed folder and, over it, `$SPAREPARTS_RECORDS`, which they are written to where it is set.
"""

from ..lazily import attach

__all__ = attach(
    __name__,
    config="RunConfig groups key",
    frame="arrays frame load_or_run matching provenance varied",
    store="Diverged RecordError Result cache_folder check_same checkpoint_path folders index load measured plain "
    "rounded save unrecorded weights_path",
)
