"""The cosine losses: their values by hand, and where their minimum lies."""

import pytest
import torch

from spareparts.data import generator
from spareparts.fixed_classifiers import FixedClassifier, cosine_loss


@pytest.mark.parametrize(("loss", "power"), [("cosine_absolute", 1), ("cosine_squared", 2)])
def test_cosine_losses_are_the_summed_distances_from_one_and_minus_one(loss, power):
    cosines, labels = torch.tensor([[1.0, -1, 0.5], [0, 0.5, -1]]), torch.tensor([0, 2])
    expected = (1.5**power + 1 + 1.5**power + 2**power) / 2
    assert cosine_loss(cosines, labels, loss=loss).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["cosine_absolute", "cosine_squared"])
def test_with_orthonormal_rows_their_minimum_has_cosines_of_one_over_the_root_of_the_classes(loss):
    made = FixedClassifier(8, 4, kind="orthonormal", generator=generator(1), scale=1.0, bias=False).double()
    target = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64) / 2
    best = (target @ made.matrix).requires_grad_()
    value = cosine_loss(made(best[None]), torch.tensor([0]), loss=loss)
    (gradient,) = torch.autograd.grad(value, best)
    assert torch.allclose(made(best), target, atol=1e-5) and gradient.abs().max() < 1e-5
    others = torch.randn(50, 8, generator=generator(0), dtype=torch.float64)
    assert all(cosine_loss(made(other[None]), torch.tensor([0]), loss=loss) > value for other in others)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 0], [0], [[0, 1]], [0.0, 1.0]])
def test_labels_are_one_a_sample_and_of_the_classes(unchecked, labels):
    with pytest.raises(ValueError, match="labels must"):
        cosine_loss(torch.zeros(2, 3), torch.tensor(labels), loss="cosine_squared")


def test_another_loss_is_refused():
    with pytest.raises(ValueError, match="loss must be one of cosine_absolute, cosine_squared, got 'cosine'"):
        cosine_loss(torch.zeros(1, 2), torch.tensor([0]), loss="cosine")
