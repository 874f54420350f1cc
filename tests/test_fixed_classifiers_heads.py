"""Heads of every kind: their formula by hand, what they store and train, and the rows of Hadamard heads."""

import io
import warnings

import pytest
import scipy.linalg
import torch
from torch import nn
from torch.nn import functional

from spareparts.data import generator
from spareparts.fixed_classifiers import hadamard
from spareparts.fixed_classifiers.coherence import CoincidingRows
from spareparts.fixed_classifiers.hadamard import Hadamard
from spareparts.fixed_classifiers.heads import KINDS, SCALED, FixedClassifier
from spareparts.fixed_classifiers.losses import cosine_loss

FIXED = ("orthonormal", "hadamard", "tight_frame")


def head(features: int = 12, classes: int = 5, *, kind: str = "orthonormal", **options) -> FixedClassifier:
    return FixedClassifier(features, classes, kind=kind, generator=generator(1), **options)


def samples(features: int = 12, count: int = 7) -> torch.Tensor:
    return torch.randn(count, features, generator=generator(2))


def weights(module: nn.Module) -> int:
    return sum(parameter.numel() for name, parameter in module.named_parameters() if name.startswith("projection"))


@pytest.mark.parametrize("kind", SCALED)
@pytest.mark.parametrize("negate", [False, True])
def test_scores_are_scaled_cosines_and_a_bias(kind, negate):
    made, features = head(kind=kind, initial_scale=3.0, negate=negate), samples()
    with torch.no_grad():
        made.bias += torch.arange(5)
    cosines = functional.normalize(features) @ made.matrix.T
    assert torch.allclose(made(features), (-3 if negate else 3) * cosines + torch.arange(5), atol=1e-5)


@pytest.mark.parametrize("kind", ["learned", "frozen", "low_rank", "sparse"])
def test_the_others_are_affine(kind):
    made, features = head(kind=kind), samples()
    assert torch.allclose(made(features), features @ made.matrix.T + made.bias, atol=1e-5)
    assert made.scale is None


def test_a_learned_head_is_pytorchs_linear_layer():
    made, layer = head(kind="learned"), nn.Linear(12, 5)
    layer.load_state_dict({"weight": made.projection.weight, "bias": made.bias})
    assert torch.equal(made(samples()), layer(samples()))
    assert made.matrix.abs().max() <= 12**-0.5 and made.bias.abs().max() <= 12**-0.5 and made.bias.any()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_comes_from_the_generator_alone(kind):
    first = head(kind=kind)
    torch.rand(3)
    assert torch.equal(first.matrix, head(kind=kind).matrix) and torch.equal(first.bias, head(kind=kind).bias)


@pytest.mark.parametrize("kind", FIXED)
def test_rows_of_fixed_heads_have_length_one_and_are_not_trained(kind):
    made = head(kind=kind)
    assert torch.allclose(made.matrix.norm(dim=1), torch.ones(5), atol=1e-6)
    assert [name for name, _ in made.named_parameters()] == ["bias", "scale"]


def test_the_weights_that_are_trained_are_as_many_as_each_kind_says():
    counts = {kind: weights(head(64, 100, kind=kind)) for kind in ("learned", "normalised", "frozen", "sparse")}
    assert counts == {"learned": 6400, "normalised": 6400, "frozen": 0, "sparse": 1600}
    assert weights(head(64, 100, kind="low_rank")) == 10 * (64 + 100)
    assert weights(head(64, 100, kind="low_rank", rank=3)) == 3 * (64 + 100)
    assert weights(head(64, 100, kind="sparse", density=0.1)) == 640


def test_low_rank_and_sparse_matrices_are_what_their_names_say():
    assert torch.linalg.matrix_rank(head(20, 30, kind="low_rank", rank=3).matrix) == 3
    assert head(20, 30, kind="sparse", density=0.1).matrix.count_nonzero() == 60


def test_a_scale_of_ones_own_is_trained_and_a_given_one_is_not():
    assert head(initial_scale=10.0).scale.requires_grad
    held = head(scale=0.1)
    assert not held.scale.requires_grad and "scale" in held.state_dict() and held.scale.item() == pytest.approx(0.1)


def test_zeros_have_the_bias_as_their_scores_and_a_finite_gradient():
    features = torch.zeros(2, 12, requires_grad=True)
    scores = head()(features)
    scores.sum().backward()
    assert not scores.any() and features.grad.isfinite().all()


def test_the_length_of_a_sample_changes_nothing_where_features_are_normalised():
    for kind in SCALED:
        made = head(kind=kind)
        assert torch.allclose(made(1000 * samples()), made(samples()), atol=1e-5)


# Hadamard heads


@pytest.mark.parametrize(("features", "classes"), [(64, 10), (12, 5), (100, 16), (16, 100), (7, 1), (1, 7), (33, 32)])
@pytest.mark.parametrize("options", [{}, {"skip_ones": True}, {"coordinates": "scattered"}, {"matrix": "paley"}])
@pytest.mark.filterwarnings("ignore::spareparts.fixed_classifiers.coherence.CoincidingRows")
def test_the_transform_gives_the_product_with_the_matrix(monkeypatch, features, classes, options):
    inputs, bias = samples(features).double(), torch.randn(classes, generator=generator(0)).double()
    for crossover in (0, 10**9):
        monkeypatch.setattr(hadamard, "CROSSOVER", crossover)
        made = Hadamard(features, classes, generator=generator(3), **options)
        assert torch.allclose(made(inputs, bias), inputs @ made.matrix().double().T + bias)
        assert made.matrix().shape == (classes, features) and (made.matrix().abs() == 1).all()


def test_its_rows_are_scipys_first_ones_and_begin_with_ones_unless_these_are_skipped():
    whole = torch.from_numpy(scipy.linalg.hadamard(16)).float()
    assert torch.equal(Hadamard(12, 9).matrix(), whole[:9, :12])
    assert torch.equal(Hadamard(12, 9, skip_ones=True).matrix(), whole[1:10, :12])


@pytest.mark.parametrize(
    ("features", "classes", "coherence"), [(64, 10, 0.0), (1664, 100, 0.0), (342, 100, 0.123), (1664, 1000, 0.231)]
)
def test_a_cut_matrix_is_orthogonal_where_the_features_are_a_multiple_of_the_power_of_two_above_the_classes(
    features, classes, coherence
):
    assert FixedClassifier(features, classes, kind="hadamard").max_coherence == pytest.approx(coherence, abs=5e-4)


def test_paleys_orders_are_closer():
    for features, classes, coherence in ((1664, 100, 0.0), (342, 100, 6 / 342)):
        made = FixedClassifier(features, classes, kind="hadamard", matrix="paley")
        assert made.max_coherence == pytest.approx(coherence, abs=1e-6)


def test_coherence_follows_from_one_transform_of_the_columns_that_are_used():
    # the cosine of rows i and j depends on i xor j alone, and first rows have all differences
    used = functional.pad(torch.ones(342), (0, 512 - 342))
    expected = used @ torch.from_numpy(scipy.linalg.hadamard(512)).float() / 342
    found = FixedClassifier(342, 100, kind="hadamard").max_coherence
    assert found == pytest.approx(expected[1:128].abs().max().item(), abs=1e-6)


def test_rows_that_coincide_are_named():
    with pytest.warns(CoincidingRows, match=r"36 pairs of rows coincide \(0 = 64, 1 = 65, .*\)"):
        made = FixedClassifier(64, 100, kind="hadamard")
    assert made.coinciding_rows == [(row, row + 64) for row in range(36)] and made.max_coherence == 1
    with pytest.warns(CoincidingRows, match="3 pairs"):
        FixedClassifier(1, 3, kind="tight_frame", generator=generator(0))


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "hadamard", "coordinates": "scattered"},
        {"kind": "hadamard", "matrix": "paley"},
        {"kind": "tight_frame"},
    ],
)
def test_the_remedies_have_no_coinciding_rows(options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = head(64, 100, **options)
    assert made.coinciding_rows == [] and made.max_coherence < 0.5


def test_features_after_a_relu_have_the_row_of_ones_as_their_closest():
    features = samples(64, 500).relu()
    made = FixedClassifier(64, 10, kind="hadamard")
    assert (made(features).argmax(1) == 0).all()
    assert not (FixedClassifier(64, 10, kind="hadamard", negate=True)(features).argmax(1) == 0).any()
    assert len(FixedClassifier(64, 10, kind="hadamard", skip_ones=True)(features).argmax(1).unique()) == 10


def test_nothing_of_the_matrix_is_in_the_file():
    for features, classes in ((64, 10), (2048, 1000)):
        made = FixedClassifier(features, classes, kind="hadamard")
        assert list(made.state_dict()) == ["bias", "scale"]
        file = io.BytesIO()
        torch.save(made.state_dict(), file)
        assert file.tell() < 4 * classes + 4096
    assert list(head(64, 100, kind="hadamard", coordinates="scattered").state_dict())[-1] == "projection.columns"


def test_scattered_coordinates_come_back_with_the_state():
    made, other = (
        FixedClassifier(20, 9, kind="hadamard", coordinates="scattered", generator=g) for g in map(generator, (1, 2))
    )
    assert not torch.equal(made(samples(20)), other(samples(20)))
    other.load_state_dict(made.state_dict())
    assert torch.equal(made(samples(20)), other(samples(20)))


# Cosine losses


@pytest.mark.parametrize(("loss", "power"), [("cosine_absolute", 1), ("cosine_squared", 2)])
def test_cosine_losses_are_the_mean_distances_from_one_and_minus_one(loss, power):
    cosines, labels = torch.tensor([[1.0, -1, 0.5], [0, 0.5, -1]]), torch.tensor([0, 2])
    expected = (1.5**power + 1 + 1.5**power + 2**power) / 6
    assert cosine_loss(cosines, labels, loss=loss).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["cosine_absolute", "cosine_squared"])
def test_with_orthonormal_rows_their_minimum_has_cosines_of_one_over_the_root_of_the_classes(loss):
    made = head(8, 4, scale=1.0, bias=False).double()
    target = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64) / 2
    best = (target @ made.matrix).requires_grad_()
    value = cosine_loss(made(best[None]), torch.tensor([0]), loss=loss)
    (gradient,) = torch.autograd.grad(value, best)
    assert torch.allclose(made(best), target, atol=1e-5) and gradient.abs().max() < 1e-6
    others = torch.randn(50, 8, generator=generator(0), dtype=torch.float64)
    assert all(cosine_loss(made(other[None]), torch.tensor([0]), loss=loss) > value for other in others)


# Bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": 0}, "in_features must be at least 1, got 0"),
        ({"classes": -1}, "num_classes must be at least 1, got -1"),
        ({"kind": "fixed"}, "kind must be one of learned, .*, got 'fixed'"),
        ({"kind": "hadamard", "matrix": "walsh"}, "matrix must be one of sylvester, paley, got 'walsh'"),
        ({"kind": "hadamard", "coordinates": "last"}, "coordinates must be one of first, scattered, got 'last'"),
        ({"kind": "hadamard", "matrix": "paley", "coordinates": "scattered"}, "of a sylvester matrix, got 'paley'"),
        ({"kind": "low_rank", "rank": 0}, "rank must be at least 1, got 0"),
        ({"kind": "sparse", "density": 1.5}, r"density must lie in \(0, 1\], got 1.5"),
        ({"scale": -1.0}, r"scale must be positive, got -1.0"),
        ({"initial_scale": 0.0}, "initial_scale must be positive, got 0.0"),
        ({"kind": "learned", "scale": 1.0}, "kind 'learned' has no scale"),
        ({"kind": "frozen", "negate": True}, "kind 'frozen' has no scale and nothing to negate"),
    ],
)
def test_bad_settings_are_refused_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        head(**arguments)


def test_what_draws_needs_a_generator_and_losses_have_two_names():
    with pytest.raises(ValueError, match="generator must be given for kind 'orthonormal'"):
        FixedClassifier(4, 3, kind="orthonormal")
    with pytest.raises(ValueError, match="generator must be given for scattered coordinates"):
        FixedClassifier(4, 3, kind="hadamard", coordinates="scattered")
    with pytest.raises(ValueError, match="loss must be one of cosine_absolute, cosine_squared, got 'cosine'"):
        cosine_loss(torch.zeros(1, 2), torch.tensor([0]), loss="cosine")
