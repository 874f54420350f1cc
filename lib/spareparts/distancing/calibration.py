"""Whether probabilities can be believed: expected calibration error and its level by chance, and scores."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from .. import checks

BINS = 15
DRAWS = 200


class Calibration(NamedTuple):
    """How well probabilities fit labels."""

    error: float  # expected calibration error, in %
    chance: float  # of probabilities that are right, with as many images: mean over draws, in %
    likelihood: float  # negative log, per image in nats
    brier: float  # squared error of the probabilities summed over classes, 0 to 2


def expected_calibration_error(
    confidences: Float[Tensor, "*draws batch"], correct: Bool[Tensor, "*draws batch"], *, bins: int = BINS
) -> Float[Tensor, "*draws"]:
    """`sum_b n_b / n |accuracy(b) - confidence(b)|` over bins of equal width (Guo et al. 2017, Eq. 3), 0 to 1.

    Raises `ValueError` for confidences outside [0, 1], and where there are not as many of both.
    """
    checks.whole(1, bins=bins)
    checks.same_shape(confidences=confidences, correct=correct)
    if not 0 <= confidences.min() <= confidences.max() <= 1:
        raise ValueError(f"confidences must lie in [0, 1], got {confidences.min():g} to {confidences.max():g}")
    place = (confidences * bins).ceil().long().sub(1).clamp(0, bins - 1)
    gaps = torch.zeros(*confidences.shape[:-1], bins, dtype=torch.float64, device=confidences.device)
    gaps.scatter_add_(-1, place, correct.double() - confidences.double())
    return gaps.abs().sum(-1) / confidences.shape[-1]


def calibration(
    probabilities: Float[Tensor, "batch classes"],
    labels: Int[Tensor, " batch"],
    *,
    generator: torch.Generator,
    draws: int = DRAWS,
) -> Calibration:
    """Calibration of probabilities; the generator draws the outcomes for the level by chance.

    The error of a perfect predictor is not 0 but what its finite bins leave, so that the two are to be read together.
    Raises `ValueError` for probabilities that are not finite, and for labels that are not one an image, of the classes.
    """
    checks.finite(probabilities=probabilities)
    checks.equally_many(probabilities=probabilities, labels=labels)
    checks.labels(labels, count=probabilities.shape[1])
    confidences, chosen = probabilities.double().clamp(0, 1).max(1)
    uniform = torch.rand(draws, len(labels), generator=generator, device=generator.device).to(labels.device)
    by_chance = expected_calibration_error(confidences.expand(draws, -1), uniform < confidences)
    own = probabilities.double().gather(1, labels[:, None]).clamp_min(1e-12)
    wrong = probabilities.double() - functional.one_hot(labels, probabilities.shape[1])
    return Calibration(
        error=100 * float(expected_calibration_error(confidences, chosen == labels)),
        chance=100 * float(by_chance.mean()),
        likelihood=float(-own.log().mean()),
        brier=float(wrong.square().sum(1).mean()),
    )
