"""What frame potentials rows without clusters would have: closed forms and draws.

The frame potential is the sum of the fourth powers of the singular values of the normalized rows, so it rises with
anything that makes few directions large: clusters, a common shift, a small row space. Each null allows one of these.
"""

from collections.abc import Callable
from statistics import mean, stdev

import torch
from jaxtyping import Float
from torch import Tensor

from .. import checks
from .frames import frame_potential, normalized
from .spectra import singular_values

DRAWS = 10  # of each null


def expected_potential(*, units: int, fan_in: int) -> float:
    """Mean frame potential of random directions: `N + N (N - 1) / d`. Raises `ValueError` for sizes below 1."""
    checks.whole(1, units=units, fan_in=fan_in)
    return units + units * (units - 1) / fan_in


def smallest_potential(*, units: int, fan_in: int) -> float:
    """Least frame potential that so many unit vectors can have: `max(N, N^2 / d)`; `ValueError` for sizes below 1."""
    checks.whole(1, units=units, fan_in=fan_in)
    return max(float(units), units**2 / fan_in)


def centred(rows: Float[Tensor, "units fan_in"]) -> Float[Tensor, "units fan_in"]:
    """The rows less their mean: what is left of a shift that all units share is nothing."""
    return rows - rows.mean(0)


def random_rows(*, units: int, fan_in: int, generator: torch.Generator) -> Float[Tensor, "units fan_in"]:
    """Independent Gaussian rows: directions without preference."""
    return torch.randn(units, fan_in, generator=generator, device=generator.device, dtype=torch.float64)


def same_spectrum(
    values: Float[Tensor, " rank"], *, units: int, generator: torch.Generator
) -> Float[Tensor, "units rank"]:
    """Rows of a random matrix with given singular values: `U diag(s)`, U drawn evenly from the orthonormal frames.

    Right singular vectors would turn all rows alike, which no inner product sees, and are left out. Raises `ValueError`
    for more values than units.
    """
    if len(values) > units:
        raise ValueError(f"values must be at most units = {units}, got {len(values)}")
    draw = torch.randn(units, len(values), generator=generator, device=generator.device, dtype=torch.float64)
    left, triangle = torch.linalg.qr(draw)
    left = left * triangle.diagonal().sign()  # else QR prefers some frames
    return left.to(values.device) * values.double()


def nearest_cosine(rows: Float[Tensor, "units fan_in"]) -> Float[Tensor, ""]:
    """Mean over the units of the cosine to the nearest other one, -1 to 1; unlike the frame potential, about pairs."""
    unit = normalized(rows)
    return (unit @ unit.T).fill_diagonal_(-torch.inf).max(1).values.mean()


STATISTICS: dict[str, Callable[[Tensor], Tensor]] = {"potential": frame_potential, "nearest": nearest_cosine}


def clustering(rows: Float[Tensor, "units fan_in"]) -> dict[str, float]:
    """Frame potential and nearest cosine of the rows, as they are and with their mean removed."""
    metrics = {}
    for name, statistic in STATISTICS.items():
        metrics[name] = float(statistic(rows))
        metrics[f"centred_{name}"] = float(statistic(centred(rows)))
    return metrics


def null_clustering(
    rows: Float[Tensor, "units fan_in"], *, draws: int = DRAWS, generator: torch.Generator
) -> dict[str, float]:
    """Mean and standard deviation of the same statistics over draws of each null.

    `random`: rows of this shape; `centred_random`: with their mean removed; `spectrum`: with the spectrum of the rows
    as they are (that of the normalized rows would all but fix the frame potential).
    """
    units, fan_in = rows.shape
    values = singular_values(rows)
    found: dict[str, list[float]] = {}
    for _ in range(draws):
        drawn = {"random": random_rows(units=units, fan_in=fan_in, generator=generator)}
        drawn["centred_random"] = centred(drawn["random"])
        drawn["spectrum"] = same_spectrum(values, units=units, generator=generator)
        for null, null_rows in drawn.items():
            for name, statistic in STATISTICS.items():
                found.setdefault(f"{null}_{name}", []).append(float(statistic(null_rows)))
    metrics = {name: mean(values) for name, values in found.items()}
    return metrics | {f"{name}_deviation": stdev(values) for name, values in found.items()}
