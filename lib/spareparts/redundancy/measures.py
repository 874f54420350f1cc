"""What a layer's weights say over training, beside rows without clusters; it asks nothing of the network."""

from collections.abc import Callable, Sequence
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn import functional

from .pruning import frame_potential, normalized
from .spectra import (
    angles_of_trained,
    effective_rank,
    elbow,
    entry_variance,
    fit_noise,
    kept_norm,
    residual_norm,
    singular_values,
    spectra,
    stable_rank,
    trained_units,
)

# Units in motion


def norms(snapshots: Float[Tensor, "epochs units *shape"]) -> Float[Tensor, "epochs units"]:
    """Length of every unit's weights at every epoch."""
    return snapshots.flatten(2).norm(dim=2)


def cosine_to_initial(
    rows: Float[Tensor, "units fan_in"], initial: Float[Tensor, "units fan_in"]
) -> Float[Tensor, " units"]:
    """Cosine of every unit's weights to those that it began with, -1 to 1; 0 for a unit without weights."""
    return functional.cosine_similarity(rows, initial, dim=1)


def weight_similarity(rows: Float[Tensor, "units fan_in"]) -> Float[Tensor, "units units"]:
    """Cosine of every two units' weights, -1 to 1; 0 for a unit without weights."""
    unit = functional.normalize(rows)
    return unit @ unit.T


def output_similarity(outputs: Float[Tensor, "batch units"]) -> Float[Tensor, "units units"]:
    """Correlation of every two units' outputs over a batch, -1 to 1; 0 for a unit whose output is constant."""
    unit = functional.normalize(outputs.double() - outputs.double().mean(0), dim=0)
    return (unit.T @ unit).to(outputs.dtype)


def layout(similarities: Float[Tensor, "epochs units units"]) -> tuple[Shaped[Tensor, "epochs units 2"], list[float]]:
    """Places of the units in a plane at every epoch, and the share of their spread that the plane shows, 0 to 1.

    Classical scaling of each epoch's similarities (of cosines: the first two principal components of the normalized
    rows), turned and mirrored to lie as near the next epoch as it can, since both leave distances alone.
    """
    places, shares = [], []
    for similarity in similarities.double().flip(0):
        product = similarity - similarity.mean(0) - similarity.mean(1)[:, None] + similarity.mean()
        values, vectors = torch.linalg.eigh(product)
        plane = vectors[:, -2:] * values[-2:].clamp(min=0).sqrt()
        if places:
            left, _, right = torch.linalg.svd(plane.T @ places[-1])
            plane = plane @ left @ right
        places.append(plane)
        shares.append(float(values[-2:].clamp(min=0).sum() / values.clamp(min=0).sum()))
    return torch.stack(places[::-1]), shares[::-1]


# What rows without clusters would have

DRAWS = 10  # of each null


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


# The interactive figure

CUTOFFS = np.round(np.arange(0.1, 0.96, 0.05), 2)  # of the slider; the report's figures cut at 0.25 and 0.48
MOST_LINKS = 600  # of one epoch, the strongest; counts are of all


def unit_graph(
    snapshots: Float[Tensor, "epochs units fan_in"],
    *,
    epochs: Sequence[float],
    outputs: Float[Tensor, "epochs units units"] | None = None,
) -> dict[str, np.ndarray]:
    """Arrays of a record for `plots.unit_graph`: below 100 KB for 300 units at eleven epochs.

    Links are by the weights' cosine and, where `outputs` gives the correlations of the units' outputs at every epoch,
    by these too. Raises `ValueError` if the epochs are not as many as the snapshots.
    """
    if len(epochs) != len(snapshots):
        raise ValueError(f"epochs must be one per snapshot, got {len(epochs)} and {len(snapshots)}")
    weights = torch.stack([weight_similarity(rows) for rows in snapshots])
    places, shares = layout(weights)
    arrays = {
        "graph_epochs": np.asarray(epochs, dtype=np.float32),
        "graph_cutoffs": CUTOFFS.astype(np.float32),
        "graph_places": places.cpu().numpy().astype(np.float16),
        "graph_shares": np.array(shares, dtype=np.float32),
        "graph_norms": norms(snapshots).cpu().numpy().astype(np.float16),
    }
    arrays |= _links("weights", weights)
    return arrays if outputs is None else arrays | _links("outputs", outputs)


def _links(name: str, similarities: Float[Tensor, "epochs units units"]) -> dict[str, np.ndarray]:
    """The strongest links of each epoch as rows (epoch, unit, unit), their similarities in hundredths, and counts."""
    rows, hundredths, counts = [], [], []
    for epoch, similarity in enumerate(similarities.cpu().numpy()):
        first, second, strengths = strongest(similarity)
        rows.append(np.stack([np.full_like(first, epoch), first, second], axis=1))
        hundredths.append(np.clip(np.floor(100 * strengths), 0, 100))
        counts.append([count_links(similarity, cutoff=cutoff) for cutoff in CUTOFFS])
    return {
        f"graph_{name}_links": np.concatenate(rows).astype(np.uint16),
        f"graph_{name}_similarity": np.concatenate(hundredths).astype(np.uint8),
        f"graph_{name}_counts": np.array(counts, dtype=np.uint32),
    }


def strongest(
    similarity: Float[np.ndarray, "units units"],
) -> tuple[Int[np.ndarray, " links"], Int[np.ndarray, " links"], Float[np.ndarray, " links"]]:
    """Units and similarities of the pairs above the lowest cutoff, the most similar first, at most `MOST_LINKS`."""
    first, second = np.triu_indices(len(similarity), k=1)
    strengths = similarity[first, second]
    order = np.argsort(-strengths, kind="stable")[:MOST_LINKS]
    order = order[strengths[order] >= CUTOFFS[0]]
    return first[order], second[order], strengths[order]


def count_links(similarity: Float[np.ndarray, "units units"], *, cutoff: float) -> tuple[int, int, int, int]:
    """At a cutoff: pairs at least so similar, groups of linked units, units of the largest group, units alone."""
    # similarities are shown in hundredths: a pair is drawn where it is counted
    linked = np.triu(np.floor(100 * similarity) >= round(100 * cutoff), k=1)
    _, group = connected_components(linked, directed=False)
    sizes = np.bincount(group)
    return int(linked.sum()), int((sizes > 1).sum()), int(sizes.max()), int((sizes == 1).sum())


# All of it, for a record

NOISE_COLUMNS = ("variance", "edge", "threshold", "outliers", "signal", "distance", "entry_variance")
CLUSTER_COLUMNS = ("potential", "centred_potential", "spectrum_potential", "nearest", "spectrum_nearest")
DIGITS = 5  # significant ones of a metric


def over_training(
    snapshots: Float[Tensor, "epochs units fan_in"],
    *,
    epochs: Sequence[float],
    outputs: Float[Tensor, "epochs units units"] | None = None,
    generator: torch.Generator,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Metrics and arrays of a layer from its weights at several epochs, from its initialization to the studied ones.

    `outputs` are correlations of the units' outputs at the same epochs, for the interactive figure. Raises `ValueError`
    if the epochs are not as many as the snapshots.
    """
    arrays = unit_graph(snapshots, epochs=epochs, outputs=outputs)
    arrays |= {"epochs": np.asarray(epochs, dtype=np.float32), "studied": np.array(len(epochs) - 1, dtype=np.uint8)}
    metrics: dict[str, Any] = {}
    for read in (_clusters, _spectra, _angles):
        found, more = read(snapshots, generator)
        metrics, arrays = metrics | found, arrays | more
    return {name: float(f"{value:.{DIGITS}g}") for name, value in metrics.items()}, arrays


def _clusters(
    snapshots: Float[Tensor, "epochs units fan_in"], generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Norms and turns of the units; clustering at the start and at the studied epoch, with its nulls."""
    initial, final = snapshots[0], snapshots[-1]
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
    null = same_spectrum(singular_values(rows), units=len(rows), generator=generator)
    found = (frame_potential(rows), frame_potential(centred(rows)), frame_potential(null))
    return [float(value) for value in (*found, nearest_cosine(rows), nearest_cosine(null))]


def _spectra(
    snapshots: Float[Tensor, "epochs units fan_in"], generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Singular values and noise of every epoch; what those of the studied one say."""
    initial, (units, fan_in) = snapshots[0], snapshots[0].shape
    each = [spectra(rows, initial) for rows in snapshots]
    fits = [fit_noise(found["weights"], units=units, fan_in=fan_in) for found in each]
    arrays = {
        f"spectrum_{name}": torch.stack([found[name] for found in each]).cpu().numpy().astype(np.float16)
        for name in each[0]
    }
    columns = [[getattr(fit, name) for name in NOISE_COLUMNS[:-1]] for fit in fits]
    noise = [[*row, entry_variance(rows)] for row, rows in zip(columns, snapshots, strict=True)]
    arrays["noise"] = np.array(noise, dtype=np.float32)
    metrics = {}
    for when, fit in (("initial", fits[0]), ("final", fits[-1])):
        metrics |= {f"{when}_outliers": fit.outliers, f"{when}_noise_variance": fit.variance}
        metrics[f"{when}_signal"] = fit.signal
    for name, values in each[-1].items():
        metrics |= _of_spectrum(name, values)
    return metrics, arrays


def _of_spectrum(name: str, values: Float[Tensor, " rank"]) -> dict[str, float]:
    """Ranks and norms of one spectrum; those of an update by zero are left out."""
    if not values.any():
        return {}
    metrics = {
        f"{name}_elbow": elbow(values),
        f"{name}_stable_rank": stable_rank(values),
        f"{name}_effective_rank": effective_rank(values),
        f"{name}_spectral_norm": float(values[0]),
    }
    for rank in (10, 16):  # of the report and of Nagarajan and Kolter
        metrics[f"{name}_kept_norm_{rank}"] = kept_norm(values, rank=rank)  # %
        metrics[f"{name}_residual_norm_{rank}"] = residual_norm(values, rank=rank)
    return metrics


def _angles(
    snapshots: Float[Tensor, "epochs units fan_in"], generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Principal angles of trained and other units, beside those at the start and of random spaces."""
    initial, final = snapshots[0], snapshots[-1]
    found = angles_of_trained(final, initial, generator=generator)
    metrics = {"trained_units": int(trained_units(final, initial).sum())}
    metrics |= {f"{name}_angle": float(angles.mean()) for name, angles in found.items()}
    return metrics, {}
