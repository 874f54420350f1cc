"""How units move in training: their norms, how far they turn, and how alike they become."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn import functional


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


def link_weights(similarity: Float[Tensor, "units units"]) -> Float[Tensor, "units units"]:
    """Strength of every two units' link, 0 to 1: `exp(-d^2 / w^2)`, `d = (1 - cos) / 2`, w the mean d of pairs."""
    distance = (1 - similarity) / 2
    first, second = torch.triu_indices(len(similarity), len(similarity), offset=1)
    return torch.exp(-((distance / distance[first, second].mean()) ** 2))


def input_alignment(
    rows: Float[Tensor, "units fan_in"], inputs: Float[Tensor, "batch fan_in"]
) -> Float[Tensor, " units"]:
    """Variance of every unit's answer to the inputs, over that of an average direction of the same length.

    1 on average over random directions, 0 to fan_in; 0 for a unit without weights.
    """
    deviations = inputs - inputs.mean(0)
    answers = (deviations @ functional.normalize(rows).T).square().mean(0)
    return answers / (deviations.square().mean(0).sum() / rows.shape[1])


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
