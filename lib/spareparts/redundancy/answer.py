"""What the book's first page says of the chapter: how many units can go, and by which order."""

import pandas as pd

from ..stats import NOTHING
from .page import LENET, mean_left
from .rows import TITLES, networks, protocol


def answer(rows: pd.DataFrame, *, model: str = LENET) -> str:
    """Accuracy with half of the units gone by three orders, in plain text with every number computed."""
    runs = networks(rows, model)
    if runs.empty:
        return NOTHING
    left = mean_left(runs)
    return (
        f"Without half of the units of its first layer {TITLES[model]} still classifies {left.norm_smallest:.1f}% of "
        f"the test images correctly if the smallest norms go first, {left.random:.1f}% if chance decides, "
        f"{left.frame_potential_smallest:.1f}% if the frame potential does, of {runs.accuracy.mean():.1f}% with all "
        f"(n = {len(runs)}, {protocol(runs)} protocol; guessing gives 10%)."
    )
