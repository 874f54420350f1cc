"""Word vectors of the fixed-classifiers chapter: random, factors of PMI, word2vec."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from spareparts import data
from spareparts.fixed_classifiers import embeddings

TEXT = data.load_text("generated")
WORDS = len(TEXT.vocabulary)


@given(some.integers(1, 12), some.integers(1, 12))
def test_random_vectors_have_norm_1_and_are_orthogonal_where_they_can_be(vocabulary, units):
    rows = embeddings.orthogonal(vocabulary, units, generator=data.generator(3)).double()
    assert torch.allclose(rows.norm(dim=1), torch.ones(vocabulary, dtype=torch.double), atol=1e-6)
    if vocabulary <= units:
        assert torch.allclose(rows @ rows.t(), torch.eye(vocabulary, dtype=torch.double), atol=1e-6)


def test_many_random_vectors_point_nearly_evenly_in_all_directions():
    rows = embeddings.orthogonal(2_000, 8, generator=data.generator(3))
    assert torch.allclose(rows.t() @ rows / 2_000 * 8, torch.eye(8), atol=0.1)


@given(some.lists(some.integers(0, 4), min_size=2, max_size=20), some.integers(1, 4))
def test_words_are_counted_with_their_neighbours(words, window):
    counted = np.zeros((5, 5))
    for place, word in enumerate(words):
        for other in range(len(words)):
            if 0 < abs(other - place) <= window:
                counted[word, words[other]] += 1
    found = embeddings.cooccurrences(torch.tensor(words), vocabulary=5, window=window)
    assert np.array_equal(found.toarray(), counted)


def test_pmi_is_zero_for_independent_words_and_the_shift_is_a_logarithm():
    independent = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    sparse = embeddings.scipy.sparse.csr_array
    assert embeddings.positive_pmi(sparse(independent), shift=1).toarray() == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    counts = np.array([[4.0, 1.0], [1.0, 2.0]])
    expected = np.log(counts * 8 / np.outer([5, 3], [5, 3]))
    assert embeddings.positive_pmi(sparse(counts), shift=1).toarray() == pytest.approx(np.maximum(expected, 0))
    shifted = embeddings.positive_pmi(sparse(counts), shift=1.2).toarray()
    assert shifted == pytest.approx(np.maximum(expected - math.log(1.2), 0))
    with pytest.raises(ValueError, match=r"shift must be at least 1, got 0.5"):
        embeddings.positive_pmi(sparse(counts), shift=0.5)


def test_all_pmi_factors_together_give_back_the_matrix_where_it_is_positive_semidefinite():
    words = torch.arange(6).repeat(200)[torch.randperm(1_200, generator=data.generator(1))].clone()
    words[600:] = words[600:] // 2 * 2
    matrix = embeddings.positive_pmi(embeddings.cooccurrences(words, vocabulary=6, window=5), shift=1).toarray()
    factors = embeddings.pmi_factors(words, vocabulary=6, units=6, seed=0).double().numpy()
    left, values, _ = np.linalg.svd(matrix)
    assert factors @ factors.T == pytest.approx(left * values @ left.T, abs=1e-4)
    with pytest.raises(ValueError, match="units must be at most 6, the number of words, got 7"):
        embeddings.pmi_factors(words, vocabulary=6, units=7, seed=0)


def group_gap(rows):
    """Mean cosine of words of one group less that of words of different groups."""
    kept = [place for place, word in enumerate(TEXT.vocabulary) if word != "<eos>"]
    groups = torch.tensor([ord(TEXT.vocabulary[place][0]) for place in kept])
    cosines = (rows @ rows.t())[kept][:, kept]
    same = (groups[:, None] == groups) & ~torch.eye(len(kept), dtype=torch.bool)
    other = groups[:, None] != groups
    return float(cosines[same].mean() - cosines[other].mean())


@pytest.mark.parametrize("kind", ["pmi", "word2vec"])
def test_words_that_are_used_alike_get_vectors_alike_and_random_ones_do_not(kind):
    rows = embeddings.word_vectors(kind, TEXT, units=16, seed=1)
    assert rows.shape == (WORDS, 16)
    assert torch.allclose(rows.norm(dim=1), torch.ones(WORDS), atol=1e-5)
    assert group_gap(rows) > 0.05
    assert abs(group_gap(embeddings.word_vectors("orthogonal", TEXT, units=16, seed=1))) < 0.05
    assert torch.equal(rows, embeddings.word_vectors(kind, TEXT, units=16, seed=1))


def test_a_word_without_a_direction_gets_a_random_one():
    instead = embeddings.orthogonal(2, 2, generator=data.generator(0))
    rows = embeddings.unit_rows(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), instead=instead)
    assert torch.equal(rows[0], instead[0])
    assert rows[1].tolist() == pytest.approx([0.6, 0.8])
    with pytest.raises(ValueError, match="kind must be orthogonal, pmi or word2vec, got 'glove'"):
        embeddings.word_vectors("glove", TEXT, units=4, seed=1)
