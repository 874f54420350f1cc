"""What every test asks of its input before it computes anything."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def finite_vector(name: str, values: ArrayLike, *, at_least: int = 2) -> NDArray[np.float64]:
    """The values as a float vector; ValueError unless it is one-dimensional, long enough and finite."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {vector.shape}")
    if len(vector) < at_least:
        raise ValueError(f"{name} must hold at least {at_least} values, got {vector.tolist()}")
    if not np.isfinite(vector).all():
        position = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise ValueError(f"{name} must be finite, got {vector[position]} at position {position}")
    return vector


def same_length(first: NDArray, second: NDArray) -> None:
    """ValueError unless the two vectors pair up."""
    if len(first) != len(second):
        raise ValueError(f"paired values must have equal lengths, got {len(first)} and {len(second)}")


def finite_pairs(first: ArrayLike, second: ArrayLike, *, at_least: int = 2) -> tuple[NDArray, NDArray]:
    """Both sides of a paired comparison as float vectors of one length; ValueError otherwise."""
    left = finite_vector("first", first, at_least=at_least)
    right = finite_vector("second", second, at_least=at_least)
    same_length(left, right)
    return left, right


def rounding(first: NDArray, second: NDArray) -> NDArray:
    """What the last bits of each pair's values may make of its difference: a share of that pair's values alone."""
    return 1e-12 * np.maximum(np.abs(first), np.abs(second))


def fraction(name: str, value: float) -> None:
    """ValueError unless the value lies strictly between 0 and 1."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value}")
