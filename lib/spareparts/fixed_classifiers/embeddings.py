"""Word vectors that are never trained with the language model: random, PMI factors, word2vec."""

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float, Int
from sklearn.utils.extmath import randomized_svd
from torch import Tensor

from .. import checks, data
from ..data.text import END

WINDOW = 5  # words on each side that count as a word's context; ours, as all numbers here
SHIFT = 1  # k of the shift by log k: a larger one leaves frequent words, which predict little, nothing at all
NEGATIVES = 5  # of word2vec
PASSES = 5  # of word2vec over the text


def word_vectors(kind: str, text: data.Text, *, units: int, seed: int) -> Float[Tensor, "vocabulary units"]:
    """Vectors of norm 1 for every word of a text, from its training part alone: `orthogonal`, `pmi` or `word2vec`.

    Raises `ValueError` for another kind.
    """
    vocabulary, draw = len(text.vocabulary), data.generator(seed)
    random = orthogonal(vocabulary, units, generator=draw)
    if kind == "orthogonal":
        return random
    if kind == "pmi":
        found = pmi_factors(text.train, vocabulary=vocabulary, units=units, seed=seed)
    elif kind == "word2vec":
        end = text.vocabulary.index(END)
        found = word2vec(text.train, vocabulary=vocabulary, units=units, end=end, seed=seed)
    else:
        raise ValueError(f"kind must be orthogonal, pmi or word2vec, got {kind!r}")
    return unit_rows(found, instead=random)


def unit_rows(
    vectors: Float[Tensor, "vocabulary units"], *, instead: Float[Tensor, "vocabulary units"]
) -> Float[Tensor, "vocabulary units"]:
    """The directions of the vectors; of the others `instead` where one has none."""
    norms = vectors.norm(dim=1, keepdim=True)
    return torch.where(norms > 1e-8, vectors / norms.clamp(min=1e-8), instead)


def orthogonal(vocabulary: int, units: int, *, generator: torch.Generator) -> Float[Tensor, "vocabulary units"]:
    """Random rows of norm 1: orthogonal while there are no more than units, else with orthogonal columns before that.

    More words than units cannot all be orthogonal: their columns are, and the rows, then scaled to norm 1, point
    nearly evenly in all directions.
    """
    drawn = torch.randn(max(vocabulary, units), min(vocabulary, units), generator=generator, dtype=torch.float64)
    columns, triangle = torch.linalg.qr(drawn)
    columns = columns * triangle.diagonal().sign()  # without which the draw would not be uniform
    rows = columns if vocabulary >= units else columns.t()
    return (rows / rows.norm(dim=1, keepdim=True)).float()


def cooccurrences(words: Int[Tensor, " words"], *, vocabulary: int, window: int) -> scipy.sparse.csr_array:
    """How often two words stand at most `window` places apart, in either order."""
    places, total = words.cpu().numpy(), scipy.sparse.csr_array((vocabulary, vocabulary))
    for distance in range(1, min(window, len(places) - 1) + 1):
        pairs = (places[:-distance], places[distance:])
        total = total + scipy.sparse.coo_array((np.ones(len(pairs[0])), pairs), shape=total.shape).tocsr()
    return total + total.T


def positive_pmi(counts: scipy.sparse.csr_array, *, shift: float) -> scipy.sparse.csr_array:
    """Shifted positive pointwise mutual information, `max(log n_ij n / (n_i n_j) - log k, 0)` (Levy and Goldberg 2014).

    Raises `ValueError` for a shift k below 1.
    """
    checks.at_least(1, shift=shift)
    found = counts.tocoo()
    row, column = found.coords
    of_rows, of_columns = counts.sum(1), counts.sum(0)
    information = np.log(found.data) + np.log(counts.sum()) - np.log(of_rows[row]) - np.log(of_columns[column])
    information -= np.log(shift)
    kept = information > 0
    return scipy.sparse.csr_array((information[kept], (row[kept], column[kept])), shape=counts.shape)


def pmi_factors(
    words: Int[Tensor, " words"], *, vocabulary: int, units: int, seed: int
) -> Float[Tensor, "vocabulary units"]:
    """`U_d sqrt(S_d)` of the truncated SVD `M = U S V^T` of the shifted positive PMI matrix (Levy and Goldberg 2014).

    Raises `ValueError` for more units than words.
    """
    if units > vocabulary:
        raise ValueError(f"units must be at most {vocabulary}, the number of words, got {units}")
    matrix = positive_pmi(cooccurrences(words, vocabulary=vocabulary, window=WINDOW), shift=SHIFT)
    left, values, _ = randomized_svd(matrix, n_components=units, random_state=seed)
    return torch.from_numpy(left * np.sqrt(values)).float()


def word2vec(
    words: Int[Tensor, " words"], *, vocabulary: int, units: int, end: int, seed: int
) -> Float[Tensor, "vocabulary units"]:
    """gensim's skip-gram with negative sampling (Mikolov et al. 2013) on the text's lines, which `end` closes.

    One thread: with more, the vectors would differ from run to run.
    """
    from gensim.models import Word2Vec

    stops = (np.flatnonzero(words.cpu().numpy() == end) + 1).tolist()
    lines = [[str(word) for word in line.tolist()] for line in words.cpu().tensor_split(stops) if len(line)]
    model = Word2Vec(
        lines,
        vector_size=units,
        window=WINDOW,
        negative=NEGATIVES,
        epochs=PASSES,
        seed=seed,
        min_count=1,
        sg=1,
        workers=1,
    )
    vectors = torch.zeros(vocabulary, units)
    vectors[torch.tensor([int(word) for word in model.wv.index_to_key])] = torch.from_numpy(model.wv.vectors.copy())
    return vectors
