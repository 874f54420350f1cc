"""Heads of every kind: their formula by hand, what they train and cost, and what they refuse."""

import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from spareparts.data import generator
from spareparts.fixed_classifiers import HEADS, Config, FixedClassifier, costs
from spareparts.fixed_classifiers.config import FIXED, SCALED


def head(features: int = 12, classes: int = 5, *, kind: str = "orthonormal", **options) -> FixedClassifier:
    return FixedClassifier(features, classes, kind=kind, generator=generator(1), **options)


def samples(features: int = 12, count: int = 7) -> torch.Tensor:
    return torch.randn(count, features, generator=generator(2))


@pytest.mark.parametrize("kind", SCALED)
@pytest.mark.parametrize("negate", [False, True])
def test_scores_are_scaled_cosines_and_a_bias_whatever_the_length_of_a_sample(kind, negate):
    made, features = head(kind=kind, initial_scale=3.0, negate=negate), samples()
    with torch.no_grad():
        made.bias += torch.arange(5)
    expected = (-3 if negate else 3) * functional.normalize(features) @ made.matrix.T + torch.arange(5)
    assert torch.allclose(made(features), expected, atol=1e-5)
    assert torch.allclose(made(1000 * features), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["learned", "frozen", "low_rank", "sparse"])
def test_the_others_are_affine(kind):
    made, features = head(kind=kind), samples()
    assert torch.allclose(made(features), features @ made.matrix.T + made.bias, atol=1e-5)
    assert made.scale is None


@pytest.mark.parametrize("kind", HEADS)
def test_what_is_drawn_comes_from_the_generator_alone(kind):
    first = head(kind=kind)
    torch.rand(3)
    assert torch.equal(first.matrix, head(kind=kind).matrix) and torch.equal(first.bias, head(kind=kind).bias)


@pytest.mark.parametrize("kind", FIXED)
def test_rows_of_fixed_heads_have_length_one_and_are_not_trained(kind):
    made = head(kind=kind)
    assert torch.allclose(made.matrix.norm(dim=1), torch.ones(5), atol=1e-6)
    assert [name for name, _ in made.named_parameters()] == ["bias", "scale"]
    assert [name for name, _ in head(kind=kind, scale=0.1).named_parameters()] == ["bias"]


@pytest.mark.parametrize(
    ("kind", "options", "weights"),
    [
        ("learned", {}, 6400),
        ("normalised", {}, 6400),
        ("frozen", {}, 0),
        ("low_rank", {}, 10 * 164),
        ("low_rank", {"rank": 3}, 3 * 164),
        ("sparse", {}, 1600),
        ("sparse", {"density": 0.1}, 640),
    ],
)
def test_the_weights_that_are_trained_are_as_many_as_each_kind_says(kind, options, weights):
    made = head(64, 100, kind=kind, **options)
    assert sum(value.numel() for value in made.projection.parameters()) == weights
    if kind == "low_rank":
        assert torch.linalg.matrix_rank(made.matrix) == options.get("rank", 10)
    if kind == "sparse":
        assert made.matrix.count_nonzero() == weights


def test_zeros_have_the_bias_as_their_scores_and_a_learned_head_is_pytorchs_linear_layer():
    features = torch.zeros(2, 12, requires_grad=True)
    scores = head()(features)
    scores.sum().backward()
    assert not scores.any() and features.grad.isfinite().all()
    made, layer = head(kind="learned"), nn.Linear(12, 5)
    layer.load_state_dict({"weight": made.projection.weight, "bias": made.bias})
    assert torch.equal(made(samples()), layer(samples()))
    assert made.matrix.abs().max() <= 12**-0.5 and made.bias.abs().max() <= 12**-0.5 and made.bias.any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", SCALED)
def test_in_half_precision_scores_are_those_of_single_up_to_rounding_with_zeros_and_with_large_features(kind, dtype):
    made, features = head(kind=kind), 3e4 * samples() / samples().abs().max()
    features[0] = 0
    expected = made(features)
    found = made.to(dtype)(features.to(dtype))
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=16 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("kind", HEADS)
def test_features_of_another_width_are_refused_by_every_kind(unchecked, kind):
    with warnings.catch_warnings(action="ignore"):  # of rows that coincide
        made = head(512, 1000, kind=kind)
    for width in (1, 256, 1024):
        with pytest.raises(ValueError, match=rf"features must have 512 features, got shape \(3, {width}\)"):
            made(torch.ones(3, width))
    with pytest.raises(ValueError, match="features must be floating-point numbers"):
        made(torch.ones(3, 512, dtype=torch.int64))


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
        ({"scale": math.nan}, r"scale must be positive, got nan"),
        ({"initial_scale": 0.0}, "initial_scale must be positive, got 0.0"),
        ({"kind": "learned", "initial_scale": 10.0}, "kind='learned' has no scale .* initial_scale=10.0"),
        ({"kind": "frozen", "negate": True}, "kind='frozen' has no scale and nothing to negate"),
    ],
)
def test_bad_settings_are_refused_with_their_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        head(**arguments)
    with pytest.raises(TypeError, match="kind 'learned' has no matrix, rank"):
        head(kind="learned", rank=3, matrix="paley")


@pytest.mark.parametrize(
    ("kind", "numbers"), [("learned", 160), ("orthonormal", 160), ("hadamard", 0), ("low_rank", 52)]
)
@pytest.mark.parametrize("phase", ["training", "inference"])
def test_a_hadamard_head_has_no_bytes_of_matrix_and_the_others_four_for_each_number(monkeypatch, kind, numbers, phase):
    monkeypatch.setattr(costs, "SECONDS", 0.0)
    metrics, arrays = costs.heads(Config(experiment="heads", head=kind, features=16, classes=10, phase=phase))
    assert arrays == {} and len(metrics["milliseconds"]) == costs.FEWEST and min(metrics["milliseconds"]) > 0
    assert metrics["matrix_bytes"] == 4 * numbers


def test_a_step_trains_the_head_and_gives_the_gradient_for_the_body():
    made, inputs = head(kind="learned"), samples().requires_grad_()
    before = made.projection.weight.clone()
    gradient = costs.step(made, torch.optim.SGD(made.parameters(), lr=0.1), inputs, torch.arange(7) % 5)
    assert gradient.shape == inputs.shape and gradient.any() and not torch.equal(before, made.projection.weight)
