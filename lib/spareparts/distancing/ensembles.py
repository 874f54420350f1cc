"""Networks combined: means of probabilities or of logits, weighted or not, and what Eq. 1.14 predicts of them."""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import minimize
from torch import Tensor
from torch.nn import functional

from .. import checks

LEAST_PROBABILITY = 1e-12
MEANS = ("probabilities", "logits")


def combine(
    logits: Float[Tensor, "members batch classes"],
    *,
    of: str = "probabilities",
    weights: Float[Tensor, " members"] | None = None,
) -> Float[Tensor, "batch classes"]:
    """Probabilities of an ensemble: `sum_i w_i p_i` (Sec. 1.2.4), or the softmax of its members' mean logits.

    Without weights all members count alike. Raises `ValueError` for another name, and for weights that are negative, do
    not sum to 1, or are not one a member.
    """
    checks.one_of(MEANS, of=of)
    if weights is None:
        weights = torch.full((len(logits),), 1 / len(logits))
    checks.equally_many(logits=logits, weights=weights)
    if not ((weights >= 0).all() and abs(float(weights.double().sum()) - 1) <= 1e-6):
        raise ValueError(f"weights must be at least 0 and sum to 1, got {weights.tolist()}")
    values = logits.double().softmax(2) if of == "probabilities" else logits.double()
    mean = torch.einsum("m,mbc->bc", weights.to(values), values)
    return mean if of == "probabilities" else mean.softmax(1)


def fit_weights(
    logits: Float[Tensor, "members batch classes"], labels: Int[Tensor, " batch"], *, of: str = "probabilities"
) -> Float[Tensor, " members"]:
    """Weights of `combine`, at least 0 with sum 1, of largest likelihood on held-out images: a convex problem.

    Raises `ValueError` for another name, logits that are not finite, and labels that are not one an image, of the
    classes.
    """
    checks.one_of(MEANS, of=of)
    checks.finite(logits=logits)
    _check_labels(logits, labels)
    members = len(logits)
    found = minimize(
        _likelihood(logits, labels) if of == "probabilities" else _likelihood_of_logits(logits, labels),
        np.full(members, 1 / members),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": lambda _: np.ones(members)},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    weights = np.clip(found.x, 0, None)
    return torch.from_numpy(weights / weights.sum())


def _check_labels(values: Float[Tensor, "members batch classes"], labels: Int[Tensor, " batch"]) -> None:
    checks.equally_many(images=values[0], labels=labels)
    checks.labels(labels, count=values.shape[2])


Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]  # of weights, with its gradient


def _likelihood(logits: Tensor, labels: Tensor) -> Loss:
    """Negative log likelihood of a mean of probabilities, which needs only those of the true classes."""
    own = logits.double().softmax(2)[:, torch.arange(len(labels), device=labels.device), labels].cpu().numpy()

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        together = np.maximum(weights @ own, LEAST_PROBABILITY)
        return -float(np.log(together).mean()), -(own / together).mean(1)

    return loss


def _likelihood_of_logits(logits: Tensor, labels: Tensor) -> Loss:
    """Negative log likelihood of the softmax of a mean of logits."""
    values, right = logits.double(), functional.one_hot(labels, logits.shape[2])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        mean = torch.einsum("m,mbc->bc", torch.from_numpy(weights).to(values), values)
        gradient = torch.einsum("bc,mbc->m", mean.softmax(1) - right, values) / len(labels)
        return float(functional.cross_entropy(mean, labels)), gradient.cpu().numpy()

    return loss


@dataclasses.dataclass(frozen=True, kw_only=True)
class Errors:
    """Squared errors of probabilities, image by image, of k members: Eq. 1.14's right side or what was measured."""

    sizes: list[int]  # k, from 1 to all members
    values: Float[Tensor, "sizes batch"]

    @property
    def means(self) -> list[float]:
        """Mean over images, for each k."""
        return self.values.mean(1).tolist()


def predicted_errors(probabilities: Float[Tensor, "members batch classes"], labels: Int[Tensor, " batch"]) -> Errors:
    """`v / k + (k - 1) c / k` (Eq. 1.14) for k up to all members; v and c are means over members and over pairs.

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
    sizes = list(range(1, count + 1))
    return Errors(sizes=sizes, values=torch.stack([own / size + (size - 1) / size * shared for size in sizes]))


def measured_errors(probabilities: Float[Tensor, "members batch classes"], labels: Int[Tensor, " batch"]) -> Errors:
    """Squared error of the mean of k members' probabilities, mean over all choices of k of them.

    Raises `ValueError` for labels that are not one an image, of the classes.
    """
    _check_labels(probabilities, labels)
    count, right = len(probabilities), functional.one_hot(labels, probabilities.shape[2])
    found = []
    for size in range(1, count + 1):
        chosen = [list(members) for members in itertools.combinations(range(count), size)]
        each = [(probabilities[rows].double().mean(0) - right).square().sum(1) for rows in chosen]
        found.append(torch.stack(each).mean(0))
    return Errors(sizes=list(range(1, count + 1)), values=torch.stack(found))
