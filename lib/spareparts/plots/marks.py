"""What several figures draw alike: dots with their mean, and what stands where there is nothing."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..stats import bootstrap_interval

NOTHING = "no records yet"


def dots(axis: Any, values: ArrayLike, *, height: float, marker: str = "o", apart: float = 0.18, **style: Any) -> None:
    """Values as small dots beside a line of the figure, their mean on it with its 95% interval."""
    values = np.asarray(values, dtype=float)
    if not len(values):
        return
    axis.plot(values, np.full(len(values), height + apart), ".", markersize=4, alpha=0.5, color=style["color"])
    if len(values) > 1:
        axis.plot(bootstrap_interval(values).interval, [height, height], linewidth=2, color=style["color"])
    axis.plot([values.mean()], [height], marker, markersize=5, linestyle="", **style)
