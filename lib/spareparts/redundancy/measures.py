"""What a layer's weights say over training, beside rows without clusters; it asks nothing of the network."""

from collections.abc import Sequence
from statistics import mean

import numpy as np
import torch
from jaxtyping import Float, Shaped
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn import functional, init

from .pruning import frame_potential, normalized
from .spectra import angles_of_trained, effective_rank, elbow, fit_noise, singular_values, stable_rank, truncated

Snapshots, Similarities = Float[Tensor, "epochs units fan_in"], Float[Tensor, "epochs units units"]

# Units in motion


def output_similarity(outputs: Float[Tensor, "batch units"]) -> Float[Tensor, "units units"]:
    """Correlation of every two units' outputs over a batch, -1 to 1; 0 for a unit whose output is constant."""
    unit = functional.normalize(outputs.double() - outputs.double().mean(0), dim=0)
    return (unit.T @ unit).to(outputs.dtype)


def layout(similarities: Similarities) -> tuple[Shaped[Tensor, "epochs units 2"], list[float]]:
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


def same_spectrum(
    values: Float[Tensor, " rank"], *, units: int, generator: torch.Generator
) -> Float[Tensor, "units rank"]:
    """Rows of a random matrix with given singular values: `U diag(s)`, U drawn evenly from the orthonormal frames.

    Right singular vectors would turn all rows alike, which no inner product sees, and are left out.
    """
    left = torch.empty(units, len(values), device=generator.device, dtype=torch.float64)
    return init.orthogonal_(left, generator=generator).to(values.device) * values.double()


def clustering(rows: Float[Tensor, "units fan_in"], prefix: str = "") -> dict[str, float]:
    """Frame potential of the rows, and the mean over units of the cosine to the nearest other one (-1 to 1).

    The latter, unlike the former, is about pairs. Both under names that begin with the prefix.
    """
    unit = normalized(rows)
    nearest = (unit @ unit.T).fill_diagonal_(-torch.inf).max(1).values.mean()
    return {f"{prefix}potential": float(frame_potential(rows)), f"{prefix}nearest": float(nearest)}


def null_clustering(rows: Float[Tensor, "units fan_in"], *, generator: torch.Generator) -> dict[str, float]:
    """Mean of the same over `DRAWS` draws of each null.

    `random`: rows of this shape; `centred_random`: with their mean removed; `spectrum`: with the spectrum of the rows
    as they are (that of the normalized rows would all but fix the frame potential).
    """
    units, fan_in = rows.shape
    values, found = singular_values(rows), []
    for _ in range(DRAWS):
        random = torch.randn(units, fan_in, generator=generator, device=generator.device, dtype=torch.float64)
        alike = same_spectrum(values, units=units, generator=generator)
        of_random = clustering(random, "random_") | clustering(centred(random), "centred_random_")
        found.append(of_random | clustering(alike, "spectrum_"))
    return {name: mean(draw[name] for draw in found) for name in found[0]}


# The interactive figure

CUTOFFS = np.round(np.arange(0.1, 0.96, 0.05), 2)  # of the slider; the report's figures cut at 0.25 and 0.48
MOST_LINKS = 600  # of one epoch, the strongest; counts are of all


def unit_graph(
    snapshots: Snapshots, *, epochs: Sequence[float], outputs: Similarities | None = None
) -> dict[str, np.ndarray]:
    """Arrays of a record for `plots.unit_graph`: below 100 KB for 300 units at eleven epochs.

    Links are by the weights' cosine and, where `outputs` gives the correlations of the units' outputs at every epoch,
    by these too. Raises `ValueError` if the epochs are not as many as the snapshots.
    """
    if len(epochs) != len(snapshots):
        raise ValueError(f"epochs must be one per snapshot, got {len(epochs)} and {len(snapshots)}")
    weights = torch.stack([unit @ unit.T for unit in functional.normalize(snapshots, dim=2)])
    places, shares = layout(weights)
    arrays = {
        "graph_epochs": np.asarray(epochs, dtype=np.float32),
        "graph_cutoffs": CUTOFFS.astype(np.float32),
        "graph_places": places.cpu().numpy().astype(np.float16),
        "graph_shares": np.array(shares, dtype=np.float32),
        "graph_norms": snapshots.norm(dim=2).cpu().numpy().astype(np.float16),
    }
    arrays |= _links("weights", weights)
    return arrays if outputs is None else arrays | _links("outputs", outputs)


def _links(name: str, similarities: Similarities) -> dict[str, np.ndarray]:
    """The strongest links of each epoch as rows (epoch, unit, unit), their similarities in hundredths, and counts.

    Links are pairs above the lowest cutoff, the most similar first, at most `MOST_LINKS`.
    """
    rows, hundredths, counts = [], [], []
    for epoch, similarity in enumerate(similarities.cpu().numpy()):
        first, second = np.triu_indices(len(similarity), k=1)
        strengths = similarity[first, second]
        order = np.argsort(-strengths, kind="stable")[:MOST_LINKS]
        order = order[strengths[order] >= CUTOFFS[0]]
        rows.append(np.stack([np.full_like(order, epoch), first[order], second[order]], axis=1))
        hundredths.append(np.clip(np.floor(100 * strengths[order]), 0, 100))
        counts.append([count_links(similarity, cutoff=cutoff) for cutoff in CUTOFFS])
    return {
        f"graph_{name}_links": np.concatenate(rows).astype(np.uint16),
        f"graph_{name}_similarity": np.concatenate(hundredths).astype(np.uint8),
        f"graph_{name}_counts": np.array(counts, dtype=np.uint32),
    }


def count_links(similarity: Float[np.ndarray, "units units"], *, cutoff: float) -> tuple[int, int, int, int]:
    """At a cutoff: pairs at least so similar, groups of linked units, units of the largest group, units alone."""
    # similarities are shown in hundredths: a pair is drawn where it is counted
    linked = np.triu(np.floor(100 * similarity) >= round(100 * cutoff), k=1)
    _, group = connected_components(linked, directed=False)
    sizes = np.bincount(group)
    return int(linked.sum()), int((sizes > 1).sum()), int(sizes.max()), int((sizes == 1).sum())


# All of it, for a record

RANKS = (10, 16)  # of the report and of Nagarajan and Kolter
DIGITS = 5  # significant ones of a metric


def over_training(
    snapshots: Snapshots, *, epochs: Sequence[float], outputs: Similarities | None = None, generator: torch.Generator
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Metrics and arrays of a layer from its weights at several epochs, from its initialization to the studied ones.

    `outputs` are correlations of the units' outputs at the same epochs, for the interactive figure. Raises `ValueError`
    if the epochs are not as many as the snapshots.
    """
    initial, final = snapshots[0], snapshots[-1]
    cosines = functional.cosine_similarity(final, initial, dim=1)  # 0 for a unit without weights
    arrays = unit_graph(snapshots, epochs=epochs, outputs=outputs) | {
        "epochs": np.asarray(epochs, dtype=np.float32),
        "unit_norms": snapshots.norm(dim=2).cpu().numpy().astype(np.float16),
        "unit_cosines": cosines.cpu().numpy().astype(np.float16),
        "clustering": np.array([_cluster_row(rows, generator) for rows in snapshots], dtype=np.float32),
    }
    metrics = null_clustering(final, generator=generator)
    for when, rows in (("initial", initial), ("final", final)):
        noise = fit_noise(singular_values(rows), units=rows.shape[0], fan_in=rows.shape[1])
        found = clustering(rows) | clustering(centred(rows), "centred_")
        found |= {"noise_variance": noise.variance, "outliers": noise.outliers, "signal": noise.signal}
        metrics |= {f"{when}_{name}": value for name, value in found.items()}
    metrics |= _of_spectrum("weights", singular_values(final))
    metrics |= _of_spectrum("update", singular_values(final.double() - initial.double()))
    metrics |= angles_of_trained(final, initial, generator=generator)
    return {name: float(f"{value:.{DIGITS}g}") for name, value in metrics.items()}, arrays


def _cluster_row(rows: Float[Tensor, "units fan_in"], generator: torch.Generator) -> list[float]:
    """Frame potential of the rows, with their mean removed, and of a draw of the same spectrum; two nearest cosines."""
    null = clustering(same_spectrum(singular_values(rows), units=len(rows), generator=generator))
    own, shifted = clustering(rows), frame_potential(centred(rows))
    return [own["potential"], float(shifted), null["potential"], own["nearest"], null["nearest"]]


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
    for rank in RANKS:
        kept, left_out = truncated(values, rank=rank)
        metrics |= {f"{name}_kept_norm_{rank}": kept, f"{name}_residual_norm_{rank}": left_out}
    return metrics
