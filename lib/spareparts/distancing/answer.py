"""What the book's first page says of the chapter: where a push leads, at what price, and whether over a ridge."""

import pandas as pd

from ..stats import NOTHING, difference_words
from .network_page import PUSHED, mean
from .network_series import pairs
from .page import article, sides_of
from .rows import TITLES, first_distance, paired
from .series import chosen


def answer(rows: pd.DataFrame, *, network: str = "mlp") -> str:
    """Distance, accuracy and barrier with the push against without it, in plain text with every number computed."""
    sides = sides_of(rows, chosen(rows, network))
    if sides is None:
        return NOTHING
    distance, accuracy = paired(*sides, first_distance), paired(*sides, "late_accuracy")
    return (
        f"Pushed, {article(TITLES[network])} ends at {distance.second.mean() / distance.first.mean():.1f} times the "
        f"squared distance from its checkpoint. Its accuracy changes, in points, by {difference_words(accuracy)} "
        f"({accuracy.protocol} protocol). {ridge(pairs(rows, network).get(PUSHED))}"
    ).strip()


def ridge(runs: pd.DataFrame | None) -> str:
    """How high the error rises on the way from the checkpoint to the pushed end; nothing without such pairs."""
    if runs is None:
        return ""
    return (
        f"On the straight line between the two places the test error rises by {mean(runs, 'line_error_barrier'):.2f} "
        f"points (n = {len(runs)})."
    )
