"""What the book's first page says of the chapter: whether the loss gives every expert work."""

import pandas as pd

from ..stats import NOTHING
from .rows import standard


def answer(rows: pd.DataFrame) -> str:
    """How many experts live with the loss and without it, in plain text with every number computed."""
    runs = standard(rows)
    if runs.empty or runs.arm.nunique() < 2:
        return NOTHING
    live = runs.groupby("arm").live_experts.mean()
    kinds = " and ".join(sorted(set(runs.protocol)))
    return (
        f"Of {runs.experts.iloc[0]} experts {live.baseline:.1f} live without the loss and {live.snnl:.1f} with it: "
        f"means over n = {len(runs)} networks and {runs.dataset.nunique()} data sets, where a live expert receives at "
        f"least 1% of the test images ({kinds} protocol)."
    )
