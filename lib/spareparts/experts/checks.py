"""What the losses and the measures refuse."""

from jaxtyping import Int
from torch import Tensor


def check_labels(labels: Int[Tensor, " batch"], *, count: int, name: str = "labels") -> None:
    """Raise `ValueError` unless all labels lie in 0..count-1; on a GPU the host waits for them."""
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < count:
        raise ValueError(f"{name} must lie in 0..{count - 1}, got {int(labels.min())}..{int(labels.max())}")
