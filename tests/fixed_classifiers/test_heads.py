"""Heads of every kind: their formula by hand, what they train, and what they refuse."""

import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from spareparts.data import generator
from spareparts.fixed_classifiers.heads import KINDS, SCALED, FixedClassifier

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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", SCALED)
def test_in_half_precision_scores_are_those_of_single_up_to_rounding_with_zeros_and_with_large_features(kind, dtype):
    made, features = head(kind=kind), 3e4 * samples() / samples().abs().max()
    features[0] = 0
    expected = made(features)
    found = made.to(dtype)(features.to(dtype))
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=16 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("kind", KINDS)
def test_features_of_another_width_are_refused_by_every_kind(unchecked, kind):
    with warnings.catch_warnings(action="ignore"):  # of rows that coincide
        made = head(512, 1000, kind=kind)
    for width in (1, 128, 256, 511, 1024):
        with pytest.raises(ValueError, match=rf"features must have 512 features, got shape \(3, {width}\)"):
            made(torch.ones(3, width))
    with pytest.raises(ValueError, match="features must be floating-point numbers"):
        made(torch.ones(3, 512, dtype=torch.int64))


def test_the_length_of_a_sample_changes_nothing_where_features_are_normalised():
    for kind in SCALED:
        made = head(kind=kind)
        assert torch.allclose(made(1000 * samples()), made(samples()), atol=1e-5)


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
        ({"scale": math.nan}, r"scale must be positive, got nan"),
        ({"eps": math.inf}, r"eps must be finite, got inf"),
        ({"initial_scale": 0.0}, "initial_scale must be positive, got 0.0"),
        ({"kind": "learned", "scale": 1.0}, "kind 'learned' has no scale"),
        ({"kind": "learned", "initial_scale": 10.0}, "kind 'learned' has no scale .* initial_scale 10.0"),
        ({"kind": "frozen", "negate": True}, "kind 'frozen' has no scale and nothing to negate"),
        ({"kind": "learned", "rank": 3}, "rank is of kind 'low_rank' and must stay None for 'learned', got 3"),
        ({"matrix": "paley"}, "matrix is of kind 'hadamard' and must stay 'sylvester' for 'orthonormal', got 'paley'"),
    ],
)
def test_bad_settings_are_refused_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        head(**arguments)


def test_an_option_that_no_kind_has_is_refused_whatever_the_kind():
    for kind in KINDS:
        with pytest.raises(TypeError, match="unknown options ranks; known: matrix"):
            head(kind=kind, ranks=3)


def test_what_draws_needs_a_generator():
    with pytest.raises(ValueError, match="generator must be given for kind 'orthonormal'"):
        FixedClassifier(4, 3, kind="orthonormal")
    with pytest.raises(ValueError, match="generator must be given for scattered coordinates"):
        FixedClassifier(4, 3, kind="hadamard", coordinates="scattered")
