"""Hadamard heads: the transform against the matrix, what is stored, how far rows are from orthogonal, and remedies."""

import warnings

import pytest
import scipy.linalg
import torch

from spareparts.data import generator
from spareparts.fixed_classifiers import CoincidingRows, FixedClassifier, fast_hadamard_transform, hadamard, sylvester
from spareparts.fixed_classifiers.hadamard import Hadamard, paley, paley_order


def random(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(0), dtype=torch.float64).to(dtype)


def head(features: int, classes: int, *, kind: str = "hadamard", seed: int = 1, **options) -> FixedClassifier:
    return FixedClassifier(features, classes, kind=kind, generator=generator(seed), **options)


def matrix_of(size: int) -> torch.Tensor:
    return torch.from_numpy(scipy.linalg.hadamard(size)).double()


@pytest.mark.parametrize("shape", [(3, 1), (3, 2), (3, 8), (3, 64), (3, 1024), (16,), (2, 3, 16), (0, 16)])
def test_the_transform_is_the_product_of_the_last_axis_with_scipys_matrix(shape):
    inputs = random(*shape)
    found = fast_hadamard_transform(inputs)
    assert found.shape == shape and torch.allclose(found, inputs @ matrix_of(shape[-1]))


def test_views_are_transformed_in_parts_as_all_at_once_with_gradients_right_to_the_second_order(monkeypatch):
    inputs = random(64, 64, 3).movedim(2, 0).mT
    whole = fast_hadamard_transform(inputs.contiguous())
    assert torch.equal(fast_hadamard_transform(inputs), whole)
    monkeypatch.setattr(hadamard, "CHUNK", 5 * 64)
    assert torch.equal(fast_hadamard_transform(inputs), whole)
    inputs = random(2, 8).requires_grad_()
    assert torch.autograd.gradcheck(fast_hadamard_transform, inputs, check_batched_grad=True)
    assert torch.autograd.gradgradcheck(fast_hadamard_transform, inputs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_precision_is_the_inputs_own(dtype):
    inputs = random(3, 64, dtype=dtype)
    with torch.autocast("cpu", torch.bfloat16):
        found = fast_hadamard_transform(inputs)
    expected = inputs.double() @ matrix_of(64)
    assert found.dtype == dtype
    assert (found.double() - expected).abs().max() < 30 * torch.finfo(dtype).eps * expected.abs().max()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (torch.zeros(2, 0), "must be a power of two .*, got 0"),
        (torch.zeros(2, 12), "must be a power of two .*, got 12"),
        (torch.tensor(1.0), "must be a power of two .*, got 0"),
        (torch.ones(2, 4, dtype=torch.int64), r"floating-point numbers, got torch\.int64"),
    ],
)
def test_what_has_no_transform_is_refused(unchecked, inputs, message):
    with pytest.raises(ValueError, match=message):
        fast_hadamard_transform(inputs)


def test_its_rows_are_those_of_the_definition_and_begin_with_ones_unless_these_are_skipped():
    rows, columns = torch.tensor([2**30 - 1, 2**20 + 5]), torch.tensor([3, 2**29, 2**20 + 1])
    expected = [[(-1) ** (int(i) & int(j)).bit_count() for j in columns] for i in rows]
    assert sylvester(rows, columns).tolist() == expected
    for skipped in (0, 1):
        made = Hadamard(12, 9, skip_ones=bool(skipped), generator=generator(1))
        assert torch.equal(made.matrix().double(), matrix_of(16)[skipped : skipped + 9, :12])


@pytest.mark.parametrize("order", [4, 8, 12, 20, 24, 48, 348])
def test_paleys_matrices_are_hadamard_and_begin_with_ones(order):
    matrix = paley(order)
    assert (matrix.abs() == 1).all() and (matrix[0] == 1).all()
    assert torch.equal(matrix @ matrix.T, order * torch.eye(order, dtype=torch.int64))


def test_paleys_next_order_is_the_smallest_that_primes_give_and_others_are_refused():
    expected = {1: 4, 3: 4, 10: 12, 342: 348, 1664: 1664, 89: 104}
    assert {least: paley_order(least) for least in expected} == expected
    for order in (6, 92, 16):
        with pytest.raises(ValueError, match=f"order must be a prime plus 1 .*, got {order}"):
            paley(order)


@pytest.mark.parametrize(("features", "classes"), [(64, 10), (12, 5), (100, 16), (16, 100), (7, 1), (1, 7), (33, 32)])
@pytest.mark.parametrize("options", [{}, {"skip_ones": True}, {"coordinates": "scattered"}, {"matrix": "paley"}])
def test_a_head_gives_the_product_with_its_matrix_however_it_is_computed(monkeypatch, features, classes, options):
    inputs, bias = random(7, features), random(classes)
    for crossover in (0, 10**9):
        monkeypatch.setattr(hadamard, "CROSSOVER", crossover)
        made = Hadamard(features, classes, generator=generator(3), **options)
        assert torch.allclose(made(inputs, bias), inputs @ made.matrix().double().T + bias)
        assert made.matrix().shape == (classes, features) and (made.matrix().abs() == 1).all()


@pytest.mark.parametrize(
    ("features", "classes", "coherence", "matrix"),
    [
        (64, 10, 0.0, "sylvester"),
        (1664, 100, 0.0, "sylvester"),
        (342, 100, 0.123, "sylvester"),
        (1664, 1000, 0.231, "sylvester"),
        (1664, 100, 0.0, "paley"),
        (342, 100, 6 / 342, "paley"),
    ],
)
def test_a_cut_matrix_is_orthogonal_where_its_order_divides_the_features(features, classes, coherence, matrix):
    assert head(features, classes, matrix=matrix).max_coherence == pytest.approx(coherence, abs=5e-4)


def test_rows_that_coincide_are_named_and_the_remedies_have_none():
    with pytest.warns(CoincidingRows, match=r"36 groups of classes share a row, first \(0, 64\)"):
        made = head(64, 100)
    assert made.coinciding_rows == [(row, row + 64) for row in range(36)] and made.max_coherence == 1
    with pytest.warns(CoincidingRows, match=r"first \(0, 1, 2\)"):
        head(1, 3, kind="tight_frame")
    for remedy in ({"coordinates": "scattered"}, {"matrix": "paley"}, {"kind": "tight_frame"}):
        with warnings.catch_warnings(action="error"):
            made = head(64, 100, **remedy)
        assert made.coinciding_rows == [] and made.max_coherence < 0.5


def test_features_after_a_relu_have_the_row_of_ones_as_their_closest():
    features = random(500, 64, dtype=torch.float32).relu()
    ones, negated, skipped = (
        head(64, 10, **how)(features).argmax(1) for how in ({}, {"negate": True}, {"skip_ones": True})
    )
    assert (ones == 0).all() and not (negated == 0).any() and len(skipped.unique()) == 10


def test_scattered_coordinates_come_back_with_the_state():
    made, other = (head(20, 9, coordinates="scattered", seed=seed) for seed in (1, 2))
    features = random(7, 20, dtype=torch.float32)
    assert not torch.equal(made(features), other(features))
    other.load_state_dict(made.state_dict())
    assert torch.equal(made(features), other(features))
    assert list(made.state_dict()) == ["bias", "scale", "projection.columns"]
