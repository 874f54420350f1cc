"""The language model of the fixed-classifiers chapter: the network, its perplexity, whole runs."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn.functional import cross_entropy

from spareparts import data, fixed_classifiers, records
from spareparts.data.texts import GROUPS, LENGTH, chain
from spareparts.fixed_classifiers import Config, language
from spareparts.fixed_classifiers.language import LanguageModel

TEXT = data.load_text("generated")
WORDS = len(TEXT.vocabulary)


def model(units=8, *, vocabulary=11, seed=1, **settings):
    return LanguageModel(vocabulary, units, generator=data.generator(seed), **settings)


def least_perplexity():
    """Of the generated text for any model: exp of its entropy a word. A line's first word is free, its end certain."""
    following, within = chain()
    step, group, total = -(following * np.log(following)).sum(1), np.full(GROUPS, 1 / GROUPS), np.log(GROUPS)
    for _ in range(LENGTH - 1):
        total, group = total + group @ step, group @ following
    return float(np.exp((total - LENGTH * (within * np.log(within)).sum()) / (LENGTH + 1)))


def some_words(window=6, columns=2, vocabulary=11):
    return torch.randint(vocabulary, (window, columns), generator=data.generator(0))


def test_fixed_vectors_are_not_trained_and_normalised_features_leave_the_size_to_the_scale():
    fixed = torch.randn(11, 8, generator=data.generator(2))
    network = model(fixed=fixed, dropout=0.0)
    assert "words" not in dict(network.named_parameters())
    logits, _ = network(some_words())
    cross_entropy(logits.flatten(0, 1), some_words().flatten()).backward()
    assert torch.equal(network.words, fixed)
    network = model(normalised=True, initial_scale=3.0)
    logits, _ = network(some_words())
    assert (logits.abs() <= 3 * network.words.norm(dim=1) + 1e-5).all()
    assert dict(network.named_parameters())["scale"].requires_grad
    held = model(normalised=True, scale=2.0)
    assert "scale" not in dict(held.named_parameters()) and float(held.scale) == 2.0
    with pytest.raises(ValueError, match="vocabulary must be at least 1, got 0"):
        model(vocabulary=0)
    with pytest.raises(ValueError, match="fixed must be tied"):
        model(fixed=torch.zeros(11, 8), tied=False)


def test_a_text_in_pieces_gives_the_logits_of_the_whole():
    network, words = model(columns=2, dropout=0.0), some_words()
    whole, _ = network(words)
    pieces = [network.carry(words[:2], begins=True), network.carry(words[2:], begins=False)]
    assert torch.allclose(torch.cat(pieces), whole, atol=1e-6)
    assert not network.hidden.requires_grad
    assert torch.allclose(network.carry(words, begins=True), whole, atol=1e-6)


@pytest.mark.parametrize("length", [1, 3, 100])
def test_the_length_of_a_window_changes_no_loss_and_words_without_vectors_are_all_as_likely(length):
    network, words = model(), some_words(40, 1).flatten()
    expected, targets = language.word_losses(network, words, columns=2, length=7)
    found, same = language.word_losses(network, words, columns=2, length=length)
    assert torch.allclose(found, expected, atol=1e-5) and torch.equal(same, targets)
    assert network.training
    network.words.data.zero_()
    assert language.word_losses(network, words, columns=1)[0].mean().exp().item() == pytest.approx(11)


def test_perplexity_is_that_of_each_groups_words_and_word_frequencies_alone_beat_nothing():
    targets = torch.tensor([0, 9, 10, 99, 1_000])
    found = language.by_frequency(torch.tensor([1.0, 3.0, 4.0, 4.0, 5.0]), targets)
    assert found == [pytest.approx(math.exp(2)), pytest.approx(math.exp(4)), None, pytest.approx(math.exp(5))]
    assert least_perplexity() < language.unigram_perplexity(TEXT) < WORDS


def tiny(**settings):
    common = {"experiment": "language", "corpus": "generated", "units": 16, "epochs": 1, "batch_size": 40}
    return Config(**common | settings)


@pytest.mark.parametrize("embedding", ["learned_tied", "pmi"])
def test_three_epochs_without_dropout_beat_word_frequencies(embedding):
    # at half our rate, whose path does not depend on the processor
    config = tiny(embedding=embedding, units=24, epochs=3, batch_size=10, learning_rate=10.0)
    network = language.build(config, TEXT)
    for dropout in network.dropouts:
        dropout.probability = 0.0
    watch = language.train(network, config, TEXT, device="cpu", progress=False)
    assert least_perplexity() < min(watch.perplexities) < language.unigram_perplexity(TEXT)


@pytest.mark.parametrize(
    ("settings", "trained"),  # matrices of words, two layers of an LSTM, a bias, a scale
    [
        ({"embedding": "learned_untied"}, 2 * WORDS * 16 + 16 * 16 * 17 + WORDS),
        ({"embedding": "orthogonal"}, 16 * 16 * 17 + WORDS),
        ({"normalised": True, "initial_scale": 10.0}, WORDS * 16 + 16 * 16 * 17 + WORDS + 1),
    ],
)
def test_a_run_gives_the_same_again_and_leaves_the_weights_that_were_measured(settings, trained):
    config = tiny(**settings)
    ((_, result), (_, again)) = (next(fixed_classifiers.run([config], device="cpu", progress=False)) for _ in range(2))
    found = result.metrics
    assert found == again.metrics and result.outcome == "finished" and config.protocol == "reduced"
    assert least_perplexity() < found["perplexity"] < WORDS and len(found["validation_perplexity"]) == 1
    assert found["trained_parameters"] == trained
    assert (found["final_scale"] is None) == (not config.normalised)
    network = language.build(config, TEXT)
    language.engine.cached_weights(network, records.weights_path(config))
    losses, _ = language.word_losses(network, TEXT.test)
    assert math.exp(losses.mean()) == pytest.approx(found["perplexity"], rel=1e-4)


def test_the_rate_is_divided_once_validation_stalls_and_the_best_weights_stay(monkeypatch):
    read = iter([30.0, 20.0, 25.0, 22.0])
    monkeypatch.setattr(language, "word_losses", lambda *_: (torch.tensor([math.log(next(read))]), None))
    network = model()
    optimizer = torch.optim.SGD(network.parameters(), lr=20.0)
    replica = language.engine.Replica(
        name="", network=network, objective=language.objective, optimizer=optimizer, batches=[]
    )
    watch = language.Perplexities(torch.zeros(2, dtype=torch.long))
    for stretch in range(4):
        with torch.no_grad():
            network.bias.fill_(stretch)
        watch(language.engine.Progress(replica=replica, step=1, stretch=stretch, losses=torch.zeros(1)))
    assert optimizer.param_groups[0]["lr"] == 20 / 4**2 and float(watch.best["bias"][0]) == 1.0
    other = language.Perplexities(watch.validation)
    other.load_state_dict(watch.state_dict())
    assert other.perplexities == watch.perplexities


@given(some.integers(1, 12), some.integers(1, 12))
def test_random_vectors_have_norm_1_and_are_orthogonal_where_they_can_be(vocabulary, units):
    rows = language.orthogonal(vocabulary, units, generator=data.generator(3)).double()
    assert torch.allclose(rows.norm(dim=1), torch.ones(vocabulary, dtype=torch.double), atol=1e-6)
    if vocabulary <= units:
        assert torch.allclose(rows @ rows.t(), torch.eye(vocabulary, dtype=torch.double), atol=1e-6)


@given(some.lists(some.integers(0, 4), min_size=2, max_size=20), some.integers(1, 4))
def test_words_are_counted_with_their_neighbours(words, window):
    counted = np.zeros((5, 5))
    for place, word in enumerate(words):
        for other in range(len(words)):
            if 0 < abs(other - place) <= window:
                counted[word, words[other]] += 1
    found = language.cooccurrences(torch.tensor(words), vocabulary=5, window=window)
    assert np.array_equal(found.toarray(), counted)


def test_pmi_is_zero_for_independent_words_and_all_its_factors_together_give_back_the_matrix():
    independent = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    sparse = language.scipy.sparse.csr_array
    assert language.positive_pmi(sparse(independent)).toarray() == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    counts = np.array([[4.0, 1.0], [1.0, 2.0]])
    expected = np.log(counts * 8 / np.outer([5, 3], [5, 3]))
    assert language.positive_pmi(sparse(counts)).toarray() == pytest.approx(np.maximum(expected, 0))
    words = torch.arange(6).repeat(200)[torch.randperm(1_200, generator=data.generator(1))].clone()
    words[600:] = words[600:] // 2 * 2
    matrix = language.positive_pmi(language.cooccurrences(words, vocabulary=6, window=5)).toarray()
    factors = language.pmi_factors(words, vocabulary=6, units=6, seed=0).double().numpy()
    left, values, _ = np.linalg.svd(matrix)
    assert factors @ factors.T == pytest.approx(left * values @ left.T, abs=1e-4)
    with pytest.raises(ValueError, match="units must be at most 6, the number of words, got 7"):
        language.pmi_factors(words, vocabulary=6, units=7, seed=0)


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
    rows = language.word_vectors(kind, TEXT, units=16, seed=1)
    assert rows.shape == (WORDS, 16)
    assert torch.allclose(rows.norm(dim=1), torch.ones(WORDS), atol=1e-5)
    assert group_gap(rows) > 0.05
    assert abs(group_gap(language.word_vectors("orthogonal", TEXT, units=16, seed=1))) < 0.05
    assert torch.equal(rows, language.word_vectors(kind, TEXT, units=16, seed=1))


def test_a_word_without_a_direction_gets_a_random_one():
    instead = language.orthogonal(2, 2, generator=data.generator(0))
    rows = language.unit_rows(torch.tensor([[0.0, 0.0], [3.0, 4.0]]), instead=instead)
    assert torch.equal(rows[0], instead[0])
    assert rows[1].tolist() == pytest.approx([0.6, 0.8])
