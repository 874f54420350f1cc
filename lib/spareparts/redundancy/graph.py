"""A layer's units over training as the interactive figure draws them: places, norms, and links of similar units."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from .dynamics import layout, norms, weight_similarity

CUTOFFS = np.round(np.arange(0.1, 0.96, 0.05), 2)  # of the slider; the report's figures cut at 0.25 and 0.48
MOST_EPOCHS = 11  # of a record
MOST_LINKS = 600  # of one epoch, the strongest; counts are of all


def unit_graph(
    snapshots: Float[Tensor, "epochs units fan_in"],
    *,
    epochs: Sequence[float],
    outputs: Float[Tensor, "epochs units units"] | None = None,
    groups: Sequence[int] | None = None,
) -> dict[str, np.ndarray]:
    """Arrays of a record for `plots.unit_graph`: below 100 KB for 300 units at eleven epochs.

    Links are by the weights' cosine and, where `outputs` gives the correlations of the units' outputs at every epoch,
    by these too. `groups` says which network each unit is of, where several are drawn together. Raises `ValueError` if
    the epochs are not as many as the snapshots.
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
    if groups is not None:
        arrays["graph_groups"] = np.asarray(groups, dtype=np.uint8)
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


def choose_epochs(count: int, *, studied: int | None = None, most: int = MOST_EPOCHS) -> list[int]:
    """Places of at most so many of `count` epochs, evenly chosen: the first, the last, and the studied one."""
    chosen = np.linspace(0, count - 1, min(count, most)).round().astype(int)
    if studied is not None and studied not in chosen:
        inner = slice(1, -1) if most > 2 else slice(None)
        chosen[inner][np.abs(chosen[inner] - studied).argmin()] = studied
    return sorted({int(place) for place in chosen})


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
