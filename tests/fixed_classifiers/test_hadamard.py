"""Hadamard heads: the transform against the matrix, what is stored, how far rows are from orthogonal, and remedies."""

import io
import warnings

import pytest
import scipy.linalg
import torch
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from spareparts.data import generator
from spareparts.fixed_classifiers import CoincidingRows, FixedClassifier, hadamard, paley, sylvester
from spareparts.fixed_classifiers.hadamard import Hadamard, paley_order, sylvester_order


def samples(features: int, count: int = 7) -> torch.Tensor:
    return torch.randn(count, features, generator=generator(2))


@pytest.mark.parametrize(("features", "classes"), [(64, 10), (12, 5), (100, 16), (16, 100), (7, 1), (1, 7), (33, 32)])
@pytest.mark.parametrize("options", [{}, {"skip_ones": True}, {"coordinates": "scattered"}, {"matrix": "paley"}])
@pytest.mark.filterwarnings("ignore::spareparts.fixed_classifiers.measures.CoincidingRows")
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
        made = FixedClassifier(64, 100, generator=generator(1), **options)
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
    scattered = FixedClassifier(64, 100, kind="hadamard", coordinates="scattered", generator=generator(1))
    assert list(scattered.state_dict()) == ["bias", "scale", "projection.columns"]


def test_scattered_coordinates_come_back_with_the_state():
    made, other = (
        FixedClassifier(20, 9, kind="hadamard", coordinates="scattered", generator=g) for g in map(generator, (1, 2))
    )
    assert not torch.equal(made(samples(20)), other(samples(20)))
    other.load_state_dict(made.state_dict())
    assert torch.equal(made(samples(20)), other(samples(20)))


@pytest.mark.parametrize("options", [{"coordinates": "scattered"}, {"skip_ones": True}])
def test_replicas_side_by_side_have_the_scores_and_gradients_of_each(monkeypatch, options):
    monkeypatch.setattr(hadamard, "CROSSOVER", 0)
    made = [FixedClassifier(20, 9, kind="hadamard", generator=generator(seed), **options) for seed in (1, 2, 3)]
    features = torch.randn(3, 5, 20, generator=generator(0))
    buffers = {name: torch.stack([each.get_buffer(name) for each in made]) for name, _ in made[0].named_buffers()}

    def loss(inputs: torch.Tensor, own: dict[str, torch.Tensor]) -> torch.Tensor:
        return functional_call(made[0], own, (inputs,)).square().mean()

    found = vmap(grad(loss))(features, buffers)
    for head, inputs, gradient in zip(made, features, found, strict=True):
        assert torch.allclose(grad(loss)(inputs, dict(head.named_buffers())), gradient, atol=1e-6)


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


@pytest.mark.parametrize("order", [4, 8, 12, 20, 24, 48, 348])
def test_paleys_matrices_are_hadamard_and_begin_with_ones(order):
    matrix = paley(order)
    assert (matrix.abs() == 1).all() and (matrix[0] == 1).all()
    assert torch.equal(matrix @ matrix.T, order * torch.eye(order, dtype=torch.int64))


@pytest.mark.parametrize(("least", "order"), [(1, 4), (3, 4), (10, 12), (342, 348), (1664, 1664), (89, 104)])
def test_paleys_next_order_is_the_smallest_that_primes_give(least, order):
    assert paley_order(least) == order


@pytest.mark.parametrize("order", [6, 92, 16])
def test_orders_without_paleys_matrix_are_refused(order):
    with pytest.raises(ValueError, match=f"order must be a prime plus 1 .*, got {order}"):
        paley(order)
