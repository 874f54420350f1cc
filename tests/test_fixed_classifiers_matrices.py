"""Matrices that a classifier is fixed to: orthogonality, tightness, SciPy's Hadamard matrices, and coinciding rows."""

import math

import pytest
import scipy.linalg
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from spareparts.data import generator
from spareparts.fixed_classifiers.coherence import described, groups_of_equal, max_coherence
from spareparts.fixed_classifiers.matrices import (
    orthonormal,
    paley,
    paley_order,
    sylvester,
    sylvester_order,
    tight_frame,
)


@pytest.mark.parametrize(("classes", "features"), [(10, 64), (64, 64), (100, 64)])
def test_the_smaller_side_of_a_random_matrix_is_orthonormal(classes, features):
    drawn = orthonormal(classes, features, generator=generator(0))
    product = drawn @ drawn.T if classes <= features else drawn.T @ drawn
    assert drawn.shape == (classes, features)
    assert torch.allclose(product, torch.eye(min(classes, features)), atol=1e-5)


def test_random_matrices_are_distributed_as_scipys():
    ours = [orthonormal(3, 3, generator=generator(seed)).trace().item() for seed in range(400)]
    theirs = scipy.stats.ortho_group.rvs(3, size=400, random_state=0).trace(axis1=1, axis2=2)
    assert scipy.stats.ks_2samp(ours, theirs).pvalue > 0.01


@pytest.mark.parametrize(
    ("classes", "features"), [(2, 1), (3, 2), (4, 3), (5, 3), (10, 4), (100, 64), (100, 63), (9, 8)]
)
def test_a_tight_frame_has_rows_of_length_one_and_equal_columns(classes, features):
    frame = tight_frame(classes, features, generator=generator(1))
    assert torch.allclose(frame.norm(dim=1), torch.ones(classes), atol=1e-5)
    assert torch.allclose(frame.T @ frame, classes / features * torch.eye(features), atol=1e-4)


def test_a_tight_frame_with_no_more_classes_than_features_is_orthonormal():
    frame = tight_frame(7, 12, generator=generator(1))
    assert torch.equal(frame, orthonormal(7, 12, generator=generator(1)))


def test_no_frame_is_less_coherent_than_welchs_bound():
    bound = math.sqrt((100 - 64) / (64 * 99))
    for seed in range(3):
        assert bound < max_coherence(tight_frame(100, 64, generator=generator(seed))) < 0.5
    triangle = tight_frame(3, 2, generator=generator(0))  # the frame that attains it
    assert max_coherence(triangle) == pytest.approx(math.sqrt(1 / (2 * 2)), abs=1e-5)


@pytest.mark.parametrize("size", [1, 2, 16, 128])
def test_sylvesters_matrix_is_scipys(size):
    places = torch.arange(size)
    assert (sylvester(places, places).numpy() == scipy.linalg.hadamard(size)).all()
    assert (sylvester(places[1:], places[:3]).numpy() == scipy.linalg.hadamard(size)[1:, :3]).all()


def test_rows_far_down_are_those_of_the_definition():
    rows, columns = torch.tensor([2**30 - 1, 2**20 + 5]), torch.tensor([3, 2**29, 2**20 + 1])
    expected = [[(-1) ** (int(i) & int(j)).bit_count() for j in columns] for i in rows]
    assert sylvester(rows, columns).tolist() == expected


def test_sylvesters_orders_are_the_powers_of_two():
    assert [sylvester_order(least) for least in (1, 2, 3, 64, 65, 1664)] == [1, 2, 4, 64, 128, 2048]


@pytest.mark.parametrize("order", [1, 2, 4, 8, 12, 20, 24, 28, 36, 40, 48, 76, 348])
def test_paleys_matrices_are_hadamard_and_begin_with_ones(order):
    matrix = paley(order)
    assert (matrix.abs() == 1).all() and (matrix[0] == 1).all()
    assert torch.equal(matrix @ matrix.T, order * torch.eye(order, dtype=torch.int64))


@pytest.mark.parametrize(("least", "order"), [(1, 1), (2, 2), (3, 4), (10, 12), (342, 348), (1664, 1664), (89, 96)])
def test_paleys_next_order_is_the_smallest_that_primes_give(least, order):
    assert paley_order(least) == order


@pytest.mark.parametrize("order", [6, 92, 10])
def test_orders_without_paleys_matrix_are_refused(order):
    with pytest.raises(ValueError, match=f"order must be one of Paley's .*, got {order}"):
        paley(order)


def test_coherence_is_the_cosine_of_the_closest_lines_however_long():
    rows = torch.tensor([[2.0, 0, 0], [0, 3, 0], [-1, 0, 1]])
    assert max_coherence(rows) == pytest.approx(math.sqrt(0.5))
    assert max_coherence(rows[:2]) == 0 and max_coherence(rows[:1]) == 0
    assert max_coherence(torch.cat([rows, -5 * rows[:1]])) == pytest.approx(1)


@given(st.floats(1e-38, 1e38), st.floats(1e-38, 1e38))
def test_coherence_does_not_depend_on_the_rows_lengths_however_tiny_or_huge(first, second):
    rows = torch.tensor([[0.8, 0.6], [0.6, 0.8]], dtype=torch.float64)
    lengths = torch.tensor([[first], [second]])
    assert max_coherence((lengths * rows).float()) == pytest.approx(0.96, abs=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_rows_that_are_not_finite_have_no_coherence(value):
    with pytest.raises(ValueError, match=rf"matrix must be finite, got .*{value}.* at \[1, 0\]"):
        max_coherence(torch.tensor([[1.0, 0], [value, 0]]))


def test_many_rows_are_compared_in_parts(monkeypatch):
    rows = torch.randn(50, 8, generator=generator(0))
    whole = max_coherence(rows)
    monkeypatch.setattr("spareparts.fixed_classifiers.coherence.ROWS", 7)
    assert max_coherence(rows) == pytest.approx(whole)


def test_equal_values_are_grouped_and_counted_in_pairs():
    groups = groups_of_equal(torch.tensor([5.0, 1, 5, 2, 1, 5]))
    assert groups == [(0, 2, 5), (1, 4)]
    assert described(groups).startswith("4 pairs of rows coincide (0 = 2 = 5, 1 = 4)")
    assert groups_of_equal(torch.arange(4.0)) == []
