"""What the book's first page says of the chapter: where a push leads, at what price, and whether over a ridge."""

import pandas as pd

from ..stats import NOTHING, difference_words
from . import network_series as nets
from .network_page import PUSHED, mean
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
        f"({accuracy.protocol} protocol). {ridges(rows, network)}"
    ).strip()


def ridges(rows: pd.DataFrame, network: str) -> str:
    """How high the error rises on the way from the checkpoint to the pushed end, and to that of the longest journey."""
    usual, longest = (nets.chosen(rows, network, longest=each) for each in (False, True))
    if usual is None or longest is None:
        return ""
    near, far = (nets.pairs_on(rows, line).get(PUSHED) for line in (usual, longest))
    if near is None:
        return ""
    words = f"On the straight line between the two places the test error rises by {rise(near)}"
    if far is None or longest == usual:
        return f"{words}."
    return (
        f"{words}. If the journey takes {longest.length} epochs, it rises by {rise(far)}, and by "
        f"{mean(far, 'matched_error_barrier'):.2f} points once units are matched."
    )


def rise(runs: pd.DataFrame) -> str:
    """Mean barrier on the line, with n."""
    return f"{mean(runs, 'line_error_barrier'):.2f} points (n = {len(runs)})"
