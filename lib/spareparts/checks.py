"""What public functions refuse before they compute anything, NaN included, which `x <= 0` would let pass."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

Number = float | Tensor


def may_read(values: Tensor) -> bool:
    """Whether the host may look at values: free on a CPU, a wait on a GPU, and impossible within stacked replicas."""
    return values.device.type == "cpu" and not torch._C._are_functorch_transforms_active()


def positive(**numbers: Number) -> None:
    """`ValueError` for a number that is not above 0, or infinite; a tensor's where the host may read it."""
    _require(numbers, "positive", lambda value: value > 0)


def at_least(least: float, /, **numbers: Number) -> None:
    """`ValueError` for a number below `least`, or infinite; a tensor's where the host may read it."""
    _require(numbers, f"at least {least}", lambda value: value >= least)


def whole(least: int, /, **counts: float) -> None:
    """`ValueError` for a count below `least`, or not a whole number."""
    at_least(least, **counts)
    _require(counts, "a whole number", lambda value: value == int(value))


def one_of(known: Collection[str], /, **names: str) -> None:
    """`ValueError` for a name that is not known, with those that are."""
    for name, value in names.items():
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(map(str, known))}, got {value!r}")


def finite(**arrays: Shaped[Tensor, "..."] | Shaped[np.ndarray, "..."]) -> None:
    """`ValueError` for NaN or infinity among the values, with the first place; the host waits for a GPU."""
    for name, values in arrays.items():
        bad = ~torch.as_tensor(values).isfinite()
        if bad.any():
            place = tuple(bad.nonzero()[0].tolist())
            raise ValueError(f"{name} must be finite, got {values[place]} at {list(place)}")


def labels(
    values: Shaped[Tensor, "..."] | Shaped[np.ndarray, "..."], *, count: int | None = None, name: str = "labels"
) -> None:
    """`ValueError` unless these are whole numbers in one row and, where the host may read them, in 0..count-1."""
    tensor = torch.as_tensor(values)
    if tensor.dim() != 1 or tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise ValueError(f"{name} must be whole numbers of shape (batch,), got {kind} of shape {tuple(tensor.shape)}")
    if count is None or not len(tensor) or not may_read(tensor):
        return
    low, high = (int(bound) for bound in tensor.aminmax())
    if low < 0 or high >= count:
        raise ValueError(f"{name} must lie in 0..{count - 1}, got {low}..{high}")


def equally_many(**arrays: Shaped[Tensor, "..."] | Shaped[np.ndarray, "..."]) -> None:
    """`ValueError` where these have no samples, or not equally many: nothing is repeated to fit."""
    sizes = [len(values) for values in arrays.values()]
    if len(set(sizes)) > 1 or not sizes[0]:
        raise ValueError(f"{_listed(arrays)} must be equally many and at least one, got {_listed(sizes)}")


def same_shape(**arrays: Shaped[Tensor, "..."] | Shaped[np.ndarray, "..."]) -> None:
    """`ValueError` where these differ in shape: nothing is repeated to fit."""
    shapes = [tuple(values.shape) for values in arrays.values()]
    if len(set(shapes)) > 1:
        raise ValueError(f"{_listed(arrays)} must share a shape, got {_listed(shapes)}")


def width(size: int, /, **arrays: Shaped[Tensor, "..."]) -> None:
    """`ValueError` for a last axis of another size, or for numbers that are not floating-point."""
    for name, values in arrays.items():
        if not values.is_floating_point():
            raise ValueError(f"{name} must be floating-point numbers, got {values.dtype}")
        if values.dim() < 1 or values.shape[-1] != size:
            raise ValueError(f"{name} must have {size} features, got shape {tuple(values.shape)}")


def _require(numbers: Mapping[str, Number], wanted: str, right: Callable[[float], bool]) -> None:
    for name, value in numbers.items():
        if isinstance(value, Tensor):
            if not may_read(value):
                continue
            value = value.item()
        if math.isinf(value) or not right(value):
            raise ValueError(f"{name} must be {'finite' if math.isinf(value) else wanted}, got {value}")


def _listed(items: Iterable[object]) -> str:
    """`a, b and c`."""
    *most, last = map(str, items)
    return f"{', '.join(most)} and {last}" if most else last
