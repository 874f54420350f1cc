"""How differently networks behave, and what ensembles of them gain."""

import math

import numpy as np
import pytest
import torch

from spareparts.data import generator
from spareparts.distancing.ensembles import combine, fit_weights, measured_errors, predicted_errors
from spareparts.distancing.measures import disagreement, error_correlation

LOGITS = torch.randn(4, 300, 5, generator=generator(1))
LABELS = torch.randint(5, (300,), generator=generator(2))


def logits_of(members, *, images=2_000, shared=1.0, own=1.0, seed=1):
    """Members that know the label, with noise in common and noise of their own."""
    draw = generator(seed)
    labels = torch.randint(5, (images,), generator=draw)
    common = 2 * torch.nn.functional.one_hot(labels, 5) + shared * torch.randn(images, 5, generator=draw)
    return common + own * torch.randn(members, images, 5, generator=draw), labels


def test_disagreement_counts_images_with_two_answers_and_errors_correlate_as_numpy_says(unchecked):
    first, second = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 3, 2])
    assert disagreement(first, second) == 0.5
    assert disagreement(first, first) == 0
    with pytest.raises(ValueError, match="first and second must be equally many and at least one, got 4 and 3"):
        disagreement(first, second[:3])
    with pytest.raises(ValueError, match=r"predictions must be whole numbers of shape \(batch,\)"):
        disagreement(first[:, None], first)
    draw = generator(3)
    first, second = (torch.rand(200, generator=draw) < 0.3 for _ in range(2))
    assert error_correlation(first, second) == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert error_correlation(first, first) == pytest.approx(1)
    assert error_correlation(first, ~first) == pytest.approx(-1)
    assert math.isnan(error_correlation(first, torch.zeros(200, dtype=torch.bool)))


def test_weights_choose_members_and_members_that_are_the_same_gain_nothing(unchecked):
    only_second = torch.tensor([0.0, 1.0, 0.0, 0.0])
    for of in ("probabilities", "logits"):
        assert torch.allclose(combine(LOGITS, of=of, weights=only_second), LOGITS[1].double().softmax(1))
    assert torch.allclose(combine(LOGITS), LOGITS.double().softmax(2).mean(0))
    probabilities = LOGITS[:1].softmax(2).expand(3, -1, -1)
    single = measured_errors(probabilities, LABELS)[0].mean()
    torch.testing.assert_close(predicted_errors(probabilities, LABELS).mean(1), single.expand(3))
    with pytest.raises(ValueError, match=r"Eq. 1.14 needs pairs of members, got 1 member"):
        predicted_errors(probabilities[:1], LABELS)
    for errors in (predicted_errors, measured_errors):
        with pytest.raises(ValueError, match="images and labels must be equally many"):
            errors(probabilities, LABELS[:1])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"of": "votes"}, "of must be one of probabilities, logits, got 'votes'"),
        ({"weights": torch.ones(1)}, "logits and weights must be equally many"),
        ({"weights": torch.tensor([math.nan, 0.5, 0.5, 0.0])}, "weights must be at least 0 and sum to 1"),
        ({"weights": torch.ones(4)}, "weights must be at least 0 and sum to 1"),
        ({"weights": torch.tensor([-1.0, 2.0, 0.0, 0.0])}, "weights must be at least 0 and sum to 1"),
    ],
)
def test_other_combinations_are_refused(unchecked, wrong, message):
    with pytest.raises(ValueError, match=message):
        combine(LOGITS, **wrong)
    with pytest.raises(ValueError, match="logits and weights must be equally many and at least one, got 0 and 0"):
        combine(LOGITS[:0])
    with pytest.raises(ValueError, match="of must be one of probabilities, logits, got 'votes'"):
        fit_weights(LOGITS, LABELS, of="votes")


@pytest.mark.parametrize("of", ["probabilities", "logits"])
def test_fitted_weights_are_a_minimum_over_the_simplex(of):
    logits, labels = logits_of(3)
    logits[2] = torch.randn(logits[2].shape, generator=generator(9))  # knows nothing
    weights = fit_weights(logits, labels, of=of)
    assert float(weights.sum()) == pytest.approx(1) and (weights >= 0).all()
    assert weights[2] < weights[:2].min() / 2

    def likelihood(chosen):
        return -float(combine(logits, of=of, weights=chosen).gather(1, labels[:, None]).log().mean())

    draw, best = generator(5), likelihood(weights)
    for _ in range(30):
        direction = torch.rand(3, generator=draw, dtype=torch.float64)
        assert best <= likelihood(0.95 * weights + 0.05 * direction / direction.sum()) + 1e-9


def test_equation_1_14_is_an_identity_where_it_was_measured_and_predicts_other_members():
    logits, labels = logits_of(5)
    probabilities = logits.softmax(2)
    predicted, measured = predicted_errors(probabilities, labels), measured_errors(probabilities, labels)
    assert predicted.shape == measured.shape == (5, len(labels))
    torch.testing.assert_close(predicted.mean(1), measured.mean(1))
    brier = (combine(logits) - torch.nn.functional.one_hot(labels, 5)).square().sum(1).mean()
    assert float(measured[-1].mean()) == pytest.approx(float(brier))
    logits, labels = logits_of(6, images=6_000)
    probabilities = logits.softmax(2)
    predicted = predicted_errors(probabilities[:3, :3_000], labels[:3_000])
    measured = measured_errors(probabilities[3:, 3_000:], labels[3_000:])
    torch.testing.assert_close(predicted.mean(1), measured.mean(1), rtol=0.05, atol=0)
    assert (measured.mean(1).diff() < 0).all()
