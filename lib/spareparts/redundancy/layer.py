"""All that is read off one layer's weights over training, for a record; it asks nothing of the network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from . import spectra
from .dynamics import cosine_to_initial, norms
from .frames import frame_potential
from .graph import choose_epochs, unit_graph
from .noise import Noise, entry_variance, fit_noise
from .nulls import centred, clustering, nearest_cosine, null_clustering, same_spectrum
from .subspaces import angles_of_trained, trained_units

NOISE_COLUMNS = ("variance", "edge", "threshold", "outliers", "signal", "distance", "entry_variance")
CLUSTER_COLUMNS = ("potential", "centred_potential", "spectrum_potential", "nearest", "spectrum_nearest")
DIGITS = 5  # significant ones of a metric


def over_training(
    snapshots: Float[Tensor, "epochs units fan_in"],
    *,
    epochs: Sequence[float],
    studied: int | None = None,
    outputs: Float[Tensor, "epochs units units"] | None = None,
    generator: torch.Generator,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of a layer from its weights at several epochs, the first its initialization.

    Metrics are of the epoch in place `studied`, the last one by default; arrays are of at most eleven epochs. `outputs`
    are correlations of the units' outputs at the same epochs, for the interactive figure. Raises `ValueError` if the
    epochs are not as many as the snapshots.
    """
    if len(epochs) != len(snapshots):
        raise ValueError(f"epochs must be one per snapshot, got {len(epochs)} and {len(snapshots)}")
    studied = len(epochs) - 1 if studied is None else studied
    chosen = choose_epochs(len(epochs), studied=studied)
    place, some, times = chosen.index(studied), snapshots[chosen], [epochs[each] for each in chosen]
    arrays = unit_graph(some, epochs=times, outputs=None if outputs is None else outputs[chosen])
    arrays |= {"epochs": np.asarray(times, dtype=np.float32), "studied": np.array(place, dtype=np.uint8)}
    metrics: dict[str, Any] = {}
    for read in (_clusters, _spectra, _angles):
        found, more = read(some, studied=place, generator=generator)
        metrics, arrays = metrics | found, arrays | more
    return {name: float(f"{value:.{DIGITS}g}") for name, value in metrics.items()}, arrays


def _clusters(
    snapshots: Float[Tensor, "epochs units fan_in"], *, studied: int, generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Norms and turns of the units; clustering at the start and at the studied epoch, with its nulls."""
    initial, final = snapshots[0], snapshots[studied]
    arrays = {
        "unit_norms": norms(snapshots).cpu().numpy().astype(np.float16),
        "unit_cosines": cosine_to_initial(final, initial).cpu().numpy().astype(np.float16),
        "clustering": np.array([_cluster_row(rows, generator) for rows in snapshots], dtype=np.float32),
    }
    metrics = {f"initial_{name}": value for name, value in clustering(initial).items()}
    metrics |= {f"final_{name}": value for name, value in clustering(final).items()}
    return metrics | null_clustering(final, generator=generator), arrays


def _cluster_row(rows: Float[Tensor, "units fan_in"], generator: torch.Generator) -> list[float]:
    """One epoch's frame potential and nearest cosine, beside a draw of the same spectrum: `CLUSTER_COLUMNS`."""
    null = same_spectrum(spectra.singular_values(rows), units=len(rows), generator=generator)
    found = (frame_potential(rows), frame_potential(centred(rows)), frame_potential(null))
    return [float(value) for value in (*found, nearest_cosine(rows), nearest_cosine(null))]


def _spectra(
    snapshots: Float[Tensor, "epochs units fan_in"], *, studied: int, generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Singular values and noise of every epoch; what those of the studied one say."""
    initial, (units, fan_in) = snapshots[0], snapshots[0].shape
    each = [spectra.spectra(rows, initial) for rows in snapshots]
    fits = [fit_noise(found["weights"], units=units, fan_in=fan_in) for found in each]
    arrays = {
        f"spectrum_{name}": torch.stack([found[name] for found in each]).cpu().numpy().astype(np.float16)
        for name in each[0]
    }
    arrays["noise"] = np.array(
        [_noise_row(fit, rows) for fit, rows in zip(fits, snapshots, strict=True)], dtype=np.float32
    )
    metrics = {}
    for when, fit in (("initial", fits[0]), ("final", fits[studied])):
        metrics |= {f"{when}_outliers": fit.outliers, f"{when}_noise_variance": fit.variance}
        metrics[f"{when}_signal"] = fit.signal
    for name, values in each[studied].items():
        metrics |= _of_spectrum(name, values)
    return metrics, arrays


def _noise_row(fit: Noise, rows: Float[Tensor, "units fan_in"]) -> list[float]:
    """One epoch's fit: `NOISE_COLUMNS`."""
    found = (fit.variance, fit.edge, fit.threshold, fit.outliers, fit.signal, fit.distance, entry_variance(rows))
    return [float(value) for value in found]


def _of_spectrum(name: str, values: Float[Tensor, " rank"]) -> dict[str, float]:
    """Ranks and norms of one spectrum; those of an update by zero are left out."""
    if not values.any():
        return {}
    metrics = {
        f"{name}_elbow": spectra.elbow(values),
        f"{name}_stable_rank": spectra.stable_rank(values),
        f"{name}_effective_rank": spectra.effective_rank(values),
        f"{name}_spectral_norm": float(values[0]),
    }
    for rank in (10, 16):  # of the report and of Nagarajan and Kolter
        metrics[f"{name}_kept_norm_{rank}"] = spectra.kept_norm(values, rank=rank)  # %
        metrics[f"{name}_residual_norm_{rank}"] = spectra.residual_norm(values, rank=rank)
    return metrics


def _angles(
    snapshots: Float[Tensor, "epochs units fan_in"], *, studied: int, generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Principal angles of trained and other units, beside those at the start and of random spaces."""
    initial, final = snapshots[0], snapshots[studied]
    found = angles_of_trained(final, initial, generator=generator)
    metrics = {"trained_units": int(trained_units(final, initial).sum())}
    metrics |= {f"{name}_angle": float(angles.mean()) for name, angles in found.items()}
    means = {name: angles.reshape(-1, angles.shape[-1]).mean(0) for name, angles in found.items()}
    return metrics, {f"angles_{name}": angles.cpu().numpy().astype(np.float16) for name, angles in means.items()}
