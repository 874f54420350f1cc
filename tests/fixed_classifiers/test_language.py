"""The language model of the fixed-classifiers chapter: the network, its perplexity, whole runs."""

import itertools
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn.functional import cross_entropy

from spareparts import data, fixed_classifiers, records
from spareparts.data.known_texts import GROUPS, LENGTH, chain
from spareparts.fixed_classifiers import Config, language
from spareparts.fixed_classifiers.language import LanguageModel, count_parameters

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


# The network


@pytest.mark.parametrize("tied", [True, False])
def test_parameters_are_as_counted(tied):
    counts = count_parameters(11, 8, tied=tied)
    assert counts.words + counts.recurrent + counts.bias == sum(p.numel() for p in model(tied=tied).parameters())


@pytest.mark.parametrize(
    ("vocabulary", "tied", "share"),
    [(33_278, False, 89.0), (33_278, True, 80.2), (10_000, False, 70.9), (10_000, True, 54.9)],
)
def test_most_parameters_are_words_as_the_paper_says(vocabulary, tied, share):
    counts = count_parameters(vocabulary, 512, tied=tied)
    assert counts.share == pytest.approx(share, abs=0.05)
    assert counts.recurrent == 4_202_496


def test_fixed_vectors_serve_as_input_and_output_and_are_not_trained():
    fixed = torch.randn(11, 8, generator=data.generator(2))
    network = model(fixed=fixed, dropout=0.0)
    assert "words" not in dict(network.named_parameters())
    logits, _ = network(some_words())
    cross_entropy(logits.flatten(0, 1), some_words().flatten()).backward()
    assert torch.equal(network.words, fixed)


def test_normalised_features_leave_the_scale_alone_to_set_the_size_of_logits():
    network = model(normalised=True, initial_scale=3.0)
    logits, _ = network(some_words())
    assert (logits.abs() <= 3 * network.words.norm(dim=1) + 1e-5).all()
    assert dict(network.named_parameters())["scale"].requires_grad
    held = model(normalised=True, scale=2.0)
    assert "scale" not in dict(held.named_parameters()) and float(held.scale) == 2.0


def test_a_text_in_pieces_gives_the_logits_of_the_whole():
    network, words = model(columns=2, dropout=0.0), some_words()
    whole, _ = network(words)
    pieces = [network.carry(words[:2], begins=True), network.carry(words[2:], begins=False)]
    assert torch.allclose(torch.cat(pieces), whole, atol=1e-6)
    assert not network.hidden.requires_grad
    assert torch.allclose(network.carry(words, begins=True), whole, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocabulary": 0}, "vocabulary must be at least 1, got 0"),
        ({"fixed": torch.zeros(11, 8), "tied": False}, "fixed must be tied"),
    ],
)
def test_models_that_cannot_be_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        model(**settings)


# Perplexity


@pytest.mark.parametrize("length", [1, 3, 100])
def test_the_length_of_a_window_changes_no_loss(length):
    network, words = model(), some_words(40, 1).flatten()
    expected, targets = language.word_losses(network, words, columns=2, length=7)
    found, same = language.word_losses(network, words, columns=2, length=length)
    assert torch.allclose(found, expected, atol=1e-5) and torch.equal(same, targets)
    assert network.training


def test_a_model_without_weights_has_as_many_choices_as_words():
    network = model()
    with torch.no_grad():
        network.words.zero_()
    losses, _ = language.word_losses(network, some_words(40, 1).flatten(), columns=1)
    assert math.exp(losses.mean()) == pytest.approx(11)


def test_groups_by_frequency_average_to_the_whole():
    draw = data.generator(1)
    losses, targets = torch.rand(500, generator=draw), torch.randint(2_000, (500,), generator=draw)
    bounds = (0, *language.RANKS, 2_000)
    counts = [int(((targets >= low) & (targets < high)).sum()) for low, high in itertools.pairwise(bounds)]
    found = [
        math.log(value) * count for value, count in zip(language.by_frequency(losses, targets), counts, strict=True)
    ]
    assert sum(found) / 500 == pytest.approx(float(losses.mean()), rel=1e-5)
    assert language.by_frequency(losses[:1], torch.tensor([5]))[1:] == [None, None, None]


def test_word_frequencies_alone_are_worse_than_the_chain_and_better_than_nothing():
    assert least_perplexity() < language.unigram_perplexity(TEXT) < WORDS


# Runs


def tiny(**settings):
    common = {"experiment": "language", "corpus": "generated", "units": 16, "epochs": 1, "batch_size": 40}
    return Config(**common | settings)


@pytest.mark.parametrize("embedding", ["learned_tied", "pmi"])
def test_three_epochs_without_dropout_beat_word_frequencies(embedding):
    # at half our rate, whose path does not depend on the processor
    config = tiny(
        embedding=embedding, units=24, epochs=3, batch_size=10, learning_rate=10.0
    )  # half of ours: it climbs on every processor
    network = language.build(config, TEXT)
    for dropout in network.dropouts:
        dropout.probability = 0.0
    watch, ended = language.train(network, config, TEXT, device="cpu", progress=False)
    assert least_perplexity() < min(watch.perplexities) < language.unigram_perplexity(TEXT)
    assert ended.steps == 3 * -(-(len(TEXT.train) // 10 - 1) // language.LENGTH)


@pytest.mark.parametrize("embedding", ["learned_untied", "orthogonal"])
def test_a_run_tells_perplexities_and_parameters_and_is_the_same_again(embedding):
    config = tiny(embedding=embedding)
    (metrics, arrays), (again, _) = (language.language(config, progress=False) for _ in range(2))
    assert {name: value for name, value in metrics.items() if again[name] != value}.keys() <= {
        "vector_seconds",
        "train_seconds",
    }
    assert least_perplexity() < metrics["perplexity"] < WORDS and arrays == {}
    assert metrics["parameters"] - metrics["trained_parameters"] == (WORDS * 16 if embedding == "orthogonal" else 0)
    assert metrics["best_epoch"] == len(metrics["validation_perplexity"]) == 1
    assert len(json.dumps(metrics)) < 1_500


def test_a_config_runs_to_a_record_whose_weights_are_the_best_ones():
    config = tiny(normalised=True, initial_scale=10.0)
    ((same, result),) = fixed_classifiers.run([config], device="cpu", progress=False)
    assert same == config and result.outcome == "finished"
    assert result.metrics["final_scale"] > 0 and config.protocol == "reduced"
    network = language.build(config, TEXT)
    language.engine.cached_weights(network, records.weights_path(config))
    losses, _ = language.word_losses(network, TEXT.test)
    assert math.exp(losses.mean()) == pytest.approx(result.metrics["perplexity"], rel=1e-4)


def test_settings_that_a_language_model_does_not_use_are_refused():
    with pytest.raises(ValueError, match="only a normalised language model has a scale"):
        tiny(scale=2.0)
    with pytest.raises(ValueError, match="does not use head"):
        tiny(head="hadamard")


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
    assert watch.rates == [20.0, 20.0, 20.0, 5.0] and optimizer.param_groups[0]["lr"] == 1.25
    assert watch.best_epoch == 2 and float(watch.best["bias"][0]) == 1.0
    other = language.Perplexities(watch.validation)
    other.load_state_dict(watch.state_dict())
    assert other.perplexities == watch.perplexities


# Word vectors


@given(some.integers(1, 12), some.integers(1, 12))
def test_random_vectors_have_norm_1_and_are_orthogonal_where_they_can_be(vocabulary, units):
    rows = language.orthogonal(vocabulary, units, generator=data.generator(3)).double()
    assert torch.allclose(rows.norm(dim=1), torch.ones(vocabulary, dtype=torch.double), atol=1e-6)
    if vocabulary <= units:
        assert torch.allclose(rows @ rows.t(), torch.eye(vocabulary, dtype=torch.double), atol=1e-6)


def test_many_random_vectors_point_nearly_evenly_in_all_directions():
    rows = language.orthogonal(2_000, 8, generator=data.generator(3))
    assert torch.allclose(rows.t() @ rows / 2_000 * 8, torch.eye(8), atol=0.1)


@given(some.lists(some.integers(0, 4), min_size=2, max_size=20), some.integers(1, 4))
def test_words_are_counted_with_their_neighbours(words, window):
    counted = np.zeros((5, 5))
    for place, word in enumerate(words):
        for other in range(len(words)):
            if 0 < abs(other - place) <= window:
                counted[word, words[other]] += 1
    found = language.cooccurrences(torch.tensor(words), vocabulary=5, window=window)
    assert np.array_equal(found.toarray(), counted)


def test_pmi_is_zero_for_independent_words_and_the_shift_is_a_logarithm():
    independent = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    sparse = language.scipy.sparse.csr_array
    assert language.positive_pmi(sparse(independent), shift=1).toarray() == pytest.approx(np.zeros((3, 3)), abs=1e-12)
    counts = np.array([[4.0, 1.0], [1.0, 2.0]])
    expected = np.log(counts * 8 / np.outer([5, 3], [5, 3]))
    assert language.positive_pmi(sparse(counts), shift=1).toarray() == pytest.approx(np.maximum(expected, 0))
    shifted = language.positive_pmi(sparse(counts), shift=1.2).toarray()
    assert shifted == pytest.approx(np.maximum(expected - math.log(1.2), 0))
    with pytest.raises(ValueError, match=r"shift must be at least 1, got 0.5"):
        language.positive_pmi(sparse(counts), shift=0.5)


def test_all_pmi_factors_together_give_back_the_matrix_where_it_is_positive_semidefinite():
    words = torch.arange(6).repeat(200)[torch.randperm(1_200, generator=data.generator(1))].clone()
    words[600:] = words[600:] // 2 * 2
    matrix = language.positive_pmi(language.cooccurrences(words, vocabulary=6, window=5), shift=1).toarray()
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
