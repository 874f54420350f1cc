"""Singular values of a layer's weights, and the layer that keeps only its largest directions."""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from .. import checks
from .frames import normalized


def singular_values(rows: Float[Tensor, "units fan_in"]) -> Float[Tensor, " rank"]:
    """All singular values, largest first, to about 1e-8 of the largest."""
    rows = rows.double()
    if rows.shape[1] < 4 * rows.shape[0]:
        return torch.linalg.svdvals(rows)
    # a layer with many inputs: several times faster by its small square
    return torch.linalg.eigvalsh(rows @ rows.T).clamp(min=0).sqrt().flip(0)


def spectra(
    rows: Float[Tensor, "units fan_in"], initial: Float[Tensor, "units fan_in"]
) -> dict[str, Float[Tensor, " rank"]]:
    """Singular values of W, of W with rows of unit length, and of W - Z, by the names that records use."""
    return {
        "weights": singular_values(rows),
        "normalized": singular_values(normalized(rows)),
        "update": singular_values(rows.double() - initial.double()),
    }


def truncated(
    rows: Float[Tensor, "units fan_in"],
    initial: Float[Tensor, "units fan_in"] | None = None,
    *,
    ranks: Sequence[int],
) -> Iterator[tuple[int, Float[Tensor, "units fan_in"]]]:
    """The layer with only the top k directions, for each k: `W' = Z + U_k U_k^T (W - Z)`, U of W - Z.

    Without initial weights Z = 0, and W' = W_k is the nearest matrix of rank k. Ranks that keep everything give W. The
    singular vectors are computed once. Raises `ValueError` for negative ranks.
    """
    for rank in ranks:
        checks.whole(0, ranks=rank)
    start = torch.zeros_like(rows) if initial is None else initial
    change = rows.double() - start.double()
    left = torch.linalg.eigh(change @ change.T).eigenvectors.flip(1)
    for rank in ranks:
        if rank >= min(rows.shape):
            yield rank, rows
        else:
            kept = left[:, :rank]
            yield rank, (start + kept @ (kept.T @ change)).to(rows.dtype)


def residual_norm(values: Float[Tensor, " rank"], *, rank: int) -> float:
    """Spectral norm of what is removed when the top `rank` directions are kept: the next singular value, or 0.

    Raises `ValueError` for a negative rank.
    """
    checks.whole(0, rank=rank)
    return float(values[rank]) if rank < len(values) else 0.0


def kept_norm(values: Float[Tensor, " rank"], *, rank: int) -> float:
    """Frobenius norm of what the top `rank` directions keep, in percent of all: `100 |W_k| / |W|`; NaN for W = 0.

    Raises `ValueError` for a negative rank.
    """
    checks.whole(0, rank=rank)
    squares = values.double().square()
    return float(100 * (squares[:rank].sum() / squares.sum()).sqrt())


def elbow(values: Float[Tensor, " rank"]) -> int:
    """Directions before the residual's elbow, 0 to the number of values.

    The elbow of `k -> |W - W_k|` is its point farthest below the line from k = 0 to the full rank.
    Raises `ValueError` for values that are not finite.
    """
    checks.finite(values=values)
    residual = torch.cat([values.double(), torch.zeros(1, dtype=torch.float64, device=values.device)])
    line = residual[0] * torch.linspace(1, 0, len(residual), dtype=torch.float64, device=values.device)
    return int((line - residual).argmax())


def stable_rank(values: Float[Tensor, " rank"]) -> float:
    """`|W|_F^2 / |W|^2`, 1 to the rank; NaN for W = 0."""
    return float(values.double().square().sum() / values.double().square().max())


def effective_rank(values: Float[Tensor, " rank"]) -> float:
    """Directions in use (Roy and Vetterli): exponential of the entropy of the shares of the sum, 1 to the rank."""
    shares = values.double() / values.double().sum()
    return float(torch.special.entr(shares).sum().exp())
