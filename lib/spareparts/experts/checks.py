"""What the losses and the measures refuse."""

from jaxtyping import Float, Int
from torch import Tensor


def check_labels(labels: Int[Tensor, " batch"], *, count: int, name: str = "labels") -> None:
    """Raise `ValueError` unless all labels lie in 0..count-1; on a GPU the host waits for them."""
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < count:
        raise ValueError(f"{name} must lie in 0..{count - 1}, got {int(labels.min())}..{int(labels.max())}")


def check_pairs(
    embeddings: Float[Tensor, "..."], labels: Int[Tensor, "..."], *, temperature: float | Float[Tensor, ""]
) -> None:
    """Raise `ValueError` unless there is one label per embedding and the temperature, if a number, is positive."""
    if not isinstance(temperature, Tensor) and temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if labels.shape != embeddings.shape[:1]:
        raise ValueError(f"labels must be one per embedding, got {tuple(labels.shape)} and {tuple(embeddings.shape)}")
