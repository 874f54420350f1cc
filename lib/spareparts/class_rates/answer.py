"""What the book's first page says of the chapter: whether a rate for each weight and class helps."""

import pandas as pd

from ..stats import NOTHING, bootstrap_interval
from .rows import by_set, protocol, published
from .table import ATTAINABLE
from .tables import signed, spread


def answer(pairs: pd.DataFrame) -> str:
    """Mean change of accuracy over data sets, in plain text with every number computed."""
    pairs = published(pairs)
    if len(pairs) == 0 or pairs.dataset.nunique() < 2:
        return NOTHING
    found = bootstrap_interval(by_set(pairs))
    return (
        f"Over {found.n} of {len(ATTAINABLE)} data sets, all activations and seeds, class rates change accuracy by "
        f"{signed(found.mean)} points on average (95% interval {spread(found.interval)}; {protocol(pairs)} protocol)."
    )
