"""How something grows over time: a logarithm against other curves with as many parameters (Figure 1)."""

import numpy as np
from jaxtyping import Float

SHAPES = {
    "logarithm": np.log,
    "square_root": np.sqrt,
    "linear": lambda steps: steps,
    "levelling_off": lambda steps: -1 / steps,
}


def growth(steps: Float[np.ndarray, " times"], values: Float[np.ndarray, " times"]) -> dict[str, float]:
    """Share of the variance that `a + b f(t)` explains, with a and b fitted by least squares, for each of SHAPES.

    At most 1, and at least 0: a constant explains nothing. Times before the first step are left out; NaN where fewer
    than three are left or nothing changes.
    """
    later = steps > 0
    steps, values = steps[later].astype(float), values[later].astype(float)
    if len(steps) < 3 or np.ptp(values) == 0:
        return dict.fromkeys(SHAPES, float("nan"))
    return {name: float(np.corrcoef(shape(steps), values)[0, 1] ** 2) for name, shape in SHAPES.items()}
