"""Networks that were left on the way, or trained apart, combined; and what Eq. 1.14 predicts of them."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from torch import Tensor, nn
from torch.nn import functional

from .. import checks, data, engine
from ..records.store import Found
from .config import NETWORKS, Config, journey_of
from .journeys import left_behind
from .measures import error_correlation, squared_distance
from .paths import point_of
from .training import accuracy, sets_of

Logits = Probabilities = Float[Tensor, "members batch classes"]
Labels = Int[Tensor, " batch"]
LEAST_PROBABILITY = 1e-12
MEANS = ("probabilities", "logits")
SPLIT_SEED = 4_000  # added to the seed: halves of the test images for Eq. 1.14
SUBSETS = {"bagging": "bootstrap", "k_fold": "fold"}  # of the training images, by kind


def combine(
    logits: Logits, *, of: str = "probabilities", weights: Float[Tensor, " members"] | None = None
) -> Float[Tensor, "batch classes"]:
    """Probabilities of an ensemble: `sum_i w_i p_i` (Sec. 1.2.4), or the softmax of its members' mean logits.

    Without weights all members count alike. Raises `ValueError` for another name, and for weights that are negative, do
    not sum to 1, or are not one a member.
    """
    checks.one_of(MEANS, of=of)
    if weights is None:
        weights = torch.full((len(logits),), 1 / max(1, len(logits)))
    checks.equally_many(logits=logits, weights=weights)
    if not ((weights >= 0).all() and abs(float(weights.double().sum()) - 1) <= 1e-6):
        raise ValueError(f"weights must be at least 0 and sum to 1, got {weights.tolist()}")
    values = logits.double().softmax(2) if of == "probabilities" else logits.double()
    mean = torch.einsum("m,mbc->bc", weights.to(values), values)
    return mean if of == "probabilities" else mean.softmax(1)


def fit_weights(logits: Logits, labels: Labels, *, of: str = "probabilities") -> Float[Tensor, " members"]:
    """Weights of `combine`, at least 0 with sum 1, of largest likelihood on held-out images: a convex problem.

    Raises `ValueError` for another name, logits that are not finite, and labels that are not one an image, of the
    classes.
    """
    checks.one_of(MEANS, of=of)
    checks.finite(logits=logits)
    _check_labels(logits, labels)
    members = len(logits)
    found = minimize(
        _likelihood(logits, labels, of),
        np.full(members, 1 / members),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": lambda _: np.ones(members)},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    weights = np.clip(found.x, 0, None)
    return torch.from_numpy(weights / weights.sum())


def _check_labels(values: Logits, labels: Labels) -> None:
    checks.equally_many(images=values[0], labels=labels)
    checks.labels(labels, count=values.shape[2])


def _likelihood(logits: Tensor, labels: Tensor, of: str) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Negative log likelihood of a combination by its weights, with its gradient."""
    values = logits.double().softmax(2) if of == "probabilities" else logits.double()
    rows = torch.arange(len(labels), device=labels.device)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        own = torch.from_numpy(weights).to(values).requires_grad_()
        mean = torch.einsum("m,mbc->bc", own, values)
        logs = mean.clamp_min(LEAST_PROBABILITY).log() if of == "probabilities" else mean.log_softmax(1)
        likelihood = -logs[rows, labels].mean()
        (gradient,) = torch.autograd.grad(likelihood, own)
        return likelihood.item(), gradient.cpu().numpy()

    return loss


def predicted_errors(probabilities: Probabilities, labels: Labels) -> Float[Tensor, "sizes batch"]:
    """`v / k + (k - 1) c / k` (Eq. 1.14) of each image, k from 1 to all members; v, c: means over members and pairs.

    An error is the vector `p - y`; its square is summed over classes. On the images and members that it is measured on
    the equation is an identity: it predicts something of others only. Raises `ValueError` for a single member, and for
    labels that are not one an image, of the classes.
    """
    _check_labels(probabilities, labels)
    count = len(probabilities)
    if count < 2:
        raise ValueError(f"Eq. 1.14 needs pairs of members, got {count} member")
    errors = probabilities.double() - functional.one_hot(labels, probabilities.shape[2])
    own = errors.square().sum(2).mean(0)
    # the sum over all pairs, less the members with themselves
    shared = (errors.sum(0).square().sum(1) - count * own) / (count * (count - 1))
    return torch.stack([own / size + (size - 1) / size * shared for size in range(1, count + 1)])


def measured_errors(probabilities: Probabilities, labels: Labels) -> Float[Tensor, "sizes batch"]:
    """Squared error on each image of the mean of k members' probabilities, mean over all choices of k of them.

    Raises `ValueError` for labels that are not one an image, of the classes.
    """
    _check_labels(probabilities, labels)
    count, right = len(probabilities), functional.one_hot(labels, probabilities.shape[2])
    found = []
    for size in range(1, count + 1):
        chosen = [list(members) for members in itertools.combinations(range(count), size)]
        each = [(probabilities[rows].double().mean(0) - right).square().sum(1) for rows in chosen]
        found.append(torch.stack(each).mean(0))
    return torch.stack(found)


def ensemble(config: Config, *, progress: bool = True) -> Found:
    """Members, what they share, and what their combinations gain; predictions of the members on the test images.

    Accuracies are in %. Correlations of errors are means over pairs, NaN where that of every pair is, and so are the
    distances, which members of one architecture have. Weights are fitted on held-out training images. Raises `Diverged`
    where a journey that is missing diverges.
    """
    sets = sets_of(config, engine.choose_device())
    networks = members_of(config, progress=progress)
    held_out, test = (
        torch.stack([engine.predict(network, part.images)[0] for network in networks])
        for part in (sets.validation, sets.test)
    )
    labels, chosen = sets.test.labels, test.argmax(2)
    correlations = [error_correlation(*pair) for pair in itertools.combinations(chosen != labels, 2)]
    metrics = {
        "error_correlation": float(torch.tensor(correlations, dtype=torch.float64).nanmean()),
        "mean_accuracy": accuracy(chosen.flatten(), labels.repeat(len(chosen))),
    }
    if config.kind != "architectures":
        pairs = itertools.combinations(map(point_of, networks), 2)
        metrics["squared_distance"] = float(np.mean([squared_distance(*pair) for pair in pairs]))
    metrics |= combinations(held_out, sets.validation.labels, test, labels)
    metrics |= pairs_predict(test.softmax(2), labels, seed=config.seed + SPLIT_SEED)
    return metrics, {"predictions": chosen.to(torch.uint8).cpu().numpy()}


def members_of(config: Config, *, progress: bool) -> list[nn.Module]:
    """The networks of an ensemble, from the cache or trained now; snapshots are the last ones of a single journey."""
    if config.kind == "snapshots":
        return left_behind(journey_of(config), progress=progress)[-config.members :]
    return [left_behind(journey, progress=progress)[-1] for journey in journeys_of(config)]


def journeys_of(config: Config) -> list[Config]:
    """The journeys whose last networks make an ensemble."""
    if config.kind == "architectures":
        own = NETWORKS.index(config.network)
        order = NETWORKS[own:] + NETWORKS[:own]  # the larger ones first
        return [journey_of(config, network=name) for name in order[: config.members]]
    changes: dict[str, Any] = {"subset": SUBSETS[config.kind]} if config.kind in SUBSETS else {}
    if config.kind == "k_fold":
        changes["members"] = config.members
    return [journey_of(config, member=member, **changes) for member in range(config.members)]


def combinations(
    held_out: Float[Tensor, "members samples classes"],
    held_out_labels: Int[Tensor, " samples"],
    test: Logits,
    labels: Labels,
) -> dict[str, Any]:
    """Test accuracy (%) of each way to combine, with equal weights and with those fitted on held-out images."""
    metrics: dict[str, Any] = {}
    for of in MEANS:
        weights = fit_weights(held_out, held_out_labels, of=of)
        for name, used in ((of, None), (f"weighted_{of}", weights)):
            metrics[f"{name}_accuracy"] = accuracy(combine(test, of=of, weights=used).argmax(1), labels)
    return metrics


def pairs_predict(probabilities: Probabilities, labels: Labels, *, seed: int) -> dict[str, Any]:
    """Eq. 1.14 with v and c of one half of the test images, and the squared errors that ensembles make on the other."""
    order = torch.randperm(len(labels), generator=data.generator(seed)).to(labels.device)
    one, other = order.tensor_split(2)
    return {
        "predicted_errors": predicted_errors(probabilities[:, one], labels[one]).mean(1).tolist(),
        "measured_errors": measured_errors(probabilities[:, other], labels[other]).mean(1).tolist(),
    }
